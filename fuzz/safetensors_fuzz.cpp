// A safetensors file: its header, and every tensor as f32.
#include <vector>

#include "formats/safetensors.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const r1::fuzz::MemoryFile memory(data, size);
  const auto file = r1::Safetensors::open(memory.path());
  if (!file) return 0;
  for (const auto& [name, tensor] : file->tensors()) {
    std::vector<float> values(tensor.elements());
    r1::to_f32(tensor, values.data());
  }
  return 0;
}
