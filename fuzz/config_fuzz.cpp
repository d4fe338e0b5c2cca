// Fuzzes config.json: the parsers of the architectures, then opening a model whose config.json is the input and whose
// tensors are those of a tiny Llama. Most inputs ask for other shapes than these tensors have.
#include <filesystem>
#include <fstream>
#include <string>

#include "core/pass.hpp"
#include "formats/json.hpp"
#include "model/model.hpp"
#include "model/stored_model.hpp"

namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    const fs::path memory = "/dev/shm";
    std::string name = ((fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "r1-fuzz-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    path = name;
    fs::copy_file(fs::path(R1_SOURCE_DIR) / "tests/golden/llama/model.safetensors", path / "model.safetensors");
  }
  ~Folder() { fs::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = r1::parse_json({reinterpret_cast<const char*>(data), size}, "config.json");
  if (!json) return 0;
  if (!r1::published_config(*json, "config.json", r1::DType::bf16)) return 0;
  static const Folder folder;
  const fs::path config = folder.path / "config.json";
  fs::remove(config);
  std::ofstream(config, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  (void)r1::open_model(folder.path);
  return 0;
}
