// API keys where people keep them: in a file, and in the variable R1_API_KEY.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct StoredKey {
  std::string key;
  i64 line;  // of the file, from 1
};

// One key per line, without the space around it. Blank lines and lines that begin with # do not count. Errors: a file
// that cannot be read, has more than 1 MiB or holds no key.
Result<std::vector<StoredKey>> read_api_keys(const std::filesystem::path& file);

std::string api_key_of_environment();  // without the space around it; empty if there is none

// Errors: "WHERE: ..." for a key that no header field can carry.
Status check_api_key(std::string_view key, std::string_view where);

}  // namespace r1
