// The manual page and the completions name every flag that --help lists.
#include "program.hpp"

#include <regex>
#include <set>

namespace r1 {
namespace {

class Manual : public Program {
 protected:
  std::string output_of(const std::string& words) const {
    const Outcome o = r1(words);
    EXPECT_EQ(o.code, 0) << words << ": " << o.err;
    return o.out;
  }

  // The names of the commands, and the kinds of train.
  std::vector<std::string> commands() const {
    std::vector<std::string> names;
    const std::string help = output_of("--help");
    const std::regex line("\n  r1 ([a-z]+) ");
    for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at)
      if ((*at)[1] == "train") names.insert(names.end(), {"train pretrain", "train sft", "train grpo"});
      else names.push_back((*at)[1]);
    EXPECT_GT(names.size(), 20u);
    return names;
  }

  // The flags that stand at the beginning of the lines of --help.
  std::set<std::string> flags_in_help(const std::string& command) const {
    const std::string help = output_of(command + " --help");
    std::set<std::string> flags;
    const std::regex line("\n  ((?:-[^ ,]+,)*-[^ ,]+)");
    for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at) {
      std::istringstream names((*at)[1]);
      for (std::string name; std::getline(names, name, ',');)
        if (name != "-h" && name != "--help") flags.insert(name);
    }
    return flags;
  }
};

bool has_word(const std::string& text, const std::string& word) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; };
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_part(text[at - 1]);
    const size_t end = at + word.size();
    if (begins && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

// The part of a manual page about a command, without roff's escapes of hyphens.
std::string section_of(const std::string& page, const std::string& command) {
  const size_t begin = page.find("\n.SS \"r1 " + command + "\"\n");
  if (begin == page.npos) return "";
  return std::regex_replace(page.substr(begin, page.find("\n.S", begin + 1) - begin), std::regex(R"(\\-)"), "-");
}

TEST_F(Manual, ThePageNamesEveryFlagOfEveryCommand) {
  const std::string page = output_of("help --man");
  size_t seen = 0;
  for (const std::string& command : commands()) {
    const std::string section = section_of(page, command);
    EXPECT_NE(section, "") << command;
    for (const std::string& flag : flags_in_help(command)) {
      EXPECT_NE(section.find("\\fB" + flag + "\\fR"), section.npos) << command << " " << flag;
      ++seen;
    }
  }
  EXPECT_GT(seen, 250u);
}

TEST_F(Manual, ThePageIsAscii) {
  for (const char c : output_of("help --man")) ASSERT_TRUE(static_cast<unsigned char>(c) < 0x80);
}

// bash is asked for what it would offer behind "r1 COMMAND -".
TEST_F(Manual, BashCompletesEveryFlagOfEveryCommand) {
  ASSERT_TRUE(write_file(file("r1.bash"), output_of("help --completion bash")));
  std::string script = "source " + file("r1.bash").string() +
                       "\nask() {\n"
                       "  COMP_WORDS=(r1 \"$@\" -) COMP_CWORD=$(($# + 1)) COMP_LINE=\"r1 $* -\"\n"
                       "  COMP_POINT=${#COMP_LINE}\n"
                       "  _r1 && echo \"$*: ${COMPREPLY[*]}\"\n"
                       "}\n";
  for (const std::string& command : commands()) script += fmt::format("ask {}\n", command);
  ASSERT_TRUE(write_file(file("script"), script));
  ASSERT_EQ(std::system(fmt::format("bash -u {0}/script > {0}/offers 2> {0}/noise", folder_.string()).c_str()), 0);
  EXPECT_EQ(*read_file(file("noise")), "");
  const std::string offers = *read_file(file("offers"));
  for (const std::string& command : commands()) {
    const size_t begin = offers.find(command + ": ");
    ASSERT_NE(begin, offers.npos) << command;
    const std::string line = offers.substr(begin, offers.find('\n', begin) - begin);
    for (const std::string& flag : flags_in_help(command)) EXPECT_TRUE(has_word(line, flag)) << command << " " << flag;
  }
}

TEST_F(Manual, BashCompletesCommandsKindsAndModels) {
  ASSERT_TRUE(write_file(file("r1.bash"), output_of("help --completion bash")));
  ASSERT_TRUE(write_file(file("script"), fmt::format(R"(
source {}/r1.bash
r1() {{ {}/r1 "$@"; }}
ask() {{
  COMP_WORDS=(r1 "$@") COMP_CWORD=$# COMP_LINE="r1 $*" COMP_POINT=100
  _r1
  echo "${{COMPREPLY[*]}}"
}}
ask perp
ask train s
ask chat -m nan
ask inspect nan
ask chat --seed 1
)",
                                                     folder_.string(), R1_BINARY_DIR)));
  ASSERT_EQ(std::system(fmt::format("bash -u {0}/script > {0}/offers 2> {0}/noise", folder_.string()).c_str()), 0);
  EXPECT_EQ(*read_file(file("noise")), "");
  EXPECT_EQ(*read_file(file("offers")), "perplexity\nsft\nnano\nnano\n\n");
}

TEST_F(Manual, TheOtherShellsGetEveryFlag) {
  for (const char* shell : {"zsh", "fish"}) {
    const std::string script = output_of(std::string("help --completion ") + shell);
    for (const std::string& command : commands())
      for (std::string flag : flags_in_help(command)) {
        if (shell == std::string("fish"))
          flag = flag.starts_with("--") ? "-l " + flag.substr(2) : "-s " + flag.substr(1);
        EXPECT_NE(script.find(flag), script.npos) << shell << " " << command << " " << flag;
      }
  }
  expect_failure(r1("help --completion csh"), 2, {"csh", "bash", "zsh", "fish"});
}

}  // namespace
}  // namespace r1
