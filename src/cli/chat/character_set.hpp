// The character set of the terminal, and a scope in which the calling thread uses it.
#pragma once
#include <locale.h>

#include <string>

namespace r1 {

// libedit converts between bytes and characters by the locale of the thread that calls it.
class CharacterSet {
 public:
  CharacterSet();  // from the environment
  ~CharacterSet() { freelocale(locale_); }
  CharacterSet(const CharacterSet&) = delete;
  CharacterSet& operator=(const CharacterSet&) = delete;

  bool utf8() const { return utf8_; }
  const std::string& name() const { return name_; }
  locale_t locale() const { return locale_; }

 private:
  std::string name_;  // as the environment has it
  locale_t locale_ = nullptr;
  bool utf8_ = true;
};

// While this object exists, the thread that made it uses the character set.
class CharacterSetScope {
 public:
  explicit CharacterSetScope(const CharacterSet& set) : before_(uselocale(set.locale())) {}
  ~CharacterSetScope() { uselocale(before_); }
  CharacterSetScope(const CharacterSetScope&) = delete;
  CharacterSetScope& operator=(const CharacterSetScope&) = delete;

 private:
  locale_t before_;
};

}  // namespace r1
