#include "recipe/stages.hpp"

#include <algorithm>
#include <set>

#include "core/file.hpp"
#include "formats/model_folder.hpp"
#include "rewards/judge.hpp"
#include "rl/grpo.hpp"
#include "session/memory.hpp"
#include "tasks/tasks.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// What the settings of a stage must name and are given only when it runs.
const Overrides kAnyPlaces = {{"model", "model"}, {"out", "out"}};

Result<std::string> without_or_fail(const std::string& tasks, const RecipeOptions& options, std::string_view where) {
  std::string left = mixture_without(tasks, options.without);
  if (left.empty())
    return fail(Errc::invalid_argument, "{}: without {} no problems of {} are left", where,
                fmt::join(options.without, ", "), tasks);
  return left;
}

Status leave_out(TrainConfig& config, const RecipeOptions& options, std::string_view where) {
  for (DataSource& d : config.data)
    if (!d.tasks.empty()) d.tasks = R1_TRY(without_or_fail(d.tasks, options, where));
  return {};
}

Status check_tasks(const std::string& tasks, std::string_view where) {
  const auto parsed = parse_mixture(tasks);
  if (!parsed) return tl::unexpected(Error(parsed.error()).in(std::string(where)));
  return {};
}

Overrides with_threads(Overrides places, const RecipeOptions& options) {
  if (options.threads > 0) places.emplace_back("threads", fmt::format("{}", options.threads));
  return places;
}

Result<TrainConfig> training_settings(const StageConfig& stage, const fs::path& recipe, Overrides places,
                                      const RecipeOptions& options) {
  const std::string path = (recipe / (stage.name + ".toml")).string();
  TrainConfig config = R1_TRY(load_train_config(path, with_threads(std::move(places), options)));
  if (!options.without.empty()) R1_TRY(leave_out(config, options, path));
  for (const DataSource& d : config.data)
    if (!d.tasks.empty()) R1_TRY(check_tasks(d.tasks, path));
  return config;
}

Result<GrpoConfig> grpo_settings(const StageConfig& stage, const fs::path& recipe, Overrides places,
                                 const RecipeOptions& options) {
  const std::string path = (recipe / (stage.name + ".toml")).string();
  GrpoConfig config = R1_TRY(load_grpo_config(path, with_threads(std::move(places), options)));
  if (config.tasks.empty()) return config;
  if (!options.without.empty()) config.tasks = R1_TRY(without_or_fail(config.tasks, options, path));
  R1_TRY(check_tasks(config.tasks, path));
  return config;
}

Result<SampleConfig> sample_settings(const StageConfig& stage, const fs::path& recipe, const RecipeOptions& options) {
  const std::string path = (recipe / (stage.name + ".toml")).string();
  SampleConfig config = R1_TRY(load_sample_config(path));
  if (!options.without.empty()) config.tasks = R1_TRY(without_or_fail(config.tasks, options, path));
  R1_TRY(check_tasks(config.tasks, path));
  return config;
}

// The rows of a stage of fine-tuning, which the file leaves to the pipeline.
Overrides with_rows(Overrides places, const StageConfig& stage, const fs::path& rows) {
  if (!stage.rows.empty()) places.emplace_back("data.file", rows.string());
  return places;
}

// Whether problems of this mixture ask for programs.
bool asks_for_programs(const std::string& tasks) {
  const auto mixture = parse_mixture(tasks);
  return mixture && std::any_of(mixture->parts.begin(), mixture->parts.end(), [](const MixturePart& part) {
           const Problem p[] = {make_problem(part.kind, part.min_difficulty, Split::train, 0, 0)};
           return part.weight > 0 && needs_sandbox(p);
         });
}

TrainHooks hooks_of(const RecipeHooks& hooks, std::string model) {
  TrainHooks out;
  out.stop = hooks.stop;
  out.progress = hooks.progress;
  out.note = hooks.note;
  out.admit = [model = std::move(model)](const Model& outline) { return check_training_memory(model, outline); };
  return out;
}

// The stages of the trunk, or of the branch with the stages that they need.
Result<std::vector<StageConfig>> stages_to_run(std::vector<StageConfig> stages, const std::string& branch,
                                               const fs::path& recipe) {
  std::set<std::string, std::less<>> needed, branches;
  for (auto s = stages.rbegin(); s != stages.rend(); ++s) {
    if (!s->branch.empty()) branches.insert(s->branch);
    if (s->branch == branch) needed.insert(s->name);
    if (!needed.contains(s->name)) continue;
    for (const std::string& name : {s->from, s->rows}) needed.insert(name);
  }
  if (!branch.empty() && !branches.contains(branch))
    return fail(Errc::usage, "--stages {}: {} has {}", branch, (recipe / "pipeline.toml").string(),
                branches.empty() ? "no branches" : fmt::format("the branches {}", fmt::join(branches, ", ")));
  std::erase_if(stages, [&](const StageConfig& s) { return !needed.contains(s.name); });
  return stages;
}

}  // namespace

fs::path architecture_of(const StageConfig& stage) { return stage.config.empty() ? kConfigFile : stage.config; }

std::string mixture_without(std::string_view tasks, std::span<const std::string> kinds) {
  std::string left;
  for (size_t at = 0; at <= tasks.size();) {
    const size_t end = std::min(tasks.find(',', at), tasks.size());
    const std::string_view part = tasks.substr(at, end - at), kind = part.substr(0, part.find_first_of(":="));
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) left.append(left.empty() ? "" : ",").append(part);
    at = end + 1;
  }
  return left;
}

