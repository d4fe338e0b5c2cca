// The command line that starts a program in the sandbox.
#pragma once
#include <string>
#include <vector>

#include "core/error.hpp"
#include "sandbox/sandbox.hpp"

namespace r1::sandbox {

// What the sandbox contains.
enum class Root {
  python,    // the interpreter and its standard library
  compiler,  // g++ with headers and libraries
  program    // shared libraries
};

// A file of the sandbox. It exists only there, read-only.
struct File {
  std::string path, content;
  bool executable = false;
};

// The descriptors that bubblewrap itself reads. It closes them before the program starts.
inline constexpr int kStatusFd = 10, kFilterFd = 11, kFirstFileFd = 12;

// The arguments for posix_spawn; the first is the path of the program to execute. `files` come in on kFirstFileFd and
// the descriptors after it. Where this process is root, the sandbox belongs to nobody (65534): the limit of processes
// does not hold for root.
std::vector<std::string> command_line(Root root, const std::vector<File>& files,
                                      const std::vector<std::string>& program, const Limits& limits);

// Errors: io, if a program that the command line needs is not installed.
Status check_installed();

}  // namespace r1::sandbox
