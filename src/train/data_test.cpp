// Which documents a run reads: the order, the rows held out, and what a row becomes.
#include "train/data.hpp"

#include <algorithm>
#include <set>

#include "core/hash.hpp"
#include "train/packing.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

// A run whose file holds the rows "row 0", "row 1", ….
class Rows {
 public:
  explicit Rows(int n, i64 validation_every = 1) : config(run.config("x")), tokenizer(run.tokenizer()) {
    std::string rows;
    for (int i = 0; i < n; ++i) rows += fmt::format("{{\"text\": \"row {}\"}}\n", i);
    RunCase::write(config.data[0].file, rows);
    config.validation_every = validation_every;
  }
  Result<std::unique_ptr<Data>> open() const { return open_data(config, tokenizer, {256, 257}); }
  void add_tasks(const char* format, double weight) {
    DataSource& d = config.data.emplace_back();
    d.tasks = "product", d.format = format, d.weight = weight;
    if (d.format == "text") d.long_share = 0.5;
  }
  std::vector<i32> tokens_of(std::string_view text) const {
    std::vector<i32> ids{256};
    for (const i32 id : tokenizer.encode(text, Tokenizer::Special::as_text)) ids.push_back(id);
    ids.push_back(257);
    return ids;
  }
  const RunCase run;
  TrainConfig config;
  const Tokenizer tokenizer;
};

TEST(Data, Every50thRowIsHeldOutForValidationAndNeverTrainedOn) {
  const Rows rows(101);
  const auto data = value_of(rows.open());
  for (i64 i = 0; i < 5; ++i)
    EXPECT_EQ(value_of(data->document(Split::test, i)).tokens, rows.tokens_of(i % 2 ? "row 99" : "row 49")) << i;
  for (i64 i = 0; i < 99; ++i) {
    const auto tokens = value_of(data->document(Split::train, i)).tokens;
    EXPECT_NE(tokens, rows.tokens_of("row 49"));
    EXPECT_NE(tokens, rows.tokens_of("row 99"));
  }
}

TEST(Data, WithoutValidationEveryRowIsTrainedOn) {
  const Rows rows(50, 0);
  const auto data = value_of(rows.open());
  std::set<std::vector<i32>> seen;
  for (i64 i = 0; i < 50; ++i) seen.insert(value_of(data->document(Split::train, i)).tokens);
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Data, AFileTooShortToHoldARowOutIsAnErrorThatNamesTheSetting) {
  EXPECT_TRUE(Rows(50).open());
  const auto short_file = Rows(49).open();
  ASSERT_FALSE(short_file);
  EXPECT_NE(short_file.error().what.find("49 rows"), std::string::npos) << short_file.error().what;
  EXPECT_NE(short_file.error().what.find("validation_every = 0"), std::string::npos) << short_file.error().what;
  EXPECT_TRUE(Rows(1, 0).open());
  const auto empty = Rows(0, 0).open();
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().what.find("no rows"), std::string::npos) << empty.error().what;
}

TEST(Data, TheLastLineNeedsNoEndAndBlankLinesAreNoRows) {
  Rows rows(1, 0);
  RunCase::write(rows.config.data[0].file, "\n \t\r\n{\"text\": \"one\"}\r\n\n{\"text\": \"two\"}");
  const auto data = value_of(rows.open());
  std::set<std::vector<i32>> seen;
  for (i64 i = 0; i < 2; ++i) seen.insert(value_of(data->document(Split::train, i)).tokens);
  EXPECT_EQ(seen, (std::set{rows.tokens_of("one"), rows.tokens_of("two")}));
}

TEST(Data, ALongTextIsTruncatedAndALongChatIsSkipped) {
  Rows rows(1, 0);
  rows.config.sequence_length = 5;  // "abc" and the two ends
  const auto document = [&](const char* format, const char* row) {
    rows.config.data[0].format = format;
    RunCase::write(rows.config.data[0].file, row);
    return value_of(value_of(rows.open())->document(Split::train, 0)).tokens;
  };
  EXPECT_EQ(document("text", "{\"text\": \"abc\"}"), rows.tokens_of("abc"));
  std::vector<i32> truncated = rows.tokens_of("abcd");
  truncated.resize(5);
  EXPECT_EQ(document("text", "{\"text\": \"abcd\"}"), truncated);
  const char* chat = "{\"prompt\": \"a\", \"answer\": \"b\"}";
  rows.config.sequence_length = 100;
  const i64 length = std::ssize(document("chat", chat));
  rows.config.sequence_length = length;
  EXPECT_EQ(std::ssize(document("chat", chat)), length);
  rows.config.sequence_length = length - 1;
  EXPECT_TRUE(document("chat", chat).empty());
  const auto none = take_step(*value_of(rows.open()), Split::train, 0, 100, 100);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("sequence_length"), std::string::npos) << none.error().what;
}

