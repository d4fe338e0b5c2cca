#include "cli/line_reader.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "core/error.hpp"

namespace r1 {
namespace {

const char* show_prompt(EditLine*) { return "> "; }

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

// libedit converts between bytes and characters by the locale of the thread that calls it.
class CharacterSet {
 public:
  CharacterSet() : name_(locale_name()) {
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

// While this exists the terminal sends Ctrl-C as a character, not as SIGINT. libedit misses a signal that comes between
// two of its reads.
class NoInterruptKey {
 public:
  NoInterruptKey() {
    changed_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!changed_) return;
    termios settings = before_;
    settings.c_cc[VINTR] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
  }
  ~NoInterruptKey() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  NoInterruptKey(const NoInterruptKey&) = delete;
  NoInterruptKey& operator=(const NoInterruptKey&) = delete;

 private:
  termios before_{};
  bool changed_;
};

// The calling thread uses a character set for as long as this exists.
class CharacterSetScope {
 public:
  explicit CharacterSetScope(const CharacterSet& set) : before_(uselocale(set.locale())) {}
  ~CharacterSetScope() { uselocale(before_); }
  CharacterSetScope(const CharacterSetScope&) = delete;
  CharacterSetScope& operator=(const CharacterSetScope&) = delete;

 private:
  locale_t before_;
};

}  // namespace

struct LineReader::Terminal {
  Terminal() {
    const CharacterSetScope scope(characters);
    edit = el_init("r1", stdin, stdout, stderr);
    lines = history_init();
    HistEvent event;
    history(lines, &event, H_SETSIZE, 1000);
    el_set(edit, EL_PROMPT, show_prompt);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, history, lines);
    el_set(edit, EL_CLIENTDATA, this);
    el_set(edit, EL_ADDFN, "r1-drop-line", "Drops the line", &Terminal::drop_line);
    el_set(edit, EL_BIND, "^C", "r1-drop-line", nullptr);
  }
  ~Terminal() {
    el_end(edit);
    history_end(lines);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::optional<std::string> read() {
    const CharacterSetScope scope(characters);
    const NoInterruptKey no_interrupt;
    dropped = false;
    // libedit itself would show the prompt first and then take the terminal out of line mode. The kernel would edit
    // what is typed in the moment between.
    el_set(edit, EL_PREP_TERM, 1);
    int length = 0;
    const char* text = el_gets(edit, &length);
    if (dropped) {
      std::cout << std::endl;
      return "";
    }
    if (!text || length <= 0) return std::nullopt;
    std::string line(text, static_cast<size_t>(length));
    while (!line.empty() && line.back() == '\n') line.pop_back();
    HistEvent event;
    if (!line.empty()) history(lines, &event, H_ENTER, line.c_str());
    return line;
  }

  // What libedit calls for Ctrl-C. CC_EOF ends el_gets() at once, without a line.
  static unsigned char drop_line(EditLine* edit, int) {
    Terminal* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    self->dropped = true;
    return CC_EOF;
  }

  CharacterSet characters;
  bool dropped = false;  // the line, by Ctrl-C
  EditLine* edit = nullptr;
  History* lines = nullptr;
};

LineReader::LineReader() {
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) terminal_ = std::make_unique<Terminal>();
}

LineReader::~LineReader() = default;

std::string LineReader::notice() const {
  if (!terminal_ || terminal_->characters.utf8()) return "";
  return fmt::format(
      "the locale \"{}\" is not UTF-8: only ASCII can be typed. LC_ALL=C.UTF-8 in the environment allows all "
      "characters",
      terminal_->characters.name());
}

std::optional<std::string> LineReader::read() {
  if (terminal_) return terminal_->read();
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace r1
