#include "hub/remove.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "hub/models.hpp"
#include "hub/select.hpp"
#include "hub/settings.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// models--ORG--NAME in the cache.
fs::path folder_of(std::string_view repo) {
  const size_t slash = repo.find('/');
  if (slash == repo.npos) return hub_cache() / fmt::format("models--{}", repo);
  return hub_cache() / fmt::format("models--{}--{}", repo.substr(0, slash), repo.substr(slash + 1));
}

template <class Visit>
void for_each_file(const fs::path& folder, Visit&& visit) {
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (at->is_symlink(gone) || at->is_regular_file(gone)) visit(at->path());
  }
}

i64 bytes_of(const fs::path& file) {
  std::error_code error;
  if (fs::is_symlink(file, error)) return 0;
  const auto bytes = fs::file_size(file, error);
  return error ? 0 : static_cast<i64>(bytes);
}

RemovalPlan whole_repository(const std::string& repo) {
  RemovalPlan plan{repo, {folder_of(repo)}, 0};
  for_each_file(plan.paths[0], [&](const fs::path& file) { plan.bytes += bytes_of(file); });
  const fs::path locks = hub_cache() / ".locks" / plan.paths[0].filename();
  std::error_code error;
  if (fs::exists(locks, error)) plan.paths.push_back(locks);
  return plan;
}

// "x/model-00001-of-00003.gguf" and its other shards have the same group name.
std::string group_name(const std::string& path) { return gguf_groups(std::vector<FileSize>{{path, 0}}).front().name; }

// Whether the file of a snapshot belongs to the model: a shard of the same GGUF, or for a folder any file that belongs
// to no GGUF.
bool belongs(const std::string& path, const LocalModel& model, const std::string& group) {
  const auto groups = gguf_groups(std::vector<FileSize>{{path, 0}});
  if (model.type == "folder") return groups.empty();
  return !groups.empty() && groups.front().name == group;
}

RemovalPlan one_model(const LocalModel& model) {
  RemovalPlan plan{model.name, {}, 0};
  const fs::path folder = folder_of(model.repo), snapshots = folder / "snapshots";
  const auto in_snapshot = [&](const fs::path& file) {  // snapshots/COMMIT/PATH → PATH
    const fs::path relative = file.lexically_relative(snapshots);
    return relative.lexically_relative(*relative.begin()).string();
  };
  const std::string group = model.type == "gguf" ? group_name(in_snapshot(model.path)) : "";
  std::set<fs::path> unused, used;
  for_each_file(snapshots, [&](const fs::path& file) {
    std::error_code error;
    const fs::path blob = fs::weakly_canonical(file, error);
    const bool goes = belongs(in_snapshot(file), model, group);
    (goes ? unused : used).insert(blob);
    if (goes) plan.paths.push_back(file);
  });
  for (const fs::path& blob : unused) {
    if (used.contains(blob)) continue;
    plan.bytes += bytes_of(blob);
    if (std::find(plan.paths.begin(), plan.paths.end(), blob) == plan.paths.end()) plan.paths.push_back(blob);
  }
  return plan;
}

}  // namespace

Result<RemovalPlan> plan_removal(std::string_view name) {
  if (name.empty()) return fail(Errc::usage, "the name of a model is empty");
  if (name.find('/') == name.npos && !shipped(fmt::format("models/{}", name)).empty())
    return fail(Errc::invalid_argument, "{}: ships with this program and is not removed", name);
  const std::vector<LocalModel> models = pulled_models_named(name);
  std::error_code error;
  if (models.empty() || std::any_of(models.begin(), models.end(), [&](const auto& m) { return m.repo == name; })) {
    const bool is_repo = std::count(name.begin(), name.end(), '/') == 1 && name.find("..") == name.npos &&
                         name.front() != '/' && !hub_cache().empty();
    if (is_repo && fs::is_directory(folder_of(name), error)) return whole_repository(std::string(name));
  }
  if (models.empty() && fs::exists(name, error))
    return fail(Errc::invalid_argument,
                "{}: a path, not a model that r1 pull has fetched; the shell's rm removes files and folders", name);
  if (models.empty()) {
    const auto path = find_model(name);  // its error names similar models
    return path ? fail(Errc::invalid_argument, "{}: not a model that r1 pull has fetched", name)
                : tl::unexpected(path.error());
  }
  if (models.size() > 1) {
    std::vector<std::string> names;
    for (const LocalModel& m : models) names.push_back(m.name);
    return fail(Errc::invalid_argument, "{}: several models have this name: {}", name, fmt::join(names, ", "));
  }
  const std::vector<LocalModel> all = local_models();
  const auto in_repo = std::count_if(all.begin(), all.end(), [&](const auto& m) { return m.repo == models[0].repo; });
  if (in_repo > 1) return one_model(models[0]);
  RemovalPlan plan = whole_repository(models[0].repo);
  plan.name = models[0].name;
  return plan;
}

Status remove(const RemovalPlan& plan) {
  for (const fs::path& path : plan.paths) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return fail(Errc::io, "{}: cannot be removed: {}", path.string(), error.message());
  }
  return {};
}

}  // namespace r1
