#include "report/run_files.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/file.hpp"
#include "core/text.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostText = 20'000;  // bytes of a sampled answer or prompt that the page shows

std::optional<i64> number_of(std::string_view digits) {
  i64 value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0) return {};
  return value;
}

// The entries of a folder whose name without `extension` is a number, by that number.
std::map<i64, fs::path> numbered(const fs::path& folder, std::string_view extension) {
  std::map<i64, fs::path> out;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    const fs::path path = at->path();
    if (path.extension().string() != extension) continue;
    if (const auto number = number_of(path.stem().string())) out[*number] = path;
  }
  return out;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  return value;
}

std::string_view value_of(std::span<const ConfigLine> config, std::string_view key) {
  for (const auto& [name, value] : config)
    if (name == key) return unquoted(value);
  return "";
}

std::string kind_of(const ReportRun& run) {
  if (run.curves.contains("reward") || !value_of(run.config, "group_size").empty()) return "reinforcement learning";
  if (value_of(run.config, "model").empty() && !value_of(run.config, "model_config").empty()) return "pretraining";
  for (const auto& [key, value] : run.config)
    if (key.ends_with("].format") && unquoted(value) == "chat") return "fine-tuning";
  return "training";
}

std::string clipped_text(std::string text) {
  if (text.size() <= kMostText) return text;
  return std::string(utf8_prefix(text, kMostText)) + fmt::format("\n[{} more bytes]", text.size() - kMostText);
}

// Reads a file that the run replaces as a whole. Damaged files have no samples.
std::optional<SampleStep> read_samples(i64 step, const fs::path& path) {
  SampleStep out{step, {}};
  const Status read = for_each_jsonl(path, [&](i64 line, Json row) -> Status {
    const JsonFields f = R1_TRY(JsonFields::of(row, fmt::format("{}:{}", path.string(), line)));
    ReportSample s;
    s.prompt = clipped_text(R1_TRY(f.string("prompt", "")));
    s.kind = R1_TRY(f.string("kind", ""));
    s.verdict = R1_TRY(f.string("verdict", ""));
    s.text = clipped_text(R1_TRY(f.string("text", "")));
    if (f.has("reward")) s.reward = R1_TRY(f.number("reward"));
    s.tokens = R1_TRY(f.integer("tokens", 0));
    s.thinking_tokens = R1_TRY(f.integer("thinking_tokens", 0));
    s.truncated = R1_TRY(f.string("finish", "")) == "length";
    out.samples.push_back(std::move(s));
    return {};
  });
  if (!read || out.samples.empty()) return {};
  return out;
}

void add_samples(ReportRun& run) {
  const auto files = numbered(run.folder / "samples", ".jsonl");
  if (files.empty()) return;
  run.first = read_samples(files.begin()->first, files.begin()->second);
  run.last = files.size() > 1 ? read_samples(files.rbegin()->first, files.rbegin()->second) : run.first;
}

i64 first_integer(const Json& config, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (const Json* value = config.find(key); value && value->integer()) return *value->integer();
  return 0;
}

std::string shape_of(const Json& config) {
  std::string out = fmt::format("{} layers of {}, vocabulary {}", first_integer(config, {"num_hidden_layers"}),
                                first_integer(config, {"hidden_size"}), first_integer(config, {"vocab_size"}));
  if (const i64 experts = first_integer(config, {"n_routed_experts", "num_experts"}); experts > 0)
    out += fmt::format(", {} of {} experts per token", first_integer(config, {"num_experts_per_tok"}), experts);
  return out;
}

std::optional<ModelSize> model_size(const fs::path& run) {
  const auto checkpoints = numbered(run / "checkpoints", "");
  if (checkpoints.empty()) return {};
  const fs::path& newest = checkpoints.rbegin()->second;
  const auto file = Safetensors::open(newest);
  if (!file) return {};
  ModelSize size;
  for (const auto& [name, tensor] : file->tensors()) size.parameters += tensor.elements();
  if (const auto config = read_json(newest / kConfigFile)) size.shape = shape_of(*config);
  return size;
}

// The last `count` parts of a path.
std::string tail_of(const fs::path& path, size_t count) {
  const std::vector<fs::path> parts(path.begin(), path.end());
  fs::path out;
  for (size_t i = parts.size() - std::min(count, parts.size()); i < parts.size(); ++i) out /= parts[i];
  return valid_utf8(out.string());
}

// The folder as an absolute path without a slash at its end.
fs::path normal(const fs::path& folder) {
  std::error_code code;
  fs::path out = fs::absolute(folder, code).lexically_normal();
  return out.has_filename() ? out : out.parent_path();
}

