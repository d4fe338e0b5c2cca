// Files that another program cuts short while they are mapped. Reading the missing part raises SIGBUS, which normally
// ends the process. After watch_cut_files() such a read gives zeros, cut_files() counts it, and cut_file_of() tells for
// a map whether it happened there. Results that were computed from this map since then are worthless. A cut inside the
// file's last page raises no signal and is not noticed.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "core/dtype.hpp"

namespace r1 {

// Handles SIGBUS from now on, for maps of map_file (at most 4096 at a time). Further calls do nothing.
void watch_cut_files();
// How many times a read has met the end of a file that was cut, in all maps. Any thread may call it.
u64 cut_files();
// The path of the file that is mapped at `begin`, if a read of this map has met the end of the file. Any thread may
// call it.
std::optional<std::string> cut_file_of(const void* begin);

// For map_file: the maps that are watched. `path` is the file's.
void watch_map(const void* begin, size_t bytes, std::string path);
void forget_map(const void* begin);

}  // namespace r1
