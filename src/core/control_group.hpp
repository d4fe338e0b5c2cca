// The control groups (cgroups of Linux) that limit this process.
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

namespace r1 {

// The folders whose files may limit this process: the folder of its control group, those of the groups around it, the
// innermost first, and the top folder. `controller` ("memory" or "cpu") selects the hierarchy of version 1; version 2
// has one hierarchy for all controllers. In a container the path of the group may lie outside of what the container
// sees; then the top folder is the group's. A folder of the result need not exist. `root` is "/", or in tests a folder
// with the same files.
std::vector<std::filesystem::path> control_group_folders(std::string_view controller,
                                                         const std::filesystem::path& root);

}  // namespace r1
