// The command chat on a pseudo-terminal: the program receives the line as the user typed and corrected it. The tests
// type unknown commands, because the program repeats these in its error message.
#include "terminal.hpp"

namespace r1 {
namespace {

class ChatTerminal : public TerminalProgram {
 protected:
  // Types at a prompt, ends the line, and waits for the next prompt.
  std::string received(const std::string& keys) {
    terminal_->type(keys + kEnter);
    terminal_->wait_for("unknown command ");
    const std::string line = terminal_->wait_for("/help lists the commands");
    terminal_->wait_for("> ");
    return line.substr(0, line.rfind("; "));
  }
  void expect_all_characters() {
    EXPECT_EQ(greeting_.find("is not UTF-8"), std::string::npos) << greeting_;
    EXPECT_EQ(received("/é你好😀"), "/é你好😀");
    EXPECT_EQ(received("/Ünï ß “ﬁ” – € Ω ж א ع ก ㍿ 𝔸 𠮷"), "/Ünï ß “ﬁ” – € Ω ж א ع ก ㍿ 𝔸 𠮷");
    // Every deletion removes one whole character, however many bytes and columns it has.
    EXPECT_EQ(received("/aé你😀" + kBackspace), "/aé你");
    EXPECT_EQ(received("/aé你😀" + kBackspace + kBackspace + "好"), "/aé好");
    EXPECT_EQ(received("/aé你😀" + kBackspace + kBackspace + kBackspace), "/a");
    EXPECT_EQ(received("/你好世界" + kLeft + kLeft + "😀" + kRight + kBackspace), "/你好😀界");
    EXPECT_EQ(received("/你b" + kLeft + kLeft + kCtrlD + kCtrlE + "é"), "/bé");
    EXPECT_EQ(received("/ein Wörtchen" + kCtrlW + "字"), "/ein 字");
    EXPECT_EQ(received("/你好 世界" + kCtrlW), "/你好");  // spaces around a command do not count
    EXPECT_EQ(received("wrong 你好é😀" + kCtrlU + "/好"), "/好");
    EXPECT_EQ(received("好" + kCtrlA + "/"), "/好");
    // A line from the history can be edited.
    EXPECT_EQ(received(kUp + kUp + kBackspace + kBackspace + "é"), "/你é");
  }
};

TEST_F(ChatTerminal, EveryCharacterCanBeTypedAndDeletedUnderCUtf8) {
  start({"LANG=C.UTF-8"});
  expect_all_characters();
  EXPECT_EQ(leave(), 0);
}

TEST_F(ChatTerminal, EveryCharacterCanBeTypedAndDeletedUnderEnUsUtf8) {
  const std::string make =
      fmt::format("localedef --no-archive -i en_US -f UTF-8 {}/en_US.UTF-8 > {}/localedef.log 2>&1", folder_.string(),
                  folder_.string());
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "localedef cannot make en_US.UTF-8 (Debian package locales)";
  start({"LOCPATH=" + folder_.string(), "LC_ALL=", "LC_CTYPE=en_US.UTF-8", "LANG=C"});
  expect_all_characters();
  EXPECT_EQ(leave(), 0);
}

TEST_F(ChatTerminal, WithoutALocaleInTheEnvironmentUtf8IsTyped) {
  start({});
  expect_all_characters();
  EXPECT_EQ(leave(), 0);
}

TEST_F(ChatTerminal, AUtf8LocaleThatTheMachineDoesNotHaveIsStillUtf8) {
  for (const char* variable : {"LANG=xx_XX.utf8", "LC_CTYPE=UTF-8"}) {
    start({variable});
    EXPECT_EQ(greeting_.find("is not UTF-8"), std::string::npos) << greeting_;
    EXPECT_EQ(received("/é你😀" + kBackspace), "/é你");
  }
}

TEST_F(ChatTerminal, ALocaleThatIsNotUtf8IsNamedAndOnlyAsciiIsReceived) {
  for (const char* variable : {"LANG=C", "LC_ALL=POSIX", "LC_CTYPE=en_US.ISO-8859-1"}) {
    SCOPED_TRACE(variable);
    start({variable});
    const std::string name = std::string(variable).substr(std::string(variable).find('=') + 1);
    const size_t notice = greeting_.find("r1: the locale \"" + name + "\" is not UTF-8");
    ASSERT_NE(notice, std::string::npos) << greeting_;
    const std::string line = greeting_.substr(notice, greeting_.find('\n', notice) - notice);
    EXPECT_NE(line.find("only ASCII"), std::string::npos) << line;
    EXPECT_NE(line.find("LC_ALL=C.UTF-8"), std::string::npos) << line;
    EXPECT_EQ(received("/aé你😀b cd" + kBackspace), "/ab c");
    EXPECT_EQ(leave(), 0);
  }
}

TEST_F(ChatTerminal, TypedCharactersAreShownBeforeTheLineEnds) {
  start({"LANG=C.UTF-8"});
  for (const char* character : {"/", "é", "你", "😀"}) {
    terminal_->type(character);
    terminal_->wait_for(character);
  }
}

TEST_F(ChatTerminal, ALineLongerThanTheWindowIsEditedAsAWhole) {
  start({"LANG=C.UTF-8"}, 20);
  std::string typed = "/", wanted = "/";
  for (int i = 0; i < 30; ++i) typed += "你好", wanted += i == 14 ? "你é好" : "你好";
  for (int i = 0; i < 31; ++i) typed += kLeft;  // before the 好 of pair 14
  EXPECT_EQ(received(typed + "éx" + kBackspace), wanted);
  EXPECT_EQ(received("/" + typed.substr(1, 30) + kCtrlU + "/好"), "/好");
}

TEST_F(ChatTerminal, CtrlCDropsTheLineThatIsBeingTyped) {
  start({"LANG=C.UTF-8"});
  terminal_->type("/你好");
  terminal_->wait_for("好");
  terminal_->type(kCtrlC);
  terminal_->wait_for("> ");
  EXPECT_EQ(received("/é"), "/é");
  EXPECT_EQ(leave(), 0);
}

// Compares the number of prompt tokens with that of the same line from a pipe, which goes through no line editor.
TEST_F(ChatTerminal, TheModelReceivesTheLineThatAPipeWouldGiveIt) {
  ASSERT_TRUE(write_file(file("lines"), std::string_view("/think off\n你好é😀, 12 + 30 = ?\n/stats\n")));
  const Outcome piped = r1("chat -m nano < {}/lines");
  ASSERT_EQ(piped.code, 0) << piped.err;
  const std::string printed = piped.err.substr(0, piped.err.find(", first after"));
  const std::string tokens = printed.substr(printed.rfind('\n') + 1);
  ASSERT_NE(tokens.find(" tokens, "), std::string::npos) << piped.err;
  start({"LANG=C.UTF-8"});
  terminal_->type("/think off" + kEnter);
  terminal_->wait_for("> ");
  terminal_->type("你好é😀, 12 + 30 = ?" + kEnter);
  terminal_->wait_for("\r\n");
  terminal_->wait_for("> ");
  terminal_->type("/stats" + kEnter);
  terminal_->wait_for(tokens);
}

}  // namespace
}  // namespace r1
