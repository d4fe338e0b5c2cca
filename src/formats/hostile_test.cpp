// Files that are made to break their readers. A reader must refuse each file with an error that names the file, the
// field and the numbers. tests/hostile_test.cpp tries the same tables and bounds the memory that they cost.
#include "formats/jinja/test_template_cases.hpp"
#include "formats/test_gguf_cases.hpp"
#include "formats/test_safetensors_cases.hpp"

namespace r1::hostile {
namespace {

TEST_P(HostileFile, IsRefusedWithFileFieldAndNumbersOrLoadsIfWellFormed) {
  const auto& [kind, file] = GetParam();
  if (file.besides) file.besides(folder);
  expect_answer(file, opened(*kind, file.bytes), folder);
}

R1_HOSTILE(Gguf, kGguf, {gguf_header_cases(), gguf_metadata_cases(), gguf_tensor_cases(), gguf_split_cases()});
R1_HOSTILE(Safetensors, kSafetensors, {safetensors_cases()});
R1_HOSTILE(Index, kIndex, {index_cases()});
R1_HOSTILE(Template, kTemplate, {template_cases()});

}  // namespace
}  // namespace r1::hostile
