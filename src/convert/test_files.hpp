// GGUF files that tests take apart, change and write again.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "convert/convert.hpp"
#include "core/file.hpp"
#include "model/gguf/config.hpp"
#include "model/model.hpp"
#include "model/test_logits.hpp"
#include "quant/quantize.hpp"

namespace r1 {

inline std::string error_of(const Status& s) { return s ? "" : s.error().what; }
template <class T>
std::string error_of(const Result<T>& r) {
  return r ? "" : r.error().what;
}

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "r1-model-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir = name;
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  std::filesystem::path dir;
};

inline std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(R1_SOURCE_DIR) / "tests/golden" / name;
}

inline std::vector<float> logits_of(const std::filesystem::path& path, const Numerics& numerics = {}) {
  const auto model = open_model(path);
  EXPECT_TRUE(model) << error_of(model);
  return model ? logits_of(**model, numerics) : std::vector<float>();
}

// A whole GGUF in memory.
struct GgufContent {
  struct Tensor {
    DType dtype;
    std::vector<i64> shape;
    std::vector<std::byte> bytes;
  };
  GgufMetadata metadata;
  std::map<std::string, Tensor> tensors;

  static GgufContent read(const std::filesystem::path& path) {
    GgufContent c;
    const auto file = Gguf::open(path);
    EXPECT_TRUE(file) << error_of(file);
    if (!file) return c;
    for (const std::string& key : file->keys()) c.metadata.emplace_back(key, file->value(key).value());
    for (const auto& [name, t] : file->tensors())
      c.tensors[name] = {t.dtype, t.shape, {t.bytes.begin(), t.bytes.end()}};
    return c;
  }
  void write(const std::filesystem::path& path) const {
    std::vector<TensorItem> items;
    for (const auto& [name, t] : tensors)
      items.push_back({name, t.dtype, t.shape, [&t = t](const ByteSink& sink) { return sink(t.bytes); }});
    const Status done = write_gguf(path, metadata, items);
    EXPECT_TRUE(done) << error_of(done);
  }
  void erase(std::string_view key) {
    std::erase_if(metadata, [&](const auto& entry) { return entry.first == key; });
  }
  void set(const std::string& key, GgufValue value) {
    for (auto& entry : metadata)
      if (entry.first == key) return void(entry.second = std::move(value));
    metadata.emplace_back(key, std::move(value));
  }
  // Quantises the matrices whose rows are whole blocks of the type, but not the router, which is f32 in every file.
  void quantize(DType type) {
    for (auto& [name, t] : tensors) {
      const i64 cols = t.shape.back();
      if (t.shape.size() < 2 || t.dtype != DType::f32 || cols % block_of(type).elements ||
          name.ends_with("ffn_gate_inp.weight"))
        continue;
      const i64 rows = std::ssize(t.bytes) / 4 / cols;
      std::vector<std::byte> out(rows * row_bytes(type, cols));
      const Status done =
          quantize_rows(type, out.data(), reinterpret_cast<const float*>(t.bytes.data()), rows, cols, {});
      EXPECT_TRUE(done) << error_of(done);
      t.bytes = std::move(out), t.dtype = type;
    }
  }
};

}  // namespace r1
