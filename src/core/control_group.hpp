// The control groups (cgroups of Linux) that limit this process.
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

namespace r1 {

// The folders of this process's control group and of all groups around it, in which the files of `controller`
// ("memory", "cpu") lie: those of version 2, and of version 1 those of the controller. In a container the path of the
// group may lie outside; then the top folder is the group's. `root` is "/" outside of tests. A folder need not exist.
std::vector<std::filesystem::path> control_group_folders(std::string_view controller,
                                                         const std::filesystem::path& root);

}  // namespace r1
