// Where models come from and where they are kept: the environment variables of Hugging Face's own tools.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace r1 {

struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT; no slash at its end
  std::string token;            // HF_TOKEN, else the file HF_TOKEN_PATH, else HF_HOME/token; empty: none
  std::filesystem::path cache;  // hub_cache(); must not be empty
  static Result<HubSettings> from_environment();
};

// HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub: the folder of models--ORG--NAME. Empty without a home.
std::filesystem::path hub_cache();

// Folders that may hold what ships: R1_HOME, the source tree the program was built in, an installation beside it.
std::vector<std::filesystem::path> homes();
// A folder that ships with the program ("models/nano", "recipes/nano"); empty if it is not there.
std::filesystem::path shipped(const std::string& relative);

}  // namespace r1
