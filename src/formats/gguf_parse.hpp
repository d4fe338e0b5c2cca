// One GGUF file's header, checked against the file: see gguf.hpp for what becomes of it.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf_layout.hpp"

namespace r1::gguf {

struct File {
  std::string path;
  u32 version = 0;
  i64 alignment = 0;
  std::vector<std::string> keys;  // in the file's order
  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, StoredTensor, std::less<>> tensors;
  std::map<std::string, std::string> unsupported;  // name → type
  std::shared_ptr<const void> keep;
};

// Nothing is allocated that the file's own bytes do not account for: memory stays under eight times the header.
Result<File> parse(const std::filesystem::path& path);

}  // namespace r1::gguf
