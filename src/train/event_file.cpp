// TensorBoard's event files. A record is
//   u64 length, u32 masked crc32c of the length, `length` bytes of data, u32 masked crc32c of the data
// with little-endian numbers. The data is an Event in the wire format of protocol buffers. Only these fields are
// written; the numbers are those of event.proto and summary.proto:
//   Event   { 1 wall_time: double   2 step: int64   3 file_version: string   5 summary: Summary }
//   Summary { 1 value: repeated Value }
//   Value   { 1 tag: string   2 simple_value: float }
// docs/decisions.md says why protoc does not generate this encoder.
#include "train/event_file.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>

namespace r1 {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

constexpr std::array<u32, 256> kCrcTable = [] {
  constexpr u32 kPolynomial = 0x82f63b78;  // Castagnoli's, with the lowest bit first
  std::array<u32, 256> table{};
  for (u32 byte = 0; byte < 256; ++byte) {
    u32 crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}();

u32 masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8; }

// ---- the wire format ---------------------------------------------------------------------------------------------

enum WireType : u64 { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_varint(std::string& out, u64 value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

template <class T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void append_key(std::string& out, u64 field, WireType type) { append_varint(out, field << 3 | type); }

void append_bytes(std::string& out, u64 field, std::string_view bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

// ---- events ------------------------------------------------------------------------------------------------------

constexpr size_t kWallTimeAt = sizeof(u64) + sizeof(u32) + 1;  // of a record: its head and the key of the field

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string begin_event(double wall_time) {
  std::string event;
  append_key(event, 1, kFixed64);
  append_raw(event, wall_time);
  return event;
}

std::string record_of(std::string_view event) {
  std::string record;
  append_raw(record, static_cast<u64>(event.size()));
  append_raw(record, masked_crc32c(record));
  record += event;
  append_raw(record, masked_crc32c(event));
  return record;
}

std::string version_record(double wall_time) {
  std::string event = begin_event(wall_time);
  append_bytes(event, 3, "brain.Event:2");
  return record_of(event);
}

// A figure that is not finite is left out, because metrics.jsonl has no number for it either.
std::string record_of(const Json& row, double wall_time) {
  std::string summary;
  for (const auto& [name, figure] : *row.object()) {
    const auto number = figure.number();
    if (name == "step" || !number || !std::isfinite(*number)) continue;
    std::string value;
    append_bytes(value, 1, name);
    append_key(value, 2, kFixed32);
    append_raw(value, static_cast<float>(*number));
    append_bytes(summary, 1, value);
  }
  std::string event = begin_event(wall_time);
  append_key(event, 2, kVarint);
  append_varint(event, static_cast<u64>(*row.find("step")->integer()));
  append_bytes(event, 5, summary);
  return record_of(event);
}

}  // namespace

u32 crc32c(std::string_view bytes) {
  u32 crc = ~u32{0};
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<u8>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

Result<EventFile> EventFile::open(const std::filesystem::path& path, std::span<const Json> rows) {
  EventFile events(R1_TRY(AppendFile::open(path)));
  const std::string old = R1_TRY(read_file(path));
  const auto record = [&](size_t i, double wall_time) {
    return i == 0 ? version_record(wall_time) : record_of(rows[i - 1], wall_time);
  };
  size_t i = 0, kept = 0;  // records, and their bytes
  while (i <= rows.size() && kept + kWallTimeAt + sizeof(double) <= old.size()) {
    double wall_time;
    std::memcpy(&wall_time, old.data() + kept + kWallTimeAt, sizeof wall_time);
    const std::string same = record(i, wall_time);
    if (!std::string_view(old).substr(kept).starts_with(same)) break;
    kept += same.size(), ++i;
  }
  R1_TRY(events.file_.truncate(static_cast<i64>(kept)));
  std::string missing;
  for (const double wall_time = now(); i <= rows.size(); ++i) missing += record(i, wall_time);
  R1_TRY(events.file_.append(missing));
  return events;
}

Status EventFile::append(const Json& row) { return file_.append(record_of(row, now())); }

}  // namespace r1
