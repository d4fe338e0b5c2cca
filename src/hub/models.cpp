#include "hub/models.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/file.hpp"
#include "core/text.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "hub/family.hpp"
#include "hub/select.hpp"
#include "hub/settings.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSnapshotFiles = 100'000;  // files of a snapshot that are looked at
constexpr int kMaxDepth = 4;                    // depth of folders that are looked at

// A model in the cache, with the parts of its names.
struct Pulled {
  LocalModel model;
  std::string file;   // a GGUF's path in the repository, without shard number and extension
  bool alone = true;  // the repository has no other GGUF
};

// "models--ORG--NAME" → "ORG/NAME". Empty for a folder with another name.
std::string repo_of(const std::string& folder) {
  constexpr std::string_view kPrefix = "models--";
  if (!folder.starts_with(kPrefix)) return "";
  const std::string_view repo = std::string_view(folder).substr(kPrefix.size());
  const size_t at = repo.find("--");
  return at == repo.npos ? std::string(repo) : fmt::format("{}/{}", repo.substr(0, at), repo.substr(at + 2));
}

std::string_view name_of_repo(std::string_view repo) { return repo.substr(repo.rfind('/') + 1); }

std::string_view without_gguf(std::string_view name) {
  for (const std::string_view tail : {"-gguf", "_gguf", ".gguf"})
    if (name.size() > tail.size() && equal_ignoring_case(name.substr(name.size() - tail.size()), tail))
      return name.substr(0, name.size() - tail.size());
  return name;
}

// The files of a snapshot. Links are followed; a link to nothing counts as no file.
std::vector<FileSize> files_of(const fs::path& snapshot) {
  std::vector<FileSize> files;
  std::error_code error;
  fs::recursive_directory_iterator at(snapshot, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator() && files.size() < kMostSnapshotFiles; at.increment(error)) {
    std::error_code missing;
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    if (!at->is_regular_file(missing)) continue;
    const auto bytes = at->file_size(missing);
    if (!missing) files.push_back({at->path().lexically_relative(snapshot).string(), static_cast<i64>(bytes)});
  }
  std::sort(files.begin(), files.end(), [](const FileSize& a, const FileSize& b) { return a.path < b.path; });
  return files;
}

