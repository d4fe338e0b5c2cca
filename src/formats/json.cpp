#include "formats/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>

#include "core/file.hpp"
#include "formats/utf8.hpp"

namespace r1 {

Json::Json() noexcept = default;
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json::Json(float f) : value_(static_cast<double>(f)) {
  if (!std::isfinite(f)) return;
  char digits[32];
  double d = 0;
  std::from_chars(digits, std::to_chars(digits, digits + sizeof digits, f).ptr, d);
  if (static_cast<float>(d) == f) value_ = d;
}
Json::Json(std::string s) : value_(std::move(s)) {}
Json::Json(std::string_view s) : value_(std::string(s)) {}
Json::Json(const char* s) : value_(std::string(s)) {}
Json::Json(Array a) : value_(std::move(a)) {}
Json::Json(Object o) : value_(std::move(o)) {}
Json Json::object(std::initializer_list<Member> members) { return Object(members); }
Json Json::array(std::initializer_list<Json> items) { return Array(items); }
// A defaulted one makes clang 16 crash, which compiles the fuzz targets.
bool Json::operator==(const Json& other) const {
  return value_.index() == other.value_.index() &&
         std::visit([&](const auto& v) { return v == std::get<std::decay_t<decltype(v)>>(other.value_); }, value_);
}

std::optional<double> Json::number() const {
  if (const i64* i = integer()) return static_cast<double>(*i);
  if (const double* d = std::get_if<double>(&value_)) return *d;
  return {};
}

const Json* Json::find(std::string_view key) const {
  if (const Object* members = object()) {
    for (const Member& m : *members) {
      if (m.first == key) return &m.second;
    }
  }
  return nullptr;
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  Object* members = std::get_if<Object>(&value_);
  R1_CHECK(members, "set(\"{}\") on {}", key, describe());
  for (Member& m : *members) {
    if (m.first == key) return m.second = std::move(value), *this;
  }
  members->emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array{};
  Array* items = std::get_if<Array>(&value_);
  R1_CHECK(items, "push on {}", describe());
  items->push_back(std::move(value));
  return *this;
}

std::string Json::describe() const {
  if (const Array* a = array()) return fmt::format("an array of {}", a->size());
  if (const Object* o = object()) return fmt::format("an object of {} members", o->size());
  const std::string text = dump(*this);
  return text.size() <= 60 ? text : fmt::format("{}...", utf8_prefix(text, 57));
}

namespace {

// The memory that a tree may take while it is built, with the builder's stacks: text like [0,0,0,...] turns every two
// bytes into forty. The limit lies below the sixteen times the text and 64 MiB of json.hpp, which leaves room for the
// parser's own memory and for readers of the tree.
constexpr size_t kTreeFactor = 14, kTreeBase = size_t{48} << 20;
constexpr size_t kBlockOverhead = 16;  // of malloc, per block

size_t heap_bytes(const std::string& s) { return s.capacity() > 15 ? s.capacity() + 1 + kBlockOverhead : 0; }

// Sorting by hash and then by text keeps this at n log n even if an attacker makes all hashes equal.
const std::string* duplicate_key(const Json::Object& members) {
  if (members.size() <= 8) {
    for (size_t i = 1; i < members.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (members[i].first == members[j].first) return &members[i].first;
    return nullptr;
  }
  std::vector<std::pair<size_t, const std::string*>> keys;
  keys.reserve(members.size());
  for (const Json::Member& m : members) keys.emplace_back(std::hash<std::string>()(m.first), &m.first);
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  });
  const auto twice =
      std::adjacent_find(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return *a.second == *b.second; });
  return twice == keys.end() ? nullptr : twice->second;
}

// Builds the tree from the parser's events. The parser does not recurse, so the depth is limited here. Members of
// containers that are still open lie on two stacks. When a container closes, they move into a vector of exactly their
// number, which wastes no memory.
class Builder {
 public:
  Builder(std::string_view source, size_t text_bytes)
      : source_(source), text_bytes_(text_bytes), budget_(kTreeFactor * text_bytes + kTreeBase) {}

