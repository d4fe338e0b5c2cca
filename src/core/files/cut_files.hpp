// Handles mapped files that another program cuts short. Reading the missing part of such a file raises SIGBUS, which
// normally ends the process. After watch_cut_files() such a read gives zeros, cut_files() counts it, and cut_file_of()
// says whether it happened in a given map. All results that were computed from that map since then are worthless. A cut
// inside the file's last page raises no signal and is not noticed.
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

// map_file registers every map here and removes it before it unmaps the file. `path` is the path of the mapped file.
// Any thread may call both functions.
void watch_map(const void* begin, size_t bytes, std::string path);
void forget_map(const void* begin);

}  // namespace r1
