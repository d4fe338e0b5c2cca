#include "formats/gguf.hpp"

#include <cstring>

#include "formats/gguf_parse.hpp"
#include "formats/json.hpp"

namespace r1 {

using gguf::Entry;

struct Gguf::State {
  gguf::File file;  // the first file, with the tensors of all files
  i64 files = 1;
  std::vector<std::shared_ptr<const void>> keep;
};

// ---- files split by name: PREFIX-00001-of-00009.gguf

namespace {

constexpr size_t kShardDigits = 5;

// The part of a name in front of "-00001-of-00009.gguf"; nullopt if the name does not end so.
std::optional<std::string> shard_prefix(const std::string& name, i64 shard, i64 shards) {
  const std::string end = fmt::format("-{:0{}}-of-{:0{}}.gguf", shard, kShardDigits, shards, kShardDigits);
  if (!name.ends_with(end)) return {};
  return name.substr(0, name.size() - end.size());
}

// One of the split.* keys: an integer of any width; `fallback` if the key is missing.
Result<i64> split_number(const gguf::File& file, const char* key, i64 low, i64 high, i64 fallback) {
  const auto found = file.entries.find(key);
  if (found == file.entries.end()) return fallback;
  const Entry& e = found->second;
  if (!gguf::is_integer(e.type) || e.type == GgufType::boolean) {
    return fail(Errc::corrupt, "{}: {}: expected an integer, found {}", file.path, key, gguf::name_of(e.type));
  }
  const std::optional<i64> n = gguf::integer_at(e.type, e.bytes.data());
  if (!n || *n < low || *n > high) {
    return fail(Errc::corrupt, "{}: {}: expected {} to {}, found {}", file.path, key, low, high,
                n ? fmt::format("{}", *n) : "more");
  }
  return *n;
}

Status add_shard(gguf::File& all, gguf::File&& shard) {
  for (const auto* names : {&shard.unsupported, &all.unsupported}) {
    const auto& other = names == &all.unsupported ? shard.tensors : all.tensors;
    for (const auto& [name, type] : *names)
      if (other.contains(name)) return fail(Errc::corrupt, "{}: tensor {} is in two files", shard.path, shown(name));
  }
  all.tensors.merge(shard.tensors);
  all.unsupported.merge(shard.unsupported);
  for (const std::string* twice : {shard.tensors.empty() ? nullptr : &shard.tensors.begin()->first,
                                   shard.unsupported.empty() ? nullptr : &shard.unsupported.begin()->first}) {
    if (twice) return fail(Errc::corrupt, "{}: tensor {} is in two files", shard.path, shown(*twice));
  }
  return {};
}

Status add_shards(const std::filesystem::path& path, i64 shards, gguf::File& all,
                  std::vector<std::shared_ptr<const void>>& keep) {
  const auto prefix = shard_prefix(path.filename().string(), 1, shards);
  if (!prefix) {
    return fail(Errc::corrupt, "{}: split.count is {}, so the name must end in -{:0{}}-of-{:0{}}.gguf", all.path,
                shards, 1, kShardDigits, shards, kShardDigits);
  }
  for (i64 k = 1; k < shards; ++k) {
    const std::string name =
        fmt::format("{}-{:0{}}-of-{:0{}}.gguf", *prefix, k + 1, kShardDigits, shards, kShardDigits);
    gguf::File shard = R1_TRY(gguf::parse(path.parent_path() / name));
    const i64 number = R1_TRY(split_number(shard, "split.no", 0, gguf::kMaxFiles, -1));
    const i64 count = R1_TRY(split_number(shard, "split.count", 0, gguf::kMaxFiles, shards));
    if (number != k || count != shards) {
      return fail(Errc::corrupt, "{}: split.no {} of split.count {}, expected {} of {}", shard.path, number, count, k,
                  shards);
    }
    keep.push_back(shard.keep);
    R1_TRY(add_shard(all, std::move(shard)));
  }
  return {};
}

}  // namespace

Result<Gguf> Gguf::open(const std::filesystem::path& path) {
  auto state = std::make_shared<State>();
  gguf::File& file = state->file;
  file = R1_TRY(gguf::parse(path));
  state->keep.push_back(file.keep);
  const i64 shards = R1_TRY(split_number(file, "split.count", 0, gguf::kMaxFiles, 1));
  if (shards > 1) {
    const i64 number = R1_TRY(split_number(file, "split.no", 0, gguf::kMaxFiles, 0));
    if (number != 0) {
      return fail(Errc::invalid_argument, "{}: file {} of {}: open the first, ...-00001-of-{:0{}}.gguf", file.path,
                  number + 1, shards, shards, kShardDigits);
    }
    R1_TRY(add_shards(path, shards, file, state->keep));
    const i64 found = static_cast<i64>(file.tensors.size() + file.unsupported.size());
    const i64 total = R1_TRY(split_number(file, "split.tensors.count", 0, gguf::kMaxTensors, found));
    if (found != total) {
      return fail(Errc::corrupt, "{}: split.tensors.count is {}, the {} files have {} tensors", file.path, total,
                  shards, found);
    }
    state->files = shards;
  }
  Gguf opened;
  opened.state_ = std::move(state);
  return opened;
}

// ---- metadata

namespace {

const Entry* find(const gguf::File& file, std::string_view key) {
  const auto found = file.entries.find(key);
  return found == file.entries.end() ? nullptr : &found->second;
}

std::string describe(const Entry& e) {
  if (e.type != GgufType::array) return gguf::name_of(e.type);
  return fmt::format("an array of {} x {}", e.count, gguf::name_of(e.element));
}

tl::unexpected<Error> missing(const gguf::File& file, std::string_view key, const char* expected) {
  return fail(Errc::corrupt, "{}: {}: missing, expected {}", file.path, shown(key), expected);
}
tl::unexpected<Error> wrong(const gguf::File& file, std::string_view key, const char* expected, const Entry& e) {
  return fail(Errc::corrupt, "{}: {}: expected {}, found {}", file.path, shown(key), expected, describe(e));
}

// Calls fn with the address of each element of an array, or of the one value of a scalar.
template <class Fn>
Status for_each_scalar(const Entry& e, const Fn& fn) {
  const i64 width = gguf::scalar_bytes(e.element);
  for (i64 i = 0; i < e.count; ++i) R1_TRY(fn(e.bytes.data() + i * width));
  return {};
}

// parse() has checked the lengths of these strings.
std::vector<std::string_view> texts_of(const Entry& e) {
  std::vector<std::string_view> out;
  out.reserve(e.count);
  const char* at = reinterpret_cast<const char*>(e.bytes.data());
  for (i64 i = 0; i < e.count; ++i) {
    u64 n;
    std::memcpy(&n, at, 8);
    out.emplace_back(at + 8, n);
    at += 8 + n;
  }
  return out;
}

Result<std::vector<i64>> integers_of(const gguf::File& file, std::string_view key, const Entry& e) {
  std::vector<i64> out;
  out.reserve(e.count);
  R1_TRY(for_each_scalar(e, [&](const std::byte* p) -> Status {
    const std::optional<i64> v = gguf::integer_at(e.element, p);
    if (!v) {
      return fail(Errc::corrupt, "{}: {}: {:.0f} does not fit 63 bits", file.path, shown(key),
                  gguf::number_at(e.element, p));
    }
    out.push_back(*v);
    return {};
  }));
  return out;
}

std::vector<double> numbers_of(const Entry& e) {
  std::vector<double> out;
  out.reserve(e.count);
  (void)for_each_scalar(e, [&](const std::byte* p) -> Status {
    out.push_back(gguf::number_at(e.element, p));
    return {};
  });
  return out;
}

std::string_view text_of(const Entry& e) { return {reinterpret_cast<const char*>(e.bytes.data()), e.bytes.size()}; }

}  // namespace

const std::string& Gguf::path() const { return state_->file.path; }
i64 Gguf::version() const { return state_->file.version; }
i64 Gguf::alignment() const { return state_->file.alignment; }
i64 Gguf::files() const { return state_->files; }
const std::vector<std::string>& Gguf::keys() const { return state_->file.keys; }
bool Gguf::holds(std::string_view key) const { return find(state_->file, key) != nullptr; }

GgufType Gguf::type(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  R1_CHECK(e, "{}: no key {}", path(), shown(key));
  return e->type;
}
GgufType Gguf::element(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  R1_CHECK(e, "{}: no key {}", path(), shown(key));
  return e->element;
}

Result<i64> Gguf::integer(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "an integer");
  if (!gguf::is_integer(e->type)) return wrong(state_->file, key, "an integer", *e);
  return R1_TRY(integers_of(state_->file, key, *e))[0];
}
Result<i64> Gguf::integer(std::string_view key, i64 fallback) const { return holds(key) ? integer(key) : fallback; }

