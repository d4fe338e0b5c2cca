// Files that another program cuts short while they are mapped. Reading the missing part raises SIGBUS, which normally
// ends the process. After watch_cut_files() such a read gives zeros, and cut_files() counts it. Results that were
// computed since then are worthless. A cut inside the file's last page raises no signal and is not noticed.
#pragma once
#include <cstddef>

#include "core/dtype.hpp"

namespace r1 {

// Handles SIGBUS from now on, for maps of map_file (at most 4096 at a time). Further calls do nothing.
void watch_cut_files();
// How many times a read has met the end of a file that was cut. Any thread may call it.
u64 cut_files();

// For map_file: the maps that are watched.
void watch_map(const void* begin, size_t bytes);
void forget_map(const void* begin);

}  // namespace r1
