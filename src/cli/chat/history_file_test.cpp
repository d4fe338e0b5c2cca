#include "cli/chat/history_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

class HistoryFileTest : public testing::Test {
 protected:
  unsigned mode() const {
    struct stat info {};
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_mode & 0777;
  }
  const TestFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "state/r1/history.jsonl";
  const HistoryFile file_{path_};
};

TEST_F(HistoryFileTest, TextsComeBackInTheirOrderWithTheirLines) {
  EXPECT_TRUE(file_.load().value().empty()) << "no file is no error";
  for (const char* text : {"one", "two\nlines \"quoted\"", "é你"}) ASSERT_TRUE(file_.append(text));
  EXPECT_EQ(file_.load().value(), (std::vector<std::string>{"one", "two\nlines \"quoted\"", "é你"}));
}

TEST_F(HistoryFileTest, OnlyTheOwnerMayReadTheFileEvenIfItWasOpen) {
  ASSERT_TRUE(file_.append("one"));
  EXPECT_EQ(mode(), 0600u);
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(file_.append("two"));
  EXPECT_EQ(mode(), 0600u);
}

TEST_F(HistoryFileTest, DamagedLinesAreLeftOut) {
  ASSERT_TRUE(file_.append("one"));
  ASSERT_TRUE(write_file(path_, *read_file(path_) + "{\n7\n\n\"two\"\n\"thr"));
  EXPECT_EQ(file_.load().value(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(HistoryFileTest, ALongFileIsCutToTheNewestTexts) {
  std::string lines;
  constexpr size_t kTexts = 2 * HistoryFile::kMostTexts + 1;
  for (size_t i = 0; i < kTexts; ++i) lines += "\"" + std::to_string(i) + "\"\n";
  ASSERT_TRUE(file_.append("first"));
  ASSERT_TRUE(write_file(path_, lines));
  const auto texts = file_.load().value();
  ASSERT_EQ(texts.size(), HistoryFile::kMostTexts);
  EXPECT_EQ(texts.back(), std::to_string(kTexts - 1));
  const std::string kept = *read_file(path_);
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), static_cast<i64>(HistoryFile::kMostTexts));
  EXPECT_EQ(file_.load().value(), texts);
}

TEST_F(HistoryFileTest, AFileThatCannotBeWrittenIsNamed) {
  ASSERT_TRUE(write_file(folder_.path() / "state", std::string_view("a file, not a folder")));
  const Status written = file_.append("one");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().what.find(path_.string()), std::string::npos) << written.error().what;
}

}  // namespace
}  // namespace r1