// The folders in `parent`: first the one that refs/main names, then the others, the newest first.
std::vector<fs::path> snapshots_of(const fs::path& repo) {
  std::vector<std::pair<fs::file_time_type, fs::path>> dated;
  std::error_code error;
  for (fs::directory_iterator at(repo / "snapshots", error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code gone;
    if (at->is_directory(gone)) dated.emplace_back(fs::last_write_time(at->path(), gone), at->path());
  }
  std::sort(dated.rbegin(), dated.rend());
  std::vector<fs::path> all;
  for (auto& [time, path] : dated) all.push_back(std::move(path));
  const std::string main = read_regular_file(repo / "refs/main", 4096).value_or("");
  std::stable_partition(all.begin(), all.end(), [&](const fs::path& p) { return p.filename() == main; });
  return all;
}

std::string missing_text(const Result<std::string>& missing) { return missing ? *missing : missing.error().what; }

// A snapshot with only the small files may have been fetched for its tokenizer. Only one with weights counts as a
// model.
std::optional<LocalModel> folder_in(const fs::path& snapshot, std::span<const FileSize> files,
                                    const std::string& repo) {
  const std::vector<size_t> chosen = folder_files(files);
  const bool index =
      std::any_of(files.begin(), files.end(), [](const FileSize& f) { return f.path == kWeightsIndexFile; });
  if (chosen.empty() && !index) return {};
  LocalModel m{"", repo, "folder", "", 0, snapshot, missing_text(missing_from_folder(snapshot))};
  for (const size_t i : chosen) m.bytes += files[i].bytes;
  return m;
}

void add_snapshot(const fs::path& snapshot, const std::string& repo, std::map<std::string, Pulled>& found) {
  const std::vector<FileSize> files = files_of(snapshot);
  // A complete model from an earlier snapshot is kept.
  const auto add = [&](Pulled p) {
    const auto [at, fresh] = found.try_emplace(p.file, p);
    if (!fresh && !at->second.model.missing.empty() && p.model.missing.empty()) at->second = std::move(p);
  };
  if (auto folder = folder_in(snapshot, files, repo)) add({std::move(*folder), ""});
  for (const GgufGroup& g : gguf_groups(files)) {
    const std::string missing =
        g.whole() ? "" : fmt::format("{} of {} shards", g.shards - static_cast<i64>(g.files.size()), g.shards);
    add({{"", repo, "gguf", g.quant, g.bytes, snapshot / files[g.files[0]].path, missing}, g.name});
  }
}

// Every model of the cache; their names are not set yet.
std::vector<Pulled> pulled_models() {
  std::vector<Pulled> all;
  const fs::path cache = hub_cache();
  if (cache.empty()) return all;
  std::set<fs::path> repos;
  std::error_code error;
  for (fs::directory_iterator at(cache, error); !error && at != fs::directory_iterator(); at.increment(error))
    if (!repo_of(at->path().filename().string()).empty()) repos.insert(at->path());
  for (const fs::path& folder : repos) {
    std::map<std::string, Pulled> found;
    for (const fs::path& snapshot : snapshots_of(folder))
      add_snapshot(snapshot, repo_of(folder.filename().string()), found);
    const auto ggufs = std::count_if(found.begin(), found.end(), [](const auto& f) { return !f.first.empty(); });
    for (auto& [file, p] : found) {
      p.alone = ggufs == 1;
      all.push_back(std::move(p));
    }
  }
  return all;
}

// How well NAME[:WHAT] names the model: 0 is best, nullopt means that it does not.
std::optional<int> rank(const Pulled& p, std::string_view query) {
  const size_t colon = query.find(':');
  const std::string_view name = query.substr(0, colon), what = colon == query.npos ? "" : query.substr(colon + 1);
  const std::string_view repo = p.model.repo, file = std::string_view(p.file).substr(p.file.rfind('/') + 1);
  if (!p.file.empty() && what.empty() && (name == file || name == fmt::format("{}.gguf", file))) return 50;

  int by_name = 0;
  if (name == repo) by_name = 0;
  else if (equal_ignoring_case(name, repo)) by_name = 10;
  else if (equal_ignoring_case(name, name_of_repo(repo))) by_name = 20;
  else if (equal_ignoring_case(name, without_gguf(repo)) || equal_ignoring_case(name, without_gguf(name_of_repo(repo))))
    by_name = 30;
  else return {};

  if (p.file.empty()) return what.empty() ? std::optional(by_name) : std::nullopt;
  if (what.empty()) return by_name + (p.alone ? 4 : 5);
  if (what == p.file || what == file || what == fmt::format("{}.gguf", p.file) || what == fmt::format("{}.gguf", file))
    return by_name;
  if (equal_ignoring_case(what, p.model.quant)) return by_name + 1;
  if (contains_ignoring_case(p.file, what)) return by_name + 2;
  return {};
}

// The models that the name matches best: one, several or none.
std::vector<const Pulled*> named(std::span<const Pulled> all, std::string_view query) {
  std::vector<const Pulled*> best;
  int lowest = 0;
  for (const Pulled& p : all) {
    const std::optional<int> r = rank(p, query);
    if (!r || (!best.empty() && *r > lowest)) continue;
    if (best.empty() || *r < lowest) best.clear(), lowest = *r;
    best.push_back(&p);
  }
  return best;
}

// Sets the name of each model: the first of its possible names that means this model alone.
std::string shortest_name(std::span<const Pulled> all, const Pulled& p) {
  const std::string name(name_of_repo(p.model.repo)), brief(without_gguf(name));
  std::vector<std::string> names;
  if (p.file.empty()) names = {name};
  else if (!p.model.quant.empty())
    names = {fmt::format("{}:{}", brief, p.model.quant), fmt::format("{}:{}", name, p.model.quant),
             fmt::format("{}:{}", p.model.repo, p.model.quant)};
  else if (p.alone) names = {brief, name, p.model.repo};
  for (const std::string& n : names)
    if (const auto meant = named(all, n); meant.size() == 1 && meant[0] == &p && shipped("models/" + n).empty())
      return n;
  return p.file.empty() ? p.model.repo : fmt::format("{}:{}", p.model.repo, p.file);
}

std::vector<Pulled> pulled_with_names() {
  std::vector<Pulled> all = pulled_models();
  for (Pulled& p : all) p.model.name = shortest_name(all, p);
  return all;
}

std::vector<LocalModel> shipped_models() {
  std::map<std::string, LocalModel> found;
  for (const fs::path& home : homes()) {
    std::error_code error;
    for (fs::directory_iterator at(home / "models", error); !error && at != fs::directory_iterator();
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (auto m = folder_in(shipped("models/" + name), files_of(at->path()), "")) {
        m->name = name;
        found.try_emplace(name, std::move(*m));
      }
    }
  }
  std::vector<LocalModel> all;
  for (auto& [name, m] : found) all.push_back(std::move(m));
  return all;
}

// Up to five names that the user may have meant, allowing for a typing error or a missing part.
std::string near_misses(std::string_view name, std::span<const LocalModel> models) {
  std::vector<std::pair<size_t, std::string>> near;
  const std::string want = lower_case(name), stem = want.substr(0, want.find(':'));
  for (const LocalModel& m : models) {
    const std::string have = lower_case(m.name);
    const size_t d = edit_distance(want, have);
    if (d <= std::max<size_t>(2, want.size() / 4) || (stem.size() > 2 && have.find(stem) != have.npos) ||
        (have.size() > 2 && want.find(have) != want.npos))
      near.emplace_back(d, m.name);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > 5) near.resize(5);
  std::vector<std::string> names;
  for (auto& [d, n] : near) names.push_back(std::move(n));
  return names.empty() ? "" : fmt::format(" Is one of these meant: {}?", fmt::join(names, ", "));
}

tl::unexpected<Error> no_such_model(std::string_view name) {
  const bool path = name.starts_with('/') || name.starts_with('.') || name.ends_with(".gguf");
  if (path)
    return fail(Errc::io, "{}: no such file or folder, and no model has that name (r1 models lists them).{}", name,
                near_misses(name, local_models()));
  return fail(Errc::io,
              "{}: no such model: no path, and nothing that ships or was pulled (r1 models lists it).{} To fetch one: "
              "r1 pull {}",
              name, near_misses(name, local_models()),
              name.find('/') == name.npos ? "ORG/NAME[:QUANT], or a name that r1 models --available lists" : name);
}

}  // namespace

