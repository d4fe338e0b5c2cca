// config.json of Qwen2, Qwen3 and Llama: what published files say, and which fields are refused by name.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/file.hpp"
#include "model/dense.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGoldenModels[] = {"qwen2",      "qwen2_tied", "qwen3",     "qwen3_yarn",
                                         "qwen3_tied", "llama",      "llama_bias"};

// From the config.json files of DeepSeek-R1-Distill-Qwen-1.5B, DeepSeek-R1-0528-Qwen3-8B and
// DeepSeek-R1-Distill-Llama-8B.
constexpr const char* kQwen = R"({"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":151643,
  "eos_token_id":151643,"hidden_act":"silu","hidden_size":1536,"initializer_range":0.02,"intermediate_size":8960,
  "max_position_embeddings":131072,"max_window_layers":21,"model_type":"qwen2","num_attention_heads":12,
  "num_hidden_layers":28,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_theta":10000,"sliding_window":4096,
  "tie_word_embeddings":false,"torch_dtype":"bfloat16","use_cache":true,"use_mrope":false,"use_sliding_window":false,
  "vocab_size":151936})";
constexpr const char* kQwen3 = R"({"architectures":["Qwen3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
  "bos_token_id":151643,"eos_token_id":151645,"head_dim":128,"hidden_act":"silu","hidden_size":4096,
  "initializer_range":0.02,"intermediate_size":12288,"max_position_embeddings":131072,"max_window_layers":36,
  "model_type":"qwen3","num_attention_heads":32,"num_hidden_layers":36,"num_key_value_heads":8,"rms_norm_eps":1e-06,
  "rope_scaling":{"attn_factor":0.8782488562869419,"factor":4.0,"original_max_position_embeddings":32768,
  "rope_type":"yarn"},"rope_theta":1000000,"sliding_window":null,"tie_word_embeddings":false,
  "torch_dtype":"bfloat16","use_cache":true,"use_sliding_window":false,"vocab_size":151936})";
constexpr const char* kLlama = R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
  "bos_token_id":128000,"eos_token_id":[128001,128008,128009],"hidden_act":"silu","hidden_size":4096,
  "initializer_range":0.02,"intermediate_size":14336,"max_position_embeddings":131072,"mlp_bias":false,
  "model_type":"llama","num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"pretraining_tp":1,
  "rms_norm_eps":1e-05,"rope_scaling":{"factor":8.0,"high_freq_factor":4.0,"low_freq_factor":1.0,
  "original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":500000.0,"tie_word_embeddings":false,
  "torch_dtype":"bfloat16","use_cache":true,"vocab_size":128256})";

Json json_of(const char* text) { return parse_json(text, "test").value(); }

Result<DenseConfig> parse(const Json& json) {
  const std::string type = *json.find("model_type")->string();
  return type == "qwen2"   ? parse_qwen2_config(json, "config.json")
         : type == "qwen3" ? parse_qwen3_config(json, "config.json")
                           : parse_llama_config(json, "config.json");
}

TEST(DenseConfig, TheConfigurationsOfTheDistillsAreRead) {
  const DenseConfig q = parse(json_of(kQwen)).value(), l = parse(json_of(kLlama)).value();
  EXPECT_EQ((std::vector<i64>{q.vocab, q.hidden, q.layers, q.context, q.intermediate, q.heads, q.kv_heads, q.head}),
            (std::vector<i64>{151936, 1536, 28, 131072, 8960, 12, 2, 128}));
  EXPECT_EQ((std::vector<i64>{l.vocab, l.hidden, l.layers, l.context, l.intermediate, l.heads, l.kv_heads, l.head}),
            (std::vector<i64>{128256, 4096, 32, 131072, 14336, 32, 8, 128}));
  EXPECT_TRUE(q.qkv_bias && !q.o_bias && !q.tied && !l.qkv_bias && !l.o_bias && !l.tied);
  EXPECT_EQ(q.eps, 1e-6f);
  EXPECT_EQ(l.eps, 1e-5f);
  EXPECT_EQ(q.rope.factor, 1);
  EXPECT_EQ(q.rope.theta, 10000);
  EXPECT_EQ(l.rope.scaling, RopeScaling::llama3);
  EXPECT_EQ((std::vector<double>{l.rope.theta, l.rope.factor, l.rope.low_turns, l.rope.high_turns}),
            (std::vector<double>{500000, 8, 1, 4}));
  EXPECT_EQ(l.rope.original_context, 8192);
  EXPECT_EQ(q.ids.bos, 151643);
  EXPECT_EQ(l.ids.eos, (std::vector<i32>{128001, 128008, 128009}));
}

