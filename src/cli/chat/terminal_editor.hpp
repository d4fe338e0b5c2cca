// A line that is edited at a terminal, by libedit: keys as in a shell, history, completion, pasted texts of several
// lines, windows that change their size.
#pragma once
#include <termios.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/chat/character_set.hpp"
#include "cli/chat/line_reader.hpp"

struct editline;  // EditLine of histedit.h
struct history;

namespace r1 {

class EditSignals;

// While this exists the terminal sends single characters, marks pasted texts, and sends Ctrl-C as a character.
class EditingMode {
 public:
  EditingMode(editline* edit, bool rewritable);
  ~EditingMode();  // restores the terminal
  EditingMode(const EditingMode&) = delete;
  EditingMode& operator=(const EditingMode&) = delete;

 private:
  editline* const edit_;
  const bool rewritable_;
  termios before_{};
  bool changed_ = false;
};

class TerminalEditor {
 public:
  explicit TerminalEditor(TabCompleter complete);
  ~TerminalEditor();
  TerminalEditor(const TerminalEditor&) = delete;
  TerminalEditor& operator=(const TerminalEditor&) = delete;

  LineReader::Line read(const char* prompt, std::string_view prefill);
  void remember(const std::string& text);
  const CharacterSet& characters() const { return characters_; }

 private:
  // What libedit calls for keys. Each returns one of its CC_ codes.
  static unsigned char on_drop(editline* edit, int);
  static unsigned char on_paste(editline* edit, int);
  static unsigned char on_prefill(editline* edit, int);
  static unsigned char on_older(editline* edit, int);
  static unsigned char on_newer(editline* edit, int);
  static unsigned char on_tab(editline* edit, int);
  static int on_character(editline* edit, wchar_t* character);
  static const char* on_prompt(editline* edit);
  static TerminalEditor& of(editline* edit);

  int read_character(wchar_t* character);
  void handle(int signal);
  void redraw_for_new_size();
  std::string pasted();
  std::wstring wide(std::string_view text) const;
  void insert(std::string_view text);
  void replace_by(std::string_view text);
  std::wstring typed() const;
  std::string expanded(std::string text) const;
  unsigned char complete();
  unsigned char move_in_history(int step);
  int rows(std::wstring_view text) const;

  const CharacterSet characters_;
  const TabCompleter complete_;
  const bool rewritable_;  // the terminal understands escape sequences
  editline* edit_ = nullptr;
  ::history* search_ = nullptr;  // for Ctrl-R; the keys Up and Down use texts_
  std::vector<std::string> texts_;

  // Of the line that is being read:
  const char* prompt_ = "";
  std::string prefill_;
  EditSignals* signals_ = nullptr;
  std::optional<EditingMode> mode_;
  bool dropped_ = false;  // by Ctrl-C
  std::wstring dropped_text_;
  size_t place_ = 0;   // in texts_; its size stands for the line that is typed
  std::string draft_;  // the line that is typed, while an older one is shown
  // Texts too tall to be edited, and what stands for each in the line.
  std::vector<std::pair<std::string, std::string>> folded_;
};

}  // namespace r1
