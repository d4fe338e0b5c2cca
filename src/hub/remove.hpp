// Removes a model from the cache of Hugging Face's tools.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct RemovalPlan {
  std::string name;                          // as `r1 models` shows it; ORG/NAME for a whole repository
  std::vector<std::filesystem::path> paths;  // the files to remove, or the folder of a repository
  i64 bytes = 0;                             // on disk
};

// Plans the removal of the pulled model that `name` means by the rules of find_model, or of a repository ORG/NAME with
// everything that was fetched of it, partial files included. If a repository holds other models too, only the links of
// this one go, and the blobs to which no other file links.
// Errors: a model that ships, a path, no model or several models of this name.
Result<RemovalPlan> plan_removal(std::string_view name);

// Errors: a path that cannot be removed. Paths before it are gone then.
Status remove(const RemovalPlan& plan);

}  // namespace r1
