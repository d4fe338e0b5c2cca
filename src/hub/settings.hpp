// Where models come from and where they are kept, according to the environment variables of Hugging Face's own tools.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace r1 {

struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT, without a slash at its end
  std::string token;            // HF_TOKEN, else the file HF_TOKEN_PATH, else HF_HOME/token; empty if there is none
  std::filesystem::path cache;  // hub_cache(); must not be empty
  static Result<HubSettings> from_environment();
};

// The folder that holds models--ORG--NAME: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. Empty if the
// user has no home.
std::filesystem::path hub_cache();

// The folder for what the program remembers from one run to the next: XDG_STATE_HOME/r1, else ~/.local/state/r1 (XDG
// Base Directory Specification). Empty if the user has no home.
std::filesystem::path state_folder();

// Folders that may hold the files that ship: R1_HOME; share/r1 of the installation to which the program or libr1.so
// belongs; the source tree in which it was built. A folder is taken for a source tree only if it has src/LAYERS, so
// that /bin/r1 does not read /models.
std::vector<std::filesystem::path> homes();
// Finds a folder that ships with the program ("models/nano", "recipes/nano"). Empty if it is not there.
std::filesystem::path shipped(const std::string& relative);

}  // namespace r1
