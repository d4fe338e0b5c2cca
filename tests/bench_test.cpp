// bench/small and bench/large without any timing: their messages, the table that they make of given measurements, and
// their random models.
#include "program.hpp"

#include <fmt/format.h>

#include <sstream>

namespace r1 {
namespace {

class BenchSmall : public Program {
 protected:
  Outcome small(const std::string& words) const { return script("small", words); }
  Outcome script(const std::string& name, const std::string& words) const {
    const std::string command = fmt::format("cd {} && python3 {}/bench/{} {} > {} 2> {}", folder_.string(),
                                            R1_SOURCE_DIR, name, words, file("out").string(), file("err").string());
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, *read_file(file("out")), *read_file(file("err"))};
  }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file(folder_ / name, std::string_view(text)));
  }
};

// A measurement of a row; a program without a figure is left out.
std::string measurement(int round, const std::string& figure, double probe, double ours, double before) {
  return fmt::format(
      R"({{"round": {}, "row": "training", "probes": [{{"f32_gflops": 100, "read_gb_per_s": 20}},
          {{"f32_gflops": {}, "read_gb_per_s": 20}}],
          "figures": {{"r1": {{"{}": {}}}, "before": {{"{}": {}}}}}}})",
      round, probe, figure, ours, figure, before);
}
std::string saved(const std::vector<std::string>& measurements) {
  return fmt::format(
      R"({{"format": 1, "processor": "2 x some processor", "threads": 2, "programs": ["r1", "before"],
          "measurements": [{}]}})",
      fmt::join(measurements, ","));
}

TEST_F(BenchSmall, TheHelpNamesEveryFlag) {
  const Outcome o = small("--help");
  EXPECT_EQ(o.code, 0);
  for (const char* flag : {"--program", "--before", "--llama-bench", "--ik-llama-bench", "--rounds", "--rows",
                           "--threads", "--models", "--json", "--markdown", "--from"})
    EXPECT_NE(o.out.find(flag), std::string::npos) << flag;
}

TEST_F(BenchSmall, WhatIsMissingIsNamedInOneLine) {
  const std::string build = fmt::format("--program {}/r1 ", R1_BINARY_DIR);
  expect_failure(small("--program nowhere/r1"), 1, {"--program nowhere/r1", "not a program"});
  expect_failure(small(build + "--before nowhere/r1"), 1, {"--before nowhere/r1", "not a program"});
  expect_failure(small(build + "--llama-bench ."), 1, {"--llama-bench .", "not a program"});
  expect_failure(small(build + "--rounds 0"), 1, {"--rounds 0", "at least 1"});
  expect_failure(small(build + "--rows nothing"), 1, {"--rows nothing", "no row", "training; "});
  expect_failure(small("--from nowhere.json"), 1, {"--from nowhere.json", "No such file"});
  write("text.json", "text");
  expect_failure(small("--from text.json"), 1, {"--from text.json"});
  write("other.json", "{}");
  expect_failure(small("--from other.json"), 1, {"--from other.json", "not a file that --json wrote"});
  write("fails", "#!/bin/sh\necho it is broken >&2\nexit 3\n");
  fs::permissions(folder_ / "fails", fs::perms::owner_all);
  expect_failure(small("--program ./fails --rows training"), 1, {"bench --help", "exit 3", "it is broken"});
}

TEST_F(BenchSmall, TheTableHoldsMediansOfRoundsThatCountAndRatiosOfPairs) {
  const char* const alone = "nano training, f32";
  const char* const beside = "nano training, f32, one core burned";
  // The ratios of the rounds are 2, 3 and 4; round 4 is void, because a probe is 79 % of the best one.
  write("saved.json", saved({measurement(1, alone, 100, 1000, 500), measurement(2, alone, 80, 6000, 2000),
                             measurement(3, alone, 100, 4000, 1000), measurement(4, alone, 79, 9, 9),
                             measurement(1, beside, 100, 1000, 250)}));
  const Outcome o = small("--from saved.json");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out,
            "| tokens/s | r1 | before | r1 / before | rounds | void |\n"
            "|---|---|---|---|---|---|\n"
            "| nano training, f32 | 4,000 | 1,000 | 3.00 | 3 | 1 |\n"
            "| nano training, f32, one core burned | 1,000 | 250 | 4.00 | 1 | 0 |\n"
            "\n"
            "- nano training, f32: speed that is left beside a burned core: r1 25 %, before 25 %\n"
            "- roofs on 2 threads: f32 79 to 100 GFLOP/s, reading 20.0 to 20.0 GB/s (2 x some processor)\n");
  ASSERT_EQ(small("--from saved.json --json again.json --markdown table.md").code, 0);
  EXPECT_EQ(*read_file(file("table.md")), o.out);
  EXPECT_EQ(small("--from again.json").out, o.out);
}

