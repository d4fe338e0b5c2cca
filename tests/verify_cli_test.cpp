// The command verify, run as people and scripts run it.
#include "program.hpp"

namespace r1 {
namespace {

class VerifyCli : public Program {};

TEST_F(VerifyCli, EveryRowGivesALineWithItsIdAndVerdict) {
  ASSERT_TRUE(write_file(file("rows"), R"({"id":"a","gold":"1/2","pred":"so \\boxed{0.5}","equal":true})"
                                       "\n\n"
                                       R"({"id":7,"gold":"3","pred":"4","mode":"answer","equal":true})"
                                       "\n"
                                       R"({"gold":"x","pred":"no <think>"})"
                                       "\n"));
  const Outcome o = r1("verify {}/rows");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "{\"id\": \"a\", \"equal\": true}\n{\"id\": 7, \"equal\": false}\n{\"id\": 4, \"equal\": false}\n");
  EXPECT_NE(o.err.find("3 rows: 1 equal"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("1 of 2 verdicts"), std::string::npos) << o.err;
  const Outcome explained = r1("verify --explain {}/rows");
  EXPECT_NE(explained.out.find("{\"id\": \"a\", \"equal\": true, \"found\": \"0.5\", \"by\": \"box\"}"),
            std::string::npos)
      << explained.out;
}

TEST_F(VerifyCli, AGoldThatCannotBeReadIsNotScored) {
  ASSERT_TRUE(write_file(file("rows"), R"({"id":"a","gold":"1/0","pred":"1/0"})"
                                       "\n"
                                       R"({"id":"b","gold":"","pred":""})"
                                       "\n"));
  const Outcome o = r1("verify {}/rows");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "{\"id\": \"a\", \"equal\": null}\n{\"id\": \"b\", \"equal\": null}\n");
  for (const char* words : {"rows:1: gold: \"1/0\"", "rows:2: gold", "2 not scored because gold cannot be read"})
    EXPECT_NE(o.err.find(words), std::string::npos) << words << " in: " << o.err;
}

TEST_F(VerifyCli, ABrokenRowIsSkippedAndNamed) {
  ASSERT_TRUE(write_file(file("rows"), "{\"gold\":\"1\"}\n{\"id\":1,\"gold\":\"1\",\"pred\":\"1\"}\n"));
  const Outcome o = r1("verify {}/rows");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "{\"id\": 1, \"equal\": true}\n");
  for (const char* words : {"rows:1: pred", "1 skipped because they are broken"})
    EXPECT_NE(o.err.find(words), std::string::npos) << words << " in: " << o.err;
}

TEST_F(VerifyCli, FilesThatAreNoRowsAreErrors) {
  ASSERT_TRUE(write_file(file("rows"), "not json\n"));
  ASSERT_TRUE(write_file(file("empty"), "\n"));
  expect_failure(r1("verify {}/rows"), 1, {"rows:1"});
  expect_failure(r1("verify {}/empty"), 1, {"empty: the file has no rows"});
  expect_failure(r1("verify {}/nothing"), 1, {"nothing"});
  EXPECT_EQ(r1("verify").code, 2);
}

}  // namespace
}  // namespace r1
