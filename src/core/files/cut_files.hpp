// A file that another program cuts short while it is mapped. To read what is gone raises SIGBUS, which ends a process.
// A program that serves many does not want that: after watch_cut_files() such a read gives zeros, and the program
// learns of it by cut_files(). What was computed meanwhile is worthless.
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
