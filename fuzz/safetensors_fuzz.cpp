// A safetensors file: its header, and every tensor as f32.
#include <vector>

#include "formats/safetensors.hpp"
#include "memory_file.hpp"
#include "model/published.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const r1::fuzz::MemoryFile memory(data, size);
  const auto file = r1::Safetensors::open(memory.path());
  if (!file) return 0;
  for (const auto& [name, tensor] : file->tensors()) {
    if (tensor.elements() == 0) continue;
    std::vector<float> values(tensor.elements());
    r1::read_rows(tensor, 0, tensor.elements() / tensor.cols(), values.data());
  }
  return 0;
}
