// Configurations and GGUF metadata that are made to break their readers. tests/hostile_test.cpp tries the same tables
// and bounds the memory that they cost.
#include "model/test_model_cases.hpp"

namespace r1::hostile {
namespace {

TEST_P(HostileFile, IsRefusedWithFileFieldAndNumbersOrLoadsIfWellFormed) {
  const auto& [kind, file] = GetParam();
  if (file.besides) file.besides(folder);
  expect_answer(file, opened(*kind, file.bytes), folder);
}

R1_HOSTILE(Config, kConfig, {config_cases()});
R1_HOSTILE(Model, kModel, {gguf_model_cases()});

}  // namespace
}  // namespace r1::hostile
