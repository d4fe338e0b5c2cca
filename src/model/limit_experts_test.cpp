// Models whose routed experts are larger than the memory that they may take.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "formats/json.hpp"
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

// Memory that the routed experts take besides the file's pages.
i64 expert_pack_bytes(const Model& model) {
  i64 bytes = 0;
  for (const Weight& w : model.weights())
    if (w.name().find(".mlp.experts.") != std::string::npos) bytes += w.pack_bytes();
  return bytes;
}

TEST(LimitExperts, ALimitOfTwoExpertsChangesNoBitOfTheLogitsAndKeepsNoPacks) {
  const auto free = open_model(kNano), limited = open_model(kNano);
  ASSERT_TRUE(free && limited);
  ASSERT_TRUE((*limited)->limit_experts(2 * kExpertBytes));
  for (const i64 tokens : {1, 60}) {
    const std::vector<float> want = logits(**free, tokens), got = logits(**limited, tokens);
    ASSERT_EQ(want.size(), got.size());
    EXPECT_EQ(0, std::memcmp(want.data(), got.data(), want.size() * 4)) << tokens << " tokens";
  }
  EXPECT_EQ(expert_pack_bytes(**limited), 0);
  EXPECT_GT(expert_pack_bytes(**free), 0) << "packs do not tell whether the limit is in force";
}

TEST(LimitExperts, AModelThatCannotBeLimitedIsRefusedWithTheReason) {
  const auto q8_0 = [](std::string_view name, const std::vector<i64>& shape, const GgufDims&) {
    return shape.size() < 2 || name.ends_with("ffn_gate_inp.weight") ? DType::f32 : DType::q8_0;
  };
  const auto nano = open_model(kNano);
  ASSERT_TRUE(nano);
  const Status small = (*nano)->limit_experts(kExpertBytes);
  ASSERT_FALSE(small);
  EXPECT_NE(small.error().what.find(std::to_string(2 * kExpertBytes)), std::string::npos) << small.error().what;
  const auto random = random_model("nano", {}, q8_0);
  ASSERT_TRUE(random);
  EXPECT_FALSE((*random)->limit_experts(1 << 30));  // not in a file: no page could be released
  const auto dense = random_model("nano", {.layers = 1, .dense_layers = 1}, q8_0);
  ASSERT_TRUE(dense);
  EXPECT_FALSE((*dense)->limit_experts(1 << 30));
  const auto qwen2 = open_model(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/qwen2");
  ASSERT_TRUE(qwen2);
  const Status none = (*qwen2)->limit_experts(1 << 30);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unsupported);
  EXPECT_NE(none.error().what.find("qwen2"), std::string::npos) << none.error().what;
}

TEST(LimitExperts, AnMtpModuleWithoutExpertsCannotBeLimited) {
  const auto golden = read_json(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/v3/config.json");
  ASSERT_TRUE(golden) << golden.error().what;
  const auto model =
      create_model(dump(Json(*golden).set("n_routed_experts", Json())), "config.json", 1, Weights::frozen);
  ASSERT_TRUE(model) << model.error().what;
  ASSERT_EQ((*model)->info().mtp_layers, 1);
  const Status none = (*model)->limit_experts(1 << 30);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("the model has no routed experts"), std::string::npos) << none.error().what;
}

}  // namespace
}  // namespace r1
