#include "cli/chat/terminal_editor.hpp"

#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/chat/edit_signals.hpp"
#include "core/error.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

// Terminals put these around a pasted text if they are asked to ("bracketed paste", xterm's control sequences).
constexpr const wchar_t* kPasteBegin = L"\\e[200~";
constexpr const char *kPasteModeOn = "\033[?2004h", *kPasteModeOff = "\033[?2004l";
constexpr std::string_view kPasteEnd = "\033[201~";
// A sequence that no key sends. The program types it to itself.
constexpr const wchar_t* kPrefillKey = L"\\e[9999~";
constexpr const char* kPrefillSequence = "\033[9999~";

constexpr size_t kMostTexts = 1000;
constexpr wchar_t kInterrupt = 3;  // Ctrl-C

std::string narrow(std::wstring_view text) {
  std::string out;
  for (const wchar_t c : text) append_utf8(static_cast<u32>(c), out);
  return out;
}

}  // namespace

// Ctrl-C comes as a character, so that one inside a pasted text does nothing.
EditingMode::EditingMode(editline* edit, bool rewritable) : edit_(edit), rewritable_(rewritable) {
  if (tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios settings = before_;
    settings.c_cc[VINTR] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
    changed_ = true;
  }
  if (rewritable_) {
    std::fputs(kPasteModeOn, stdout);
    std::fflush(stdout);
  }
  // libedit itself would show the prompt first and then take the terminal out of line mode. The kernel would edit what
  // is typed in the moment between.
  el_set(edit_, EL_PREP_TERM, 1);
}

