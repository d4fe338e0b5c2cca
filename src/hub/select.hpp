// Selects files of a repository: the GGUFs of one quantisation, a Hugging Face folder, or single files. The same rules
// apply to a hub's listing and to the files in the cache.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct FileSize {
  std::string path;  // path inside the repository, with '/' between folders
  i64 bytes = 0;
};

// A GGUF model: one file, or the shards PREFIX-00001-of-0000N.gguf.
struct GgufGroup {
  std::string name;           // the path without "-00001-of-0000N" and ".gguf"
  std::string quant;          // the quantisation in the name: "Q4_K_M", "UD-IQ1_S", "BF16"; empty if the name has none
  std::vector<size_t> files;  // indices into the given files, first shard first
  i64 bytes = 0;
  i64 shards = 1;
  bool whole() const { return static_cast<i64>(files.size()) == shards; }
};

// The GGUF models among the files, in the order of their names. Projectors of vision models and importance matrices are
// not models.
std::vector<GgufGroup> gguf_groups(std::span<const FileSize> files);

// The group that `what` means. `what` is a file's path, its name with or without ".gguf", a glob, a quantisation
// ("Q4_K_M") or a part of a name; letter case does not matter in the last two. These readings are tried in this order,
// and the first one that matches a group counts.
// Errors: `what` matches several groups, or none. The message begins with `where` and lists the groups.
Result<size_t> choose_group(std::span<const FileSize> files, std::span<const GgufGroup> groups, std::string_view what,
                            std::string_view where);

// Indices of the files that make up a model folder of transformers: configuration, tokenizer, template, licence, and
// the safetensors in the root (the shards if there are some). Pickled weights are never among them. Empty if
// config.json or the weights are missing.
std::vector<size_t> folder_files(std::span<const FileSize> files);

// The files that REPO:WHAT means. The rules are those of choose_group, except that a path or glob may also name other
// files than GGUFs, and a glob selects all files that it matches. All shards of a split GGUF are selected together. An
// empty `what` means the model folder, or the GGUF if there is exactly one.
struct Selection {
  std::vector<size_t> files;
  std::string quant;    // set if the selection is one GGUF
  bool folder = false;  // a whole model folder
};
Result<Selection> select_files(std::span<const FileSize> files, std::string_view what, std::string_view where,
                               i64 memory_bytes);

// Formats a size as hubs do, in decimal units: "1.12 GB".
std::string size_text(i64 bytes);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace r1
