// The command chat as users meet it, on a pseudo-terminal and from a pipe: pasted texts, slash commands, history, files
// of conversations, a full context.
#include <sys/stat.h>

#include "formats/json.hpp"
#include "terminal.hpp"

namespace r1 {
namespace {

const std::vector<std::string> kUtf8{"LANG=C.UTF-8"};

// What a terminal sends for a pasted text.
std::string paste(const std::string& text) { return "\x1b[200~" + text + "\x1b[201~"; }

class ChatUser : public TerminalProgram {
 protected:
  // The texts that the user sent, from a conversation that is saved now.
  std::vector<std::string> sent() {
    const fs::path to = file("sent.jsonl");
    fs::remove(to);
    say("/save " + to.string());
    return users_of(to);
  }
  static std::vector<std::string> users_of(const fs::path& saved) {
    std::vector<std::string> out;
    const auto json = read_json(saved);
    EXPECT_TRUE(json) << (json ? "" : json.error().what);
    if (!json) return out;
    for (const Json& message : *json->find("messages")->array())
      if (*message.find("role")->string() == "user") out.push_back(*message.find("content")->string());
    return out;
  }
  // `r1 chat` with these lines from a pipe.
  Outcome piped(const std::string& lines, const std::string& flags = "") const {
    EXPECT_TRUE(write_file(file("lines"), lines));
    return r1("chat " + flags + " < {}/lines");
  }
  using Texts = std::vector<std::string>;
};

TEST_F(ChatUser, APastedTextOfSeveralLinesIsOneMessage) {
  start(kUtf8);
  EXPECT_NE(greeting_.find("\x1b[?2004h"), std::string::npos) << "the terminal was not asked to mark pasted texts";
  terminal_->type(paste("Sum of\r\n  é你\tand\r12 + 30 = ?\n"));
  terminal_->wait_for("12 + 30 = ?");
  EXPECT_EQ(terminal_->output().find("answer is"), std::string::npos) << "sent before Enter";
  say(" now");
  EXPECT_EQ(sent(), Texts{"Sum of\n  é你\tand\n12 + 30 = ? now"});
  EXPECT_EQ(leave(), 0);
  const std::string& all = terminal_->output();
  EXPECT_GT(all.rfind("\x1b[?2004l"), all.rfind("\x1b[?2004h")) << "the terminal was not restored";
}

TEST_F(ChatUser, ControlCharactersInAPastedTextDoNothing) {
  start(kUtf8);
  say(
      paste("a\x03"
            "b\x04"
            "c\x1b[Ad\x07"));
  EXPECT_EQ(sent(), Texts{"abc[Ad"});
}

TEST_F(ChatUser, APastedTextTallerThanTheWindowIsFoldedAndSentWhole) {
  start(kUtf8);
  std::string text = "1";
  for (int i = 2; i <= 200; ++i) text += "\n" + std::to_string(i);
  say("Count " + paste(text) + "!");
  EXPECT_NE(terminal_->output().find("[text 1 of 200 lines]"), std::string::npos);
  EXPECT_EQ(sent(), Texts{"Count " + text + "!"});
}

TEST_F(ChatUser, ADumbTerminalIsNotAskedForPasteMarks) {
  start({"LANG=C.UTF-8", "TERM=dumb"});
  EXPECT_EQ(greeting_.find("\x1b["), std::string::npos) << greeting_;
  EXPECT_EQ(leave(), 0);
}

TEST_F(ChatUser, QuotesAndBackslashesMakeTextsOfSeveralLines) {
  start(kUtf8);
  terminal_->type("\"\"\"one" + kEnter);
  terminal_->wait_for("... ");
  terminal_->type(" two\\" + kEnter);
  terminal_->wait_for("... ");
  say("three\"\"\"");
  terminal_->type("four\\" + kEnter);
  terminal_->wait_for("... ");
  say("five");
  say("\"\"\"/new\"\"\"");
  EXPECT_EQ(sent(), (Texts{"one\n two\\\nthree", "four\nfive", "/new"}));
}

TEST_F(ChatUser, CtrlCDropsTheLineAndTwiceOnAnEmptyLineLeaves) {
  start(kUtf8);
  terminal_->type("half a line" + kCtrlC);
  terminal_->wait_for("> ");
  terminal_->type("\"\"\"half a block" + kEnter);
  terminal_->wait_for("... ");
  terminal_->type(kCtrlC);
  terminal_->wait_for("> ");
  say("2 + 3 = ?");
  EXPECT_EQ(sent(), Texts{"2 + 3 = ?"});
  terminal_->type("\"\"\"" + kEnter);
  terminal_->wait_for("... ");
  terminal_->type(kCtrlC);
  EXPECT_EQ(terminal_->wait_for("> ").find("Ctrl-C again"), std::string::npos) << "the line was not empty";
  terminal_->type(kCtrlC);
  terminal_->wait_for("Ctrl-C again");
  terminal_->wait_for("> ");
  terminal_->type(kCtrlC);
  EXPECT_EQ(terminal_->exit_code(), 130);
}

// The portable kernels take seconds for this answer, which fills the context.
TEST_F(ChatUser, CtrlCStopsAnAnswerAndKeepsTheConversation) {
  const std::string question = "Sort 9 8 7 6 5 4 3 2 1 9 8 7 6 5 4 3 2 1 9 8 7 6 5 4 3 2 1 99 98 97 96";
  start({"LANG=C.UTF-8", "R1_CPU=portable"}, 80, {"-t", "1"});
  terminal_->type(question + kEnter);
  terminal_->wait_for("\x1b[2m");  // the thinking begins
  terminal_->type(kCtrlC);
  terminal_->wait_for("(stopped)");
  terminal_->wait_for("> ");
  say("What is 2 + 3?");
  EXPECT_EQ(sent(), (Texts{question, "What is 2 + 3?"}));
  EXPECT_EQ(leave(), 0);
}

TEST_F(ChatUser, ASignalInterruptsTheLineAsCtrlCDoesAndTheTerminalIsRestored) {
  start(kUtf8);
  terminal_->type("half a line");
  terminal_->wait_for("half a line");
  terminal_->signal(SIGINT);
  terminal_->wait_for("> ");
  say("2 + 3 = ?");
  EXPECT_EQ(sent(), Texts{"2 + 3 = ?"});
  terminal_->signal(SIGTERM);
  EXPECT_EQ(terminal_->exit_code(), -1) << "the signal ends the program";
  const std::string& all = terminal_->output();
  EXPECT_GT(all.rfind("\x1b[?2004l"), all.rfind("\x1b[?2004h")) << "the terminal was not restored";
}

TEST_F(ChatUser, HistoryGoesFromOneChatToTheNextAndOnlyItsOwnerReadsIt) {
  const std::string pasted = "first\nsecond";
  start(kUtf8);
  say(paste(pasted));
  say("2 + 3 = ?");
  EXPECT_EQ(leave(), 0);
  const fs::path history = folder_ / ".local/state/r1/chat_history.jsonl";
  struct stat info {};
  ASSERT_EQ(stat(history.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  start(kUtf8);
  say(kUp + kUp + "!");
  EXPECT_EQ(sent(), Texts{pasted + "!"});
  EXPECT_EQ(leave(), 0);

  const std::string before = *read_file(history);
  start(kUtf8, 80, {"--no-history"});
  say("secret");
  EXPECT_EQ(leave(), 0);
  EXPECT_EQ(*read_file(history), before);
  start({"LANG=C.UTF-8", "XDG_STATE_HOME=" + file("state").string()});
  EXPECT_EQ(leave(), 0);
  EXPECT_FALSE(fs::exists(file("state"))) << "nothing was typed";
}

TEST_F(ChatUser, UpAndDownMoveInsideATextOfSeveralLinesBeforeTheyLeaveIt) {
  start(kUtf8);
  say("old");
  say(paste("abcd\nx\nyz") + kUp + "1" + kUp + "2" + kDown + kDown + "3" + kUp + kUp + kUp + kDown + "4");
  EXPECT_EQ(sent(), (Texts{"old", "ab2cd\nx1\nyz34"}));
}

TEST_F(ChatUser, TabCompletesCommandsSettingsAndFiles) {
  ASSERT_TRUE(write_file(file("unique name.jsonl"), "{\"messages\": []}\n"));
  start(kUtf8);
  terminal_->type("/s" + kTab);
  for (const char* name : {"/save", "/set", "/stats", "/system"}) terminal_->wait_for(name);
  terminal_->type("et" + kTab + "tempe" + kTab);
  say(" 0.25");
  const std::string settings = say("/set");
  EXPECT_NE(settings.find("0.25"), std::string::npos) << settings << terminal_->output();
  EXPECT_NE(say("/lo" + kTab + (folder_ / "uniq").string() + kTab).find("loaded 0 turns"), std::string::npos);
}

TEST_F(ChatUser, AWindowThatBecomesNarrowerWhileALineIsTypedKeepsTheLine) {
  start(kUtf8, 60);
  terminal_->type("What is 12 + 35, my dear model, and");
  terminal_->wait_for("and");
  terminal_->resize(20);
  terminal_->wait_for("and");  // is drawn again
  say(" why? 你好");
  EXPECT_EQ(sent(), Texts{"What is 12 + 35, my dear model, and why? 你好"});
}

TEST_F(ChatUser, LatexIsPlainOnATerminalAndUnchangedElsewhere) {
  start(kUtf8, 20);
  const std::string shown = say("What is 47 * 36?");
  EXPECT_NE(shown.find("The answer is 1692."), std::string::npos) << shown;
  const fs::path saved = file("saved.jsonl");
  say("/save " + saved.string());
  EXPECT_NE(read_file(saved)->find("is \\\\boxed{1692}."), std::string::npos) << *read_file(saved);
  EXPECT_NE(piped("What is 47 * 36?\n").out.find("is \\boxed{1692}."), std::string::npos);
}

TEST_F(ChatUser, EditBringsTheLastTextBackAndReplacesItsTurn) {
  start(kUtf8);
  say("What is 12 + 35?");
  terminal_->type("/edit" + kEnter);
  terminal_->wait_for("> What is 12 + 35?");
  const std::string answer = say(kBackspace + kBackspace + "6?");
  EXPECT_NE(answer.find("48"), std::string::npos) << answer;
  EXPECT_EQ(sent(), Texts{"What is 12 + 36?"});
  terminal_->type("/edit" + kEnter);
  terminal_->wait_for("> What is 12 + 36?");
  terminal_->type(kCtrlC);
  terminal_->wait_for("> ");
  EXPECT_EQ(sent(), Texts{"What is 12 + 36?"}) << "Ctrl-C leaves the turn as it was";
}

TEST_F(ChatUser, EverySlashCommandWorksWithSpacesAroundIt) {
  const Outcome o = piped(
      "  /help \n/?\n /set\n/set temperature 1.5\n/set\n/think off\n/think 5\n/think on\n/fold on\n/fold off\n"
      "/system Be brief.\n/system\n/system none\n/system\nWhat is 2 + 3?\n/regen\n/edit What is 2 + 4?\n/stats\n"
      "/save {}/a.jsonl\n/clear\n/load {}/a.jsonl\n/model nano\n/new\n/bye \nnever read\n");
  EXPECT_EQ(o.code, 1) << "{} is no folder: the two files fail";
  for (const char* text :
       {"/regen", "temperature         1.5", "Be brief.", "no system prompt", "tokens/s", "3180768 parameters"})
    EXPECT_NE(o.err.find(text), std::string::npos) << text << " in: " << o.err;
  for (const char* leave : {"/exit", "/quit", "/bye"}) {
    const Outcome left = piped(std::string(leave) + "\nWhat is 2 + 3?\n");
    EXPECT_EQ(left.code, 0);
    EXPECT_EQ(left.out, "");
  }
}

TEST_F(ChatUser, RegenDrawsAnotherAnswerAndASeedRepeatsAllOfThem) {
  const auto answers = [&] {
    const Outcome o =
        piped("What is 47 * 36?\n/regen\n/regen\nWhat is 2 + 3?\n/save --force " + file("a.jsonl").string() + "\n",
              "--seed 1 --temperature 9 --no-think -n 20");
    EXPECT_EQ(o.code, 0) << o.err;
    return o.out;
  };
  const std::string once = answers();
  EXPECT_EQ(users_of(file("a.jsonl")), (Texts{"What is 47 * 36?", "What is 2 + 3?"}));
  EXPECT_EQ(answers(), once);
  std::vector<std::string> drawn;
  for (size_t begin = 0, end; (end = once.find('\n', begin)) != once.npos; begin = end + 1)
    drawn.push_back(once.substr(begin, end - begin));
  ASSERT_GE(drawn.size(), 3u) << once;
  EXPECT_NE(drawn[0], drawn[1]);
  EXPECT_NE(drawn[1], drawn[2]);
}

TEST_F(ChatUser, AnotherModelGoesOnWithTheConversationAndOneThatIsNoneChangesNothing) {
  fs::copy(fs::path(R1_SOURCE_DIR) / "models/nano", file("other"));
  const Outcome o = piped("What is 47 * 36?\n/model " + file("absent").string() + "\n/model\n/model " +
                          file("other").string() + "\nWhat is 2 + 3?\n/save " + file("a.jsonl").string() + "\n");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("absent"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("models/nano: 3180768 parameters"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("other: 3180768 parameters"), std::string::npos) << o.err;
  EXPECT_EQ(users_of(file("a.jsonl")), (Texts{"What is 47 * 36?", "What is 2 + 3?"}));
}

TEST_F(ChatUser, AWrongCommandOrSettingNamesTheNearestAndChangesNothing) {
  const Outcome o = piped("/hlep\n/set temprature 1\n/set temperature hot\n/set top_p 7\n/set seed\n/new now\n/set\n");
  EXPECT_EQ(o.code, 1);
  for (const char* text : {"did you mean /help?", "did you mean \"temperature\"?", "\"hot\" is not a number", "top_p",
                           "/set seed: no value", "/new takes no argument", "temperature         0 "})
    EXPECT_NE(o.err.find(text), std::string::npos) << text << " in: " << o.err;
}

TEST_F(ChatUser, ASavedConversationGoesOnAfterLoad) {
  const std::string save = "/save " + file("a.jsonl").string() + "\n",
                    load = "/load " + file("a.jsonl").string() + "\n";
  EXPECT_EQ(piped("/system Be brief.\nWhat is 47 * 36?\n" + save).code, 0);
  const Outcome again = piped("/load " + file("a.jsonl").string() + "\nWhat is 2 + 3?\n/save " +
                              file("b.jsonl").string() + "\n/system\n");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("Be brief."), std::string::npos) << again.err;
  EXPECT_EQ(users_of(file("b.jsonl")), (Texts{"What is 47 * 36?", "What is 2 + 3?"}));
  const std::string a = *read_file(file("a.jsonl")), b = *read_file(file("b.jsonl"));
  EXPECT_EQ(b.substr(0, a.size() - 3), a.substr(0, a.size() - 3)) << "the first turn came back whole, up to its \"]}\"";

  const Outcome kept = piped("What is 2 + 3?\n" + save);
  EXPECT_EQ(kept.code, 1);
  EXPECT_NE(kept.err.find("--force"), std::string::npos) << kept.err;
  EXPECT_EQ(*read_file(file("a.jsonl")), a);
  EXPECT_EQ(piped("What is 2 + 3?\n/save --force " + file("a.jsonl").string() + "\n").code, 0);
  EXPECT_EQ(users_of(file("a.jsonl")), Texts{"What is 2 + 3?"});
}

TEST_F(ChatUser, ReadAddsAFileToTheNextTextAndToNoOther) {
  ASSERT_TRUE(write_file(file("notes"), std::string_view("12\n30\n\n")));
  ASSERT_TRUE(write_file(file("bytes"), std::string_view("\xff")));
  const Outcome o = piped("/read " + file("bytes").string() + "\n/read " + file("notes").string() +
                          "\nAdd these.\nThanks.\n/save " + file("a.jsonl").string() + "\n");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("bytes: byte 0 (0xff) is not UTF-8"), std::string::npos) << o.err;
  EXPECT_EQ(users_of(file("a.jsonl")), (Texts{"Add these.\n\n12\n30", "Thanks."}));
}

TEST_F(ChatUser, ABrokenFileLeavesTheConversationAlone) {
  ASSERT_TRUE(write_file(file("broken"), std::string_view("{\"messages\": [{\"role\": \"user\"}]}")));
  const Outcome o = piped("What is 2 + 3?\n/load " + file("broken").string() + "\n/load " + file("absent").string() +
                          "\n/save " + file("a.jsonl").string() + "\n");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("broken: message 1: content"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("absent"), std::string::npos) << o.err;
  EXPECT_EQ(users_of(file("a.jsonl")), Texts{"What is 2 + 3?"});
}

TEST_F(ChatUser, ASavedConversationIsTrainingData) {
  EXPECT_EQ(piped("What is 47 * 36?\n/save " + file("a.jsonl").string() + "\n").code, 0);
  const std::string keys =
      "model = \"nano\"\nsteps = 1\nvalidation_every = 0\n"
      "sequence_length = 256\nbatch_tokens = 256\nmicro_batch_tokens = 256\n";
  ASSERT_TRUE(write_file(file("sft.toml"),
                         keys + "[[data]]\nformat = \"chat\"\nfile = \"" + file("a.jsonl").string() + "\"\n"));
  const Outcome o = r1("train sft --config {}/sft.toml --out {}/run");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err.find("no answer of its"), std::string::npos) << "the thinking is lost: " << o.err;
}

TEST_F(ChatUser, AFullContextIsNamedWithBothNumbersAndKeepsTheConversation) {
  const std::string ask = "What is 47 * 36?\n";  // 15 tokens of prompt, 24 with the answer without its thinking
  std::string list = "Sort 10";
  for (int i = 11; i < 50; ++i) list += " " + std::to_string(i);  // a token for each space and digit
  const Outcome o =
      piped(ask + list + "\n" + list + list + "\n/save " + file("a.jsonl").string() + "\n/new\n" + list + "\n/stats\n",
            "-c 136 -n 40");
  EXPECT_EQ(o.code, 1);
  for (const char* text : {"the conversation with this message has", "this message has", "the context holds 136",
                           "/new starts afresh", "tokens/s"})
    EXPECT_NE(o.err.find(text), std::string::npos) << text << " in: " << o.err;
  EXPECT_EQ(users_of(file("a.jsonl")), Texts{"What is 47 * 36?"});
}

TEST_F(ChatUser, AnAnswerThatTheContextCutsDoesNotBlameTheFlagN) {
  const Outcome o = r1("run -p 'What is 47 * 36?' -c 64");
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.err.find("15 tokens of the prompt and 49 of the answer fill the context of 64"), std::string::npos)
      << o.err;
  EXPECT_EQ(o.err.find("-n"), std::string::npos) << o.err;
  EXPECT_NE(piped("What is 47 * 36?\n", "-c 64").err.find("/set context_shift on"), std::string::npos);
  EXPECT_NE(r1("run -p 'What is 47 * 36?' -n 5").err.find("after 5 tokens; -n allows more"), std::string::npos);
}

TEST_F(ChatUser, WithContextShiftTheOldestTurnsAreLeftOutWithANotice) {
  std::string lines;
  for (int i = 0; i < 12; ++i) lines += "What is 47 * 36?\n";
  const Outcome o = piped(lines + "/save " + file("a.jsonl").string() + "\n", "--context-shift -c 192 --hide-thinking");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("no longer sees the oldest"), std::string::npos) << o.err;
  EXPECT_EQ(users_of(file("a.jsonl")).size(), 12u);
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 12) << o.out;
}

