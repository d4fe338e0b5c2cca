// Our forward and backward pass against Hugging Face transformers in double precision (tests/golden/README.md).
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "formats/json.hpp"
#include "formats/safetensors.hpp"
#include "kernels/cpu/kernels.hpp"
#include "model/model.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// The allowed errors of f32. On models of this size, transformers' own f32 logits differ from its f64 logits by up to
// 9e-6 of the largest; gradients pass through twice as many roundings and cancel more.
constexpr double kLogitTolerance = 1e-4, kGradTolerance = 1e-3;

struct Golden {
  std::filesystem::path folder;
  Json json;
  Safetensors tensors;

  static Golden open(const std::string& name) {
    const auto folder = std::filesystem::path(R1_SOURCE_DIR) / "tests/golden" / name;
    auto json = read_json(folder / "golden.json");
    auto tensors = Safetensors::open(folder / "golden.safetensors");
    EXPECT_TRUE(json) << (json ? "" : json.error().what);
    EXPECT_TRUE(tensors) << (tensors ? "" : tensors.error().what);
    return {folder, std::move(*json), std::move(*tensors)};
  }
  std::vector<std::vector<i32>> lists(const Json& of) const {
    std::vector<std::vector<i32>> out;
    for (const Json& s : *of.array()) {
      out.emplace_back();
      for (const Json& id : *s.array()) out.back().push_back(static_cast<i32>(*id.integer()));
    }
    return out;
  }
  std::vector<std::vector<i32>> sequences() const { return lists(*json.find("sequences")); }
  double number(const char* key) const { return *json.find(key)->number(); }
  std::vector<float> floats(const std::string& name) const {
    const StoredTensor& e = tensors.tensors().at(name);
    std::vector<float> v(e.elements());
    to_f32(e, v.data());
    return v;
  }
};

std::unique_ptr<Model> open_or_fail(const std::filesystem::path& folder, Weights kind) {
  auto m = open_model(folder, kind);
  EXPECT_TRUE(m) << (m ? "" : m.error().what);
  return std::move(*m);
}

Batch batch_of(const std::vector<std::vector<i32>>& sequences) {
  Batch b;
  for (const auto& s : sequences) b.add_sequence(s);
  b.want_all();
  return b;
}

// The token `ahead` positions after each row; −1 behind the end of its sequence.
std::vector<i32> targets_of(const Batch& b, i64 ahead) {
  std::vector<i32> t(b.tokens.size(), -1);
  for (i64 s = 0; s < b.sequences(); ++s)
    for (i32 r = b.seq_begin[s]; r + ahead < b.seq_begin[s + 1]; ++r) t[r] = b.tokens[r + ahead];
  return t;
}

double norm(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

// The mean loss over the targets. Also sets the gradient of nll to that of this mean.
double seed_mean(Tape& tape, const Tensor& nll, const std::vector<i32>& targets) {
  const double n = static_cast<double>(std::count_if(targets.begin(), targets.end(), [](i32 t) { return t >= 0; }));
  const Tensor seed = tape.grads()[nll];
  double sum = 0;
  for (i64 r = 0; r < nll.rows(); ++r) {
    seed.data()[r] = static_cast<float>(1 / n);
    sum += nll.data()[r];
  }
  return sum / n;
}

void expect_gradients(const Golden& golden, const Model& model, const std::string& prefix) {
  // The gradient of a published tensor is made of our weights' gradients as the tensor is made of the weights.
  for (const CheckpointTensor& t : model.checkpoint()) {
    const auto found = golden.tensors.tensors().find(prefix + t.name);
    if (found == golden.tensors.tensors().end()) continue;
    const std::vector<float> want = golden.floats(prefix + t.name);
    std::vector<float> got(want.size());
    t.read(got.data());
    double difference = 0;
    for (size_t i = 0; i < want.size(); ++i) difference += std::pow(static_cast<double>(got[i]) - want[i], 2);
    // Both norms are zero for an expert that no token chose.
    EXPECT_LE(std::sqrt(difference), kGradTolerance * norm(want)) << t.name;
  }
}

// Replaces every trained weight by its gradient, so that CheckpointTensor::read gives gradients.
void gradients_into_masters(const Model& model) {
  for (const Weight& w : model.weights())
    if (w.trainable()) std::copy_n(w.grad(), w.size(), w.f32());
}

class Parity : public testing::TestWithParam<const char*> {};

TEST_P(Parity, LogitsMatchTransformersAtEveryLevel) {
  const Golden golden = Golden::open(GetParam());
  const auto model = open_or_fail(golden.folder, Weights::frozen);
  const Batch batch = batch_of(golden.sequences());
  const std::vector<float> want = golden.floats("logits");
  for (const cpu::Kernels* kernels : cpu::levels()) {
    Arena arena;
    ThreadPool pool(2);
    Pass p{batch, arena, pool, *kernels};
    const Output out = model->forward(p);
    ASSERT_EQ(out.logits.size(), static_cast<i64>(want.size()));
    double worst = 0;
    for (i64 i = 0; i < out.logits.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(out.logits.data()[i]) - want[i]));
    EXPECT_LE(worst / golden.number("largest_logit"), kLogitTolerance) << kernels->name;
  }
}

