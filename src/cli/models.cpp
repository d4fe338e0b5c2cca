// r1 models lists the models on this machine; r1 rm removes one that was pulled.
#include "hub/models.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/commands.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "hub/family.hpp"
#include "hub/fit.hpp"
#include "hub/remove.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

std::string_view name_of(Fit fit) {
  switch (fit) {
    case Fit::fits: return "fits";
    case Fit::tight: return "tight";
    default: return "too large";
  }
}

// The models that short names mean, and which of them this machine can hold.
void print_available(bool json) {
  const i64 memory = memory_limit();
  const auto is_here = [](const FamilyModel& m) {
    const auto models = pulled_models_named(m.pull_name());
    return std::any_of(models.begin(), models.end(), [](const LocalModel& l) { return l.missing.empty(); });
  };
  if (json) {
    Json all = Json::array({});
    for (const FamilyModel& m : r1_family())
      all.push(Json::object({{"name", m.name},
                             {"repo", m.repo},
                             {"quant", m.quant},
                             {"bytes", m.bytes},
                             {"fit", name_of(fit_of(m.bytes, memory))},
                             {"here", is_here(m)}}));
    fmt::print("{}\n", dump(all));
    return;
  }
  size_t name_width = 0, pull_width = 0;
  for (const FamilyModel& m : r1_family()) {
    name_width = std::max(name_width, m.name.size());
    pull_width = std::max(pull_width, m.pull_name().size());
  }
  for (const FamilyModel& m : r1_family())
    fmt::print("{:<{}} {:>8}  {:<9}  {:<{}}  {}{}\n", m.name, name_width, size_text(m.bytes),
               name_of(fit_of(m.bytes, memory)), m.pull_name(), pull_width, m.what, is_here(m) ? " (here)" : "");
  fmt::print(
      stderr,
      "This machine has {} of memory. To fetch one: r1 pull {}. A mixture of experts that is too large runs with "
      "--memory.\n",
      size_text(memory), r1_family().front().name);
}

}  // namespace

Result<int> run_models(const Args& args) {
  bool json = false, available = false;
  if (const auto stop = parse(args, "The models on this machine, with the names that -m understands.",
                              {{"--available", &available, "the models of the R1 family that r1 pull knows by name"},
                               {"--json", &json, "one JSON array on stdout"}}))
    return *stop;
  if (available) return print_available(json), 0;
  const std::vector<LocalModel> models = local_models();
  if (json) {
    Json all = Json::array({});
    for (const LocalModel& m : models)
      all.push(Json::object({{"name", m.name},
                             {"repo", m.repo.empty() ? Json() : Json(m.repo)},
                             {"type", m.type},
                             {"quant", m.quant.empty() ? Json() : Json(m.quant)},
                             {"bytes", m.bytes},
                             {"path", m.path.string()},
                             {"missing", m.missing.empty() ? Json() : Json(m.missing)}}));
    fmt::print("{}\n", dump(all));
    return 0;
  }
  if (models.empty()) fmt::print(stderr, "none yet; r1 models --available lists what can be fetched\n");
  const auto shown = [](const std::string& text) { return printable(text, 400); };
  size_t width = 4;
  for (const LocalModel& m : models) width = std::max(width, shown(m.name).size());
  for (const LocalModel& m : models)
    fmt::print("{:<{}}  {:<6}  {:>9}  {}{}\n", shown(m.name), width, m.type, size_text(m.bytes), shown(m.path.string()),
               m.missing.empty() ? "" : fmt::format("  (missing: {})", shown(m.missing)));
  return 0;
}

Result<int> run_rm(const Args& args) {
  std::string name;
  bool yes = false;
  if (const auto stop =
          parse(args, "Removes a model that r1 pull or another tool has fetched into Hugging Face's cache.",
                {{"MODEL", &name, "name as r1 models shows it, or ORG/NAME for a whole repository", true},
                 {"-y,--yes", &yes, "do not ask"}}))
    return *stop;
  const RemovalPlan plan = R1_TRY(plan_removal(name));
  const std::string what = fmt::format("{} ({})", printable(plan.name, 400), size_text(plan.bytes));
  if (!yes && !isatty(STDIN_FILENO))
    return fail(Errc::usage, "{}: nobody can be asked, because stdin is no terminal; --yes removes it", what);
  if (!yes) {
    fmt::print(stderr, "remove {}? [y/N] ", what);
    std::string reply;
    std::getline(std::cin, reply);
    if (reply != "y" && reply != "Y" && reply != "yes") return fail(Errc::interrupted, "nothing was removed");
  }
  R1_TRY(remove(plan));
  fmt::print(stderr, "removed {}\n", what);
  return 0;
}

}  // namespace r1
