#include "train/packing.hpp"

#include <cmath>

#include "formats/safetensors.hpp"
#include "ops/ops.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

std::vector<Document> some_documents() {
  std::vector<Document> documents;
  Random random(5, Purpose::test);
  for (int d = 0; d < 6; ++d) {
    std::vector<i32> tokens;
    for (i64 n = random.between(2, 40); n > 0; --n) tokens.push_back(static_cast<i32>(random.below(256)));
    documents.push_back(make_document(std::move(tokens), d % 2));
  }
  return documents;
}

enum class Prediction { next_token, token_after_next };

std::vector<float> losses(const Model& model, const MicroBatch& m, Prediction prediction) {
  Arena arena;
  ThreadPool pool(2);
  Pass p{.batch = m.batch, .arena = arena, .pool = pool, .kernels = active_kernels()};
  const Tensor hidden = model.forward(p).hidden;
  const Tensor nll = prediction == Prediction::next_token
                         ? linear_cross_entropy(p, hidden, model.head(), m.targets)
                         : linear_cross_entropy(p, model.mtp(p, hidden, m.next), model.head(), m.mtp_targets);
  return {nll.data(), nll.data() + nll.size()};
}

TEST(Packing, ADocumentsLossHasTheSameBitsAloneAndPacked) {
  const RunCase run;
  const auto model = run.model();
  const auto documents = some_documents();
  const auto packed = pack(documents, 1 << 20);
  ASSERT_EQ(packed.size(), 1u);
  for (const Prediction prediction : {Prediction::next_token, Prediction::token_after_next}) {
    std::vector<float> alone;
    for (const Document& d : documents) {
      const auto one = losses(*model, pack({d}, 1)[0], prediction);
      alone.insert(alone.end(), one.begin(), one.end());
    }
    EXPECT_EQ(losses(*model, packed[0], prediction), alone);
  }
}

TEST(Packing, MicroBatchesKeepOrderAndLimit) {
  const auto documents = some_documents();
  size_t at = 0;
  for (const MicroBatch& m : pack(documents, 50)) {
    EXPECT_TRUE(m.batch.rows() <= 50 || m.batch.sequences() == 1);
    for (i64 s = 0; s < m.batch.sequences(); ++s, ++at) {
      const auto begin = static_cast<size_t>(m.batch.seq_begin[s]);
      ASSERT_LT(at, documents.size());
      for (size_t i = 0; i < documents[at].tokens.size(); ++i) {
        EXPECT_EQ(m.batch.tokens[begin + i], documents[at].tokens[i]);
        EXPECT_EQ(m.batch.positions[begin + i], static_cast<i32>(i));
      }
    }
  }
  EXPECT_EQ(at, documents.size());
}

TEST(Packing, TargetsAreTheNextTokenMtpTargetsTheTokenAfterItAndPromptsAreMasked) {
  const MicroBatch m = pack({make_document({1, 2, 3, 4, 5}, 3), make_document({6, 7}, 0)}, 100)[0];
  EXPECT_EQ(m.targets,
            (std::vector<i32>{-1, -1, 4, 5, -1, 7, -1}));  // row 2, the end of the prompt, predicts the reply
  EXPECT_EQ(m.next, (std::vector<i32>{2, 3, 4, 5, 5, 7, 7}));
  EXPECT_EQ(m.mtp_targets, (std::vector<i32>{-1, 4, 5, -1, -1, -1, -1}));
}

TEST(Packing, AStepCountsTokensTargetsSequencesAndPairsOfTokensAndKeys) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.validation_every = 0;
  const auto tokenizer = run.tokenizer();
  const auto data = value_of(open_data(c, tokenizer, {256, 257}));
  const StepBatch step = value_of(take_step(*data, Split::train, 0, 200, 64));
  i64 tokens = 0, targets = 0, pairs = 0, sequences = 0;
  for (const MicroBatch& m : step.micro) {
    for (const i32 t : m.targets) targets += t >= 0;
    for (const i32 position : m.batch.positions) ++tokens, pairs += position + 1;  // keys 0 to position
    sequences += m.batch.sequences();
  }
  EXPECT_GT(sequences, 3);
  EXPECT_EQ(step.sequences, sequences);
  EXPECT_EQ(step.tokens, tokens);
  EXPECT_EQ(step.targets, targets);
  EXPECT_EQ(step.attention_pairs, pairs);
  EXPECT_EQ(step.next, sequences) << "no row of this file is skipped";
}

