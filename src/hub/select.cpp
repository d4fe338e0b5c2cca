#include "hub/select.hpp"

#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "formats/model_folder.hpp"
#include "hub/fit.hpp"

namespace r1 {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
bool in_root(std::string_view path) { return path.find('/') == path.npos; }

bool all_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isdigit(c); });
}

// Parses PREFIX-00001-of-00009 + extension: which shard of how many.
struct Shard {
  std::string prefix;
  i64 number, count;
};
std::optional<Shard> shard_of(std::string_view path, std::string_view extension) {
  if (!path.ends_with(extension)) return {};
  const std::string_view stem = path.substr(0, path.size() - extension.size());
  constexpr size_t kTail = std::string_view("-00001-of-00009").size();
  if (stem.size() <= kTail) return {};
  const std::string_view tail = stem.substr(stem.size() - kTail), number = tail.substr(1, 5),
                         count = tail.substr(10, 5);
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || !all_digits(number) || !all_digits(count)) return {};
  Shard shard{std::string(stem.substr(0, stem.size() - kTail)), 0, 0};
  std::from_chars(number.data(), number.data() + 5, shard.number);
  std::from_chars(count.data(), count.data() + 5, shard.count);
  if (shard.number < 1 || shard.number > shard.count) return {};
  return shard;
}

// Matches Q4_K_M, IQ1_S, TQ1_0, F16, BF16, MXFP4 and the like: letters, a digit, then parts separated by underscores.
bool is_quant(std::string_view token) {
  std::string t(token);
  std::transform(t.begin(), t.end(), t.begin(), lower);
  for (const std::string_view plain : {"f32", "f16", "bf16", "fp32", "fp16", "fp8"})
    if (t == plain) return true;
  for (const std::string_view family : {"iq", "tq", "q", "mxfp", "nvfp"})
    if (t.starts_with(family) && t.size() > family.size() && std::isdigit(static_cast<unsigned char>(t[family.size()])))
      return t.size() == family.size() + 1 || t[family.size() + 1] == '_';
  return false;
}

// Finds the quantisation in a name: "DeepSeek-R1-UD-Q2_K_XL" → "UD-Q2_K_XL". The last part that looks like one counts.
std::string quant_of(std::string_view name) {
  std::string found;
  std::string_view before, rest = base_name(name);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of("-."), rest.size());
    const std::string_view token = rest.substr(0, end);
    if (is_quant(token)) found = (before == "UD" ? "UD-" : "") + std::string(token);
    before = token;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

bool is_glob(std::string_view s) { return s.find_first_of("*?[") != s.npos; }

bool glob_fits(std::string_view glob, const std::string& path) {
  const std::string pattern(glob);
  return fnmatch(pattern.c_str(), path.c_str(), 0) == 0 ||
         fnmatch(pattern.c_str(), std::string(base_name(path)).c_str(), 0) == 0;
}

bool names_file(std::string_view what, std::string_view path) {
  return what == path || what == base_name(path) || fmt::format("{}.gguf", what) == base_name(path);
}

std::string describe(const GgufGroup& g) {
  return fmt::format("{} ({}{})", g.quant.empty() ? g.name : g.quant, size_text(g.bytes),
                     g.whole() ? "" : fmt::format(", {} of {} shards", g.files.size(), g.shards));
}

// Names and their number come from outside, so the list in an error is limited.
template <class Range, class Describe>
std::string list(const Range& range, Describe&& text) {
  constexpr size_t kListed = 40;
  std::vector<std::string> items;
  for (const auto& item : range) {
    if (items.size() == kListed) {
      items.push_back(fmt::format("and {} more", range.size() - kListed));
      break;
    }
    items.push_back(text(item));
  }
  return fmt::format("{}", fmt::join(items, ", "));
}

// Groups with the same quantisation differ only in their names.
std::string list_groups(std::span<const GgufGroup> groups) {
  std::map<std::string, int> uses;
  for (const GgufGroup& g : groups) ++uses[g.quant];
  return list(groups, [&](const GgufGroup& g) {
    if (uses[g.quant] == 1) return describe(g);
    return fmt::format("{} ({})", g.name, size_text(g.bytes));
  });
}

