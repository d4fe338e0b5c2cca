#include "session/memory.hpp"

#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "infer/test_model.hpp"
#include "ops/device.hpp"

namespace r1 {
namespace {

constexpr i64 kGB = 1'000'000'000;

std::string refusal(const MemoryNeed& need, i64 available, const MemoryFlags& flags) {
  const Status s = check_memory("m.gguf", need, {32 * kGB, available, false}, flags);
  if (s) return "";
  EXPECT_EQ(s.error().code, Errc::exhausted);
  return s.error().what;
}

TEST(Memory, AModelThatFitsIsAdmittedAndOneByteMoreIsRefused) {
  const MemoryNeed need{.dense = 3 * kGB, .experts = 4 * kGB, .cache = kGB, .cache_tokens = 1024};
  EXPECT_EQ(refusal(need, 8 * kGB, {}), "");
  EXPECT_NE(refusal(need, 8 * kGB - 1, {}), "");
  EXPECT_EQ(refusal(need, 0, {}), "") << "an unknown amount of memory";
}

TEST(Memory, TheRefusalSaysWhatIsNeededWhatIsThereAndWhichFlagHelps) {
  const MemoryFlags all{.memory = true, .context = true, .otherwise = "less of everything"};
  const std::string experts = refusal({.dense = 2 * kGB, .experts = 400 * kGB}, 20 * kGB, all);
  for (const char* word : {"m.gguf: needs 402 GB", "2.00 GB for weights", "400 GB for routed experts",
                           "20.00 GB of 32.00 GB are available", "--memory 15g"})
    EXPECT_NE(experts.find(word), experts.npos) << word << " in: " << experts;
  const std::string cache = refusal({.dense = 2 * kGB, .cache = 8 * kGB, .cache_tokens = 64000}, 6 * kGB, all);
  EXPECT_NE(cache.find("8.00 GB for the cache of 64000 tokens"), cache.npos) << cache;
  EXPECT_NE(cache.find("-c 28800 fits"), cache.npos) << cache;
  const std::string dense = refusal({.dense = 20 * kGB, .experts = kGB}, 6 * kGB, all);
  EXPECT_NE(dense.find("; less of everything"), dense.npos) << dense;
  const std::string group = check_memory("m", {.dense = 9 * kGB}, {8 * kGB, 8 * kGB, true}, all).error().what;
  EXPECT_NE(group.find("limit of the control group"), group.npos) << group;
}

TEST(Memory, TheNeedOfAModelIsThatOfItsWeights) {
  MemoryNeed training, file;
  i64 parameters = 0, routed = 0;
  const auto model = create_model(kTestDeepseek, "test", 1, Weights::trainable, [&](const Model& outline) -> Status {
    training = need_of(outline, WeightPlace::training);
    file = need_of(outline, WeightPlace::file);
    return {};
  });
  ASSERT_TRUE(model);
  for (const Weight& w : (*model)->weights()) {
    parameters += w.size();
    if (w.name().find(".mlp.experts.") != std::string::npos) routed += w.size();
  }
  EXPECT_GT(routed, 0);
  EXPECT_EQ(training.total(), 16 * parameters);
  EXPECT_EQ(training.experts, 16 * routed);
  EXPECT_EQ(file.experts, 4 * routed);
  EXPECT_LT(file.total(), 4 * parameters) << "rows of the embedding are read singly";
  const auto refused = create_model(kTestDeepseek, "test", 1, Weights::trainable,
                                    [](const Model&) -> Status { return fail(Errc::exhausted, "no"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "no");
}

TEST(Memory, BlocksNeedTheirPacksWhereThoseAreLarger) {
  const cpu::Kernels& kernels = active_kernels();
  for (const DType t : {DType::q4_k, DType::q4_0, DType::iq1_s, DType::iq1_m}) {
    const i64 stored = 64 * row_bytes(t, 512), served = served_block_bytes(kernels, t, 64, 512);
    EXPECT_GE(served, stored) << name_of(t);
    EXPECT_LE(served * 5, stored * 6) << name_of(t);
  }
  EXPECT_EQ(served_block_bytes(kernels, DType::nvfp4, 64, 512), 64 * row_bytes(DType::nvfp4, 512)) << "never packed";
}

TEST(Memory, TheDefaultContextIsWhatFitsIntoHalfOfTheRest) {
  const auto model = create_model(kTestDeepseek, "test", 1, Weights::trainable);
  const Model& m = **model;
  const i64 page = cache_bytes(m, {}, 1);
  EXPECT_EQ(cache_bytes(m, {}, kPageTokens), page);
  EXPECT_EQ(cache_bytes(m, {}, kPageTokens + 1), 2 * page);
  const MemoryNeed need{.dense = 1000};
  EXPECT_EQ(context_that_fits(m, {}, need, {kGB, kGB * 1000, false}), m.info().context);
  EXPECT_EQ(context_that_fits(m, {}, need, {kGB, 1000 + 2 * page, false}), kPageTokens);
  EXPECT_EQ(context_that_fits(m, {}, need, {kGB, 1000 + 2 * page - 1, false}), 0);
  EXPECT_EQ(context_that_fits(m, {}, need, {kGB, 500, false}), 0);
}

}  // namespace
}  // namespace r1