TEST(Data, ASampleDependsOnItsIndexAloneAndAnEpochHasEveryRowOnce) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.validation_every = 0;
  const Tokenizer tokenizer = run.tokenizer();
  const auto a = value_of(open_data(c, tokenizer, {256, 257})), b = value_of(open_data(c, tokenizer, {256, 257}));
  std::vector<std::vector<i32>> epochs[2];
  for (i64 i = 0; i < 120; ++i) epochs[i / 60].push_back(value_of(a->document(Split::train, i)).tokens);
  for (const i64 i : {119, 3, 77, 0}) EXPECT_EQ(value_of(b->document(Split::train, i)).tokens, epochs[i / 60][i % 60]);
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& e : epochs) std::sort(e.begin(), e.end());
  EXPECT_EQ(epochs[0], epochs[1]);
}

TEST(Data, ChatMasksThePromptAndEndsWithEndOfSentence) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.validation_every = 0;
  RunCase::write(c.data[0].file,
                 "{\"prompt\": \"q<think>\", \"answer\": \"<think>\\nt\\n</think>\\n\\na\"}\n{\"messages\": "
                 "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"a\"}]}\n");
  c.data[0].format = "chat";
  const Tokenizer tokenizer = run.tokenizer();
  const auto data = value_of(open_data(c, tokenizer, {256, 257}));
  const i32 open_think = *tokenizer.find(kThink), close_think = *tokenizer.find(kEndThink);
  int without = 0;
  for (i64 i = 0; i < 2; ++i) {
    const Document d = value_of(data->document(Split::train, i));
    EXPECT_EQ(d.tokens.front(), 256);
    EXPECT_EQ(d.tokens.back(), 257);
    EXPECT_EQ(std::count(d.tokens.begin(), d.tokens.end(), open_think), 1);  // "<think>" in the question is plain text
    EXPECT_EQ(std::count(d.tokens.begin(), d.tokens.end(), close_think), 1);
    const auto begin = d.tokens.begin(), opened = std::find(begin, d.tokens.end(), open_think) + 2;  // after its "\n"
    const bool thinks = *opened != opened[-1];  // an empty thinking block, "\n\n", belongs to the prompt
    const auto prompt = (thinks ? opened : std::find(begin, d.tokens.end(), close_think) + 3) - begin;
    without += !thinks;
    for (i64 r = 0; r < static_cast<i64>(d.tokens.size()); ++r)
      EXPECT_EQ(d.targets[r] >= 0, r + 1 >= prompt && r + 1 < static_cast<i64>(d.tokens.size())) << r;
  }
  EXPECT_EQ(without, 1);
}

TEST(Data, BrokenRowsAreErrorsWithFileAndLineWhenTheFileIsOpened) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.validation_every = 0;
  const Tokenizer tokenizer = run.tokenizer();
  for (const char* bad : {"{\"txt\": \"a\"}", "{\"text\": 3}", "{\"text\":", "[]", "{\"messages\": []}"}) {
    RunCase::write(c.data[0].file, std::string("{\"text\": \"fine\"}\n\n") + bad + "\n");
    const auto data = open_data(c, tokenizer, {256, 257});
    ASSERT_FALSE(data.has_value()) << bad;
    EXPECT_NE(data.error().what.find("data.jsonl:3"), std::string::npos) << data.error().what;
  }
}

