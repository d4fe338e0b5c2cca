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

// The keys of a file, one per line. White space around a key is removed; blank lines and lines that begin with # are
// skipped. Errors: the file cannot be read, has more than 1 MiB or holds no key.
Result<std::vector<StoredKey>> read_api_keys(const std::filesystem::path& file);

std::string api_key_of_environment();  // without the space around it; empty if there is none

// Checks that a header field can carry the key. Errors: the key has characters other than printable ASCII, or spaces;
// the message begins with `where`.
Status check_api_key(std::string_view key, std::string_view where);

}  // namespace r1
