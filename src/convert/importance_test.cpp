#include "convert/importance.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/test_folder.hpp"
#include "core/threads/thread_pool.hpp"
#include "kernels/cpu/kernels.hpp"
#include "model/model.hpp"

namespace r1 {
namespace {

// Two layers, the second with eight experts of which three are chosen.
constexpr const char* kModel =
    R"({"model_type":"deepseek_v3","bos_token_id":0,"eos_token_id":1,"hidden_size":40,"initializer_range":0.3,
    "intermediate_size":52,"kv_lora_rank":20,"max_position_embeddings":64,"moe_intermediate_size":12,
    "n_routed_experts":8,"num_attention_heads":3,"num_hidden_layers":2,"qk_nope_head_dim":10,"qk_rope_head_dim":12,
    "rms_norm_eps":1e-06,"v_head_dim":14,"vocab_size":131,"first_k_dense_replace":1,"n_group":1,"n_shared_experts":1,
    "num_experts_per_tok":3,"q_lora_rank":28,"routed_scaling_factor":1.0,"topk_group":1})";

TEST(Importance, IsTheSumOfSquaresOfWhatMultipliesEachColumn) {
  const auto model = create_model(kModel, "test", 1, Weights::trainable).value();
  ImportanceCollector collector(*model);
  const std::vector<i32> tokens{5, 7, 11, 13, 17, 19, 23};
  Batch batch;
  batch.add_sequence(tokens);
  Arena arena;
  ThreadPool pool(2);
  Pass p{batch, arena, pool, cpu::active()};
  p.products = &collector;
  model->forward(p);

  const auto& all = collector.tensors();
  const auto rows = std::ssize(tokens);
  for (const char* name : {"blk.0.attn_q_a.weight", "blk.0.attn_q_b.weight", "blk.0.attn_kv_a_mqa.weight",
                           "blk.0.attn_output.weight", "blk.0.ffn_down.weight", "blk.1.ffn_up_shexp.weight"}) {
    ASSERT_TRUE(all.contains(name)) << name;
    EXPECT_EQ(all.at(name).rows, std::vector<i64>{rows}) << name;
    EXPECT_EQ(std::ssize(all.at(name).squares), all.at(name).cols) << name;
  }
  for (const char* name : {"blk.1.ffn_gate_exps.weight", "blk.1.ffn_up_exps.weight", "blk.1.ffn_down_exps.weight"}) {
    ASSERT_TRUE(all.contains(name)) << name;
    const ImatrixSums& sums = all.at(name);
    ASSERT_EQ(sums.rows.size(), 8u) << "experts that no token chose are there too";
    i64 routed = 0;
    for (const i64 n : sums.rows) routed += n;
    EXPECT_EQ(routed, 3 * rows) << name;
    for (size_t e = 0; e < sums.rows.size(); ++e) EXPECT_EQ(sums.squares[e * sums.cols] > 0, sums.rows[e] > 0);
  }
  EXPECT_FALSE(all.contains("output.weight"));

  // The first product multiplies the normalised embedding; the weights of the norm are one.
  const Weight& embedding = model->weights().front();
  ASSERT_EQ(embedding.name(), "model.embed_tokens.weight");
  std::vector<double> want(40);
  for (const i32 token : tokens) {
    const float* row = embedding.f32() + token * 40;
    double mean = 0;
    for (i64 c = 0; c < 40; ++c) mean += static_cast<double>(row[c]) * static_cast<double>(row[c]) / 40;
    for (i64 c = 0; c < 40; ++c) want[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]) / (mean + 1e-6);
  }
  // Normalised rows are rounded to f32: a relative error of some 1e-7 each.
  for (i64 c = 0; c < 40; ++c)
    EXPECT_NEAR(all.at("blk.0.attn_q_a.weight").squares[c], want[c], 1e-5 * (1 + want[c])) << c;
}

TEST(Importance, WhatIsWrittenIsReadBackAsMeans) {
  const TestFolder folder;
  MeasuredImatrix measured;
  measured.tensors["blk.0.ffn_down.weight"] = {2, {8, 2}, {4}};
  measured.tensors["blk.1.ffn_up_exps.weight"] = {2, {3, 6, 0, 0}, {3, 0}};
  measured.dataset = "text.txt", measured.chunks = 5, measured.chunk_tokens = 512;
  ASSERT_TRUE(write_imatrix(folder.path() / "m.gguf", measured));
  const Imatrix read = Imatrix::read(folder.path() / "m.gguf").value();
  EXPECT_EQ(read.size(), 2);
  EXPECT_EQ(read.chunks, 5);
  EXPECT_EQ(read.datasets, std::vector<std::string>{"text.txt"});
  const auto dense = read.of("blk.0.ffn_down.weight", 1, 2).value();
  EXPECT_EQ(std::vector<float>(dense.begin(), dense.end()), (std::vector<float>{2, 0.5f}));
  const auto stack = read.of("blk.1.ffn_up_exps.weight", 2, 2).value();
  EXPECT_EQ(std::vector<float>(stack.begin(), stack.end()), (std::vector<float>{1, 2, 1, 1})) << "unreached: all equal";
}

}  // namespace
}  // namespace r1
