// The models that are on this machine, and what the MODEL of a command means.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// MODEL as a user gives it: the name of a model that ships ("nano"; ./nano is always the path); a path; a pulled model
// by any of its names: ORG/NAME, NAME, with :QUANT or :FILE where it is one GGUF of several, or the GGUF's file name.
// Letter case aside, and without -GGUF at the end of NAME. Err: nothing has that name (says what is near and how to
// pull it), several have (says their full names), or it is there in part.
Result<std::filesystem::path> find_model(std::string_view name);

struct LocalModel {
  std::string name;   // the shortest that find_model understands
  std::string repo;   // ORG/NAME; empty for one that ships
  std::string type;   // "folder", "gguf"
  std::string quant;  // of a GGUF, as its name says it; may be empty
  i64 bytes = 0;
  std::filesystem::path path;  // a folder, or a GGUF (of several its first)
  std::string missing;         // what an interrupted pull still has to fetch; empty: complete
};

// Those that ship, then those in the cache of Hugging Face's tools, whoever fetched them.
std::vector<LocalModel> local_models();

// What a model folder lacks (the first file by name): config.json, or weights that it or its index names. Empty:
// nothing.
Result<std::string> missing_from_folder(const std::filesystem::path& folder);

}  // namespace r1
