#include "model/memory.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "kernels/cpu/kernels.hpp"
#include "model/shapes.hpp"

namespace r1 {
namespace {

const std::filesystem::path kNano = std::filesystem::path(R1_SOURCE_DIR) / "models/nano";
constexpr i64 kExpertBytes = 3 * 96 * 128 * 2;  // nano's, in bf16

std::vector<float> logits(const Model& model, i64 tokens) {
  Arena arena;
  ThreadPool pool(2);
  Batch batch;
  std::vector<i32> ids(tokens);
  for (size_t t = 0; t < ids.size(); ++t) ids[t] = static_cast<i32>(t * 37 % 500);
  batch.add_sequence(ids);
  for (i32 t = 0; t < tokens; ++t) batch.want.push_back(t);
  Pass p{.batch = batch, .arena = arena, .pool = pool, .kernels = cpu::active()};
  const Tensor z = model.forward(p).logits;
  return {z.data(), z.data() + z.size()};
}

TEST(Memory, ABudgetOfTwoExpertsChangesNoBitOfTheLogits) {
  const auto free = open_model(kNano), limited = open_model(kNano);
  ASSERT_TRUE(free && limited);
  ASSERT_TRUE(limit_experts(**limited, 2 * kExpertBytes));
  for (const i64 tokens : {1, 60}) {
    const std::vector<float> want = logits(**free, tokens), got = logits(**limited, tokens);
    ASSERT_EQ(want.size(), got.size());
    EXPECT_EQ(0, std::memcmp(want.data(), got.data(), want.size() * 4)) << tokens << " tokens";
  }
  const ExpertUse use = expert_use(**limited);
  EXPECT_EQ(use.peak, 2 * kExpertBytes);
  EXPECT_GT(use.misses, 2 * 4);  // four layers route, and two experts a token are the least
  EXPECT_EQ(expert_use(**free).misses, 0);
}

TEST(Memory, WhatCannotBeLimitedSaysWhy) {
  const auto q8_0 = [](std::string_view name, const std::vector<i64>& shape, const GgufDims&) {
    return shape.size() < 2 || name.ends_with("ffn_gate_inp.weight") ? DType::f32 : DType::q8_0;
  };
  const auto nano = open_model(kNano);
  ASSERT_TRUE(nano);
  const Status small = limit_experts(**nano, kExpertBytes);
  ASSERT_FALSE(small);
  EXPECT_NE(small.error().what.find(std::to_string(2 * kExpertBytes)), std::string::npos) << small.error().what;
  const auto random = random_model("nano", {}, q8_0);
  ASSERT_TRUE(random);
  EXPECT_FALSE(limit_experts(**random, 1 << 30));  // in memory: nothing could be given back
  const auto dense = random_model("nano", {.layers = 1, .dense_layers = 1}, q8_0);
  ASSERT_TRUE(dense);
  EXPECT_FALSE(limit_experts(**dense, 1 << 30));
}

TEST(Memory, BytesAreReadWithTheirUnit) {
  const auto bytes = [](std::string_view text) { return parse_bytes(text).value_or(-1); };
  EXPECT_EQ(bytes("8g"), i64{8} << 30);
  EXPECT_EQ(bytes("512M"), i64{512} << 20);
  EXPECT_EQ(bytes("3k"), 3072);
  EXPECT_EQ(bytes("1000000"), 1000000);
  for (const char* bad : {"", "g", "8gb", "-1", "0", "8 g", "8x", "9999999999g", "99999999999999999999"})
    EXPECT_EQ(bytes(bad), -1) << bad;
}

}  // namespace
}  // namespace r1
