// JSON values. Reading is strict; writing keeps the order of members. Only json.cpp sees the parser behind this,
// nlohmann's.
//
//   const Json config = R1_TRY(read_json(folder / "config.json"));
//   const JsonFields fields = R1_TRY(JsonFields::of(config, "config.json"));
//   const i64 hidden = R1_TRY(fields.positive("hidden_size"));     // config.json: hidden_size: expected ...
//   const double theta = R1_TRY(fields.number("rope_theta", 10000));
#pragma once
#include <concepts>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // in the order written; keys are unique

  // Defined in json.cpp: inline they would compile the variant's machinery in every source that holds a Json.
  Json() noexcept;  // null
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  Json(std::nullptr_t) {}
  Json(bool b) : value_(b) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) Json(I i) : value_(static_cast<i64>(i)) {}
  Json(double d) : value_(d) {}
  Json(float f);  // the double with the shortest text that reads back to `f`
  Json(std::string s);
  Json(std::string_view s);
  Json(const char* s);
  Json(Array a);
  Json(Object o);

  static Json object(std::initializer_list<Member> members);
  static Json array(std::initializer_list<Json> items);
  template <class Range>
  static Json array_of(const Range& range) {
    Array items;
    for (const auto& item : range) items.emplace_back(item);
    return items;
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // The value if it is of that kind, else null. number() also takes integers.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const i64* integer() const { return std::get_if<i64>(&value_); }
  std::optional<double> number() const;
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }

  const Json* find(std::string_view key) const;  // null if this is no object or has no such member
  Json& set(std::string_view key, Json value);   // adds or replaces a member; a null value becomes {} first
  Json& push(Json value);                        // appends an item; a null value becomes [] first
  bool operator==(const Json&) const;
  std::string describe() const;  // short, for errors: `"x"`, `3`, `an array of 4`

 private:
  std::variant<std::monostate, bool, i64, double, std::string, Array, Object> value_;
};

// Reads strict JSON in UTF-8. Integers beyond 64 bits become doubles. `source` stands for the text in errors.
// Errors: text that is not JSON (with the byte), duplicate keys, nesting beyond kJsonDepth, numbers beyond double,
// anything after the value, and text whose tree would take more memory than 64 MiB plus sixteen times its size.
inline constexpr int kJsonDepth = 64;
// Limits on the size of a file. kLargeJson is for tokenizers and indices.
inline constexpr i64 kSmallJson = i64{16} << 20, kLargeJson = i64{256} << 20;
Result<Json> parse_json(std::string_view text, std::string_view source);
Result<Json> read_json(const std::filesystem::path& path, i64 max_bytes = kSmallJson);

// Writes members in their order, on one line if indent < 0. A double is written in the shortest form that reads back to
// the same bits and does not look like an integer. NaN and infinities become null, bytes that are not UTF-8 U+FFFD.
std::string dump(const Json& json, int indent = -1);

// A name from a file, for messages: unchanged if it is short and printable ASCII, else quoted, escaped and cut.
std::string shown(std::string_view name);
// Text from a file, for messages: always quoted, escaped and cut.
std::string quoted_text(std::string_view text);

// Calls `fn` for every non-blank line of a JSONL file, in order; line numbers start at 1. Stops at the first error,
// from reading or from `fn`, and adds the file and the line to it.
Status for_each_jsonl(const std::filesystem::path& path, const std::function<Status(i64 line, Json row)>& fn);

// Reads members of one object. It keeps a pointer to that object. A member that is null counts as absent.
// Errors: an absent member without a fallback, a value of another type or out of range. They name source and member.
class JsonFields {
 public:
  static Result<JsonFields> of(const Json& object, std::string source);

  const Json* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  Result<bool> boolean(std::string_view key, std::optional<bool> fallback = {}) const;
  Result<i64> integer(std::string_view key, std::optional<i64> fallback = {}) const;
  Result<i64> positive(std::string_view key, std::optional<i64> fallback = {}) const;  // 1 .. 2^31-1
  Result<i64> integer_in(std::string_view key, i64 low, i64 high, std::optional<i64> fallback = {}) const;
  Result<double> number(std::string_view key, std::optional<double> fallback = {}) const;  // an integer is one too
  Result<std::string> string(std::string_view key, std::optional<std::string> fallback = {}) const;
  Result<std::vector<i64>> integers(std::string_view key) const;  // an array, or one integer
  Result<const Json::Array*> array(std::string_view key) const;
  Result<JsonFields> object(std::string_view key) const;

  // "source: path.key", for the caller's own errors.
  std::string where(std::string_view key) const;

 private:
  JsonFields(const Json& object, std::string source, std::string path)
      : object_(&object), source_(std::move(source)), path_(std::move(path)) {}
  template <class T>
  Result<T> absent(std::string_view key, const char* expected, const std::optional<T>& fallback) const;
  tl::unexpected<Error> wrong(std::string_view key, std::string_view expected, const Json& found) const;

  const Json* object_;
  std::string source_, path_;
};

}  // namespace r1
