#include "session/numerics.hpp"

#include <gtest/gtest.h>

#include "infer/test_model.hpp"
#include "model/shapes.hpp"

namespace r1 {
namespace {

// The numerics of DeepSeek-R1's first layer with matrices of one type. The model gets no memory: its outline decides.
Numerics of_published_shape(DType type) {
  Numerics n;
  const auto model = random_model(
      "deepseek-r1", {1, 1}, [&](auto&&...) { return type; },
      [&](const Model& outline) -> Status {
        n = serving_numerics(outline);
        return fail(Errc::interrupted, "the outline is enough");
      });
  EXPECT_FALSE(model);
  return n;
}

TEST(ServingNumerics, ALargeModelInBlocksAbsorbsInIntegers) {
  for (const DType type : {DType::q4_k, DType::f8_e4m3}) {
    const Numerics n = of_published_shape(type);
    EXPECT_EQ(n.mla, MlaForm::mixed);
    EXPECT_EQ(n.kv, DType::bf16);
    EXPECT_TRUE(n.integer_absorption) << name_of(type);
  }
}

TEST(ServingNumerics, TheTypeOfTheCacheCanBeChosenAndChangesNothingElse) {
  const auto model = create_model(kTestDeepseek, "test model", 1, Weights::trainable);
  ASSERT_TRUE(model);
  EXPECT_EQ(serving_numerics(**model).kv, DType::f32);
  const Numerics n = serving_numerics(**model, DType::bf16);
  EXPECT_EQ(n.kv, DType::bf16);
  EXPECT_EQ(n.matmul, DType::f32);
  EXPECT_EQ(n.mla, MlaForm::expanded);
}

TEST(ServingNumerics, PlainWeightsAreAbsorbedAsTheyAre) {
  EXPECT_FALSE(of_published_shape(DType::bf16).integer_absorption);
  const auto small = create_model(kTestDeepseek, "test model", 1, Weights::trainable);
  ASSERT_TRUE(small);
  EXPECT_FALSE(serving_numerics(**small).integer_absorption);
}

}  // namespace
}  // namespace r1
