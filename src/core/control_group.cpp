#include "core/control_group.hpp"

#include <fstream>
#include <string>

namespace r1 {

namespace fs = std::filesystem;

std::vector<fs::path> control_group_folders(std::string_view controller, const fs::path& root) {
  std::vector<fs::path> folders;
  std::ifstream groups(root / "proc/self/cgroup");  // lines "hierarchy:controllers:path"; version 2's names none
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && ("," + controllers + ",").find("," + std::string(controller) + ",") == line.npos)
      continue;
    const fs::path top = root / "sys/fs/cgroup" / controllers;
    for (fs::path group = fs::path(line.substr(second + 1)).relative_path(); !group.empty();
         group = group.parent_path())
      folders.push_back(top / group);
    folders.push_back(top);
  }
  folders.push_back(root / "sys/fs/cgroup");
  return folders;
}

}  // namespace r1