// The four readings of `what`, the strictest one first.
std::vector<size_t> matching_groups(std::span<const FileSize> files, std::span<const GgufGroup> groups,
                                    std::string_view what) {
  const auto any_file = [&](const GgufGroup& g, auto&& fits) {
    return std::any_of(g.files.begin(), g.files.end(), [&](size_t f) { return fits(files[f].path); });
  };
  std::vector<size_t> found;
  for (int reading = 0; reading < 4 && found.empty(); ++reading)
    for (size_t i = 0; i < groups.size(); ++i) {
      const GgufGroup& g = groups[i];
      const bool fits =
          reading == 0 ? any_file(g, [&](const std::string& path) { return names_file(what, path); }) ||
                             what == g.name || what == base_name(g.name)
          : reading == 1 ? is_glob(what) && any_file(g, [&](const std::string& path) { return glob_fits(what, path); })
          : reading == 2 ? equal_ignoring_case(what, g.quant)
                         : contains_ignoring_case(g.name, what);
      if (fits) found.push_back(i);
    }
  return found;
}

// Suggests a group if the user chose none: Q4_K_M if it fits the memory, else the largest that fits, else the smallest.
const GgufGroup& suggestion(std::span<const GgufGroup> groups, i64 memory_bytes) {
  const GgufGroup* best = nullptr;
  for (const GgufGroup& g : groups) {
    if (!g.whole() || g.quant.empty() || fit_of(g.bytes, memory_bytes) != Fit::fits) continue;
    if (g.quant == "Q4_K_M") return g;
    if (!best || g.bytes > best->bytes) best = &g;
  }
  if (best) return *best;
  return *std::min_element(groups.begin(), groups.end(),
                           [](const GgufGroup& a, const GgufGroup& b) { return a.bytes < b.bytes; });
}

void add_group_of(size_t file, std::span<const GgufGroup> groups, std::set<size_t>& out) {
  out.insert(file);
  for (const GgufGroup& g : groups)
    if (std::find(g.files.begin(), g.files.end(), file) != g.files.end()) out.insert(g.files.begin(), g.files.end());
}

Status check_whole(std::span<const FileSize> files, std::span<const GgufGroup> groups, const Selection& s,
                   std::string_view where) {
  for (const GgufGroup& g : groups)
    if (!g.whole() && std::find(s.files.begin(), s.files.end(), g.files[0]) != s.files.end())
      return fail(Errc::corrupt, "{}: {}: {} of {} shards are there", where, files[g.files[0]].path, g.files.size(),
                  g.shards);
  return {};
}

}  // namespace

std::string size_text(i64 bytes) {
  const double b = static_cast<double>(bytes);
  if (b < 1e3) return fmt::format("{} B", bytes);
  if (b < 1e6) return fmt::format("{:.1f} kB", b / 1e3);
  if (b < 1e9) return fmt::format("{:.1f} MB", b / 1e6);
  return b < 1e11 ? fmt::format("{:.2f} GB", b / 1e9) : fmt::format("{:.0f} GB", b / 1e9);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char x, char y) { return lower(x) == lower(y); }) != text.end();
}

std::vector<GgufGroup> gguf_groups(std::span<const FileSize> files) {
  std::map<std::pair<std::string, i64>, std::map<i64, size_t>>
      shards;  // from name and number of shards to shard to file
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& path = files[i].path;
    const std::string_view base = base_name(path);
    if (!path.ends_with(".gguf") || contains_ignoring_case(base, "mmproj") || contains_ignoring_case(base, "imatrix"))
      continue;
    if (const auto shard = shard_of(path, ".gguf")) shards[{shard->prefix, shard->count}].emplace(shard->number, i);
    else shards[{path.substr(0, path.size() - 5), 1}].emplace(1, i);
  }
  std::vector<GgufGroup> groups;
  for (const auto& [key, numbered] : shards) {
    GgufGroup g{key.first, quant_of(key.first), {}, 0, key.second};
    for (const auto& [number, file] : numbered) g.files.push_back(file), g.bytes += files[file].bytes;
    groups.push_back(std::move(g));
  }
  return groups;
}

