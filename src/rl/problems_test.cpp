#include "rl/problems.hpp"

#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

// The questions are longer than what a std::string holds without memory of its own.
u64 fingerprint_of(const TestFolder& folder, const std::string& question) {
  GrpoConfig config;
  config.file = (folder.path() / "rows.jsonl").string();
  EXPECT_TRUE(write_file(config.file, "{\"prompt\": \"" + question + "\", \"answer\": \"7\"}\n"));
  const auto source = ProblemSource::open(config);
  EXPECT_TRUE(source) << source.error().what;
  return source ? source->fingerprint() : 0;
}

TEST(ProblemSource, TheFingerprintOfAFileDependsOnItsQuestionsAlone) {
  const TestFolder folder;
  const u64 first = fingerprint_of(folder, "How many days has a week, if nobody counts twice?");
  EXPECT_EQ(fingerprint_of(folder, "How many days has a week, if nobody counts twice?"), first);
  EXPECT_NE(fingerprint_of(folder, "How many days has a week, if somebody counts twice?"), first);
  EXPECT_NE(first, 0u);
}

}  // namespace
}  // namespace r1
