// The command quantize, run as people and scripts run it.
#include "program.hpp"

namespace r1 {
namespace {

class QuantizeCli : public Program {};

TEST_F(QuantizeCli, NanoBecomesAGgufThatLogprobsCanScore) {
  const fs::path gguf = file("nano.gguf");
  const Outcome made = r1("quantize models/nano --type Q8_0 -o {}/nano.gguf");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  EXPECT_EQ(std::count(made.out.begin(), made.out.end(), '\n'), 1) << made.out;
  EXPECT_NE(made.out.find("bits per weight"), std::string::npos) << made.out;
  const Outcome scored = r1("logprobs --tokens 1,2,3 -m {}/nano.gguf");
  EXPECT_EQ(scored.code, 0) << scored.err;
  EXPECT_NE(scored.out.find("\"logprobs\""), std::string::npos) << scored.out;

  const std::string before = *read_file(gguf);
  expect_failure(r1("quantize models/nano --type q4_0 -o {}/nano.gguf"), 2, {"is there already; --force replaces it"});
  EXPECT_EQ(*read_file(gguf), before);
  const Outcome again = r1("quantize models/nano --type q4_0 --force -o {}/nano.gguf");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_LT(fs::file_size(gguf), before.size());
}

TEST_F(QuantizeCli, AnImportanceMatrixIsMeasuredAndUsed) {
  const Outcome made = r1("imatrix -m nano -f README.md -c 64 --chunks 3 -o {}/im.gguf");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("3 windows of 64 tokens"), std::string::npos) << made.out;
  ASSERT_EQ(r1("quantize nano --type q4_0 -o {}/plain.gguf").code, 0);
  const Outcome used = r1("quantize nano --type q4_0 --imatrix {}/im.gguf -o {}/weighed.gguf");
  ASSERT_EQ(used.code, 0) << used.err;
  EXPECT_NE(*read_file(file("plain.gguf")), *read_file(file("weighed.gguf")));
  expect_failure(r1("imatrix -m nano -f README.md -o {}/im.gguf"), 2, {"--force"});
  expect_failure(r1("imatrix -m nano -f /nowhere -o {}/other.gguf"), 1, {"/nowhere"});
  ASSERT_TRUE(write_file(file("short"), "7"));
  expect_failure(r1("imatrix -m nano -f {}/short -o {}/other.gguf"), 1, {"one window needs 512"});
  expect_failure(r1("imatrix -m nano -f README.md"), 2, {"--output"});
  EXPECT_FALSE(fs::exists(file("other.gguf")));
}

TEST_F(QuantizeCli, AFailureIsOneLineOnStderrAndLeavesNoFile) {
  const std::string out = " -o {}/out.gguf";
  expect_failure(r1("quantize models/nano --type q4_k_x" + out), 2, {"q4_k_x"});
  expect_failure(r1("quantize models/nano" + out), 2, {"--type"});
  expect_failure(r1("quantize models/nano --type q8_0"), 2, {"--output"});
  expect_failure(r1("quantize /nowhere.gguf --type q8_0" + out), 1, {"/nowhere.gguf"});
  ASSERT_TRUE(write_file(file("bad.gguf"), "GGUF but no more"));
  expect_failure(r1("quantize {}/bad.gguf --type q8_0" + out), 1, {"bad.gguf"});
  ASSERT_TRUE(write_file(file("bad.dat"), "xxxx"));
  expect_failure(r1("quantize models/nano --type q4_k --imatrix {}/bad.dat" + out), 1, {"bad.dat"});
  EXPECT_FALSE(fs::exists(file("out.gguf")));
}

}  // namespace
}  // namespace r1
