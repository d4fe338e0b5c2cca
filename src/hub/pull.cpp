#include "hub/pull.hpp"

#include <algorithm>

#include "hub/models.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr i64 kSlack = 64'000'000;           // bytes to leave free on the disk
constexpr i64 kMaxPullBytes = i64{1} << 52;  // limit for all files together

std::vector<FileSize> sizes_of(const Listing& listing) {
  std::vector<FileSize> files;
  for (const RemoteFile& f : listing.files) files.push_back({f.path, std::max<i64>(f.size, 0)});
  return files;
}

bool is_weight(std::string_view path) { return path.ends_with(".safetensors") || path.ends_with(".gguf"); }

Status check_room(const PullPlan& plan, const fs::path& cache) {
  const i64 missing = plan.bytes - plan.here;
  if (missing == 0 || missing + kSlack <= plan.free_bytes) return {};
  return fail(Errc::exhausted, "{}: {} to fetch, but {} has {} free", plan.name, size_text(missing), cache.string(),
              size_text(plan.free_bytes));
}

}  // namespace

Result<PullPlan> plan_pull(Hub& hub, const HubSettings& settings, std::string_view repo, std::string_view what,
                           std::string_view revision, i64 memory_bytes) {
  Listing listing = R1_TRY(hub.list(repo, revision));
  std::vector<FileSize> sizes = sizes_of(listing);
  const Selection chosen = R1_TRY(select_files(sizes, what, repo, memory_bytes));
  PullPlan plan;
  plan.repo = repo, plan.revision = revision, plan.commit = listing.commit, plan.folder = chosen.folder;
  const RepoCache cache(settings.cache, repo);
  plan.name = chosen.folder || what.empty() ? plan.repo
                                            : fmt::format("{}:{}", repo, chosen.quant.empty() ? what : chosen.quant);
  // The first selected file; of a split GGUF it is the first shard.
  plan.path =
      chosen.folder ? cache.snapshot(plan.commit) : cache.snapshot(plan.commit) / listing.files[chosen.files[0]].path;

  for (const size_t i : chosen.files) {
    RemoteFile& file = listing.files[i];
    if (file.size < 0 || file.hash.empty()) R1_TRY(hub.describe(repo, plan.commit, file));
    plan.bytes += file.size;
    if (plan.bytes > kMaxPullBytes) return fail(Errc::corrupt, "{}: more than {} bytes", repo, kMaxPullBytes);
    plan.here += cache.holds(file) ? file.size : cache.partial_bytes(file);
    if (is_weight(file.path)) plan.weight_bytes += file.size;
    plan.files.push_back(file);
  }
  std::stable_sort(plan.files.begin(), plan.files.end(), [](const RemoteFile& a, const RemoteFile& b) {
    return std::pair(is_weight(a.path), a.path) < std::pair(is_weight(b.path), b.path);
  });
  plan.free_bytes = R1_TRY(cache.free_bytes());
  R1_TRY(check_room(plan, settings.cache));
  return plan;
}

Result<fs::path> pull(Hub& hub, const HubSettings& settings, const PullPlan& plan,
                      const std::function<void(const PullProgress&)>& progress) {
  const RepoCache cache(settings.cache, plan.repo);
  R1_TRY(cache.make_folders());
  i64 before = 0;
  for (const RemoteFile& file : plan.files) {
    const auto tell = [&](i64 received) {
      if (progress) progress({file, before + received, plan.bytes});
    };
    if (!cache.holds(file)) R1_TRY(hub.fetch(plan.repo, plan.commit, file, cache, tell));
    R1_TRY(cache.link(plan.commit, file));
    tell(file.size);
    before += file.size;
  }
  R1_TRY(cache.set_ref(plan.revision, plan.commit));
  if (plan.folder)
    if (const std::string missing = R1_TRY(missing_from_folder(plan.path)); !missing.empty())
      return fail(Errc::corrupt, "{}: the repository lacks {}, which its index names", plan.repo, missing);
  return plan.path;
}

}  // namespace r1