TEST(DenseConfig, TheConfigurationOfR1_0528Qwen3IsReadAsTransformersReadsIt) {
  const DenseConfig c = parse(json_of(kQwen3)).value();
  EXPECT_EQ((std::vector<i64>{c.vocab, c.hidden, c.layers, c.context, c.intermediate, c.heads, c.kv_heads, c.head}),
            (std::vector<i64>{151936, 4096, 36, 131072, 12288, 32, 8, 128}));
  EXPECT_TRUE(c.qk_norm && !c.qkv_bias && !c.o_bias && !c.tied);
  EXPECT_EQ(c.rope.scaling, RopeScaling::yarn);
  EXPECT_EQ((std::vector<double>{c.rope.theta, c.rope.factor, c.rope.beta_fast, c.rope.beta_slow}),
            (std::vector<double>{1e6, 4, 32, 1}));
  EXPECT_EQ(c.rope.original_context, 32768);
  EXPECT_EQ(c.rope.attention_factor, 0) << "attn_factor is not attention_factor";
  const Json known = Json(json_of(kQwen3)).set("rope_scaling", json_of(R"({"rope_type":"yarn","factor":4,
      "attention_factor":0.7})"));
  EXPECT_EQ(parse(known)->rope.attention_factor, 0.7);
}

// head_dim has a default of its own, so it is written even where it is hidden_size / num_attention_heads.
TEST(DenseConfig, AQwen3WithoutAHeadSizeHasHeadsOf128) {
  const Json published = json_of(kQwen3);
  Json small = Json::object({});
  for (const auto& [key, value] : *published.object())
    if (key != "head_dim") small.set(key, value);
  small.set("hidden_size", 1000).set("num_attention_heads", 12).set("num_key_value_heads", 4);
  EXPECT_EQ(parse(small)->head, 128);
  small.set("hidden_size", 1200).set("head_dim", 100);
  const Json written = json_of(to_json(parse(small).value(), DType::bf16).c_str());
  ASSERT_NE(written.find("head_dim"), nullptr);
  EXPECT_EQ(*written.find("head_dim")->integer(), 100);
}

TEST(DenseConfig, WhatIsWrittenReadsBackTheSame) {
  for (const char* name : kGoldenModels)
    for (const char* file : {"config.json", "config_transformers5.json"}) {
      const Json json = read_json(fs::path(R1_SOURCE_DIR) / "tests/golden" / name / file).value();
      const std::string once = to_json(parse(json).value(), DType::bf16);
      EXPECT_EQ(to_json(parse(json_of(once.c_str())).value(), DType::bf16), once) << name;
      EXPECT_EQ(*json_of(once.c_str()).find("model_type"), *json.find("model_type"));
    }
}

TEST(DenseConfig, TheTypeOfTheWeightsIsWrittenAsTransformersNamesIt) {
  const DenseConfig c = parse(json_of(kLlama)).value();
  for (const auto& [dtype, name] :
       {std::pair(DType::f32, "float32"), std::pair(DType::bf16, "bfloat16"), std::pair(DType::f16, "float16")})
    EXPECT_EQ(*json_of(to_json(c, dtype).c_str()).find("torch_dtype")->string(), name);
}

TEST(DenseConfig, ALlamaWithoutAttentionBiasHasNone) {
  const Json llama = json_of(kLlama);
  Json without = Json::object({});
  for (const auto& [key, value] : *llama.object())
    if (key != "attention_bias") without.set(key, value);
  EXPECT_FALSE(parse(without).value().qkv_bias);
}

