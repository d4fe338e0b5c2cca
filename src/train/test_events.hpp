// Reads event files back, for tests: the framing and the wire format by hand, without code of event_file.cpp except for
// the checksum, whose test has published values.
#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "train/event_file.hpp"

namespace r1 {

struct TestEvent {
  double wall_time = 0;
  i64 step = 0;
  std::string version;
  std::map<std::string, float> scalars;
};

template <class T>
T take_raw(std::string_view& bytes) {
  T value{};
  R1_CHECK(bytes.size() >= sizeof value, "{} bytes are left", bytes.size());
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

inline u64 take_varint(std::string_view& bytes) {
  u64 value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take_raw<u8>(bytes);
    value |= u64{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

inline std::string_view take_bytes(std::string_view& bytes) {
  const auto size = take_varint(bytes);
  R1_CHECK(size <= bytes.size(), "{} bytes of {}", size, bytes.size());
  const std::string_view out = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return out;
}

inline TestEvent event_of(std::string_view data) {
  TestEvent event;
  while (!data.empty()) {
    switch (take_varint(data)) {
      case 1 << 3 | 1: event.wall_time = take_raw<double>(data); break;
      case 2 << 3 | 0: event.step = static_cast<i64>(take_varint(data)); break;
      case 3 << 3 | 2: event.version = take_bytes(data); break;
      case 5 << 3 | 2:
        for (std::string_view summary = take_bytes(data); !summary.empty();) {
          EXPECT_EQ(take_varint(summary), 1 << 3 | 2u);
          std::string_view value = take_bytes(summary);
          EXPECT_EQ(take_varint(value), 1 << 3 | 2u);
          const std::string tag(take_bytes(value));
          EXPECT_EQ(take_varint(value), 2 << 3 | 5u);
          EXPECT_TRUE(event.scalars.emplace(tag, take_raw<float>(value)).second) << tag << " twice";
          EXPECT_TRUE(value.empty());
        }
        break;
      default: ADD_FAILURE() << "an unknown field"; return event;
    }
  }
  return event;
}

inline std::vector<TestEvent> events_in(const std::filesystem::path& path) {
  const auto unmasked = [](u32 masked) { return std::rotl(masked - 0xa282ead8u, 15); };
  const std::string text = read_file(path).value();
  std::vector<TestEvent> events;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view head = rest.substr(0, 8);
    const auto size = take_raw<u64>(rest);
    EXPECT_EQ(unmasked(take_raw<u32>(rest)), crc32c(head));
    const std::string_view data = rest.substr(0, size);
    R1_CHECK(data.size() == size, "a record of {} bytes ends after {}", size, data.size());
    rest.remove_prefix(size);
    EXPECT_EQ(unmasked(take_raw<u32>(rest)), crc32c(data));
    events.push_back(event_of(data));
  }
  return events;
}

// Expects that the events are a header and every row of a metrics.jsonl once, in its order.
inline void expect_events_of(const std::vector<Json>& rows, const std::vector<TestEvent>& events) {
  ASSERT_EQ(events.size(), rows.size() + 1);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  for (size_t i = 0; i < rows.size(); ++i) {
    const TestEvent& event = events[i + 1];
    EXPECT_EQ(event.step, *rows[i].find("step")->integer());
    std::map<std::string, float> scalars;
    for (const auto& [name, figure] : *rows[i].object())
      if (name != "step" && figure.number()) scalars.emplace(name, static_cast<float>(*figure.number()));
    EXPECT_EQ(event.scalars, scalars) << "step " << event.step;
  }
}

}  // namespace r1
