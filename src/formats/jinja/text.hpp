// Strings of templates: UTF-8 that remembers which bytes came from the input ("marked"), and Python's string operations
// on it. Indices and lengths of the operations count code points. The bytes must be valid UTF-8.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1::jinja {

class Text {
 public:
  Text() = default;
  explicit Text(std::string bytes, bool marked = false) : bytes_(std::move(bytes)), first_(marked) {}

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool marked_at(size_t byte) const;
  size_t changes() const { return flips_.size(); }  // how often the mark changes inside the text

  void append(std::string_view bytes, bool marked);
  void append(const Text& text, size_t begin, size_t end);  // bytes [begin, end) of it
  Text slice(size_t begin, size_t end) const;
  void trim();         // frees memory that was reserved while the text grew
  std::string take();  // moves the bytes out

  // Calls fn(begin, end, marked) for each stretch of bytes with the same mark.
  template <class Fn>
  void for_each_run(Fn fn) const {
    size_t begin = 0;
    bool marked = first_;
    for (const u32 flip : flips_) fn(begin, size_t{flip}, marked), begin = flip, marked = !marked;
    if (begin < bytes_.size()) fn(begin, bytes_.size(), marked);
  }

 private:
  std::string bytes_;
  std::vector<u32> flips_;  // the bytes at which the mark changes, ascending
  bool first_ = false;      // the mark of the first byte
};

// The white space of Python's str.isspace.
bool is_space(u32 code_point);

size_t count_characters(std::string_view text);
// The byte at which character `index` begins; text.size() if there are fewer characters.
size_t byte_of_character(std::string_view text, size_t index);
// How many bytes of white space the text begins (ends) with. If `set` is given, its characters count in place of white
// space.
size_t leading(std::string_view text, const std::string_view* set = nullptr);
size_t trailing(std::string_view text, const std::string_view* set = nullptr);
// The byte of the first or last occurrence, npos if there is none. Takes linear time for any text.
size_t find_first(std::string_view text, std::string_view what, size_t from = 0);
size_t find_last(std::string_view text, std::string_view what);

// Simple case mappings, and ß.
std::string upper(std::string_view text);
std::string lower(std::string_view text);
// Whether Python's repr prints the character as it is.
bool is_printable(u32 code_point);
enum class CharacterClass : u8 { other, letter, decimal, numeric };
CharacterClass class_of(u32 code_point);

std::string python_float(double value);  // as Python's repr: 1.0, 0.1, 1e+20, nan

}  // namespace r1::jinja