TEST(DenseConfig, BothSpellingsAreOneConfiguration) {
  for (const char* name : kGoldenModels) {
    const fs::path folder = fs::path(R1_SOURCE_DIR) / "tests/golden" / name;
    const auto written = [&](const char* file) {
      return to_json(parse(read_json(folder / file).value()).value(), DType::f32);
    };
    EXPECT_EQ(written("config.json"), written("config_transformers5.json")) << name;
  }
}

TEST(DenseConfig, UnsupportedAndImpossibleFieldsAreRefusedByNameAndValue) {
  const Json q = json_of(kQwen), q3 = json_of(kQwen3), l = json_of(kLlama);
  const auto scaling = [](const char* text) { return Json(json_of(kLlama)).set("rope_scaling", json_of(text)); };
  const struct {
    Json config;
    std::vector<std::string> says;
  } cases[] = {
      {Json(q).set("use_sliding_window", true), {"use_sliding_window", "sliding window"}},
      {Json(q).set("layer_types", Json::array({"full_attention", "sliding_attention"})),
       {"layer_types", "sliding_attention"}},
      {Json(q3).set("use_sliding_window", true), {"use_sliding_window", "sliding window"}},
      {Json(q3).set("layer_types", Json::array({"sliding_attention"})), {"layer_types", "sliding_attention"}},
      {Json(q3).set("attention_bias", true), {"attention_bias", "true"}},
      {Json(q3).set("head_dim", 127), {"head_dim", "127"}},
      {Json(l).set("mlp_bias", true), {"mlp_bias"}},
      {Json(q).set("hidden_act", "gelu"), {"hidden_act", "gelu"}},
      {Json(q).set("num_key_value_heads", 5), {"num_key_value_heads", "5", "12"}},
      {Json(q).set("num_key_value_heads", 13), {"num_key_value_heads", "13", "12"}},
      {Json(q).set("num_attention_heads", 14).set("num_key_value_heads", 2), {"num_attention_heads", "14", "1536"}},
      {Json(q).set("head_dim", 127), {"head_dim", "127"}},
      {Json(q).set("head_dim", 8192), {"head_dim", "8192", "4096"}},
      {Json(q).set("num_hidden_layers", 513), {"num_hidden_layers", "513", "512"}},
      {Json(q).set("hidden_size", 0), {"hidden_size", "0"}},
      {Json(q).set("vocab_size", -1), {"vocab_size", "-1"}},
      {Json(q).set("intermediate_size", i64{1} << 40), {"intermediate_size", "1099511627776"}},
      {Json(q).set("rms_norm_eps", 0.0), {"rms_norm_eps", "0"}},
      {Json(q).set("rms_norm_eps", 1.5), {"rms_norm_eps", "1.5"}},
      {Json(q).set("rope_theta", 0.5), {"rope_theta", "0.5"}},
      {Json(q).set("partial_rotary_factor", 0.5), {"partial_rotary_factor", "0.5"}},
      {Json(q).set("eos_token_id", 151936), {"eos_token_id", "151936"}},
      {Json(q).set("bos_token_id", Json::array({1, 2})), {"bos_token_id", "2"}},
      {scaling(R"({"type":"dynamic","factor":2})"), {"rope_scaling", "dynamic"}},
      {scaling(R"({"type":"longrope","factor":2})"), {"rope_scaling", "longrope"}},
      {scaling(R"({"type":"linear","factor":0.5})"), {"rope_scaling.factor", "0.5"}},
      {scaling(R"({"type":"linear"})"), {"rope_scaling.factor"}},
      {scaling(R"({"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4})"),
       {"high_freq_factor", "4"}},
      {scaling(R"({"rope_type":"llama3","factor":8,"high_freq_factor":4})"), {"low_freq_factor"}},
      {scaling(R"({"rope_type":"yarn","factor":4,"beta_fast":0})"), {"beta_fast", "0"}},
      {scaling(R"({"rope_type":"yarn","factor":4,"attention_factor":-1})"), {"attention_factor", "-1"}},
      {scaling(R"({"rope_type":"yarn","factor":4,"truncate":false})"), {"truncate"}},
      {scaling(R"({"rope_type":"yarn","factor":1,"attention_factor":0.7})"), {"attention_factor", "0.7", "factor 1"}},
      {scaling(R"({"rope_type":"yarn","factor":1e39})"), {"rope_scaling.factor", "1e+39"}},
      {Json(q).set("rope_theta", 1e300), {"rope_theta", "1e+300"}},
      {Json(q).set("rms_norm_eps", 1e-60), {"rms_norm_eps", "1e-60"}},
  };
  for (const auto& [config, says] : cases) {
    const auto r = parse(config);
    ASSERT_FALSE(r) << says[0];
    EXPECT_NE(r.error().what.find("config.json"), std::string::npos) << r.error().what;
    for (const std::string& part : says)
      EXPECT_NE(r.error().what.find(part), std::string::npos) << r.error().what << " / " << part;
  }
}

