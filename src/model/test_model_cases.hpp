// Models whose description is broken or does not fit their tensors: config.json, and the metadata of a GGUF.
#pragma once
#include "formats/json.hpp"
#include "formats/test_gguf.hpp"
#include "formats/test_hostile.hpp"
#include "model/model.hpp"

namespace r1::hostile {

inline const Kind kConfig{"config.json", [](const fs::path& f) { return status_of(open_model(f)); }};
inline const Kind kModel{"m.gguf", [](const fs::path& f) { return status_of(open_model(f / "m.gguf")); }};

// ---- config.json, next to the tensors of a tiny Llama that transformers wrote

inline fs::path golden(const char* model) { return fs::path(R1_SOURCE_DIR) / "tests/golden" / model; }

inline std::vector<Case> config_cases() {
  const Json llama = read_json(golden("llama") / "config.json").value();
  const auto beside = [](const fs::path& f) {
    fs::copy_file(golden("llama") / "model.safetensors", f / "model.safetensors");
  };
  std::vector<Case> cases;
  const auto add = [&](const char* name, std::string text, std::vector<std::string> says) {
    if (!says.empty()) says.push_back("config.json");
    cases.push_back({std::string("config_") + name, std::move(text), std::move(says), beside});
  };
  const auto set = [&](const char* name, const char* key, Json value, std::vector<std::string> says) {
    says.push_back(key);
    add(name, dump(Json(llama).set(key, std::move(value))), std::move(says));
  };
  const auto scaling = [&](const char* name, const char* key, Json value, std::vector<std::string> says) {
    const Json good = Json::object({{"rope_type", "llama3"},
                                    {"factor", 8.0},
                                    {"low_freq_factor", 1.0},
                                    {"high_freq_factor", 4.0},
                                    {"original_max_position_embeddings", 32}});
    says.push_back(key);
    add(name, dump(without(Json(llama).set("rope_scaling", Json(good).set(key, std::move(value))), "rope_parameters")),
        std::move(says));
  };
  const std::string good = dump(llama);
  add("well_formed", good, {});
  add("empty_file", "", {"not JSON"});
  add("cut_off", good.substr(0, good.size() / 2), {"not JSON at byte"});
  add("an_array", "[1]", {"expected an object, found an array of 1"});
  add("key_twice", "{\"vocab_size\": 3, " + good.substr(1), {"duplicate key \"vocab_size\""});
  add("nested", "{\"x\": " + std::string(65, '[') + std::string(65, ']') + "," + good.substr(1),
      {"nested deeper than 64"});
  add("too_large", good + std::string(16 << 20, ' '), {"the limit is 16777216"});
  add("not_a_number", "{\"rms_norm_eps\": NaN, " + good.substr(1), {"not JSON at byte"});
  add("without_a_model_type", dump(without(llama, "model_type")), {"model_type", "missing"});
  set("model_type_unknown", "model_type", "mamba", {"mamba", "known: deepseek_v2"});
  set("model_type_a_number", "model_type", 3, {"expected a string, found 3"});
  set("vocabulary_0", "vocab_size", 0, {"found 0"});
  set("vocabulary_negative", "vocab_size", -5, {"found -5"});
  set("vocabulary_a_fraction", "vocab_size", 64.5, {"found 64.5"});
  set("vocabulary_a_string", "vocab_size", "64", {"found \"64\""});
  set("vocabulary_of_40_bits", "vocab_size", i64{1} << 40, {"1099511627776"});
  set("hidden_0", "hidden_size", 0, {"found 0"});
  set("layers_a_billion", "num_hidden_layers", 1'000'000'000, {"1000000000"});
  set("layers_0", "num_hidden_layers", 0, {"found 0"});
  set("heads_0", "num_attention_heads", 0, {"found 0"});
  set("key_heads_0", "num_key_value_heads", 0, {"found 0"});
  set("key_heads_more_than_heads", "num_key_value_heads", 1000, {"1000"});
  set("head_odd", "head_dim", 7, {"7"});
  set("eps_0", "rms_norm_eps", 0.0, {"0"});
  set("eps_negative", "rms_norm_eps", -1e-6, {"-1e-06"});
  set("eps_1", "rms_norm_eps", 1.0, {"1"});
  set("eps_no_f32", "rms_norm_eps", 1e-60, {"1e-60"});
  add("theta_no_f32", dump(without(Json(llama).set("rope_theta", 1e300), "rope_parameters")), {"rope_theta", "1e+300"});
  set("quantisation_unknown", "quantization_config", Json::object({{"quant_method", "awq"}}),
      {"quant_method", "awq", "fp8"});
  set("quantised_in_other_blocks", "quantization_config",
      Json::object({{"quant_method", "fp8"}, {"weight_block_size", Json::array({64, 64})}}),
      {"weight_block_size", "[64,64]"});
  set("activation_unknown", "hidden_act", "gelu", {"gelu", "silu"});
  set("eos_outside_the_vocabulary", "eos_token_id", 1'000'000, {"1000000"});
  set("bos_negative", "bos_token_id", -7, {"-7"});
  set("eos_a_string", "eos_token_id", "</s>", {"</s>"});
  set("tied_a_number", "tie_word_embeddings", 1, {"true or false", "1"});
  scaling("rope_type_unknown", "rope_type", "spiral", {"spiral"});
  scaling("rope_factor_0", "factor", 0.0, {"0"});
  scaling("rope_factor_no_f32", "factor", 1e39, {"1e+39"});
  scaling("rope_factor_a_string", "factor", "8", {"\"8\""});
  scaling("rope_factors_crossed", "high_freq_factor", 0.5, {"0.5", "1"});
  scaling("rope_context_negative", "original_max_position_embeddings", -32, {"-32"});
  // Sizes that are within the limits but contradict the tensors. They must be refused before anything is allocated.
  const auto denied = [&](const char* name, const char* key, i64 value) {
    cases.push_back({std::string("config_") + name,
                     dump(Json(llama).set(key, value)),
                     {"config.json", std::to_string(value)},
                     beside});
  };
  denied("vocabulary_beyond_the_tensors", "vocab_size", 1 << 24);
  denied("hidden_beyond_the_tensors", "hidden_size", 1 << 20);
  denied("intermediate_beyond_the_tensors", "intermediate_size", 1 << 20);
  cases.push_back({"config_layers_beyond_the_tensors",
                   dump(Json(llama).set("num_hidden_layers", 512)),
                   {"model.layers.", "missing", "config.json"},
                   beside});
  cases.push_back({"config_layers_fewer_than_the_tensors",
                   dump(Json(llama).set("num_hidden_layers", 1)),
                   {"model.layers.1", "no place"},
                   beside});
  cases.push_back({"config_without_tensors", good, {"looked for model.safetensors"}});
  cases.push_back({"config_beside_a_pickle", good, {"looked for model.safetensors"}, [](const fs::path& f) {
                     put(f / "pytorch_model.bin", "PK");
                   }});
  return cases;
}

// ---- the metadata of a GGUF that holds a very small Llama

inline TestGguf tiny_llama() {
  TestGguf g;
  g.text("general.architecture", "llama").number("llama.block_count", 1).number("llama.context_length", 64);
  g.number("llama.embedding_length", 32)
      .number("llama.feed_forward_length", 32)
      .number("llama.attention.head_count", 2);
  g.number("llama.attention.head_count_kv", 1).real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  g.real("llama.rope.freq_base", 10000);
  const auto matrix = [&](const char* name, i64 rows, i64 cols) {
    g.tensor_with(name, {rows, cols}, kGgmlF32, std::string(4 * rows * cols, '\0'));
  };
  const auto norm = [&](const char* name) { g.tensor_with(name, {32}, kGgmlF32, std::string(128, '\0')); };
  matrix("token_embd.weight", 4, 32), norm("output_norm.weight"), norm("blk.0.attn_norm.weight"),
      norm("blk.0.ffn_norm.weight");
  matrix("blk.0.attn_q.weight", 32, 32), matrix("blk.0.attn_k.weight", 16, 32), matrix("blk.0.attn_v.weight", 16, 32);
  matrix("blk.0.attn_output.weight", 32, 32), matrix("blk.0.ffn_gate.weight", 32, 32),
      matrix("blk.0.ffn_up.weight", 32, 32);
  matrix("blk.0.ffn_down.weight", 32, 32);
  return g;
}

inline std::vector<Case> gguf_model_cases() {
  std::vector<Case> cases;
  const auto add = [&](const char* name, const TestGguf& g, std::vector<std::string> says) {
    cases.push_back({std::string("gguf_model_") + name, g.bytes(), std::move(says)});
  };
  const auto set = [&](const char* name, const char* key, const TestGguf& by, std::vector<std::string> says) {
    says.push_back(key);
    add(name, with_pair(tiny_llama(), key, by), std::move(says));
  };
  const auto number = [&](const char* name, const char* key, u32 n, std::vector<std::string> says) {
    says.push_back(std::to_string(n));
    set(name, key, TestGguf().number(key, n), std::move(says));
  };
  const auto real = [&](const char* name, const char* key, float x, std::vector<std::string> says) {
    set(name, key, TestGguf().real(key, x), std::move(says));
  };
  add("well_formed", tiny_llama(), {});
  set("without_an_architecture", "general.architecture", {}, {"missing"});
  set("architecture_unknown", "general.architecture", TestGguf().text("general.architecture", "mamba"),
      {"mamba", "known: deepseek2"});
  set("architecture_a_number", "general.architecture", TestGguf().number("general.architecture", 1),
      {"expected a string", "u32"});
  add("an_adapter", tiny_llama().text("general.type", "adapter"), {"general.type", "adapter"});
  set("without_blocks", "llama.block_count", {}, {"missing"});
  number("blocks_0", "llama.block_count", 0, {});
  number("blocks_beyond_the_limit", "llama.block_count", 513, {"512"});
  add("blocks_beyond_the_tensors",
      with_pair(tiny_llama(), "llama.block_count", TestGguf().number("llama.block_count", 2)),
      {"model.layers.1", "missing"});
  number("hidden_0", "llama.embedding_length", 0, {});
  number("hidden_largest", "llama.embedding_length", ~u32{0}, {});
  add("hidden_against_the_tensors",
      with_pair(tiny_llama(), "llama.embedding_length", TestGguf().number("llama.embedding_length", 64)),
      {"attn_k.weight", "[16,32]", "heads of 32"});
  number("heads_0", "llama.attention.head_count", 0, {});
  add("heads_that_do_not_divide",
      with_pair(tiny_llama(), "llama.attention.head_count", TestGguf().number("llama.attention.head_count", 3)),
      {"llama.embedding_length is 32", "3 heads do not divide"});
  number("key_heads_0", "llama.attention.head_count_kv", 0, {});
  set("heads_an_array_of_another_length", "llama.attention.head_count",
      TestGguf().numbers("llama.attention.head_count", {2, 2}), {"2 values for 1 blocks"});
  set("heads_an_empty_array", "llama.attention.head_count", TestGguf().numbers("llama.attention.head_count", {}),
      {"empty"});
  set("heads_a_text", "llama.attention.head_count", TestGguf().text("llama.attention.head_count", "2"),
      {"expected integers", "string"});
  real("eps_not_a_number", "llama.attention.layer_norm_rms_epsilon", std::numeric_limits<float>::quiet_NaN(),
       {"nan", "finite"});
  real("eps_0", "llama.attention.layer_norm_rms_epsilon", 0, {});
  real("eps_1", "llama.attention.layer_norm_rms_epsilon", 1, {});
  real("theta_0", "llama.rope.freq_base", 0, {"above 1"});
  real("theta_negative", "llama.rope.freq_base", -10000, {"-10000"});
  set("theta_no_f32", "llama.rope.freq_base", TestGguf().pair("llama.rope.freq_base", kF64, le(1e300)),
      {"1e+300", "finite f32"});
  add("scaled_by_a_negative",
      tiny_llama().text("llama.rope.scaling.type", "linear").real("llama.rope.scaling.factor", -2), {"factor", "-2"});
  add("vocabulary_0", tiny_llama().number("llama.vocab_size", 0), {"llama.vocab_size", "0", "4 rows"});
  set("key_heads_a_text", "llama.attention.head_count_kv", TestGguf().text("llama.attention.head_count_kv", "1"),
      {"expected integers"});
  set("key_heads_an_empty_array", "llama.attention.head_count_kv",
      TestGguf().numbers("llama.attention.head_count_kv", {}), {"empty"});
  real("theta_infinite", "llama.rope.freq_base", std::numeric_limits<float>::infinity(), {"inf", "finite"});
  add("scaling_unknown", tiny_llama().text("llama.rope.scaling.type", "spiral").real("llama.rope.scaling.factor", 2),
      {"llama.rope.scaling.type", "spiral"});
  add("rotates_half_a_head", tiny_llama().number("llama.rope.dimension_count", 8),
      {"llama.rope.dimension_count", "8", "16"});
  add("experts_where_none_are_known", tiny_llama().number("llama.expert_count", 8), {"llama.expert_count", "8"});
  add("vocabulary_beyond_the_embedding", tiny_llama().number("llama.vocab_size", 5),
      {"llama.vocab_size", "5", "4 rows"});
  add("tokens_beyond_the_embedding", tiny_llama().texts("tokenizer.ggml.tokens", {"a", "b", "c", "d", "e"}),
      {"tokenizer.ggml.tokens", "5 tokens", "4 rows"});
  TestGguf no_embedding = tiny_llama(), no_norm = tiny_llama();
  no_embedding.info_bytes.front().replace(8, 5, "other");
  no_norm.info_bytes[1].replace(8, 6, "absent");
  add("without_an_embedding", no_embedding, {"token_embd.weight", "missing"});
  add("without_a_norm", no_norm, {"norm.weight", "missing"});
  return cases;
}

}  // namespace r1::hostile
