// Fuzzes model.safetensors.index.json. Its folder holds two shards, m-1.safetensors with tensor a and m-2.safetensors
// with tensor b, and a link that leads out of the folder.
#include <fstream>
#include <string>

#include "formats/safetensors.hpp"
#include "memory_file.hpp"

namespace fs = std::filesystem;

namespace {

void put_shard(const fs::path& path, const char* name) {
  const float one = 1;
  const r1::SafetensorsItem item{name, r1::DType::f32, {1}, [&](float* dst) { *dst = one; }};
  if (!r1::write_safetensors(path, std::span(&item, 1), {})) std::abort();
}

// The folder lies in memory if possible, because the index is written for every input.
struct Folder {
  fs::path path;
  Folder() {
    const fs::path memory = "/dev/shm";
    std::string name = ((fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "r1-fuzz-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    path = name;
    put_shard(path / "m-1.safetensors", "a");
    put_shard(path / "m-2.safetensors", "b");
    fs::create_symlink("/etc/passwd", path / "link");
  }
  ~Folder() { fs::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  const fs::path index = folder.path / "model.safetensors.index.json";
  fs::remove(index);
  std::ofstream(index, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  (void)r1::Safetensors::open(folder.path);
  return 0;
}