TEST(Data, AConversationEndsWithTheAssistantAndNeedsTheChatFormat) {
  Rows rows(1, 0);
  const auto error = [&](const char* format, const char* row) {
    rows.config.data[0].format = format;
    RunCase::write(rows.config.data[0].file, row);
    const auto data = rows.open();
    return data ? std::string() : data.error().what;
  };
  const char* good = R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})";
  EXPECT_EQ(error("chat", good), "");
  EXPECT_NE(error("text", good).find("needs format = \"chat\""), std::string::npos);
  for (const char* bad : {R"({"messages": [{"role": "user", "content": "a"}]})",
                          R"({"messages": [{"role": "assistant", "content": "a"}]})",
                          R"({"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]})"})
    EXPECT_NE(error("chat", bad).find("end with the assistant's"), std::string::npos) << bad;
  EXPECT_NE(error("chat", R"({"messages": [{"role": "user"}, {"role": "assistant", "content": "b"}]})").find("content"),
            std::string::npos);
  EXPECT_NE(error("chat", R"({"text": "a"})").find("a chat row needs messages or prompt"), std::string::npos);
}

TEST(Data, AGeneratedChatThinksUnlessLongShareSaysOtherwise) {
  Rows rows(1, 0);
  rows.config.sequence_length = 2000;
  rows.config.data.clear();
  rows.add_tasks("chat", 1);
  const auto learnt = [&](double long_share, i64 i) {
    rows.config.data[0].long_share = long_share;
    const Document d = value_of(value_of(rows.open())->document(Split::train, i));
    const auto first = std::find_if(d.targets.begin(), d.targets.end(), [](i32 t) { return t >= 0; });
    std::pair<std::string, std::string> prompt_and_completion;
    for (size_t k = 0; k < d.tokens.size(); ++k) {
      const bool prompt = static_cast<std::ptrdiff_t>(k) <= first - d.targets.begin();
      (prompt ? prompt_and_completion.first : prompt_and_completion.second) += rows.tokenizer.bytes_of(d.tokens[k]);
    }
    return prompt_and_completion;
  };
  int without = 0;
  for (i64 i = 0; i < 64; ++i) {
    const auto thinks = learnt(1, i), never = learnt(0, i), sometimes = learnt(0.5, i);
    EXPECT_EQ(learnt(-1, i), thinks);
    EXPECT_TRUE(thinks.first.ends_with("<think>\n")) << thinks.first;
    EXPECT_EQ(never.first, thinks.first);
    EXPECT_TRUE(never.second.starts_with("\n</think>\n\nThe answer is")) << never.second;
    EXPECT_TRUE(thinks.second.ends_with(never.second)) << thinks.second;
    EXPECT_NE(thinks.second, never.second);
    EXPECT_TRUE(sometimes == thinks || sometimes == never);
    without += sometimes == never;
  }
  EXPECT_NEAR(without, 32, 16);  // four standard deviations of 64 fair coins
}

// The bits of a run depend on which document comes when. A change here changes every run from the same seed.
TEST(Data, TheOrderOfTheDocumentsOfEverySourceStaysAsItIs) {
  Rows rows(60);
  rows.config.sequence_length = 2000;
  rows.add_tasks("chat", 0.5);
  rows.add_tasks("text", 0.5);
  const auto data = value_of(rows.open());
  for (const auto& [split, want] :
       {std::pair{Split::train, u64{8612113236970573173}}, {Split::test, u64{8007635922015948943}}}) {
    u64 hash = kFnv1aStart;
    for (const i64 i : {0, 1, 2, 3, 4, 5, 6, 7, 100, 1023, 1024, 1025, 1026, 1027, 5000, 5001, 5002, 5003})
      for (const i32 id : value_of(data->document(split, i)).tokens) hash = fnv1a(fmt::format("{} ", id), hash);
    EXPECT_EQ(hash, want) << (split == Split::train ? "train" : "test");
  }
}