TEST_F(BenchSmall, OfSeveralPeersTheFastestOfEachRoundCounts) {
  // r1 is 2 times as fast as the better peer in round 1, and 0.5 times in round 2.
  write("saved.json", R"({"format": 1, "processor": "p", "threads": 2, "programs": ["r1", "llama.cpp", "ik_llama.cpp"],
      "measurements": [
        {"round": 1, "row": "a", "probes": [{"f32_gflops": 1, "read_gb_per_s": 1}],
         "figures": {"r1": {"a": 200}, "llama.cpp": {"a": 100}, "ik_llama.cpp": {"a": 50}}},
        {"round": 2, "row": "a", "probes": [{"f32_gflops": 1, "read_gb_per_s": 1}],
         "figures": {"r1": {"a": 200}, "llama.cpp": {"a": 100}, "ik_llama.cpp": {"a": 400}}}]})");
  const Outcome o = small("--from saved.json");
  EXPECT_NE(o.out.find("| tokens/s | r1 | llama.cpp | ik_llama.cpp | r1 / best peer | rounds | void |"), o.out.npos);
  EXPECT_NE(o.out.find("| a | 200 | 100 | 225 | 1.25 | 2 | 0 |"), o.out.npos) << o.out;
}

TEST_F(BenchSmall, ThePictureHoldsAPointForEachFigureAndTheProbes) {
  write("saved.json", R"({"format": 1, "processor": "p", "threads": 2, "programs": ["r1", "llama.cpp"],
      "bytes": {"1.5B q4_0": 1000000000, "1.5B q8_0": 1900000000},
      "measurements": [
        {"round": 1, "row": "1.5B q4_0", "probes": [{"f32_gflops": 300, "read_gb_per_s": 25}],
         "figures": {"r1": {"1.5B q4_0 prefill": 200, "1.5B q4_0 decode": 20},
                     "llama.cpp": {"1.5B q4_0 prefill": 100, "1.5B q4_0 decode": 15}}},
        {"round": 1, "row": "1.5B q8_0", "probes": [{"f32_gflops": 310, "read_gb_per_s": 26}],
         "figures": {"r1": {"1.5B q8_0 prefill": 200, "1.5B q8_0 decode": 12}}}]})");
  const Outcome o = script("large", "--from saved.json --picture out.svg");
  EXPECT_EQ(o.code, 0) << o.err;
  const std::string picture = *read_file(file("out.svg"));
  EXPECT_TRUE(picture.starts_with("<svg ")) << picture.substr(0, 40);
  size_t points = 0;
  for (size_t at = picture.find("<circle"); at != picture.npos; at = picture.find("<circle", at + 1)) ++points;
  EXPECT_EQ(points, 6u + 2u) << "of the figures, and of the legend";
  for (const char* words : {"reading 25 GB/s", "reading 26 GB/s", "310 GFLOP/s", ">q8_0<"})
    EXPECT_NE(picture.find(words), picture.npos) << words;
}

TEST_F(BenchSmall, TheTableOfAModelLargerThanMemoryHoldsMediansAndTheBytesOfAToken) {
  write("saved.json", R"({"format": 1, "processor": "p", "limit_gib": 6, "model_bytes": 26843545600,
      "programs": ["r1 --memory", "x"], "rounds": [
        {"r1 --memory": {"tokens_per_s": 1.0, "bytes_per_token": 1.5e9, "bytes": 3e10}},
        {"r1 --memory": {"tokens_per_s": 2.0, "bytes_per_token": 1.5e9, "bytes": 3e10}},
        {"r1 --memory": {"tokens_per_s": 4.0, "bytes_per_token": 1.0e9, "bytes": 3e10},
         "x": {"tokens_per_s": 0.5, "bytes_per_token": 2e9, "bytes": 3e10}}]})");
  const Outcome o = script("memory", "--from saved.json");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("25.0 GiB of weights under 6 GiB"), o.out.npos) << o.out;
  EXPECT_NE(o.out.find("| r1 --memory | 2.00 | 1.50 | 3.00 | 3 |"), o.out.npos) << o.out;
  EXPECT_NE(o.out.find("| x | 0.50 | 2.00 | 1.00 | 1 |"), o.out.npos) << o.out;
}

TEST_F(BenchSmall, ARowWithoutAnyRoundThatCountsIsStillInTheTable) {
  write("saved.json", saved({measurement(1, "b", 100, 7, 7), measurement(1, "a", 10, 5, 5)}));
  const Outcome o = small("--from saved.json");
  EXPECT_NE(o.out.find("| a |  |  |  | 0 | 1 |\n"), std::string::npos) << o.out;
  write("empty.json", saved({}));
  EXPECT_EQ(small("--from empty.json").out,
            "| tokens/s | r1 | before | r1 / before | rounds | void |\n|---|---|---|---|---|---|\n\n");
}

