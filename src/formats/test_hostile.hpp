// The types of the tables of hostile files, which lie beside the readers (test_*_cases.hpp). A test writes each file,
// opens it as the program does, and expects an error that says what is wrong. The tests of a folder try the folder's
// own tables. tests/hostile_test.cpp tries all of them and bounds the memory that they cost.
#pragma once
#include <gtest/gtest.h>

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
#include "core/test_folder.hpp"
#include "formats/json.hpp"

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

template <class T>
Status status_of(const Result<T>& r) {
  if (!r) return tl::unexpected(r.error());
  return {};
}

// Writes a file without fsync, which tests do not need.
inline void put(const fs::path& path, std::string_view bytes) {
  fs::remove(path);  // because ext4 would flush the old file first if it were overwritten
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline Json without(const Json& object, std::string_view key) {
  Json::Object members = *object.object();
  std::erase_if(members, [&](const Json::Member& m) { return m.first == key; });
  return members;
}

// Expects an error that names the file, the field and the numbers in one printable line, or none if the file is well
// formed.
inline void expect_answer(const Case& c, const Status& status, const fs::path& folder) {
  if (c.says.empty()) {
    EXPECT_TRUE(status) << status.error().what;
    return;
  }
  ASSERT_FALSE(status) << "a broken file loads";
  const std::string& what = status.error().what;
  EXPECT_NE(what.find(folder.string()), std::string::npos) << "the error does not name the file: " << what;
  for (const std::string& part : c.says)
    EXPECT_NE(what.find(part), std::string::npos) << "no " << part << " in: " << what;
  EXPECT_EQ(what.find_first_of("\x1b\n\r"), std::string::npos) << "more than one line, or terminal control characters";
  EXPECT_LT(what.size(), 2000u);
}

// Makes an empty folder for a case's file. The folder around it is empty too.
class Hostile : public testing::Test {
 protected:
  Hostile() { fs::create_directory(folder); }
  Status opened(const Kind& kind, std::string_view bytes) const {
    put(folder / kind.file, bytes);
    return kind.open(folder);
  }
  const TestFolder temporary;
  const fs::path root = temporary.path(), folder = root / "model";
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

// Makes a test of every case of the given tables: R1_HOSTILE(Gguf, kGguf, {header_cases(), tensor_cases()}).
#define R1_HOSTILE(name, ...) \
  INSTANTIATE_TEST_SUITE_P(name, HostileFile, testing::ValuesIn(of(__VA_ARGS__)), name_of_case)

}  // namespace r1::hostile
