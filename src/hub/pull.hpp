// r1 pull without its command line: what a repository would bring, and bringing it.
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
  std::vector<RemoteFile> files;  // small ones first, so that a wrong choice shows early
  i64 bytes = 0;                  // of all files
  i64 here = 0;                   // of them already in the cache, partial files included
  i64 weight_bytes = 0;           // safetensors and GGUF
  i64 free_bytes = 0;             // where the cache is
  std::string name;               // as find_model will know it: REPO, REPO:QUANT
  std::filesystem::path path;     // the model, once it is here: a folder, a GGUF's first file, or the only file
  bool folder = false;
};

// `what` as select_files takes it. Err: see there; also a disk that has no room.
Result<PullPlan> plan_pull(Hub& hub, const HubSettings& settings, std::string_view repo, std::string_view what,
                           std::string_view revision, i64 memory_bytes);

struct PullProgress {
  const RemoteFile& file;
  i64 done, bytes;  // of the whole plan
};

// Fetches what is not here, then points the revision to the commit. Err: interrupted, or what went wrong; what has
// come stays, and the same call goes on from there. A model folder that lacks what its index names is an Err at the
// end.
Result<std::filesystem::path> pull(Hub& hub, const HubSettings& settings, const PullPlan& plan,
                                   const std::function<void(const PullProgress&)>& progress);

}  // namespace r1