  bool null() { return value({}); }
  bool boolean(bool b) { return value(b); }
  bool number_integer(i64 i) { return value(i); }
  bool number_unsigned(u64 u) {
    if (u <= static_cast<u64>(std::numeric_limits<i64>::max())) return value(static_cast<i64>(u));
    return value(static_cast<double>(u));
  }
  bool number_float(double d, const std::string&) { return value(d); }
  bool string(std::string& s) {
    std::string own = taken(s);
    const size_t heap = heap_bytes(own);
    return charge(heap) && value(std::move(own));
  }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return open(true); }
  bool start_array(size_t) { return open(false); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& k) {
    keys_.push_back(taken(k));
    return charge(sizeof(std::string) + heap_bytes(keys_.back()));
  }

  template <class Exception>
  bool parse_error(size_t position, const std::string& token, const Exception&) {
    const std::string tail = token.substr(token.size() > 40 ? token.size() - 40 : 0);
    return refuse(fmt::format("not JSON at byte {}{}", position ? position - 1 : 0,
                              tail.empty() ? "" : ", after " + Json(tail).describe()));
  }

  Result<Json> finish(bool accepted) {
    if (accepted) return std::move(values_.back());
    return fail(Errc::corrupt, "{}: {}", source_, error_);
  }

 private:
  struct Level {
    bool is_object;
    size_t values;  // how many lay on the stack when it opened
  };

  // The parser's buffer grows by doubling. Copying a short string gives it the right size and leaves the buffer in use.
  static std::string taken(std::string& s) {
    std::string own;
    if (s.size() < 4096) own = s;
    else own.swap(s);
    return own;
  }

  bool open(bool is_object) {
    if (levels_.size() >= static_cast<size_t>(kJsonDepth)) {
      return refuse(fmt::format("nested deeper than {}", kJsonDepth));
    }
    levels_.push_back({is_object, values_.size()});
    return true;
  }

  bool close() {
    const Level top = levels_.back();
    levels_.pop_back();
    const size_t n = values_.size() - top.values;
    const size_t item = top.is_object ? sizeof(Json::Member) : sizeof(Json);
    if (n && !charge(n * item + kBlockOverhead)) return false;
    if (!top.is_object) {
      Json::Array array(n);
      for (size_t i = n; i-- > 0; values_.pop_back()) array[i] = std::move(values_.back());
      used_ -= n * item;
      return value(std::move(array));
    }
    Json::Object object(n);
    for (size_t i = n; i-- > 0; values_.pop_back(), keys_.pop_back()) {
      object[i] = {std::move(keys_.back()), std::move(values_.back())};
    }
    used_ -= n * item;
    if (const std::string* twice = duplicate_key(object)) {
      return refuse(fmt::format("duplicate key {}", quoted_text(*twice)));
    }
    return value(std::move(object));
  }

  bool value(Json json) {
    values_.push_back(std::move(json));
    return charge(sizeof(Json));
  }

  bool charge(size_t bytes) {
    used_ += bytes;
    if (used_ <= budget_) return true;
    return refuse(
        fmt::format("{} bytes of JSON take more than {} in memory: too many small values", text_bytes_, budget_));
  }

  bool refuse(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return false;
  }

  std::string source_, error_;
  size_t text_bytes_, budget_, used_ = 0;
  std::deque<Json> values_;
  std::deque<std::string> keys_;
  std::vector<Level> levels_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view source) {
  if (const size_t bad = first_invalid_utf8(text); bad != text.size()) {
    return fail(Errc::corrupt, "{}: not UTF-8 at byte {}", source, bad);
  }
  Builder builder(source, text.size());
  const bool accepted = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.finish(accepted);
}