TEST(DenseConfig, SizesAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  const struct {
    const char* key;
    i64 low, high;
  } limits[] = {{"vocab_size", 1, 1 << 24},
                {"hidden_size", 1, 1 << 20},
                {"num_hidden_layers", 1, 512},
                {"intermediate_size", 1, 1 << 20},
                {"max_position_embeddings", 1, 2147483647},
                {"num_key_value_heads", 1, 8},
                {"head_dim", 2, 4096}};
  const Json tiny = json_of(R"({"model_type":"llama","vocab_size":10,"hidden_size":8,"intermediate_size":6,
    "num_hidden_layers":2,"num_attention_heads":8,"head_dim":2})");
  for (const auto& [key, low, high] : limits) {
    for (const i64 n : {low, high}) EXPECT_TRUE(parse(Json(tiny).set(key, n))) << key << " " << n;
    for (const i64 n : {low - 1, high + 1}) EXPECT_FALSE(parse(Json(tiny).set(key, n))) << key << " " << n;
  }
  EXPECT_TRUE(parse(Json(tiny).set("num_attention_heads", 1 << 14)));
  EXPECT_FALSE(parse(Json(tiny).set("num_attention_heads", (1 << 14) + 1)));
  const Json divided = json_of(R"({"model_type":"qwen2","vocab_size":10,"hidden_size":4096,"intermediate_size":6,
    "num_hidden_layers":2,"num_attention_heads":1})");
  EXPECT_EQ(parse(divided)->head, 4096);
  EXPECT_EQ(parse(divided)->kv_heads, 1) << "as many as heads";
  const auto wide = parse(Json(divided).set("hidden_size", 4098));
  ASSERT_FALSE(wide);
  EXPECT_NE(wide.error().what.find("hidden_size: heads of 4098, at most 4096"), std::string::npos) << wide.error().what;
}

