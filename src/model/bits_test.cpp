// A row's bits depend on its own sequence alone: not on a tape, on neighbours in the batch, on threads or on
// recomputation. Tested at every level that this processor has, with products in f32 and in bf16.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"
#include "model/model.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

struct Case {
  const cpu::Kernels* kernels;
  Numerics numerics;
};

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) list.push_back({k, {matmul, DType::f32, MlaForm::expanded}});
  return list;
}

enum class Recording : u8 {
  none,
  all,
  layer_inputs
};  // on a tape; layer_inputs: layers are computed again in backward

// Runs with four models: latent attention (v3), three query heads per key head (qwen2), and two with a head size of the
// model's own: one with norms of q and k (qwen3), one with another rope (llama).
class Bits : public testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Model> open() {
    auto m = open_model(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden" / GetParam(), Weights::trainable);
    EXPECT_TRUE(m) << (m ? "" : m.error().what);
    return std::move(*m);
  }
  std::vector<i32> sequence(i64 length, u64 stream) const {
    Random random(7, Purpose::test, stream);
    std::vector<i32> ids(length);
    for (i32& id : ids) id = static_cast<i32>(random.below(static_cast<u32>(model_->info().vocab)));
    return ids;
  }
  // The logits of every row of the batch.
  std::vector<float> logits(const Case& c, const Batch& b, int threads, Recording recording = Recording::none) {
    Arena arena;
    ThreadPool pool(threads);
    Tape tape(arena);
    Pass p{b, arena, pool, *c.kernels, c.numerics};
    p.tape = recording == Recording::none ? nullptr : &tape;
    p.recompute = recording == Recording::layer_inputs;
    const Tensor z = model_->forward(p).logits;
    std::vector<float> out(z.data(), z.data() + z.size());
    return out;
  }
  std::unique_ptr<Model> model_ = open();
};

using LatentBits = Bits;
std::string name_of_model(const testing::TestParamInfo<const char*>& i) { return i.param; }
INSTANTIATE_TEST_SUITE_P(Models, Bits, testing::Values("v3", "qwen2", "qwen3", "llama"), name_of_model);
INSTANTIATE_TEST_SUITE_P(Models, LatentBits, testing::Values("v3"), name_of_model);

void expect_same(const std::vector<float>& a, const std::vector<float>& b, const Case& c, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(0, std::memcmp(a.data(), b.data(), a.size() * 4))
      << what << ", " << c.kernels->name << ", " << name_of(c.numerics.matmul);
}

Batch of(const std::vector<i32>& ids) {
  Batch b;
  b.add_sequence(ids);
  b.want_all();
  return b;
}

TEST_P(Bits, TheTapeThreadsAndRecomputationChangeNoBit) {
  const Batch b = of(sequence(91, 1));
  for (const Case& c : cases()) {
    const auto want = logits(c, b, 1);
    expect_same(want, logits(c, b, 1, Recording::all), c, "with a tape");
    expect_same(want, logits(c, b, 1, Recording::layer_inputs), c, "with a tape and recomputation");
    expect_same(want, logits(c, b, 2), c, "two threads");
    expect_same(want, logits(c, b, 2, Recording::all), c, "two threads with a tape");
  }
}

TEST_P(Bits, ASequenceHasTheSameBitsAloneAndAmong64Others) {
  constexpr i64 kLength = 77;
  const std::vector<i32> mine = sequence(kLength, 2);
  Batch crowd;
  i64 first = 0;
  for (u64 s = 0; s < 65; ++s) {
    if (s == 40) first = crowd.rows(), crowd.add_sequence(mine);
    else crowd.add_sequence(sequence(1 + static_cast<i64>(s * 7 % 90), 100 + s));
  }
  crowd.want_all();
  for (const Case& c : cases()) {
    const auto alone = logits(c, of(mine), 2), all = logits(c, crowd, 2);
    const auto begin = all.begin() + first * model_->info().vocab;
    expect_same(alone, {begin, begin + kLength * model_->info().vocab}, c, "among others");
  }
}

