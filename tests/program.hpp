// A fixture that runs the program through a shell, as people and scripts do, and has a temporary folder for the test.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {

namespace fs = std::filesystem;

struct Outcome {
  int code;  // exit code, or -1 if a signal ended the program
  std::string out, err;
};

class Program : public testing::Test {
 protected:
  // Runs r1 in the root of the source tree. `words` is the rest of the command line, which may redirect stdin; without
  // that it is /dev/null. Every {} in it becomes folder_.
  Outcome r1(std::string words) const {
    for (size_t at; (at = words.find("{}")) != words.npos;) words.replace(at, 2, folder_.string());
    const fs::path script = file("command"), out = file("stdout"), err = file("stderr");
    EXPECT_TRUE(write_file(script, fmt::format("cd {} && exec < /dev/null && exec {}/r1 {} > {} 2> {}\n", R1_SOURCE_DIR,
                                               R1_BINARY_DIR, words, out.string(), err.string())));
    const int status = std::system(("bash " + script.string()).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, *read_file(out), *read_file(err)};
  }
  fs::path file(const char* name) const { return folder_ / name; }

  const TestFolder temporary_;
  const fs::path& folder_ = temporary_.path();
};

// Expects the exit code, nothing on stdout, and one line on stderr that contains all of `words`.
inline void expect_failure(const Outcome& o, int code, std::initializer_list<const char*> words) {
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << "one line: " << o.err;
  for (const char* word : words) EXPECT_NE(o.err.find(word), std::string::npos) << word << " in: " << o.err;
}

}  // namespace r1
