// Reads the header of one GGUF file and checks it against the file. gguf.hpp is the interface.
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

// Memory stays under eight times the size of the header: a count in the file is believed only after the file has proved
// to have as many bytes.
Result<File> parse(const std::filesystem::path& path);

}  // namespace r1::gguf