TEST_F(ChatUser, TheSeedIsRandomUnlessItIsGiven) {
  const auto seed = [&](const std::string& flags) {
    const Outcome o = r1("run -p 'What is 2 + 3?' -n 1 --json " + flags);
    EXPECT_EQ(o.code, 0) << o.err;
    const auto json = parse_json(o.out, "answer");
    return json ? *json->find("seed")->integer() : -1;
  };
  EXPECT_NE(seed(""), seed(""));  // equal once in 2^32 runs
  EXPECT_EQ(seed("--seed 7"), 7);
  const Outcome o = r1("run -p 'What is 2 + 3?' -n 1 -v --seed 7");
  EXPECT_NE(o.err.find("seed 7\n"), std::string::npos) << o.err;
}

TEST_F(ChatUser, ASystemPromptReachesTheModelOrIsRefused) {
  const auto tokens = [&](const std::string& flags) {
    const Outcome o = r1("run -p 'What is 2 + 3?' -n 1 --json " + flags);
    EXPECT_EQ(o.code, 0) << o.err;
    const auto json = parse_json(o.out, "answer");
    return json ? *json->find("prompt_tokens")->integer() : -1;
  };
  EXPECT_GT(tokens("--system 'Be brief.'"), tokens(""));
  expect_failure(r1("run --raw --system x -p y"), 2, {"--raw", "--system"});
  const fs::path to = file("deaf");
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "models/nano"))
    fs::copy_file(entry.path(), to / entry.path().filename());
  for (const char* source :
       {"{{ bos_token }}{{ messages[-1].content }}",
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}x"}) {
    ASSERT_TRUE(write_file(to / "chat_template.jinja", std::string_view(source)));
    expect_failure(r1("run -m {}/deaf --system x -p y"), 1, {"deaf", "system messages"});
    expect_failure(r1("chat -m {}/deaf --system x"), 1, {"deaf", "system messages"});
  }
}

}  // namespace
}  // namespace r1