Result<size_t> choose_group(std::span<const FileSize> files, std::span<const GgufGroup> groups, std::string_view what,
                            std::string_view where) {
  const std::vector<size_t> found = matching_groups(files, groups, what);
  if (found.size() == 1) return found[0];
  if (found.empty())
    return fail(Errc::invalid_argument, "{}: no GGUF is \"{}\"; there are: {}", where, what, list_groups(groups));
  std::vector<GgufGroup> several;
  for (const size_t i : found) several.push_back(groups[i]);
  return fail(Errc::invalid_argument, "{}: \"{}\" is ambiguous: {}", where, what,
              list(several, [](const GgufGroup& g) { return g.name; }));
}

std::vector<size_t> folder_files(std::span<const FileSize> files) {
  bool config = false, model_shards = false, other_shards = false;
  for (const FileSize& f : files) {
    const auto shard = in_root(f.path) ? shard_of(f.path, ".safetensors") : std::nullopt;
    config |= f.path == kConfigFile;
    model_shards |= shard && shard->prefix == "model";
    other_shards |= shard.has_value();
  }
  std::vector<size_t> chosen;
  bool weights = false;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& path = files[i].path;
    const auto role = model_file_role(path);
    if (!in_root(path) && !role) continue;
    const auto shard = shard_of(path, ".safetensors");
    const bool weight = model_shards   ? shard && shard->prefix == "model"
                        : other_shards ? shard.has_value()
                                       : path == kWeightsFile;
    // Repositories also hold settings that only other programs read: any JSON that does not describe pickled weights.
    const bool other_settings = path.ends_with(".json") && path.find(".bin.") == path.npos;
    const bool known = role && *role != ModelFileRole::weights && *role != ModelFileRole::model_card;
    const bool text = known || other_settings || path.ends_with(".jinja");
    if (weight || text) chosen.push_back(i);
    weights |= weight;
  }
  if (!config || !weights) chosen.clear();
  return chosen;
}

Result<Selection> select_files(std::span<const FileSize> files, std::string_view what, std::string_view where,
                               i64 memory_bytes) {
  const std::vector<GgufGroup> groups = gguf_groups(files);
  Selection s;
  const auto take = [&](const GgufGroup& g) { s.files = g.files, s.quant = g.quant; };
  if (what.empty()) {
    s.files = folder_files(files);
    s.folder = !s.files.empty();
    if (!s.folder && groups.empty())
      return fail(Errc::unsupported,
                  "{}: no model that can be run: neither config.json with safetensors nor GGUF among {}", where,
                  list(files, [](const FileSize& f) { return f.path; }));
    if (!s.folder && groups.size() > 1) {
      const GgufGroup& g = suggestion(groups, memory_bytes);
      return fail(Errc::invalid_argument, "{}: {} GGUF models, name one: {}. For instance r1 pull {}:{}", where,
                  groups.size(), list_groups(groups), where, g.quant.empty() ? base_name(g.name) : g.quant);
    }
    if (!s.folder) take(groups[0]);
  } else {
    std::set<size_t> named;
    for (size_t i = 0; i < files.size(); ++i)
      if (files[i].path == what || (is_glob(what) && glob_fits(what, files[i].path))) add_group_of(i, groups, named);
    s.files.assign(named.begin(), named.end());
    if (s.files.empty() && groups.empty())
      return fail(Errc::invalid_argument, "{}: no file is \"{}\"; there are: {}", where, what,
                  list(files, [](const FileSize& f) { return f.path; }));
    if (s.files.empty()) take(groups[R1_TRY(choose_group(files, groups, what, where))]);
  }
  R1_TRY(check_whole(files, groups, s, where));
  return s;
}

}  // namespace r1
