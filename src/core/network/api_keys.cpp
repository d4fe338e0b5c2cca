#include "core/network/api_keys.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/file.hpp"
#include "core/text.hpp"

namespace r1 {
namespace {

constexpr i64 kMostKeyFile = i64{1} << 20;

}  // namespace

Result<std::vector<StoredKey>> read_api_keys(const std::filesystem::path& file) {
  const std::string text = R1_TRY(read_file(file, kMostKeyFile));
  std::vector<StoredKey> keys;
  i64 number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(begin, end - begin));
    begin = end + 1, ++number;
    if (!line.empty() && !line.starts_with('#')) keys.push_back({std::string(line), number});
  }
  if (keys.empty()) return fail(Errc::invalid_argument, "{}: the file holds no API key", file.string());
  return keys;
}

std::string api_key_of_environment() {
  const char* const key = std::getenv("R1_API_KEY");
  return std::string(trimmed(key ? key : ""));
}

Status check_api_key(std::string_view key, std::string_view where) {
  if (!std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > ' ' && c < 127; }))
    return fail(Errc::invalid_argument, "{}: an API key may hold printable ASCII without spaces only", where);
  return {};
}

}  // namespace r1