TEST(DenseConfig, TheMscalesOfADenseModelCountOnlyTogetherAndWithoutAnAttentionFactor) {
  const auto scales = [](const char* more) {
    const std::string text = fmt::format(R"({{"rope_type":"yarn","factor":4{}}})", more);
    const auto c = parse(Json(json_of(kQwen3)).set("rope_scaling", json_of(text.c_str())));
    return c ? std::vector<double>{c->rope.mscale, c->rope.mscale_all_dim, c->rope.attention_factor}
             : std::vector<double>{};
  };
  EXPECT_EQ(scales(""), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(scales(R"(,"mscale":0.5)"), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(scales(R"(,"mscale_all_dim":0.5)"), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(scales(R"(,"mscale":0.5,"mscale_all_dim":0.25)"), (std::vector<double>{0.5, 0.25, 0}));
  EXPECT_EQ(scales(R"(,"mscale":0.5,"mscale_all_dim":0.25,"attention_factor":2)"), (std::vector<double>{1, 0, 2}));
  EXPECT_EQ(scales(R"(,"mscale":0.5,"mscale_all_dim":0)"), std::vector<double>{});
  EXPECT_EQ(scales(R"(,"mscale":0,"mscale_all_dim":0.5)"), std::vector<double>{});
}

TEST(DenseConfig, AMissingKeyMeansWhatItMeansInTransformers) {
  const auto least = [](const char* type) {
    return parse(json_of(fmt::format(R"({{"model_type":"{}","vocab_size":10,"hidden_size":8,"intermediate_size":6,
      "num_hidden_layers":2,"num_attention_heads":2}})",
                                     type)
                             .c_str()))
        .value();
  };
  for (const char* type : {"llama", "qwen2", "qwen3"}) {
    const DenseConfig c = least(type);
    EXPECT_EQ(c.initializer_range, 0.02) << type;
    EXPECT_EQ(c.eps, 1e-6f) << type;
    EXPECT_FALSE(c.tied) << type;
    EXPECT_EQ(c.rope.theta, 10000) << type;
    EXPECT_EQ(c.rope.factor, 1) << type;
    const Json written = json_of(to_json(c, DType::f32).c_str());
    EXPECT_EQ(*written.find("initializer_range")->number(), 0.02) << type;
    EXPECT_EQ(*written.find("attention_dropout")->number(), 0) << type;
    EXPECT_TRUE(*written.find("use_cache")->boolean()) << type;
    EXPECT_TRUE(written.find("rope_scaling")->is_null()) << type;
  }
  EXPECT_EQ((std::vector<i64>{least("llama").context, least("qwen2").context, least("qwen3").context}),
            (std::vector<i64>{2048, 32768, 32768}));
  for (const char* key : {"attention_bias", "mlp_bias"})
    EXPECT_FALSE(*json_of(to_json(least("llama"), DType::f32).c_str()).find(key)->boolean()) << key;
  EXPECT_FALSE(*json_of(to_json(least("qwen2"), DType::f32).c_str()).find("use_sliding_window")->boolean());
  for (const char* key : {"attention_bias", "use_sliding_window"})
    EXPECT_FALSE(*json_of(to_json(least("qwen3"), DType::f32).c_str()).find(key)->boolean()) << key;
}

TEST(DenseConfig, LimitsOfAScalingAreTheLastAllowedValues) {
  const auto accepted = [](const char* key, double value) {
    return parse(Json(json_of(kQwen)).set(key, value)).has_value();
  };
  EXPECT_TRUE(accepted("rms_norm_eps", 0.999));
  EXPECT_TRUE(accepted("rms_norm_eps", 1e-30));
  EXPECT_FALSE(accepted("rms_norm_eps", 1.0));
  EXPECT_TRUE(accepted("rope_theta", 1.001));
  EXPECT_FALSE(accepted("rope_theta", 1.0));
  const auto scaled = [](const char* text) {
    return parse(Json(json_of(kLlama)).set("rope_scaling", json_of(text))).has_value();
  };
  EXPECT_TRUE(scaled(R"({"type":"linear","factor":1})"));
  EXPECT_FALSE(scaled(R"({"type":"linear","factor":0.999})"));
  EXPECT_TRUE(scaled(R"({"type":"default"})"));
  EXPECT_TRUE(scaled(R"({"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4.001})"));
  EXPECT_FALSE(scaled(R"({"rope_type":"llama3","factor":8,"low_freq_factor":0,"high_freq_factor":4})"));
  EXPECT_FALSE(scaled(R"({"rope_type":"yarn","factor":4,"beta_slow":0})"));
  EXPECT_FALSE(scaled(R"({"type":"linear","factor":2,"partial_rotary_factor":0.5})"));
  const DenseConfig c = parse(Json(json_of(kLlama)).set("rope_scaling", json_of(R"({"type":"default",
      "rope_theta":77})")))
                            .value();
  EXPECT_EQ(c.rope.theta, 77) << "the theta inside wins";
}

TEST(DenseConfig, TheOriginalContextIsTakenFromOutsideThenInsideThenTheContext) {
  const Json llama = Json(json_of(kLlama)).set("max_position_embeddings", 512);
  const Json without = json_of(R"({"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4})");
  const Json with = Json(without).set("original_max_position_embeddings", 64);
  EXPECT_EQ(parse(Json(llama).set("rope_scaling", without))->rope.original_context, 512);
  EXPECT_EQ(parse(Json(llama).set("rope_scaling", with))->rope.original_context, 64);
  for (const Json& scaling : {with, without})
    EXPECT_EQ(parse(Json(llama).set("rope_scaling", scaling).set("original_max_position_embeddings", 32))
                  ->rope.original_context,
              32);
}

