// The work of `r1 pull` without its command line: planning what to fetch from a repository, and fetching it.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.hpp"
#include "hub/select.hpp"

namespace r1 {

struct PullPlan {
  std::string repo, revision, commit;
  std::vector<RemoteFile> files;  // small files first, so that a wrong choice shows early
  i64 bytes = 0;                  // of all files
  i64 here = 0;                   // of these bytes, those already in the cache, partial files included
  i64 weight_bytes = 0;           // bytes of safetensors and GGUF files
  i64 free_bytes = 0;             // free bytes on the cache's disk
  std::string name;               // the name by which find_model will find the model: REPO or REPO:QUANT
  std::filesystem::path path;     // where the model will be: a folder, the first file of a GGUF, or the only file
  bool folder = false;
};

// Plans a pull; `what` is as for select_files. Errors: those of select_files; too little room on the disk.
Result<PullPlan> plan_pull(Hub& hub, const HubSettings& settings, std::string_view repo, std::string_view what,
                           std::string_view revision, i64 memory_bytes);

struct PullProgress {
  const RemoteFile& file;
  i64 done, bytes;  // bytes done and bytes in all, of the whole plan
};

// Fetches the files that are missing, then makes the revision point to the commit.
// Errors: an interrupt; a failed fetch; at the end, a model folder without a file that its index names. The bytes
// fetched so far stay, and the same call continues from there.
Result<std::filesystem::path> pull(Hub& hub, const HubSettings& settings, const PullPlan& plan,
                                   const std::function<void(const PullProgress&)>& progress);

}  // namespace r1
