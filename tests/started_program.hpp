// Starting r1 without a shell, for tests that send it signals while it runs.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

extern char** environ;

namespace r1 {

struct StartOptions {
  std::vector<std::string> without = {};  // variables of the environment that begin like this are left out
  std::vector<std::string> with = {};     // and these are added: "NAME=value"
  std::filesystem::path out = {};         // file that receives stdout; empty: that of the test
  std::filesystem::path err = {};         // file that receives stderr
};

// stdin is /dev/null.
inline pid_t start_r1(const std::vector<std::string>& words, const StartOptions& options) {
  std::vector<std::string> args{fmt::format("{}/r1", R1_BINARY_DIR)}, env = options.with;
  args.insert(args.end(), words.begin(), words.end());
  for (char** e = environ; *e; ++e)
    if (std::none_of(options.without.begin(), options.without.end(),
                     [&](const std::string& name) { return std::string_view(*e).starts_with(name); }))
      env.push_back(*e);
  const auto pointers = [](std::vector<std::string>& all) {
    std::vector<char*> out;
    for (std::string& s : all) out.push_back(s.data());
    out.push_back(nullptr);
    return out;
  };
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  for (const auto& [number, file] : {std::pair(1, options.out), std::pair(2, options.err)})
    if (!file.empty())
      posix_spawn_file_actions_addopen(&files, number, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, args[0].c_str(), &files, nullptr, pointers(args).data(), pointers(env).data()), 0);
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

// Waits for the end of a process. Returns its exit code, or minus the number of the signal that ended it.
inline int end_of(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace r1
