// r1 quantize as people and scripts run it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int code;
  std::string out, err;
};

class QuantizeCli : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  Outcome r1(const std::string& words) const {
    const std::string out = (folder_ / "stdout").string(), err = (folder_ / "stderr").string();
    const std::string command = fmt::format("cd {} && {}/r1 {} > {} 2> {}", R1_SOURCE_DIR, R1_BINARY_DIR, words, out, err);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, *read_file(out), *read_file(err)};
  }
  std::string file(const char* name) const { return (folder_ / name).string(); }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("r1_quantize_cli_{}", getpid());
};

void expect_failure(const Outcome& o, int code, const std::string& words) {
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
  EXPECT_NE(o.err.find(words), std::string::npos) << o.err;
}

TEST_F(QuantizeCli, TheModelThatShipsBecomesAFileThatScores) {
  const std::string gguf = file("nano.gguf");
  const Outcome made = r1("quantize models/nano --type Q8_0 -o " + gguf);
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  EXPECT_EQ(std::count(made.out.begin(), made.out.end(), '\n'), 1) << made.out;
  EXPECT_NE(made.out.find("bits per weight"), std::string::npos) << made.out;
  const Outcome scored = r1("logprobs --tokens 1,2,3 -m " + gguf);
  EXPECT_EQ(scored.code, 0) << scored.err;
  EXPECT_NE(scored.out.find("\"logprobs\""), std::string::npos) << scored.out;

  const std::string before = *read_file(gguf);
  expect_failure(r1("quantize models/nano --type q4_0 -o " + gguf), 2, "is there already; --force replaces it");
  EXPECT_EQ(*read_file(gguf), before);
  const Outcome again = r1("quantize models/nano --type q4_0 --force -o " + gguf);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_LT(fs::file_size(gguf), before.size());
}

TEST_F(QuantizeCli, WhatItCannotDoIsSaidInOneLineAndLeavesNothing) {
  const std::string out = " -o " + file("out.gguf");
  expect_failure(r1("quantize models/nano --type q4_k_x" + out), 2, "q4_k_x");
  expect_failure(r1("quantize models/nano" + out), 2, "--type");
  expect_failure(r1("quantize models/nano --type q8_0"), 2, "--output");
  expect_failure(r1("quantize /nowhere.gguf --type q8_0" + out), 1, "/nowhere.gguf");
  ASSERT_TRUE(write_file(file("bad.gguf"), "GGUF but no more"));
  expect_failure(r1("quantize " + file("bad.gguf") + " --type q8_0" + out), 1, "bad.gguf");
  ASSERT_TRUE(write_file(file("bad.dat"), "xxxx"));
  expect_failure(r1("quantize models/nano --type q4_k --imatrix " + file("bad.dat") + out), 1, "bad.dat");
  EXPECT_FALSE(fs::exists(file("out.gguf")));
}

}  // namespace
}  // namespace r1