// Takes pairs of samples for which `key_of` gives the same text, each sample and each problem once.
template <class KeyOf>
void take_pairs(const ReportRun& run, size_t most, bool same_problem, KeyOf key_of, std::vector<SamplePair>& pairs) {
  std::set<std::string> before, after, keys;
  for (const SamplePair& p : pairs) before.insert(p.before->prompt), after.insert(p.after->prompt);
  for (const bool repeat : {false, true})
    for (const ReportSample& b : run.first->samples) {
      if (pairs.size() >= most) return;
      if (before.contains(b.prompt) || (!repeat && keys.contains(key_of(b)))) continue;
      for (const ReportSample& a : run.last->samples) {
        if (after.contains(a.prompt) || key_of(a) != key_of(b)) continue;
        pairs.push_back({&b, &a, same_problem});
        before.insert(b.prompt), after.insert(a.prompt), keys.insert(key_of(b));
        break;
      }
    }
}

}  // namespace

fs::path metrics_path(const fs::path& run) { return run / "metrics.jsonl"; }

Status check_run_folder(const fs::path& run) {
  std::error_code code;
  if (!fs::exists(run, code))
    return fail(Errc::io, "{}: no such folder; RUN is what r1 train --out made", run.string());
  if (!fs::is_directory(run, code))
    return fail(Errc::invalid_argument, "{}: not a folder; RUN is the folder that r1 train --out made", run.string());
  return {};
}

std::vector<std::string> run_names(std::span<const fs::path> folders) {
  std::vector<fs::path> paths;
  size_t deepest = 1;
  for (const fs::path& folder : folders) {
    paths.push_back(normal(folder));
    deepest = std::max<size_t>(deepest, std::distance(paths.back().begin(), paths.back().end()));
  }
  std::vector<std::string> names;
  for (size_t parts = 1; parts <= deepest; ++parts) {
    names.clear();
    for (const fs::path& path : paths) names.push_back(tail_of(path, parts));
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) break;
  }
  return names;
}

// The program itself writes config.toml, a setting per line, so lines are enough to show it.
std::vector<ConfigLine> read_config_lines(const fs::path& run) {
  std::vector<ConfigLine> out;
  const auto text = read_regular_file(run / "config.toml", i64{1} << 20);
  if (!text) return out;
  std::string table;
  std::map<std::string, int> tables;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    const std::string_view line = trimmed(std::string_view(*text).substr(begin, end - begin));
    begin = end + 1;
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("[[") && line.ends_with("]]")) {
      const std::string name(line.substr(2, line.size() - 4));
      table = fmt::format("{}[{}]", name, ++tables[name]);
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == line.npos) continue;
    out.emplace_back(
        valid_utf8(fmt::format("{}{}{}", table, table.empty() ? "" : ".", trimmed(line.substr(0, equals)))),
        valid_utf8(trimmed(line.substr(equals + 1))));
  }
  return out;
}

i64 planned_steps_of(std::span<const ConfigLine> config) { return number_of(value_of(config, "steps")).value_or(0); }

Result<std::vector<ReportRun>> read_runs(std::span<const fs::path> folders) {
  const std::vector<std::string> names = run_names(folders);
  std::vector<ReportRun> runs;
  for (size_t i = 0; i < folders.size(); ++i) {
    const fs::path& folder = folders[i];
    R1_TRY(check_run_folder(folder));
    const fs::path metrics = metrics_path(folder);
    std::error_code code;
    if (!fs::exists(metrics, code))
      return fail(Errc::io, "{}: no such file, so {} is not the folder of a run, or its first step is not done",
                  metrics.string(), folder.string());
    MetricsReader reader(metrics);
    R1_TRY(reader.update());
    if (reader.curves().empty())
      return fail(Errc::invalid_argument, "{}: no step is recorded yet; r1 report --live waits for the first",
                  metrics.string());
    ReportRun run;
    run.name = names[i], run.folder = folder, run.curves = reader.curves(), run.last_step = reader.last_step();
    run.config = read_config_lines(folder);
    run.planned_steps = planned_steps_of(run.config);
    run.kind = kind_of(run);
    run.model = model_size(folder);
    add_samples(run);
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<SamplePair> sample_pairs(const ReportRun& run, size_t most) {
  std::vector<SamplePair> pairs;
  if (!run.first || !run.last) return pairs;
  if (run.first->step == run.last->step) {
    std::set<std::string> prompts;
    for (const ReportSample& s : run.first->samples)
      if (pairs.size() < most && prompts.insert(s.prompt).second) pairs.push_back({&s, nullptr, false});
    return pairs;
  }
  take_pairs(
      run, most, true, [](const ReportSample& s) { return s.prompt; }, pairs);
  take_pairs(
      run, most, false, [](const ReportSample& s) { return s.kind; }, pairs);
  take_pairs(
      run, most, false, [](const ReportSample&) { return std::string(); }, pairs);
  return pairs;
}

}  // namespace r1