TEST(Step, OneMicroBatchOrEightGiveTheSameGradientWithinRounding) {
  const RunCase run;
  for (const i64 size : {512, 64}) {
    TrainConfig c = run.config(fmt::format("micro{}", size), 1);
    c.batch_tokens = 512, c.micro_batch_tokens = size, c.clip_norm = 0;
    value_of(train(c));
  }
  const auto one = value_of(Safetensors::open(checkpoint_path(run.folder() / "micro512", 1) / "trainer.safetensors"));
  const auto many = value_of(Safetensors::open(checkpoint_path(run.folder() / "micro64", 1) / "trainer.safetensors"));
  double difference = 0, total = 0;
  for (const auto& [name, entry] : one.tensors()) {
    if (!name.ends_with(".m")) continue;  // after one step m is 0.1 times the gradient
    std::vector<float> x(entry.elements()), y(x.size());
    to_f32(entry, x.data());
    to_f32(many.tensors().at(name), y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      difference += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
      total += std::pow(static_cast<double>(x[i]), 2);
    }
  }
  // The sums over 512 tokens have a different order: about sqrt(512) roundings of 2^-24, relative to sums that are
  // about ten times smaller than their terms because these cancel.
  EXPECT_LT(std::sqrt(difference / total), 2e-5);
  EXPECT_GT(total, 0);
}

TEST(Data, ChatsWithoutThinkingHaveThePromptOfNoThink) {
  const RunCase run;
  const Tokenizer tokenizer = run.tokenizer();
  TrainConfig c = run.config("x");
  c.validation_every = 0, c.data[0].format = "chat";
  const auto tokens_of = [&](const char* answer) {
    RunCase::write(c.data[0].file, fmt::format("{{\"prompt\": \"ab\", \"answer\": \"{}\"}}\n", answer));
    const auto data = value_of(open_data(c, tokenizer, {256, 257}));
    return value_of(data->document(Split::train, 0)).tokens;
  };
  const auto asked = [&](Think think, const char* completion) {
    std::vector<i32> ids =
        value_of(encode_r1_chat(tokenizer, std::vector<Message>{{"user", "ab"}}, GenerationPrompt::add, think));
    for (const i32 id : tokenizer.encode(completion, Tokenizer::Special::recognise)) ids.push_back(id);
    ids.push_back(257);
    return ids;
  };
  EXPECT_EQ(tokens_of("cd"), asked(Think::off, "cd"));
  EXPECT_EQ(tokens_of("e\\n</think>\\n\\ncd"), asked(Think::on, "e\n</think>\n\ncd"));
  EXPECT_EQ(tokens_of("<think>\\ne\\n</think>\\n\\ncd"), asked(Think::on, "e\n</think>\n\ncd"));
}

TEST(Data, AWeightTooSmallForASingleDocumentIsAnError) {
  const RunCase run;
  const Tokenizer tokenizer = run.tokenizer();
  TrainConfig c = run.config("x");
  c.data.push_back(c.data[0]);
  c.data[1].weight = 1e-5;
  const auto r = open_data(c, tokenizer, {256, 257});
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("[[data]] 2"), std::string::npos) << r.error().what;
  c.data[1].weight = 0;  // switches the source off
  EXPECT_TRUE(open_data(c, tokenizer, {256, 257}).has_value());
}

// Row by row beside the targets, in whichever micro-batch the document is.
TEST(Packing, TheValuesOfADocumentsRowsStandBesideItsTargets) {
  Document a = make_document({1, 2, 3}, 1), b = make_document({4, 5}, 1), c = make_document({6, 7, 8, 9}, 2);
  float next = 1;
  for (Document* d : {&a, &b, &c})
    for (size_t i = 0; i < d->tokens.size(); ++i, ++next) d->weights.push_back(next), d->old_logprobs.push_back(-next);
  const auto micro = pack({a, b, c}, 5);
  ASSERT_EQ(micro.size(), 2u);
  EXPECT_EQ(micro[0].weights, (std::vector<float>{1, 2, 3, 4, 5}));
  EXPECT_EQ(micro[0].old_logprobs, (std::vector<float>{-1, -2, -3, -4, -5}));
  EXPECT_EQ(micro[1].weights, (std::vector<float>{6, 7, 8, 9}));
  EXPECT_TRUE(micro[1].reference_logprobs.empty());
}

}  // namespace
}  // namespace r1
