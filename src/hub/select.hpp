// Which files of a repository are meant: the GGUFs of one quantisation, a Hugging Face folder, or files named one by
// one. The same rules choose from a hub's listing and from what has been pulled.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct FileSize {
  std::string path;  // inside the repository, '/' between folders
  i64 bytes = 0;
};

// A GGUF model: one file, or all files of PREFIX-00001-of-0000N.gguf.
struct GgufGroup {
  std::string name;           // path without "-00001-of-0000N" and ".gguf"
  std::string quant;          // as its name says it: "Q4_K_M", "UD-IQ1_S", "BF16"; empty if it says nothing
  std::vector<size_t> files;  // indices into what was given, first shard first
  i64 bytes = 0;
  i64 shards = 1;
  bool whole() const { return static_cast<i64>(files.size()) == shards; }
};

// In the order of their names. Projectors of vision models and importance matrices are no models.
std::vector<GgufGroup> gguf_groups(std::span<const FileSize> files);

// The group that `what` means: a file's path, its name with or without ".gguf", a glob, a quantisation ("Q4_K_M") or a
// part of one name, letter case aside in the last two. The strictest reading that fits anything counts; several groups
// in it, or none, is an error that lists them. `where` begins its text.
Result<size_t> choose_group(std::span<const FileSize> files, std::span<const GgufGroup> groups, std::string_view what,
                            std::string_view where);

// What makes up a model folder of transformers, as indices: configuration, tokenizer, template, licence, and
// safetensors (of the root; the shards if there are some). Never pickled weights. Empty if there is no config.json or
// no weights.
std::vector<size_t> folder_files(std::span<const FileSize> files);

// What is meant by REPO:WHAT. As choose_group, but a path or glob may also name files that are no GGUF, and a glob all
// that it fits; of a split GGUF always every shard. An empty `what` is the folder, or the GGUF if there is just one.
struct Selection {
  std::vector<size_t> files;
  std::string quant;    // if it is one GGUF
  bool folder = false;  // a whole model folder
};
Result<Selection> select_files(std::span<const FileSize> files, std::string_view what, std::string_view where,
                               i64 memory_bytes);

// "1.12 GB": decimal, as hubs show sizes.
std::string size_text(i64 bytes);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace r1
