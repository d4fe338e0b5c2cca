#include "cli/chat/character_set.hpp"

#include <langinfo.h>

#include <cstdlib>
#include <string_view>

namespace r1 {
namespace {

// The locale that the environment names for characters; empty if it names none. POSIX, 8.2, gives this order.
std::string locale_name() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* name = std::getenv(variable); name && *name) return name;
  return "";
}

bool says_utf8(std::string_view name) {
  for (const char* spelling : {"UTF-8", "utf8", "UTF8", "utf-8"})
    if (name.find(spelling) != name.npos) return true;
  return false;
}

}  // namespace

CharacterSet::CharacterSet() : name_(locale_name()) {
  if (!name_.empty()) locale_ = newlocale(LC_CTYPE_MASK, name_.c_str(), nullptr);
  // Containers often name no locale, and ssh passes on names that the machine does not have, such as macOS's "UTF-8".
  // C.UTF-8 is part of glibc's package.
  if (name_.empty() || (!locale_ && says_utf8(name_))) locale_ = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (locale_ && nl_langinfo_l(CODESET, locale_) == std::string_view("UTF-8")) return;
  // The model reads UTF-8. The C locale refuses every byte outside ASCII, so no other encoding reaches the model.
  utf8_ = false;
  if (locale_) freelocale(locale_);
  locale_ = newlocale(LC_CTYPE_MASK, "C", nullptr);
}

}  // namespace r1
