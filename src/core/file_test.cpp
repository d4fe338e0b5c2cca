#include "core/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "core/test_folder.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class File : public testing::Test {
 protected:
  i64 entries() const { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); }
  const TestFolder temporary;
  const fs::path& folder = temporary.path();
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
    AtomicFile moved = std::move(file);  // `file` no longer owns the temporary file
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
  const Status status = write_file(folder / "f", "content");  // a rename cannot put a file over a folder
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

TEST_F(File, AWriteThroughALinkReplacesTheTargetAndKeepsTheLink) {
  fs::create_directory(folder / "far");
  ASSERT_TRUE(write_file(folder / "far" / "f", "old"));
  fs::create_symlink("far/f", folder / "near");
  fs::create_symlink("near", folder / "link");
  fs::create_symlink("far/new", folder / "dangling");
  fs::create_symlink("loop", folder / "loop");
  ASSERT_TRUE(write_file(folder / "link", "new"));
  ASSERT_TRUE(write_file(folder / "dangling", "made"));
  EXPECT_FALSE(write_file(folder / "loop", "x"));
  for (const char* link : {"link", "near", "dangling", "loop"}) EXPECT_TRUE(fs::is_symlink(folder / link)) << link;
  EXPECT_EQ(read_file(folder / "far" / "f").value(), "new");
  EXPECT_EQ(read_file(folder / "far" / "new").value(), "made");
  EXPECT_EQ(entries(), 5);
}

TEST_F(File, APipeIsWrittenIntoAndStays) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = read_file(folder / "pipe").value_or("failed"); });
  const Status written = write_file(folder / "pipe", "through");
  reader.join();
  ASSERT_TRUE(written) << written.error().what;
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, ADeviceIsWrittenIntoAndStays) {
  const fs::path device = folder / "full";
  if (mknod(device.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) GTEST_SKIP() << "only root makes devices";
  if (access(device.c_str(), W_OK) != 0 || !std::ofstream(device)) GTEST_SKIP() << "no devices on this file system";
  const Status written = write_file(device, "x");
  ASSERT_FALSE(written);  // the device is /dev/full, so the error shows that the bytes reached it
  EXPECT_NE(written.error().what.find(device.string()), std::string::npos) << written.error().what;
  EXPECT_TRUE(fs::is_character_file(device));
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, AFileAboveTheSizeLimitIsAnError) {
  ASSERT_TRUE(write_file(folder / "f", "12345"));
  EXPECT_EQ(read_file(folder / "f", 5).value(), "12345");
  EXPECT_EQ(read_regular_file(folder / "f", 5).value(), "12345");
  EXPECT_NE(read_file(folder / "f", 4).error().what.find("5 bytes, the limit is 4"), std::string::npos);
  EXPECT_NE(read_regular_file(folder / "f", 4).error().what.find("5 bytes, the limit is 4"), std::string::npos);
  EXPECT_FALSE(read_file("/dev/zero", 1 << 20));
  EXPECT_FALSE(read_regular_file("/dev/zero", 1 << 20));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_regular_file(folder / "pipe", 1 << 20)) << "must fail without waiting for a writer";
}

bool is_expected(const std::string& path) { return path == "config.json" || path == "templates/a.jinja"; }

TEST_F(File, AFolderWithAFileThatIsNotReplaceableStays) {
  const fs::path at = folder / "model";
  const auto publish = [&] {
    return publish_folder(at, is_expected, [](const fs::path& to) -> Status {
      R1_TRY(write_file(to / "state.json", "new"));
      return write_file(to / "config.json", "new");
    });
  };
  fs::create_directory(at);
  EXPECT_TRUE(check_replaceable(at, is_expected));
  ASSERT_TRUE(publish()) << "over an empty one";
  fs::create_directory(at / "templates");
  ASSERT_TRUE(write_file(at / "templates/a.jinja", "replaceable"));
  ASSERT_TRUE(publish()) << "state.json has a successor of the same name";
  EXPECT_FALSE(check_replaceable(at, is_expected)) << "state.json is not replaceable by itself";
  EXPECT_FALSE(fs::exists(at / "templates"));

  fs::create_directory(at / "templates");
  for (const char* foreign : {"notes.txt", "config.json.bak", "templates/b.jinja", "templates/config.json"}) {
    ASSERT_TRUE(write_file(at / "templates/a.jinja", "replaceable"));
    ASSERT_TRUE(write_file(at / foreign, "precious"));
    const Status status = publish();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().what.find(foreign), std::string::npos) << status.error().what;
    EXPECT_EQ(read_file(at / foreign).value(), "precious");
    fs::remove(at / foreign);
  }
  fs::remove_all(at / "templates");
  fs::remove(at / "config.json");
  fs::create_directories(at / "config.json/deep");
  EXPECT_FALSE(publish());
  EXPECT_TRUE(fs::exists(at / "config.json/deep"));
  EXPECT_EQ(entries(), 1);
}

TEST_F(File, PublishingKeepsOtherFoldersWhoseNamesLookTemporary) {
  for (const char* name : {"model.tmp", "model.old.tmp"}) ASSERT_TRUE(fs::create_directory(folder / name));
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(publish_folder(folder / "model/", is_expected,
                               [](const fs::path& to) { return write_file(to / "config.json", ""); }));
  EXPECT_TRUE(fs::exists(folder / "model.tmp"));
  EXPECT_TRUE(fs::exists(folder / "model.old.tmp"));
  EXPECT_EQ(entries(), 3);
}

TEST_F(File, APublishedFolderReplacesTheOldOneWholeOrNotAtAll) {
  const fs::path at = folder / "model";
  const auto with = [&](const char* name, bool good) {
    const auto is_named = [](const std::string& path) { return path == "tokenizer.json" || path == "config.json"; };
    return publish_folder(at, is_named, [&](const fs::path& to) -> Status {
      R1_TRY(write_file(to / name, name));
      return good ? Status{} : fail(Errc::io, "no space");
    });
  };
  ASSERT_TRUE(with("tokenizer.json", true));
  EXPECT_FALSE(with("config.json", false));
  EXPECT_TRUE(fs::exists(at / "tokenizer.json"));
  EXPECT_EQ(entries(), 1);  // the folder of the failed attempt is gone
  ASSERT_TRUE(with("config.json", true));
  EXPECT_TRUE(fs::exists(at / "config.json"));
  EXPECT_FALSE(fs::exists(at / "tokenizer.json"));
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