Result<Pipeline> Pipeline::open(const fs::path& recipe, const RecipeOptions& options) {
  Pipeline out;
  const fs::path path = recipe / "pipeline.toml";
  std::vector<StageConfig> stages = {{.name = "pretrain", .kind = "pretrain"},
                                     {.name = "sft", .kind = "sft", .from = "pretrain"}};
  std::error_code ignored;  // a file that cannot be read is an error of load_pipeline_config
  if (fs::exists(path, ignored)) {
    PipelineConfig config = R1_TRY(load_pipeline_config(path.string()));
    out.level = std::move(config.level);
    stages = std::move(config.stages);
  }
  stages = R1_TRY(stages_to_run(std::move(stages), options.branch, recipe));
  for (StageConfig& stage : stages) {
    if (stage.kind == "sample") {
      SampleConfig settings = R1_TRY(sample_settings(stage, recipe, options));
      out.stages.push_back({std::move(stage), std::move(settings)});
    } else if (stage.kind == "grpo") {
      GrpoConfig settings = R1_TRY(grpo_settings(stage, recipe, kAnyPlaces, options));
      out.stages.push_back({std::move(stage), std::move(settings)});
    } else {
      TrainConfig settings = R1_TRY(training_settings(stage, recipe, with_rows(kAnyPlaces, stage, "rows"), options));
      out.stages.push_back({std::move(stage), std::move(settings)});
    }
  }
  return out;
}

bool Pipeline::judges_programs() const {
  return std::any_of(stages.begin(), stages.end(), [](const Stage& stage) {
    if (const auto* grpo = std::get_if<GrpoConfig>(&stage.settings))
      return !grpo->tasks.empty() && asks_for_programs(grpo->tasks);
    const auto* sample = std::get_if<SampleConfig>(&stage.settings);
    return sample && asks_for_programs(sample->tasks);
  });
}

Status try_sandbox() {
  const auto failure = [](std::string_view why) {
    return fail(Errc::unsupported,
                "programs cannot be judged here: {}; docs/sandbox.md says what to enable, and --without code leaves "
                "out the problems that ask for programs",
                why);
  };
  auto judge = Judge::open({}, true);
  if (!judge) return failure(judge.error().what);
  Problem problem;
  problem.checker = ProgramChecker{ProgramLanguage::python, ProgramAsserts{"assert f(2) == 4", "", "f", "", ""}};
  const std::pair<const char*, JudgementKind> programs[] = {{"return x * 2", JudgementKind::right},
                                                            {"return x * 3", JudgementKind::wrong}};
  for (const auto& [body, wanted] : programs) {
    judge->submit(0, problem, {fmt::format("<think>\n</think>\n\n```python\ndef f(x):\n    {}\n```", body)});
    while (judge->busy())
      for (const auto& [ticket, judgement] : judge->finished(std::chrono::seconds(1)))
        if (judgement.kind != wanted)
          return failure(fmt::format("a trial program was judged {}, not {}{}{}", name_of(judgement.kind),
                                     name_of(wanted), judgement.detail.empty() ? "" : ": ", judgement.detail));
  }
  return {};
}

Status run_stage(const Stage& stage, PipelineState& state, const RecipeHooks& hooks, const RecipeOptions& options) {
  const StageConfig& s = stage.config;
  const fs::path folder = state.out / s.name, model = s.from.empty() ? fs::path() : state.results.at(s.from);
  const auto in_stage = [&](Error error) { return tl::unexpected(std::move(error).in("stage " + s.name)); };
  if (const auto* sample = std::get_if<SampleConfig>(&stage.settings)) {
    if (Status done = run_sampling(*sample, model, folder,
                                   options.threads > 0 ? options.threads : ThreadPool::default_threads(), hooks);
        !done)
      return in_stage(std::move(done).error());
    state.results[s.name] = folder;
    return {};
  }
  Overrides places = {{"out", folder.string()}};
  if (s.kind == "pretrain")
    places.insert(places.end(), {{"model_config", (state.out / architecture_of(s)).string()},
                                 {"tokenizer", state.tokenizer.string()}});
  else places.emplace_back("model", model.string());
  Result<TrainResult> result = fail(Errc::invalid_argument, "no kind {}", s.kind);
  if (s.kind == "grpo") {
    const GrpoConfig config = R1_TRY(grpo_settings(s, state.recipe, places, options));
    if (hooks.stage) hooks.stage(s.name, s.kind, config);
    result = train_grpo(config, hooks_of(hooks, config.model));
  } else {
    const fs::path rows = s.rows.empty() ? fs::path() : state.results.at(s.rows) / kConversations;
    const TrainConfig config = R1_TRY(training_settings(s, state.recipe, with_rows(places, s, rows), options));
    if (hooks.stage) hooks.stage(s.name, s.kind, config);
    result = train(config, hooks_of(hooks, config.model.empty() ? config.model_config : config.model));
  }
  if (!result) return in_stage(std::move(result).error());
  if (hooks.note)
    hooks.note(result->already_finished ? fmt::format("stage {}: was already finished", s.name)
                                        : fmt::format("stage {}: finished, loss {:.4f}", s.name, result->loss));
  state.results[s.name] = result->checkpoint;
  return {};
}

}  // namespace r1
