// r1 models lists the models on this machine; r1 rm removes one that was pulled.
#include "hub/models.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/commands.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "hub/remove.hpp"
#include "hub/select.hpp"

namespace r1 {

Result<int> run_models(const Args& args) {
  bool json = false;
  if (const auto stop = parse(args, "The models on this machine, with the names that -m understands.",
                              {{"--json", &json, "one JSON array on stdout"}}))
    return *stop;
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
  if (models.empty()) fmt::print(stderr, "none yet; to fetch one: r1 pull ORG/NAME[:QUANT]\n");
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