Result<double> Gguf::number(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "a number");
  if (!gguf::is_float(e->type) && !gguf::is_integer(e->type)) return wrong(state_->file, key, "a number", *e);
  return gguf::number_at(e->type, e->bytes.data());
}
Result<double> Gguf::number(std::string_view key, double fallback) const { return holds(key) ? number(key) : fallback; }

Result<bool> Gguf::flag(std::string_view key, bool fallback) const {
  const Entry* e = find(state_->file, key);
  if (!e) return fallback;
  if (e->type != GgufType::boolean) return wrong(state_->file, key, "bool", *e);
  return gguf::integer_at(e->type, e->bytes.data()) != 0;
}

Result<std::string> Gguf::text(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "a string");
  if (e->type != GgufType::string) return wrong(state_->file, key, "a string", *e);
  return std::string(text_of(*e));
}
Result<std::string> Gguf::text(std::string_view key, std::string_view fallback) const {
  return holds(key) ? text(key) : std::string(fallback);
}

Result<std::vector<std::string_view>> Gguf::texts(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "an array of strings");
  if (e->type != GgufType::array || e->element != GgufType::string) {
    return wrong(state_->file, key, "an array of strings", *e);
  }
  return texts_of(*e);
}

Result<std::vector<i64>> Gguf::integers(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "integers");
  if (!gguf::is_integer(e->element)) return wrong(state_->file, key, "integers", *e);
  return integers_of(state_->file, key, *e);
}

