// Names of tensors: the number of a layer, the number of an expert, and the pattern that is left.
#include "model/gguf/table.hpp"

#include <gtest/gtest.h>

namespace r1::gguf_table {
namespace {

TEST(TensorNames, ALayerAndAnExpertAreWholeNumbersWithoutLeadingNoughts) {
  const struct {
    const char* name;
    i64 layer, expert;
    const char* pattern;
  } cases[] = {{"blk.0.attn_q.weight", 0, -1, "attn_q.weight"},
               {"blk.12.ffn_gate.3.weight", 12, 3, "ffn_gate.{}.weight"},
               {"blk.12.ffn_gate.0.weight", 12, 0, "ffn_gate.{}.weight"},
               {"blk.10.ffn_gate.10.weight", 10, 10, "ffn_gate.{}.weight"},
               {"blk.5.a.0.b.1.c", 5, 0, "a.{}.b.1.c"},
               {"blk.5.a.00.b", 5, -1, "a.00.b"},
               {"blk.5.a.-1.b", 5, -1, "a.-1.b"},
               {"blk.5.a.1x.b", 5, -1, "a.1x.b"},
               {"blk.5.7", 5, 7, "{}"},
               {"blk.5.", 5, -1, ""},
               {"blk.5", -1, -1, "blk.5"},
               {"blk.05.x", -1, -1, "blk.05.x"},
               {"blk.-1.x", -1, -1, "blk.-1.x"},
               {"blk.1a.x", -1, -1, "blk.1a.x"},
               {"blk..x", -1, -1, "blk..x"},
               {"blk.99999999999999999999.x", -1, -1, "blk.99999999999999999999.x"},
               {"output.weight", -1, -1, "output.weight"},
               {"", -1, -1, ""}};
  for (const auto& [name, layer, expert, pattern] : cases) {
    const TensorName got = parse_name(name, "blk.");
    EXPECT_EQ(got.layer, layer) << name;
    EXPECT_EQ(got.expert, expert) << name;
    EXPECT_EQ(got.pattern, pattern) << name;
  }
}

TEST(TensorNames, ARowGivesBothNamesOfALayersTensorOrOfOneOutsideOfTheLayers) {
  const TensorRow& outside = table(-1).front();
  EXPECT_EQ(published_name(outside, -1, -1), "model.embed_tokens.weight");
  EXPECT_EQ(gguf_name(outside, -1), "token_embd.weight");
  const TensorRow& norm = table(0).front();
  EXPECT_EQ(published_name(norm, 0, -1), "model.layers.0.input_layernorm.weight");
  EXPECT_EQ(gguf_name(norm, 0), "blk.0.attn_norm.weight");
  EXPECT_EQ(gguf_name(norm, 7), "blk.7.attn_norm.weight");
  for (const TensorRow& row : table(3))
    if (row.gguf == "ffn_up_exps.weight") {
      EXPECT_EQ(published_name(row, 3, 0), "model.layers.3.mlp.experts.0.up_proj.weight");
      EXPECT_EQ(published_name(row, 3, 25), "model.layers.3.mlp.experts.25.up_proj.weight");
    }
}

}  // namespace
}  // namespace r1::gguf_table