TEST(DenseConfig, AnUnknownArchitectureIsRefusedAndTheKnownOnesAreListed) {
  const auto r = create_model(R"({"model_type":"mistral"})", "config.json", 1, Weights::frozen);
  ASSERT_FALSE(r);
  for (const char* part : {"mistral", "deepseek_v3", "llama", "qwen2", "qwen3"})
    EXPECT_NE(r.error().what.find(part), std::string::npos) << r.error().what;
}

TEST(DenseModel, TheLargestAllowedSizesAllocateNothingIfTheCheckpointHasOthers) {
  std::string name = (fs::temp_directory_path() / "r1-dense-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path folder = name, golden = fs::path(R1_SOURCE_DIR) / "tests/golden/qwen2";
  fs::copy_file(golden / "model.safetensors", folder / "model.safetensors");
  const Json config = read_json(golden / "config.json").value();
  for (const auto& [key, n] : std::vector<std::pair<const char*, i64>>{{"vocab_size", 1 << 24},
                                                                       {"hidden_size", 1 << 20},
                                                                       {"num_hidden_layers", 512},
                                                                       {"intermediate_size", 1 << 20}}) {
    ASSERT_TRUE(write_file(folder / "config.json", dump(Json(config).set(key, n).set("head_dim", 6))));
    for (const Weights kind : {Weights::frozen, Weights::trainable}) EXPECT_FALSE(open_model(folder, kind)) << key;
  }
  ASSERT_TRUE(write_file(folder / "config.json", dump(config)));
  EXPECT_TRUE(open_model(folder));
  fs::remove_all(folder);
}

TEST(DenseModel, ParametersTensorsAndHeadsAreCounted) {
  const char* tiny =
      R"({"model_type":"qwen2","vocab_size":10,"hidden_size":8,"intermediate_size":6,"num_hidden_layers":2,
    "num_attention_heads":2,"num_key_value_heads":1,"tie_word_embeddings":true})";
  const auto m = create_model(tiny, "tiny", 1, Weights::frozen).value();
  const i64 layer = 8 * (8 + 4 + 4 + 8) + 16 + 3 * 8 * 6 + 2 * 8;
  EXPECT_EQ(m->info().parameters, 80 + 2 * layer + 8);
  EXPECT_EQ(m->info().active_parameters, m->info().parameters);  // tied: the embedding is the head
  EXPECT_EQ(m->checkpoint().size(), 2u + 2 * 12u);
  EXPECT_EQ(m->info().heads, 2);
  EXPECT_EQ(m->kv_layout({}).heads, 1);
}

TEST(DenseModel, AQwen3HasANormOfQAndOneOfKInEveryLayer) {
  const char* tiny =
      R"({"model_type":"qwen3","vocab_size":10,"hidden_size":8,"intermediate_size":6,"num_hidden_layers":2,
    "num_attention_heads":3,"num_key_value_heads":1,"head_dim":6,"tie_word_embeddings":false})";
  const auto m = create_model(tiny, "tiny", 1, Weights::trainable).value();
  const i64 layer = 8 * 6 * (3 + 1 + 1 + 3) + 2 * 6 + 3 * 8 * 6 + 2 * 8;
  EXPECT_EQ(m->info().parameters, 2 * 80 + 2 * layer + 8);
  i64 norms = 0;
  for (const CheckpointTensor& t : m->checkpoint())
    if (t.name.ends_with("self_attn.q_norm.weight") || t.name.ends_with("self_attn.k_norm.weight")) {
      EXPECT_EQ(t.shape, std::vector<i64>{6}) << t.name;
      ++norms;
    }
  EXPECT_EQ(norms, 2 * 2);
}

}  // namespace
}  // namespace r1