TEST_P(Bits, APrefixHasTheSameBitsWhateverFollows) {
  const std::vector<i32> ids = sequence(130, 3);
  const std::vector<i32> prefix(ids.begin(), ids.begin() + 67);
  for (const Case& c : cases()) {
    auto whole = logits(c, of(ids), 2);
    whole.resize(67 * (model_->info().vocab));
    expect_same(logits(c, of(prefix), 2), whole, c, "prefix");
  }
}

// The last layer of a pass whose caller reads logits alone computes nothing but the wanted rows after its attention.
TEST_P(Bits, WantedRowsHaveTheSameBitsWithoutTheOthers) {
  Batch b;
  for (const i64 length : {5, 70, 1}) b.add_sequence(sequence(length, 400 + static_cast<u64>(length)));
  for (const std::vector<i32>& want : {std::vector<i32>{4, 30, 74, 75}, {0}, {}}) {
    b.want = want;
    for (const Case& c : cases()) {
      Arena arena;
      ThreadPool pool(2);
      Pass all{b, arena, pool, *c.kernels, c.numerics}, wanted = all;
      wanted.hidden_rows = HiddenRows::wanted;
      const Output a = model_->forward(all), w = model_->forward(wanted);
      EXPECT_EQ(a.hidden.rows(), b.rows());
      ASSERT_EQ(w.hidden.rows(), std::ssize(want));
      for (i64 i = 0; i < w.hidden.rows(); ++i)
        EXPECT_EQ(0, std::memcmp(w.hidden.row(i), a.hidden.row(want[i]), a.hidden.cols() * 4)) << c.kernels->name;
      ASSERT_EQ(w.logits.size(), a.logits.size());
      EXPECT_EQ(0, std::memcmp(w.logits.data(), a.logits.data(), a.logits.size() * 4)) << c.kernels->name;
    }
  }
}

TEST_P(Bits, GradientsHaveTheSameBitsOnOneThreadAndOnTwo) {
  Batch b;
  for (u64 s = 0; s < 9; ++s) b.add_sequence(sequence(5 + static_cast<i64>(s) * 11, 200 + s));
  std::vector<i32> targets(b.tokens.begin() + 1, b.tokens.end());
  targets.push_back(-1);
  for (const Case& c : cases()) {
    std::vector<std::vector<float>> gradients[2];
    for (const int threads : {1, 2}) {
      const auto model = open();
      Arena arena;
      ThreadPool pool(threads);
      Tape tape(arena);
      Pass p{b, arena, pool, *c.kernels, c.numerics};
      p.tape = &tape;
      const Tensor nll = linear_cross_entropy(p, model->forward(p).hidden, model->head(), targets);
      const Tensor seed = tape.grads()[nll];
      std::fill_n(seed.data(), seed.size(), 1e-2f);
      tape.backward();
      for (const Weight& w : model->weights())
        if (w.trainable()) gradients[threads - 1].emplace_back(w.grad(), w.grad() + w.size());
    }
    ASSERT_GT(gradients[0].size(), 10u);
    for (size_t i = 0; i < gradients[0].size(); ++i) expect_same(gradients[0][i], gradients[1][i], c, "gradients");
  }
}

// Absorption only reorders f32 sums of some tens of terms. On models of this size f32 rounding changes logits by 4e-6
// of the largest (tests/golden); ten times that is allowed.
TEST_P(LatentBits, AbsorbedAgreesWithExpandedWithinRounding) {
  Batch b;
  const std::vector<i32> ids = sequence(140, 4);
  b.add_sequence(ids, 0, Role::generated);
  b.want_all();
  for (const cpu::Kernels* k : cpu::levels()) {
    const auto expanded = logits({k, {DType::f32, DType::f32, MlaForm::expanded}}, b, 2);
    const auto absorbed = logits({k, {DType::f32, DType::f32, MlaForm::mixed}}, b, 2);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < expanded.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(expanded[i]) - static_cast<double>(absorbed[i])));
      largest = std::max(largest, std::abs(static_cast<double>(expanded[i])));
    }
    EXPECT_LE(worst, 4e-5 * largest) << k->name;
    EXPECT_GT(worst, 0) << k->name << ": both forms took the same path";
  }
}

}  // namespace
}  // namespace r1
