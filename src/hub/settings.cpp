#include "hub/settings.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/file.hpp"
#include "core/text.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// An empty variable counts as unset.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_true(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::toupper(c); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

// Expands the tilde of a path from the environment, which no shell has expanded.
fs::path path_of(const std::string& text) {
  if (text == "~" || text.starts_with("~/"))
    if (const std::string home = variable("HOME"); !home.empty()) return fs::path(home + text.substr(1));
  return text;
}

fs::path hugging_face_home() {
  if (const std::string home = variable("HF_HOME"); !home.empty()) return path_of(home);
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return path_of(cache) / "huggingface";
  const std::string home = variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache/huggingface";
}

// The token goes into a header, so it may hold no character that ends a header.
Result<std::string> token_of(std::string_view text, std::string_view source) {
  const std::string_view token = trimmed(text);
  for (const unsigned char c : token)
    if (c <= ' ' || c > '~') return fail(Errc::invalid_argument, "{}: holds a character that no token has", source);
  return std::string(token);
}

Result<std::string> find_token() {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
    if (const std::string token = R1_TRY(token_of(variable(name), name)); !token.empty()) return token;
  const std::string named = variable("HF_TOKEN_PATH");
  const fs::path home = hugging_face_home(), file = !named.empty() ? path_of(named) : home / "token";
  std::error_code error;
  if ((named.empty() && home.empty()) || !fs::is_regular_file(file, error)) return "";
  return token_of(R1_TRY(read_regular_file(file, 1 << 16)), file.string());
}

// libr1.so if this code is in it, else the program. Empty if it cannot be found.
fs::path code_file() {
  std::error_code error;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&code_file), &info) && info.dli_fname)
    if (const fs::path file = info.dli_fname; file.filename().string().starts_with("libr1.so"))
      return fs::canonical(file, error);
  return fs::read_symlink("/proc/self/exe", error);
}

}  // namespace

fs::path hub_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const std::string path = variable(name); !path.empty()) return path_of(path);
  const fs::path home = hugging_face_home();
  return home.empty() ? home : home / "hub";
}

fs::path state_folder() {
  // The specification says to ignore relative paths.
  if (const fs::path state = variable("XDG_STATE_HOME"); state.is_absolute()) return state / "r1";
  const std::string home = variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".local/state/r1";
}

Result<HubSettings> HubSettings::from_environment() {
  HubSettings s;
  if (is_true(variable("HF_HUB_OFFLINE")))
    return fail(Errc::invalid_argument, "HF_HUB_OFFLINE is set: nothing is fetched");
  if (const std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) s.endpoint = endpoint;
  while (s.endpoint.ends_with('/')) s.endpoint.pop_back();
  if (!s.endpoint.starts_with("https://") && !s.endpoint.starts_with("http://"))
    return fail(Errc::invalid_argument, "HF_ENDPOINT: \"{}\" does not begin with https:// or http://", s.endpoint);
  s.token = R1_TRY(find_token());
  s.cache = hub_cache();
  if (s.cache.empty()) return fail(Errc::invalid_argument, "no place for models: set HF_HOME (HOME is not set either)");
  return s;
}

std::vector<fs::path> homes() {
  std::vector<fs::path> list;
  if (const std::string home = variable("R1_HOME"); !home.empty()) list.emplace_back(home);
  const fs::path code = code_file(), folder = code.parent_path();
  std::error_code error;
  if (code.empty()) return list;
  list.push_back(folder / "../share/r1");  // bin/r1, lib/libr1.so
  if (code.filename().string().starts_with("libr1.so"))
    list.push_back(folder / "../../share/r1");  // lib/x86_64-linux-gnu/libr1.so
  // build/release/r1
  if (fs::exists(folder / "../../src/LAYERS", error)) list.push_back(folder / "../..");
  return list;
}

fs::path shipped(const std::string& relative) {
  for (const fs::path& home : homes()) {
    std::error_code error;
    if (const fs::path at = fs::weakly_canonical(home / relative, error); !error && fs::exists(at, error)) return at;
  }
  return {};
}

}  // namespace r1
