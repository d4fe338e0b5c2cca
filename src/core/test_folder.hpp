// A temporary folder for a test. The destructor removes it with everything in it.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.hpp"

namespace r1 {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "r1-test-XXXXXX").string();
    R1_CHECK(mkdtemp(name.data()), "cannot create the temporary folder {}", name);
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace r1
