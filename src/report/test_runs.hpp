// A run's folder for tests.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "report/run_files.hpp"

namespace r1 {

class ReportCase : public testing::Test {
 protected:
  std::filesystem::path folder(const std::string& name) const { return temporary_.path() / name; }
  void put(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories((temporary_.path() / path).parent_path());
    ASSERT_TRUE(write_file(temporary_.path() / path, text));
  }
  // The runs of the folders of these names.
  Result<std::vector<ReportRun>> read(std::initializer_list<const char*> names) const {
    std::vector<std::filesystem::path> folders;
    for (const char* name : names) folders.push_back(folder(name));
    return read_runs(folders);
  }

 private:
  const TestFolder temporary_;
};

}  // namespace r1
