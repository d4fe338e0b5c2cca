#include "core/files/cut_files.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

TEST(CutFiles, ReadingBehindTheEndOfACutFileGivesZerosAndMarksItsMap) {
  watch_cut_files();
  const TestFolder folder;
  const auto path = folder.path() / "weights";
  const std::string text(5 * 4096 + 100, 'x');
  ASSERT_TRUE(write_file(path, text));
  auto map = map_file(path);
  const auto other = map_file(path);
  ASSERT_TRUE(map && other);
  std::filesystem::resize_file(path, 4096);
  const u64 before = cut_files();
  const std::byte* const begin = map->bytes.data();
  const auto at = [](const Result<FileMap>& m, size_t i) {
    return static_cast<char>(*static_cast<const volatile std::byte*>(m->bytes.data() + i));
  };
  EXPECT_EQ(at(map, 4095), 'x');
  EXPECT_EQ(cut_files(), before);
  EXPECT_FALSE(cut_file_of(begin));
  EXPECT_EQ(at(map, 2 * 4096), '\0');
  EXPECT_EQ(cut_files(), before + 1);
  EXPECT_EQ(at(map, text.size() - 1), '\0');
  EXPECT_EQ(cut_files(), before + 1) << "all that is behind is replaced at once";
  EXPECT_EQ(at(map, 4096), '\0');
  EXPECT_EQ(at(map, 4095), 'x') << "what is left of the file stays";
  EXPECT_EQ(cut_file_of(begin), path.string());
  EXPECT_FALSE(cut_file_of(other->bytes.data())) << "nobody has read what is lost of this map";
  EXPECT_EQ(at(other, 4096), '\0');
  EXPECT_EQ(cut_file_of(other->bytes.data()), path.string());
  map = map_file(path);
  ASSERT_TRUE(map);
  EXPECT_FALSE(cut_file_of(map->bytes.data())) << "what is left of the file is whole";
}

TEST(CutFilesDeathTest, ASignalForAnythingElseEndsTheProcess) {
  EXPECT_DEATH(
      {
        watch_cut_files();
        raise(SIGBUS);
        raise(SIGBUS);
      },
      "");
}

}  // namespace
}  // namespace r1
