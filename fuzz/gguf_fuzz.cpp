// Fuzzes GGUF files: the header, every value, the vocabulary, and the model that the file describes.
#include "core/pass.hpp"
#include "formats/gguf.hpp"
#include "memory_file.hpp"
#include "model/model.hpp"
#include "text/tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const r1::fuzz::MemoryFile file(data, size);
  const auto gguf = r1::Gguf::open(file.path());
  if (!gguf) return 0;
  for (const std::string& key : gguf->keys()) {
    (void)gguf->value(key);
    (void)gguf->integers(key);
    (void)gguf->numbers(key);
  }
  if (const auto tokenizer = r1::Tokenizer::from_gguf(*gguf)) (void)tokenizer->decode(tokenizer->encode("hello, é 12"));
  (void)r1::open_model(file.path());
  return 0;
}