Result<std::vector<double>> Gguf::numbers(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "numbers");
  if (!gguf::is_integer(e->element) && !gguf::is_float(e->element)) return wrong(state_->file, key, "numbers", *e);
  return numbers_of(*e);
}

Result<GgufValue> Gguf::value(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  if (!e) return missing(state_->file, key, "a value");
  GgufValue v;
  v.type = e->type;
  if (e->type == GgufType::string) {
    v.text = text_of(*e);
  } else if (e->type != GgufType::array) {
    if (gguf::is_float(e->type)) v.number = gguf::number_at(e->type, e->bytes.data());
    else v.integer = R1_TRY(integers_of(state_->file, key, *e))[0];
  } else {
    v.array.type = e->element;
    if (e->element == GgufType::string) {
      const auto texts = texts_of(*e);
      v.array.texts.assign(texts.begin(), texts.end());
    } else if (gguf::is_float(e->element)) {
      v.array.numbers = numbers_of(*e);
    } else {
      v.array.integers = R1_TRY(integers_of(state_->file, key, *e));
    }
  }
  return v;
}

i64 Gguf::count(std::string_view key) const {
  const Entry* e = find(state_->file, key);
  return e ? e->count : 0;
}

const std::map<std::string, StoredTensor, std::less<>>& Gguf::tensors() const { return state_->file.tensors; }
const std::map<std::string, std::string>& Gguf::unsupported() const { return state_->file.unsupported; }
std::shared_ptr<const void> Gguf::mapping() const { return state_; }

}  // namespace r1