EditingMode::~EditingMode() {
  el_set(edit_, EL_PREP_TERM, 0);
  if (rewritable_) {
    std::fputs(kPasteModeOff, stdout);
    std::fflush(stdout);
  }
  if (changed_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

TerminalEditor::TerminalEditor(TabCompleter complete)
    : complete_(std::move(complete)), rewritable_(is_rewritable_terminal(STDOUT_FILENO)) {
  const CharacterSetScope scope(characters_);
  edit_ = el_init("r1", stdin, stdout, stderr);
  search_ = history_init();
  HistEvent event;
  ::history(search_, &event, H_SETSIZE, static_cast<int>(kMostTexts));
  el_set(edit_, EL_PROMPT, on_prompt);
  el_set(edit_, EL_EDITOR, "emacs");
  el_set(edit_, EL_HIST, ::history, search_);
  el_set(edit_, EL_CLIENTDATA, this);
  el_set(edit_, EL_GETCFN, on_character);
  // el_set() would copy the names and never free them.
  const auto bind = [&](const wchar_t* name, unsigned char (*function)(editline*, int),
                        std::initializer_list<const wchar_t*> keys) {
    el_wset(edit_, EL_ADDFN, name, name, function);
    for (const wchar_t* key : keys) el_wset(edit_, EL_BIND, key, name, nullptr);
  };
  bind(L"r1-drop", on_drop, {L"^C"});
  bind(L"r1-paste", on_paste, {kPasteBegin});
  bind(L"r1-prefill", on_prefill, {kPrefillKey});
  bind(L"r1-older", on_older, {L"^P", L"\\e[A", L"\\eOA"});
  bind(L"r1-newer", on_newer, {L"^N", L"\\e[B", L"\\eOB"});
  bind(L"r1-tab", on_tab, {L"^I"});
}

TerminalEditor::~TerminalEditor() {
  el_end(edit_);
  history_end(search_);
}

TerminalEditor& TerminalEditor::of(editline* edit) {
  TerminalEditor* self = nullptr;
  el_get(edit, EL_CLIENTDATA, &self);
  return *self;
}

LineReader::Line TerminalEditor::read(const char* prompt, std::string_view prefill) {
  const CharacterSetScope scope(characters_);
  EditSignals signals;
  signals_ = &signals;
  prompt_ = prompt;
  prefill_ = prefill;
  dropped_ = false;
  place_ = texts_.size();
  folded_.clear();
  mode_.emplace(edit_, rewritable_);
  if (!prefill_.empty()) el_push(edit_, kPrefillSequence);
  int length = 0;
  const char* text = el_gets(edit_, &length);
  mode_.reset();
  signals_ = nullptr;
  if (dropped_) return {LineReader::Line::Kind::dropped, narrow(dropped_text_)};
  if (!text || length <= 0) {
    std::fputs("\n", stdout);
    std::fflush(stdout);
    return {LineReader::Line::Kind::end};
  }
  std::string line(text, static_cast<size_t>(length));
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return {LineReader::Line::Kind::text, expanded(std::move(line))};
}

void TerminalEditor::remember(const std::string& text) {
  if (text.empty() || (!texts_.empty() && texts_.back() == text)) return;
  const CharacterSetScope scope(characters_);
  texts_.push_back(text);
  if (texts_.size() > kMostTexts) texts_.erase(texts_.begin());
  HistEvent event;
  ::history(search_, &event, H_ENTER, text.c_str());
}

// ---- what is read

const char* TerminalEditor::on_prompt(editline* edit) { return of(edit).prompt_; }

int TerminalEditor::on_character(editline* edit, wchar_t* character) { return of(edit).read_character(character); }

// Returns 1 for a character, 0 at the end of the input, -1 after an error, as libedit expects.
int TerminalEditor::read_character(wchar_t* character) {
  mbstate_t state{};
  for (;;) {
    pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                      {.fd = signals_->descriptor(), .events = POLLIN, .revents = 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) return -1;
    while (const int signal = signals_->take()) {
      if (signal == SIGINT) return *character = kInterrupt, 1;
      handle(signal);
    }
    if (ready[0].revents == 0) continue;
    char byte;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count == 0) return 0;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return -1;
    const bool begun = mbsinit(&state) == 0;
    size_t length = mbrtowc(character, &byte, 1, &state);
    if (length == static_cast<size_t>(-1)) {  // not a character of the locale: it is ignored
      state = {};
      if (begun) length = mbrtowc(character, &byte, 1, &state);  // this byte may begin the next one
      if (length == static_cast<size_t>(-1)) state = {};
    }
    if (length <= 1) return 1;
  }
}

void TerminalEditor::handle(int signal) {
  if (signal == SIGWINCH) return redraw_for_new_size();
  mode_.reset();
  std::fputs("\n", stdout);
  std::fflush(stdout);
  signals_->raise(signal);
  mode_.emplace(edit_, rewritable_);
  el_set(edit_, EL_REFRESH);
}

// The terminal has wrapped the old lines anew, so libedit no longer knows where the cursor is. The row of the cursor
// follows from the text before it and the new width.
void TerminalEditor::redraw_for_new_size() {
  const LineInfoW* line = el_wline(edit_);
  if (rewritable_) {
    const int up = rows({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
    std::fputs(up > 0 ? fmt::format("\r\033[{}A\033[J", up).c_str() : "\r\033[J", stdout);
    std::fflush(stdout);
  }
  el_resize(edit_);
  el_set(edit_, EL_REFRESH);
}

// The row of the character behind `text`, counted from the prompt's.
int TerminalEditor::rows(std::wstring_view text) const {
  const int columns = terminal_size(STDIN_FILENO).columns;
  int row = 0, column = static_cast<int>(std::string_view(prompt_).size());
  for (const wchar_t c : text) {
    const int width = c == L'\t' ? 8 - column % 8 : std::max(wcwidth(c), 0);
    if (c == L'\n' || column + width > columns) ++row, column = 0;
    column += width;
    if (column >= columns) ++row, column = 0;
  }
  return row;
}

// ---- the text of the line

std::wstring TerminalEditor::typed() const {
  const LineInfoW* line = el_wline(edit_);
  return {line->buffer, line->lastchar};
}

// Without what a terminal could not show and the character set does not have.
std::wstring TerminalEditor::wide(std::string_view text) const {
  std::wstring out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const u32 c = length > 0 ? utf8_code_point(text) : 0;
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    if ((c == '\n' || c == '\t' || !control) && (c < 0x80 || characters_.utf8())) out += static_cast<wchar_t>(c);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

// libedit cannot show a text that is taller than the window, so a tall text is folded to one word.
void TerminalEditor::insert(std::string_view text) {
  std::wstring shown = wide(text);
  if (shown.empty()) return;
  if (rows(shown) >= std::max(terminal_size(STDIN_FILENO).rows / 2, 3)) {
    const auto lines = std::count(shown.begin(), shown.end(), L'\n') + 1;
    folded_.emplace_back(fmt::format("[text {} of {} line{}]", folded_.size() + 1, lines, lines == 1 ? "" : "s"),
                         narrow(shown));
    shown = wide(folded_.back().first);
  }
  el_winsertstr(edit_, shown.c_str());
}

void TerminalEditor::replace_by(std::string_view text) {
  const int length = static_cast<int>(typed().size());
  el_cursor(edit_, length);
  el_deletestr(edit_, length);
  insert(text);
}

std::string TerminalEditor::expanded(std::string text) const {
  for (const auto& [word, whole] : folded_)
    if (const size_t at = text.find(word); at != text.npos) text.replace(at, word.size(), whole);
  return text;
}

// ---- keys

// libedit's own Enter goes to the end of a text of several rows before it ends the line.
unsigned char TerminalEditor::on_drop(editline* edit, int) {
  of(edit).dropped_ = true;
  of(edit).dropped_text_ = of(edit).typed();
  el_push(edit, "\n");
  return CC_NORM;
}

unsigned char TerminalEditor::on_prefill(editline* edit, int) {
  of(edit).insert(of(edit).prefill_);
  return CC_REFRESH;
}

unsigned char TerminalEditor::on_paste(editline* edit, int) {
  of(edit).insert(of(edit).pasted());
  return CC_REFRESH;
}

// Reads a pasted text up to its end mark. A line end is CR, LF or CR LF, and in libedit's mode the kernel exchanges CR
// and LF.
std::string TerminalEditor::pasted() {
  std::string text;
  wchar_t c;
  while (!text.ends_with(kPasteEnd) && el_wgetc(edit_, &c) == 1) append_utf8(static_cast<u32>(c), text);
  if (text.ends_with(kPasteEnd)) text.resize(text.size() - kPasteEnd.size());
  std::string lines;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') {
      lines += text[i];
      continue;
    }
    lines += '\n';
    if (text.compare(i, 2, "\n\r") == 0) ++i;
  }
  while (!lines.empty() && lines.back() == '\n') lines.pop_back();
  return lines;
}

unsigned char TerminalEditor::on_older(editline* edit, int) { return of(edit).move_in_history(-1); }
unsigned char TerminalEditor::on_newer(editline* edit, int) { return of(edit).move_in_history(1); }

// In a text of several lines the cursor first moves inside the text. libedit's own keys cut the line that is being
// typed to 1,024 characters when they leave it.
unsigned char TerminalEditor::move_in_history(int step) {
  const LineInfoW* line = el_wline(edit_);
  const std::wstring text = typed();
  const auto cursor = static_cast<size_t>(line->cursor - line->buffer);
  const size_t begin = cursor == 0 ? 0 : text.rfind(L'\n', cursor - 1) + 1;  // npos + 1 is 0
  const size_t end = text.find(L'\n', cursor);
  if (step < 0 && begin > 0) {
    const size_t above = begin < 2 ? 0 : text.rfind(L'\n', begin - 2) + 1;
    const size_t to = std::min(above + (cursor - begin), begin - 1);
    el_cursor(edit_, static_cast<int>(to) - static_cast<int>(cursor));
    return CC_CURSOR;
  }
  if (step > 0 && end != text.npos) {
    const size_t below = end + 1, below_end = std::min(text.find(L'\n', below), text.size());
    const size_t to = std::min(below + (cursor - begin), below_end);
    el_cursor(edit_, static_cast<int>(to - cursor));
    return CC_CURSOR;
  }
  if ((step < 0 && place_ == 0) || (step > 0 && place_ == texts_.size())) return CC_ERROR;
  if (place_ == texts_.size()) draft_ = expanded(narrow(text));
  place_ += step;
  replace_by(place_ == texts_.size() ? draft_ : texts_[place_]);
  return CC_REFRESH;
}

unsigned char TerminalEditor::on_tab(editline* edit, int) { return of(edit).complete(); }

// Inserts what all words have in common; if that is nothing, lists them.
unsigned char TerminalEditor::complete() {
  const LineInfoW* line = el_wline(edit_);
  const std::string before = narrow({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
  const TabWords found = complete_ ? complete_(before) : TabWords{};
  if (found.words.empty()) return CC_ERROR;
  std::string common = found.words.front();
  for (const std::string& word : found.words)
    common.resize(std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first - common.begin());
  common.resize(first_invalid_utf8(common));  // the words may differ inside a character
  const std::string_view typed_word = std::string_view(before).substr(found.begin);
  if (common.size() > typed_word.size()) {
    insert(std::string_view(common).substr(typed_word.size()));
    return CC_REFRESH;
  }
  if (found.words.size() == 1) return CC_ERROR;
  std::fputs("\n", stdout);
  for (const std::string& word : found.words) std::fputs((printable(word, 200) + "\n").c_str(), stdout);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

}  // namespace r1