TEST_F(BenchSmall, TheRandomModelsOpen) {
  // The same tensors with smaller sides, so that the test takes no time.
  write("make.py",
        "import sys, pathlib\n"
        "sys.dont_write_bytecode = True\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from random_model import MIXTURE, QWEN2, write_model\n"
        "small = dict(vocab_size=600, hidden_size=64, num_hidden_layers=2, intermediate_size=64)\n"
        "mixture = dict(MIXTURE, n_routed_experts=8, kv_lora_rank=32, moe_intermediate_size=32, **small)\n"
        "qwen2 = dict(QWEN2, num_attention_heads=4, num_key_value_heads=2, **small)\n"
        "low = dict(mixture, q_lora_rank=32)\n"
        "for name, config in ('mixture', mixture), ('low-rank-mixture', low), ('qwen2', qwen2):\n"
        "    folder = pathlib.Path(sys.argv[2]) / name\n"
        "    folder.mkdir()\n"
        "    write_model(folder, config)\n");
  const std::string make = fmt::format("python3 {0}/make.py {1}/bench {0}", folder_.string(), R1_SOURCE_DIR);
  ASSERT_EQ(std::system(make.c_str()), 0);
  write("token", "[599]");
  for (const char* name : {"mixture", "low-rank-mixture", "qwen2"}) {
    const Outcome o = r1(fmt::format("logprobs -m {{}}/{} --tokens 1,2,3,599", name));
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.out.find("nan"), std::string::npos) << o.out;
    const Outcome word = r1(fmt::format("detokenize -m {{}}/{} < {{}}/token", name));
    EXPECT_EQ(word.out, "~599") << "tokens beyond the tokenizer's have a text; " << word.err;
  }
}

TEST_F(BenchSmall, RandomFilesOfEveryTypeOpen) {
  write("make.py",
        "import sys, pathlib\n"
        "sys.dont_write_bytecode = True\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import random_gguf\n"
        "from random_model import QWEN2, R1, quantised\n"
        "folder = pathlib.Path(sys.argv[2])\n"
        "small = dict(vocab_size=600, hidden_size=256, num_hidden_layers=2, intermediate_size=256)\n"
        "qwen2 = dict(QWEN2, num_attention_heads=4, num_key_value_heads=2, **small)\n"
        "r1 = dict(R1, num_attention_heads=4, num_key_value_heads=4, n_routed_experts=16, kv_lora_rank=256,\n"
        "          q_lora_rank=256, moe_intermediate_size=256, **small)\n"
        "zeros = quantised(sys.argv[3], folder / 'zeros.gguf', qwen2, 'q8_0', zeros=True)\n"
        "for kind in random_gguf.BLOCKS:\n"
        "    random_gguf.random_file(zeros, folder / f'{kind}.gguf', kind)\n"
        "    print(kind)\n"
        "zeros = quantised(sys.argv[3], folder / 'r1-zeros.gguf', r1, 'q4_k_m', zeros=True)\n"
        "random_gguf.random_file(zeros, folder / 'r1.gguf')\n"
        "print('r1')\n");
  const std::string make = fmt::format("python3 {0}/make.py {1}/bench {0} {2}/r1 > {0}/kinds", folder_.string(),
                                       R1_SOURCE_DIR, R1_BINARY_DIR);
  ASSERT_EQ(std::system(make.c_str()), 0);
  std::istringstream kinds(*read_file(file("kinds")));
  int count = 0;
  for (std::string kind; kinds >> kind; ++count) {
    const Outcome o = r1(fmt::format("logprobs -m {{}}/{}.gguf --tokens 1,2,3,599", kind));
    EXPECT_EQ(o.code, 0) << kind << ": " << o.err;
    for (const char* wrong : {"nan", "inf", ", null"})
      EXPECT_EQ(o.out.find(wrong), o.out.npos) << kind << ": " << o.out;
  }
  EXPECT_EQ(count, 26);
}

TEST_F(BenchSmall, OnlyMeasuresThePartThatWasAskedFor) {
  const Outcome o = r1("bench --only roofs --json");
  EXPECT_EQ(o.code, 0) << o.err;
  for (const char* empty : {R"("gemm": [])", R"("serve": [])", R"("train": [])"})
    EXPECT_NE(o.out.find(empty), std::string::npos) << empty << " in: " << o.out;
  const Outcome serve = r1("bench --only serve -b 1 -p 4 -n 4 -r 1 --json");
  EXPECT_NE(serve.out.find(R"("serve": [{)"), std::string::npos) << serve.out;
  EXPECT_NE(serve.out.find(R"("gemm": [])"), std::string::npos) << serve.out;
  expect_failure(r1("bench --only everything"), 2, {"--only everything", "roofs, products, serve or train"});
  expect_failure(r1("bench --only serve --no-train"), 2, {"--only", "--no-train"});
}

}  // namespace
}  // namespace r1
