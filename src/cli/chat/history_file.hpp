// What was typed in earlier chats: a file with a JSON string in each line, which only its owner can read.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace r1 {

class HistoryFile {
 public:
  static constexpr size_t kMostTexts = 1000;  // that load() returns

  explicit HistoryFile(std::filesystem::path path) : path_(std::move(path)) {}

  // The newest texts, the oldest of them first. Lines that are damaged are left out. A file with more than twice
  // kMostTexts is cut to these. Errors: the file exists and cannot be read.
  Result<std::vector<std::string>> load() const;
  // Adds a text. The file and its folder are made if they are not there. Several programs may append at once.
  Status append(const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace r1
