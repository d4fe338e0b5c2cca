// The types of the tables of hostile files. hostile_test.cpp writes each file, opens it as the program does, and
// expects an error in bounded memory.
#pragma once
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace r1::hostile {

namespace fs = std::filesystem;

// One hostile file. It is written, under the name that its kind has, into a folder of its own.
struct Case {
  std::string name;               // what is wrong with the file; a C++ identifier
  std::string bytes;              // contents of the file
  std::vector<std::string> says;  // parts of the expected error: field, numbers. Empty: the file must load
  std::function<void(const fs::path& folder)> besides{};  // makes other files, links and folders beside the file
};
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// A kind of file: its name, and how the program opens it.
struct Kind {
  std::string file;
  std::function<Status(const fs::path& folder)> open;
};

void put(const fs::path& path, std::string_view bytes);  // writes a file without fsync, which tests do not need

// Measures the memory that is used after the watch is made.
class MemoryWatch {
 public:
  MemoryWatch();
  size_t worst() const;  // bytes above those at the start, at the worst moment; hostile_test.cpp says what counts
};

// The memory that a reader may use for a file of this size.
constexpr size_t memory_limit(size_t file_bytes) { return 16 * file_bytes + (size_t{64} << 20); }

}  // namespace r1::hostile
