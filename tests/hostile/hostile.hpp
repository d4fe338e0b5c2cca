// What a way to break a file is, and how it is tried: the file is written, opened as a program opens it, and must be
// refused with an error that says so, in bounded memory.
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

// One file of the name that its kind expects, in a folder of its own.
struct Case {
  std::string name;               // a C++ identifier; what is wrong
  std::string bytes;              // of the file
  std::vector<std::string> says;  // parts of the error: the field and the numbers. Empty: it is well formed and loads
  std::function<void(const fs::path& folder)> besides{};  // files, links and folders beside it
};
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

struct Kind {
  std::string file;                                    // name of the file that a case's bytes become
  std::function<Status(const fs::path& folder)> open;  // as a program does, as far as the case's kind goes
};

void put(const fs::path& path, std::string_view bytes);  // without fsync: nobody depends on it tomorrow

// Bytes of heap and of memory mapped and touched, above what there was at the start, at the worst moment.
class MemoryWatch {
 public:
  MemoryWatch();
  size_t worst() const;
};

// What the tables promise for a file of this size.
constexpr size_t memory_limit(size_t file_bytes) { return 16 * file_bytes + (size_t{64} << 20); }

}  // namespace r1::hostile
