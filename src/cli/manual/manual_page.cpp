#include <fmt/ranges.h>

#include "cli/commands.hpp"
#include "cli/manual/command_flags.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

// Text as roff shows it unchanged: a backslash begins an escape, a dot or an apostrophe at the start of a line a
// request, and a plain hyphen may become a dash that cannot be copied into a shell.
std::string roff(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(utf8_length(text.substr(at)), 1);
    const char c = text[at];
    if (length > 1) {
      out += fmt::format("\\[u{:04X}]", utf8_code_point(text.substr(at)));
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '^' || c == '~' || c == '`') {
      out += c == '^' ? "\\(ha" : c == '~' ? "\\(ti" : "\\(ga";
    } else if (c == '.' && at == 0) {
      out += "\\&.";
    } else {
      out += c;
    }
    at += length;
  }
  return out;
}

// A quoted argument of a macro.
std::string macro_argument(std::string_view text) {
  std::string out;
  for (const char c : roff(text)) out += c == '"' ? "\\(dq" : std::string(1, c);
  return fmt::format("\"{}\"", out);
}

bool is_positional(const FlagHelp& flag) { return !flag.names.front().starts_with('-'); }

std::string item(const FlagHelp& flag) {
  std::vector<std::string> names;
  for (const std::string& name : flag.names) names.push_back(fmt::format("\\fB{}\\fR", roff(name)));
  std::string out = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (!is_positional(flag) && flag.value != FlagHelp::Value::none)
    out += flag.value == FlagHelp::Value::number ? " \\fIN\\fR" : " \\fITEXT\\fR";
  out += fmt::format("\n{}", roff(flag.help));
  if (!flag.fallback.empty()) out += fmt::format(" [{}]", roff(flag.fallback));
  return out + "\n";
}

std::string section_of(const DescribedCommand& command) {
  std::string out = fmt::format(".SS {}\n{}\n", macro_argument("r1 " + command.name), roff(command.help.summary));
  for (const FlagHelp& flag : command.help.flags) out += item(flag);
  return out;
}

struct Entry {
  std::string_view name, text;
};

std::string list_of(std::span<const Entry> entries) {
  std::string out;
  for (const Entry& e : entries) out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(e.name), roff(e.text));
  return out;
}

constexpr Entry kExitCodes[] = {
    {"0", "All went well."},
    {"1", "The command failed; one line on stderr says what, where, and what to do."},
    {"2", "Wrong usage."},
    {"130", "Interrupted."},
};

constexpr Entry kEnvironment[] = {
    {"R1_CPU", "The kernels: portable, avx2, avx512, avx512bf16, amx or neon. Default: the fastest that run here."},
    {"R1_HOME", "A folder with models/ and recipes/ in place of those that were installed."},
    {"R1_API_KEY", "An API key that r1 serve asks for."},
    {"HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE", "As in the tools of Hugging Face, for r1 pull."},
    {"NO_COLOR", "If it is not empty, nothing is coloured or dimmed."},
};

constexpr Entry kFiles[] = {
    {"PREFIX/share/r1", "The model and the recipes that ship."},
    {"PREFIX/share/doc/r1", "The documentation, one page per subject."},
    {"~/.cache/huggingface/hub", "Models that were pulled."},
    {"~/.local/state/r1/chat_history.jsonl", "What was typed in r1 chat."},
};

}  // namespace

Result<std::string> manual_page() {
  std::string page = fmt::format(
      ".\\\" Written by r1 help --man.\n"
      ".TH R1 1 \"\" {} \"User Commands\"\n"
      ".SH NAME\nr1 \\- run, serve and train reasoning models\n"
      ".SH SYNOPSIS\n"
      ".B r1\n\\fIPROMPT\\fR\n.br\n"
      ".B r1\n\\fICOMMAND\\fR [\\fIFLAG\\fR ...]\n"
      ".SH DESCRIPTION\n{}\n.PP\n{}\n"
      ".SH COMMANDS\n",
      macro_argument(fmt::format("r1 {}", R1_VERSION)),
      roff("r1 answers questions with a reasoning model of DeepSeek-R1's kind, on the processors of this machine. The "
           "first word of the command line may be a command; any other text is a prompt for the model that ships."),
      roff("A model is a Hugging Face folder, a GGUF file, or a name: nano, the model that ships, or a model that r1 "
           "pull has fetched. Data goes to stdout, everything else to stderr."));
  for (const Command& c : commands()) page += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(c.name), roff(c.summary));
  page += ".SH OPTIONS\nDefaults stand in brackets or in the text.\n";
  for (const DescribedCommand& command : R1_TRY(described_commands())) page += section_of(command);
  page += fmt::format(".SH EXIT STATUS\n{}.SH ENVIRONMENT\n{}.SH FILES\n{}", list_of(kExitCodes), list_of(kEnvironment),
                      list_of(kFiles));
  return page + ".SH SEE ALSO\nThe pages in PREFIX/share/doc/r1; commands.md describes what each command prints.\n";
}

}  // namespace r1