Result<std::string> missing_from_folder(const fs::path& folder) {
  const fs::path index = folder / kWeightsIndexFile;
  std::error_code error;
  if (!fs::exists(folder / kConfigFile, error)) return kConfigFile;
  if (fs::exists(folder / kWeightsFile, error)) return "";
  if (!fs::exists(index, error)) return kWeightsFile;
  const Json json = R1_TRY(read_json(index, kLargeJson));
  const Json* map = json.find("weight_map");
  if (!map || !map->object()) return fail(Errc::corrupt, "{}: weight_map: expected an object", index.string());
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : *map->object()) {
    if (!shard.string()) return fail(Errc::corrupt, "{}: weight_map: {}: expected a string", index.string(), tensor);
    shards.insert(*shard.string());
  }
  for (const std::string& shard : shards)
    if (!fs::exists(folder / shard, error)) return shard;
  return "";
}

std::vector<LocalModel> pulled_models_named(std::string_view name) {
  const std::vector<Pulled> all = pulled_with_names();
  std::vector<LocalModel> models;
  const FamilyModel* const known = find_in_family(name);
  for (const Pulled* p : named(all, known ? known->pull_name() : std::string(name))) models.push_back(p->model);
  return models;
}

std::vector<LocalModel> local_models() {
  std::vector<LocalModel> all = shipped_models();
  for (Pulled& p : pulled_with_names()) all.push_back(std::move(p.model));
  return all;
}

Result<fs::path> find_model(std::string_view name) {
  if (name.empty()) return fail(Errc::usage, "the name of a model is empty");
  if (name.find('/') == name.npos && name.find("..") == name.npos)
    if (const fs::path at = shipped(fmt::format("models/{}", name)); !at.empty()) return at;
  std::error_code error;
  if (fs::exists(name, error)) {
    const fs::path of_run = model_of_run(name);
    return of_run.empty() ? fs::path(name) : of_run;
  }
  const std::vector<Pulled> all = pulled_with_names();
  const FamilyModel* const known = find_in_family(name);
  const std::vector<const Pulled*> meant = named(all, known ? known->pull_name() : std::string(name));
  if (meant.empty() && known)
    return fail(Errc::io, "{}: not on this machine. To fetch it ({}): r1 pull {}", name, size_text(known->bytes),
                known->name);
  if (meant.empty()) return no_such_model(name);
  if (meant.size() > 1) {
    std::vector<std::string> names;
    for (const Pulled* p : meant) names.push_back(p->model.name);
    return fail(Errc::invalid_argument, "{}: several models have this name: {}", name, fmt::join(names, ", "));
  }
  const LocalModel& m = meant[0]->model;
  if (!m.missing.empty())
    return fail(Errc::io, "{}: not whole, missing: {}. To fetch the rest: r1 pull {}{}", m.name, m.missing, m.repo,
                meant[0]->file.empty() ? "" : fmt::format(":{}", m.quant.empty() ? meant[0]->file : m.quant));
  return m.path;
}

}  // namespace r1
