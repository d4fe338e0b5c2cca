#include "core/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace r1 {
namespace {

namespace fs = std::filesystem;

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }
  i64 entries() const { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); }
  fs::path folder;
};

TEST_F(File, WrittenFilesReadAndMapBackByteForByte) {
  std::string content(200000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31);
  ASSERT_TRUE(write_file(folder / "f", content));
  EXPECT_EQ(read_file(folder / "f").value(), content);
  const FileMap map = map_file(folder / "f").value();
  ASSERT_EQ(map.bytes.size(), content.size());
  EXPECT_EQ(std::memcmp(map.bytes.data(), content.data(), content.size()), 0);
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, UncommittedFilesLeaveNothingAndTheOldContentStays) {
  ASSERT_TRUE(write_file(folder / "f", "old"));
  {
    AtomicFile file = AtomicFile::create(folder / "f").value();
    ASSERT_TRUE(file.write("new", 3));
    EXPECT_EQ(read_file(folder / "f").value(), "old");
    AtomicFile moved = std::move(file);  // the temporary has one owner
    ASSERT_TRUE(moved.write("er", 2));
  }
  EXPECT_EQ(read_file(folder / "f").value(), "old");
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, CommitReplacesTheWholeFile) {
  ASSERT_TRUE(write_file(folder / "f", "a long old content"));
  ASSERT_TRUE(write_file(folder / "f", "new"));
  EXPECT_EQ(read_file(folder / "f").value(), "new");
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, TwoWritersOfOneNameDoNotMixTheirBytes) {
  AtomicFile a = AtomicFile::create(folder / "f").value(), b = AtomicFile::create(folder / "f").value();
  ASSERT_TRUE(a.write("aaaa", 4));
  ASSERT_TRUE(b.write("bb", 2));
  ASSERT_TRUE(a.commit());
  EXPECT_EQ(read_file(folder / "f").value(), "aaaa");
  ASSERT_TRUE(b.commit());
  EXPECT_EQ(read_file(folder / "f").value(), "bb");
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, AFailedCommitIsAnErrorAndLeavesNothing) {
  fs::create_directory(folder / "f");
  std::ofstream(folder / "f" / "occupied") << "x";
  const Status status = write_file(folder / "f", "content");  // a file cannot replace a folder
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::io);
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, MissingFilesAndFoldersAreErrorsThatNameThePath) {
  const auto missing = read_file(folder / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::io);
  EXPECT_NE(missing.error().what.find((folder / "none").string()), std::string::npos);
  EXPECT_FALSE(map_file(folder / "none"));
  EXPECT_FALSE(map_file(folder));
  EXPECT_FALSE(read_file(folder));
  EXPECT_FALSE(write_file(folder / "no" / "f", "x"));
}

TEST_F(File, EmptyFilesMapToAnEmptySpan) {
  ASSERT_TRUE(write_file(folder / "f", ""));
  EXPECT_TRUE(map_file(folder / "f").value().bytes.empty());
  EXPECT_EQ(read_file(folder / "f").value(), "");
}

TEST_F(File, APublishedFolderReplacesTheOldOneWholeOrNotAtAll) {
  const fs::path at = folder / "model";
  const auto with = [&](const char* name, bool good) {
    return publish_folder(at, [&](const fs::path& to) -> Status {
      R1_TRY(write_file(to / name, name));
      return good ? Status{} : fail(Errc::io, "no space");
    });
  };
  ASSERT_TRUE(with("a", true));
  EXPECT_FALSE(with("b", false));
  EXPECT_TRUE(fs::exists(at / "a"));
  EXPECT_EQ(entries(), 1);  // the half one gave its space back
  ASSERT_TRUE(with("b", true));
  EXPECT_TRUE(fs::exists(at / "b"));
  EXPECT_FALSE(fs::exists(at / "a"));
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, ALockHasOneHolder) {
  {
    const auto first = FileLock::of_folder(folder);
    ASSERT_TRUE(first);
    const auto second = FileLock::of_folder(folder);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find("another process is writing in this folder"), std::string::npos);
  }
  EXPECT_TRUE(FileLock::of_folder(folder));
}

}  // namespace
}  // namespace r1
