// The folders of training runs and recipes, as `src/train` and `src/recipe` arrange them.
#include <charconv>

#include "formats/model_folder.hpp"
#include "hub/models.hpp"

namespace r1 {

namespace fs = std::filesystem;

fs::path model_of_run(const fs::path& folder) {
  fs::path newest;
  i64 newest_step = -1;
  std::error_code error;
  if (fs::exists(folder / kWeightsFile, error) || fs::exists(folder / kWeightsIndexFile, error)) return {};
  for (fs::directory_iterator at(folder / "checkpoints", error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    i64 step = -1;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), step);
    if (bad != std::errc() || end != name.data() + name.size() || step <= newest_step) continue;
    std::error_code missing;
    if (fs::exists(at->path() / kConfigFile, missing)) newest = at->path(), newest_step = step;
  }
  if (newest.empty() && fs::exists(folder / "model" / kConfigFile, error)) return folder / "model";
  return newest;
}

}  // namespace r1