TEST(Data, SourcesShareEveryBlockByWeight) {
  Rows rows(60, 0);
  rows.config.data[0].weight = 3;
  rows.add_tasks("text", 1);
  const auto data = value_of(rows.open());
  for (const i64 block : {0, 1, 7}) {
    int from_file = 0;
    for (i64 i = 0; i < 1024; ++i) {
      const auto tokens = value_of(data->document(Split::train, block * 1024 + i)).tokens;
      from_file += tokens.size() > 4 && std::equal(tokens.begin(), tokens.begin() + 5, rows.tokens_of("row ").begin());
    }
    EXPECT_EQ(from_file, 768) << block;
  }
}

TEST(Data, ATextHasTheEndsThatTheModelHasAndIsEmptyWithFewerThanTwoTokens) {
  Rows rows(1, 0);
  const auto expect = [&](const char* text, DocumentEnds ends, std::vector<i32> want) {
    RunCase::write(rows.config.data[0].file, fmt::format("{{\"text\": \"{}\"}}\n", text));
    const auto data = value_of(open_data(rows.config, rows.tokenizer, ends));
    EXPECT_EQ(value_of(data->document(Split::train, 0)).tokens, want) << text << " " << ends.bos << " " << ends.eos;
  };
  const std::vector<i32> all = rows.tokens_of("abc");  // between 256 and 257
  expect("abc", {0, 1}, {0, all[1], all[2], all[3], 1});
  expect("abc", {1, 0}, {1, all[1], all[2], all[3], 0});
  expect("ab", {-1, -1}, {all[1], all[2]});
  expect("a", {-1, -1}, {});
  expect("", {5, 6}, {5, 6});
}

TEST(Data, AThirdOfTheGeneratedTextsHasTheThinking) {
  Rows rows(1, 0);
  rows.config.sequence_length = 2000;
  const auto documents = [&](double long_share) {
    rows.config.data.assign(1, {});
    rows.config.data[0].tasks = "product", rows.config.data[0].long_share = long_share;
    const auto data = value_of(rows.open());
    std::vector<std::vector<i32>> all;
    for (i64 i = 0; i < 200; ++i) all.push_back(value_of(data->document(Split::train, i)).tokens);
    return all;
  };
  EXPECT_EQ(documents(-1), documents(0.34));
  EXPECT_NE(documents(-1), documents(0.3));
  EXPECT_NE(documents(-1), documents(0.38));
}

// In a conversation only the last turn is learnt, and the earlier replies stand before it without their thinking.
TEST(Data, OfAConversationOnlyTheLastTurnIsATarget) {
  Rows rows(1);
  rows.config.sequence_length = 512, rows.config.batch_tokens = rows.config.micro_batch_tokens = 512;
  DataSource& source = rows.config.data[0];
  source.file = "", source.tasks = "follow:2", source.format = "chat";
  const auto data = value_of(rows.open());
  const TaskMixture mixture = value_of(parse_mixture("follow:2"));
  for (i64 i = 0; i < 20; ++i) {
    const Problem p = sample_problem(mixture, Split::train, static_cast<u64>(rows.config.seed), static_cast<u64>(i));
    const Document d = value_of(data->document(Split::train, i));
    if (d.tokens.empty()) continue;  // too long for a byte-level vocabulary
    std::vector<i32> learnt;
    for (const i32 target : d.targets)
      if (target >= 0) learnt.push_back(target);
    std::vector<i32> want = rows.tokenizer.encode(completion_of(p), Tokenizer::Special::recognise);
    want.push_back(257);
    EXPECT_EQ(learnt, want);
    const std::vector<Message> messages = messages_of(p);
    std::vector<i32> prompt = value_of(encode_r1_chat(rows.tokenizer, messages, GenerationPrompt::add, Think::on));
    prompt.insert(prompt.end(), want.begin(), want.end());
    EXPECT_EQ(d.tokens, prompt);
    for (const Exchange& turn : p.earlier)
      EXPECT_NE(rows.tokenizer.decode(d.tokens).find(turn.question), std::string::npos);
  }
}

}  // namespace
}  // namespace r1