TEST_P(Parity, LossAndGradientsMatchTransformersAtEveryLevel) {
  const Golden golden = Golden::open(GetParam());
  const Batch batch = batch_of(golden.sequences());
  const std::vector<i32> targets = targets_of(batch, 1);
  for (const bool recomputed : {false, true})
    for (const cpu::Kernels* kernels : cpu::levels()) {
      const auto model = open_or_fail(golden.folder, Weights::trainable);
      Arena arena;
      ThreadPool pool(2);
      Tape tape(arena);
      Batch quiet = batch;
      quiet.want.clear();
      Pass p{quiet, arena, pool, *kernels};
      p.tape = &tape;
      p.recompute = recomputed;
      {
        const Output out = model->forward(p);
        const Tensor nll = linear_cross_entropy(p, out.hidden, model->head(), targets);
        EXPECT_NEAR(seed_mean(tape, nll, targets), golden.number("loss"), kGradTolerance) << kernels->name;
        tape.backward();
      }
      gradients_into_masters(*model);
      expect_gradients(golden, *model, "grad.");
    }
}

TEST_P(Parity, GreedyContinuationMatchesTransformersWhereTheMarginIsClear) {
  const Golden golden = Golden::open(GetParam());
  const auto model = open_or_fail(golden.folder, Weights::frozen);
  const auto sequences = golden.sequences();
  const Json::Array& greedy = *golden.json.find("greedy")->array();
  ThreadPool pool(2);
  for (size_t s = 0; s < sequences.size(); ++s) {
    std::vector<i32> ids = sequences[s];
    const Json::Array& tokens = *greedy[s].find("tokens")->array();
    const Json::Array& margins = *greedy[s].find("margins")->array();
    for (size_t i = 0; i < tokens.size() && *margins[i].number() > 1e-3; ++i) {
      Arena arena;
      Batch b;
      b.add_sequence(ids);
      b.want = {static_cast<i32>(ids.size()) - 1};
      Pass p{b, arena, pool, cpu::active()};
      const Output out = model->forward(p);
      const float* z = out.logits.data();
      ids.push_back(static_cast<i32>(std::max_element(z, z + out.logits.size()) - z));
      ASSERT_EQ(ids.back(), *tokens[i].integer()) << "sequence " << s << ", token " << i;
    }
  }
}

TEST_P(Parity, BothSpellingsOfTheConfigurationGiveTheSameModel) {
  const Golden golden = Golden::open(GetParam());
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("r1_spelling_{}_{}", GetParam(), getpid());
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(golden.folder / "model.safetensors", folder / "model.safetensors");
  std::filesystem::copy_file(golden.folder / "config_transformers5.json", folder / "config.json");
  const auto a = open_or_fail(golden.folder, Weights::frozen), b = open_or_fail(folder, Weights::frozen);
  const Batch batch = batch_of(golden.sequences());
  Arena arena;
  ThreadPool pool(1);
  Pass p{batch, arena, pool, cpu::active()};
  {
    const Tensor x = a->forward(p).logits, y = b->forward(p).logits;
    EXPECT_EQ(0, std::memcmp(x.data(), y.data(), x.size() * 4));
  }
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Models, Parity,
                         testing::Values("v3", "v3_small_latents", "v2_lite", "v2", "qwen2", "qwen2_tied", "qwen3",
                                         "qwen3_yarn", "qwen3_tied", "llama", "llama_bias"),
                         [](const auto& i) { return std::string(i.param); });

TEST(ParityMtp, LogitsLossAndGradientsMatchTransformersMtpModel) {
  const Golden golden = Golden::open("v3");
  Batch batch = batch_of(golden.sequences());
  std::vector<i32> next = targets_of(batch, 1), rows;
  for (size_t r = 0; r < next.size(); ++r)
    if (next[r] >= 0) rows.push_back(static_cast<i32>(r));
    else next[r] = 0;
  const std::vector<i32> targets = targets_of(batch, 2);
  const std::vector<float> want = golden.floats("mtp_logits");
  batch.want.clear();
  for (const cpu::Kernels* kernels : cpu::levels()) {
    const auto model = open_or_fail(golden.folder, Weights::trainable);
    Arena arena;
    ThreadPool pool(2);
    Tape tape(arena);
    Pass p{batch, arena, pool, *kernels};
    p.tape = &tape;
    {
      const Tensor hidden = model->mtp(p, model->forward(p).hidden, next);
      Pass plain = p;
      plain.tape = nullptr;
      const Tensor logits = linear(plain, take_rows(plain, hidden, rows), model->head());
      ASSERT_EQ(logits.size(), static_cast<i64>(want.size()));
      double worst = 0, largest = 0;
      for (size_t i = 0; i < want.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(logits.data()[i]) - want[i]));
        largest = std::max(largest, std::abs(static_cast<double>(want[i])));
      }
      EXPECT_LE(worst / largest, kLogitTolerance) << kernels->name;
      const Tensor nll = linear_cross_entropy(p, hidden, model->head(), targets);
      EXPECT_NEAR(seed_mean(tape, nll, targets), golden.number("mtp_loss"), kGradTolerance) << kernels->name;
      tape.backward();
    }
    gradients_into_masters(*model);
    expect_gradients(golden, *model, "mtp_grad.");
  }
}

}  // namespace
}  // namespace r1
