// Ways to break a file, and how each is tried: the file is written, opened as a program opens it, and must be refused
// with an error that says what is wrong. The tables of such files lie beside the readers (test_*_cases.hpp). Each
// folder's tests try its own tables; tests/hostile_test.cpp tries all of them and watches the memory that they cost.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "formats/json.hpp"

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

template <class T>
Status status_of(const Result<T>& r) {
  if (!r) return tl::unexpected(r.error());
  return {};
}

// Writes a file without fsync: nothing depends on it tomorrow.
inline void put(const fs::path& path, std::string_view bytes) {
  fs::remove(path);  // overwriting would make ext4 flush the old file first
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline Json without(const Json& object, std::string_view key) {
  Json::Object members = *object.object();
  std::erase_if(members, [&](const Json::Member& m) { return m.first == key; });
  return members;
}

// The error names the file, the field and the numbers in one printable line; a well-formed file gives none.
inline void expect_answer(const Case& c, const Status& status, const fs::path& folder) {
  if (c.says.empty()) {
    EXPECT_TRUE(status) << status.error().what;
    return;
  }
  ASSERT_FALSE(status) << "it loads";
  const std::string& what = status.error().what;
  EXPECT_NE(what.find(folder.string()), std::string::npos) << "which file? " << what;
  for (const std::string& part : c.says)
    EXPECT_NE(what.find(part), std::string::npos) << "no " << part << " in: " << what;
  EXPECT_EQ(what.find_first_of("\x1b\n\r"), std::string::npos) << "one line, nothing for the terminal to obey";
  EXPECT_LT(what.size(), 2000u);
}

// An empty folder to write a case's file in; the folder around it is empty too.
class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-hostile-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
    folder = root / "model";
    fs::create_directory(folder);
  }
  void TearDown() override { fs::remove_all(root); }
  Status opened(const Kind& kind, std::string_view bytes) const {
    put(folder / kind.file, bytes);
    return kind.open(folder);
  }
  fs::path root, folder;
};

using KindAndCase = std::pair<const Kind*, Case>;
class HostileFile : public Hostile, public testing::WithParamInterface<KindAndCase> {};

inline std::vector<KindAndCase> of(const Kind& kind, std::initializer_list<std::vector<Case>> tables) {
  std::vector<KindAndCase> params;
  for (const auto& table : tables)
    for (const Case& c : table) params.emplace_back(&kind, c);
  return params;
}
inline std::string name_of_case(const testing::TestParamInfo<KindAndCase>& info) { return info.param.second.name; }

// Tries every case of the tables that follow: R1_HOSTILE(Gguf, kGguf, {header_cases(), tensor_cases()}).
#define R1_HOSTILE(name, ...) \
  INSTANTIATE_TEST_SUITE_P(name, HostileFile, testing::ValuesIn(of(__VA_ARGS__)), name_of_case)

}  // namespace r1::hostile
