#include "hub/reference.hpp"

#include <gtest/gtest.h>

#include "hub/family.hpp"
#include "hub/listing.hpp"

namespace r1 {
namespace {

std::string parsed(std::string_view text, std::string_view endpoint = "https://huggingface.co") {
  const auto r = parse_reference(text, endpoint);
  if (!r) return (r.error().code == Errc::usage ? "usage: " : "") + r.error().what;
  return fmt::format("{}|{}|{}", r->repo, r->file, r->revision);
}

TEST(Reference, RepositoriesAddressesAndShortNamesMeanTheSame) {
  EXPECT_EQ(parsed("org/name"), "org/name||");
  EXPECT_EQ(parsed("org/name:Q4_K_M"), "org/name|Q4_K_M|");
  EXPECT_EQ(parsed("https://huggingface.co/org/name"), "org/name||");
  EXPECT_EQ(parsed("https://huggingface.co/org/name/"), "org/name||");
  EXPECT_EQ(parsed("https://huggingface.co/org/name?library=x#top"), "org/name||");
  EXPECT_EQ(parsed("hf.co/org/name:Q8_0"), "org/name|Q8_0|");
  EXPECT_EQ(parsed("huggingface.co/org/name/tree/v1"), "org/name||v1");
  EXPECT_EQ(parsed("https://huggingface.co/org/name/blob/main/sub/x.gguf?download=true"), "org/name|sub/x.gguf|main");
  EXPECT_EQ(parsed("https://mirror.example/hub/org/name", "https://mirror.example/hub"), "org/name||");
  EXPECT_EQ(parsed("DeepSeek-R1:1.5B"), "unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF|Q4_K_M|");
  EXPECT_EQ(parsed("deepseek-r1"), parsed("deepseek-r1:1.5b"));
}

TEST(Reference, EverythingElseIsAUsageErrorThatShowsTheForm) {
  for (const char* text :
       {"foo", "foo:Q4_K_M", "deepseek-r1:2b", "https://example.com/org/name", "ftp://x/y/z", "",
        "https://huggingface.co/org/name/discussions", "https://huggingface.co/org", "a/b/c", "../x"}) {
    const std::string error = parsed(text);
    EXPECT_EQ(error.rfind("usage: ", 0), 0u) << text << ": " << error;
    EXPECT_NE(error.find("ORG/NAME"), std::string::npos) << error;
  }
}

TEST(Family, EveryModelHasARepositoryAndTheSmallestIsFirst) {
  i64 before = 0;
  for (const FamilyModel& m : r1_family()) {
    EXPECT_TRUE(check_repo(m.repo)) << m.repo;
    EXPECT_GT(m.bytes, before) << m.name;
    EXPECT_EQ(find_in_family(m.name), &m);
    before = m.bytes;
  }
}

}  // namespace
}  // namespace r1