Result<Json> read_json(const std::filesystem::path& path, i64 max_bytes) {
  const FileMap file = R1_TRY(map_file(path, max_bytes));
  return parse_json({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path.string());
}

Status for_each_jsonl(const std::filesystem::path& path, const std::function<Status(i64, Json)>& fn) {
  const FileMap file = R1_TRY(map_file(path));
  std::string_view rest(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  for (i64 number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string source = fmt::format("{}:{}", path.string(), number);
    Json row = R1_TRY(parse_json(line, source));
    if (Status status = fn(number, std::move(row)); !status) {
      return tl::unexpected(std::move(status).error().in(source));
    }
  }
  return {};
}

// ---- writing

namespace {

void write_string(std::string_view s, std::string& out) {
  out += '"';
  while (!s.empty()) {
    const size_t length = utf8_length(s);  // 0 for a byte that is not UTF-8
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      s.remove_prefix(1);
      continue;
    }
    const unsigned char c = static_cast<unsigned char>(s[0]);
    if (c == '"' || c == '\\') {
      out += '\\', out += s[0];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += s.substr(0, length);
    }
    s.remove_prefix(length);
  }
  out += '"';
}

void write_double(double d, std::string& out) {
  if (!std::isfinite(d)) {
    out += "null";
    return;
  }
  char digits[32];
  const std::string_view text(digits, std::to_chars(digits, digits + 32, d).ptr - digits);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write_value(const Json& json, int indent, int level, std::string& out) {
  const auto line = [&](int at) {
    if (indent >= 0) out += '\n', out.append(indent * at, ' ');
  };
  if (const Json::Array* a = json.array()) {
    out += '[';
    for (size_t i = 0; i < a->size(); ++i) {
      if (i) out += indent < 0 ? ", " : ",";
      line(level + 1);
      write_value((*a)[i], indent, level + 1, out);
    }
    if (!a->empty()) line(level);
    out += ']';
  } else if (const Json::Object* o = json.object()) {
    out += '{';
    for (size_t i = 0; i < o->size(); ++i) {
      if (i) out += indent < 0 ? ", " : ",";
      line(level + 1);
      write_string((*o)[i].first, out);
      out += ": ";
      write_value((*o)[i].second, indent, level + 1, out);
    }
    if (!o->empty()) line(level);
    out += '}';
  } else if (const std::string* s = json.string()) {
    write_string(*s, out);
  } else if (const bool* b = json.boolean()) {
    out += *b ? "true" : "false";
  } else if (const i64* i = json.integer()) {
    out += fmt::format("{}", *i);
  } else if (const std::optional<double> d = json.number()) {
    write_double(*d, out);
  } else {
    out += "null";
  }
}

}  // namespace

std::string dump(const Json& json, int indent) {
  std::string out;
  write_value(json, indent, 0, out);
  return out;
}

std::string shown(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return plain && !name.empty() && name.size() <= 128 ? std::string(name) : quoted_text(name);
}

std::string quoted_text(std::string_view text) { return Json(utf8_prefix(text, 200)).describe(); }

// ---- fields

Result<JsonFields> JsonFields::of(const Json& object, std::string source) {
  if (!object.object()) return fail(Errc::corrupt, "{}: expected an object, found {}", source, object.describe());
  return JsonFields(object, std::move(source), "");
}

const Json* JsonFields::find(std::string_view key) const {
  const Json* value = object_->find(key);
  return value && !value->is_null() ? value : nullptr;
}

std::string JsonFields::where(std::string_view key) const { return fmt::format("{}: {}{}", source_, path_, key); }

tl::unexpected<Error> JsonFields::wrong(std::string_view key, std::string_view expected, const Json& found) const {
  return fail(Errc::corrupt, "{}: expected {}, found {}", where(key), expected, found.describe());
}

template <class T>
Result<T> JsonFields::absent(std::string_view key, const char* expected, const std::optional<T>& fallback) const {
  if (fallback) return *fallback;
  return fail(Errc::corrupt, "{}: missing, expected {}", where(key), expected);
}

Result<bool> JsonFields::boolean(std::string_view key, std::optional<bool> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "true or false", fallback);
  if (!value->boolean()) return wrong(key, "true or false", *value);
  return *value->boolean();
}

Result<i64> JsonFields::integer(std::string_view key, std::optional<i64> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "an integer", fallback);
  if (!value->integer()) return wrong(key, "an integer", *value);
  return *value->integer();
}

Result<i64> JsonFields::positive(std::string_view key, std::optional<i64> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "a positive integer", fallback);
  const i64* i = value->integer();
  if (!i || *i < 1 || *i > std::numeric_limits<i32>::max()) return wrong(key, "a positive integer below 2^31", *value);
  return *i;
}

Result<i64> JsonFields::integer_in(std::string_view key, i64 low, i64 high, std::optional<i64> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "an integer", fallback);
  const i64* i = value->integer();
  if (!i || *i < low || *i > high) return wrong(key, fmt::format("an integer from {} to {}", low, high), *value);
  return *i;
}

Result<double> JsonFields::number(std::string_view key, std::optional<double> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "a number", fallback);
  const std::optional<double> d = value->number();
  if (!d) return wrong(key, "a number", *value);
  return *d;
}

Result<std::string> JsonFields::string(std::string_view key, std::optional<std::string> fallback) const {
  const Json* value = find(key);
  if (!value) return absent(key, "a string", fallback);
  if (!value->string()) return wrong(key, "a string", *value);
  return *value->string();
}

Result<const Json::Array*> JsonFields::array(std::string_view key) const {
  const Json* value = find(key);
  if (!value) return absent<const Json::Array*>(key, "an array", {});
  if (!value->array()) return wrong(key, "an array", *value);
  return value->array();
}

Result<JsonFields> JsonFields::object(std::string_view key) const {
  const Json* value = find(key);
  if (!value) return absent<JsonFields>(key, "an object", {});
  if (!value->object()) return wrong(key, "an object", *value);
  return JsonFields(*value, source_, fmt::format("{}{}.", path_, key));
}

Result<std::vector<i64>> JsonFields::integers(std::string_view key) const {
  if (const Json* value = find(key); value && value->integer()) return std::vector<i64>{*value->integer()};
  std::vector<i64> all;
  for (const Json& item : *R1_TRY(array(key))) {
    if (!item.integer()) return wrong(key, "integers", item);
    all.push_back(*item.integer());
  }
  return all;
}

}  // namespace r1
