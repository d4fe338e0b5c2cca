#include "cli/manual/command_flags.hpp"

#include "cli/commands.hpp"

namespace r1 {

Result<std::vector<DescribedCommand>> described_commands() {
  std::vector<DescribedCommand> all;
  for (const Command& command : commands()) {
    CommandHelp help;
    R1_TRY(command.run({command.name, {}, &help}));
    if (help.kinds.empty()) all.push_back({command.name, help});
    for (const std::string& kind : help.kinds) {
      CommandHelp of_kind;
      R1_TRY(command.run({command.name, {kind}, &of_kind}));
      all.push_back({fmt::format("{} {}", command.name, kind), std::move(of_kind)});
    }
  }
  return all;
}

}  // namespace r1
