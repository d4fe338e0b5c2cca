// Quantising files: the mix decides the types, the encoders the numbers, and everything else stays.
#include "convert/quantize_model.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/file.hpp"
#include "core/philox.hpp"
#include "formats/gguf.hpp"
#include "model/model.hpp"
#include "quant/quantize.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Floats = std::vector<float>;

class QuantizeModel : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void add(const std::string& name, std::vector<i64> shape) {
    i64 n = 1;
    for (const i64 side : shape) n *= side;
    Random r(1, Purpose::test, tensors_.size());
    Floats v(n);
    for (float& x : v) x = static_cast<float>(r.normal());
    tensors_[name] = v;
    items_.push_back(
        {name, DType::f32, std::move(shape), [v](const ByteSink& sink) { return sink(std::as_bytes(std::span(v))); }});
  }
  // A model of one layer, with a stack of two experts' matrices and with rows that K-quants do not divide.
  fs::path write_model() {
    add("token_embd.weight", {40, 512}), add("output.weight", {40, 512}), add("blk.0.attn_norm.weight", {512});
    add("blk.0.attn_q.weight", {256, 512}), add("blk.0.attn_v.weight", {64, 512}),
        add("blk.0.attn_k_b.weight", {2, 16, 96});
    add("blk.0.ffn_up_exps.weight", {2, 80, 512}), add("blk.0.ffn_down.weight", {512, 256});
    const std::vector<std::pair<std::string, GgufValue>> metadata{
        {"general.architecture", GgufValue::of_text("llama")},
        {"general.name", GgufValue::of_text("tiny")},
        {"general.file_type", GgufValue::of_u32(0)},
        {"split.count", GgufValue::of_u32(1)},
        {"llama.block_count", GgufValue::of_u32(1)},
        {"llama.attention.head_count", GgufValue::of_u32(4)},
        {"tokenizer.ggml.tokens", GgufValue::of_texts({"a", "b"})}};
    const Status written = write_gguf(folder_ / "in.gguf", metadata, items_);
    EXPECT_TRUE(written) << written.error().what;
    return folder_ / "in.gguf";
  }
  static QuantizeOptions to(const char* type) {
    QuantizeOptions options;
    options.mix = *find_mix(type);
    return options;
  }
  Result<QuantizeResult> run(const fs::path& in, const QuantizeOptions& options, int threads = 2) {
    ThreadPool pool(threads);
    return quantize_model(in, out(), options, pool);
  }
  fs::path out() const { return folder_ / "out.gguf"; }
  Gguf written() {
    auto file = Gguf::open(out());
    EXPECT_TRUE(file) << file.error().what;
    return *file;
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("r1_quantize_model_{}", getpid());
  std::map<std::string, Floats> tensors_;
  std::vector<TensorItem> items_;
};

TEST_F(QuantizeModel, EachTensorGetsItsTypeAndTheBytesOfTheEncoder) {
  const auto result = run(write_model(), to("q4_k_m"));
  ASSERT_TRUE(result) << result.error().what;
  const Gguf file = written();
  const std::map<std::string, DType> want{
      {"token_embd.weight", DType::q4_k},        {"output.weight", DType::q6_k},
      {"blk.0.attn_norm.weight", DType::f32},    {"blk.0.attn_q.weight", DType::q4_k},
      {"blk.0.attn_v.weight", DType::q6_k},      {"blk.0.attn_k_b.weight", DType::q5_0},
      {"blk.0.ffn_up_exps.weight", DType::q4_k}, {"blk.0.ffn_down.weight", DType::q6_k}};
  i64 bytes = 0;
  ASSERT_EQ(file.tensors().size(), want.size());
  for (const auto& [name, type] : want) {
    const StoredTensor& t = file.tensors().find(name)->second;
    EXPECT_EQ(t.dtype, type) << name;
    const i64 cols = t.shape.back(), rows = t.elements() / cols;
    std::vector<std::byte> encoded(rows * row_bytes(type, cols));
    ASSERT_TRUE(quantize_rows(type, encoded.data(), tensors_[name].data(), rows, cols, {}));
    ASSERT_EQ(t.bytes.size(), encoded.size()) << name;
    EXPECT_EQ(std::memcmp(t.bytes.data(), encoded.data(), encoded.size()), 0) << name;
    bytes += static_cast<i64>(encoded.size());
  }
  EXPECT_EQ(result->bytes_after, bytes);
  EXPECT_EQ(result->bytes_before, 4 * result->elements);
  EXPECT_EQ(result->tensors[static_cast<size_t>(DType::q6_k)], 3);
  EXPECT_EQ(*file.text("general.name"), "tiny");
  EXPECT_EQ(*file.integer("general.file_type"), 15);
  EXPECT_EQ(*file.integer("general.quantization_version"), 2);
  EXPECT_EQ(file.texts("tokenizer.ggml.tokens")->size(), 2u);
  EXPECT_FALSE(file.holds("split.count"));
}

TEST_F(QuantizeModel, ThreadsChangeNothingAndTensorsOfTheRightTypeAreCopied) {
  const fs::path in = write_model();
  ASSERT_TRUE(run(in, to("q5_k"), 1));
  const std::string one = *read_file(out());
  ASSERT_TRUE(run(in, to("q5_k"), 3));
  EXPECT_EQ(*read_file(out()), one);
  fs::rename(out(), folder_ / "once.gguf");
  ASSERT_TRUE(run(folder_ / "once.gguf", to("q5_k")));
  EXPECT_EQ(*read_file(out()), one);
  std::string note;
  QuantizeOptions lower = to("q4_0");
  lower.note = [&](const std::string& line) { note = line; };
  ASSERT_TRUE(run(folder_ / "once.gguf", lower));
  EXPECT_NE(note.find("7 tensors are quantised already"), std::string::npos) << note;
}

TEST_F(QuantizeModel, ImportanceIsTakenPerExpertAndRecorded) {
  const fs::path in = write_model();
  std::string bytes;
  const auto put = [&](i32 v) { bytes.append(reinterpret_cast<const char*>(&v), 4); };
  const std::string name = "blk.0.ffn_up_exps.weight";
  Floats importance(2 * 512);
  Random r(1, Purpose::test, 99);
  for (float& v : importance) v = static_cast<float>(std::exp(2 * r.normal()));
  put(1), put(static_cast<i32>(name.size())), bytes += name, put(1), put(1024);
  bytes.append(reinterpret_cast<const char*>(importance.data()), 4096);
  ASSERT_TRUE(write_file(folder_ / "imatrix.dat", bytes));
  const Imatrix matrix = *Imatrix::read(folder_ / "imatrix.dat");
  QuantizeOptions options = to("q4_k");
  options.importance = &matrix, options.importance_name = "imatrix.dat";
  const auto result = run(in, options);
  ASSERT_TRUE(result) << result.error().what;
  const Gguf file = written();
  const StoredTensor& t = file.tensors().find(name)->second;
  const i64 half = static_cast<i64>(t.bytes.size()) / 2;
  for (i64 e = 0; e < 2; ++e) {
    std::vector<std::byte> encoded(half);
    ASSERT_TRUE(quantize_rows(DType::q4_k, encoded.data(), tensors_[name].data() + e * 80 * 512, 80, 512,
                              std::span(importance).subspan(e * 512, 512)));
    EXPECT_EQ(std::memcmp(encoded.data(), t.bytes.data() + e * half, encoded.size()), 0) << "expert " << e;
  }
  EXPECT_EQ(*file.text("quantize.imatrix.file"), "imatrix.dat");
  EXPECT_EQ(*file.integer("quantize.imatrix.entries_count"), 1);

  bytes.replace(bytes.find("blk.0"), 5, "blk.7");
  ASSERT_TRUE(write_file(folder_ / "imatrix.dat", bytes));
  const Imatrix other = *Imatrix::read(folder_ / "imatrix.dat");
  options.importance = &other;
  const auto refused = run(in, options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("names none of this model's tensors"), std::string::npos);
}

TEST_F(QuantizeModel, AnInterruptLeavesTheOldFile) {
  const fs::path in = write_model();
  ASSERT_TRUE(write_file(out(), "before"));
  QuantizeOptions options = to("q8_0");
  i64 calls = 0;
  options.progress = [&](const std::string&, i64, i64) -> Status {
    return ++calls < 3 ? Status() : fail(Errc::interrupted, "stop");
  };
  const auto result = run(in, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::interrupted);
  EXPECT_EQ(*read_file(out()), "before");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);  // in and out
}

TEST_F(QuantizeModel, ANumberThatCannotBeStoredIsRefusedWithItsTensor) {
  const Floats bad(64, 1e9f);
  const std::vector<std::pair<std::string, GgufValue>> metadata{{"general.architecture", GgufValue::of_text("llama")}};
  items_.push_back({"blk.0.attn_q.weight", DType::f32, {2, 32}, [&](const ByteSink& sink) {
                      return sink(std::as_bytes(std::span(bad)));
                    }});
  ASSERT_TRUE(write_gguf(folder_ / "in.gguf", metadata, items_));
  const auto result = run(folder_ / "in.gguf", to("q4_0"));
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().what.find("blk.0.attn_q.weight"), std::string::npos) << result.error().what;
  EXPECT_NE(result.error().what.find("up to 65504"), std::string::npos) << result.error().what;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(QuantizeModel, AFolderBecomesAFileThatOpensAsTheSameModel) {
  const fs::path folder = fs::path(R1_SOURCE_DIR) / "models/nano";
  const auto result = run(folder, to("q8_0"));
  ASSERT_TRUE(result) << result.error().what;
  const auto model = open_model(out());
  ASSERT_TRUE(model) << model.error().what;
  const Gguf file = written();
  EXPECT_EQ(*file.text("general.architecture"), "deepseek2");
  i64 blocks = 0;
  for (const auto& [name, t] : file.tensors()) blocks += is_block(t.dtype);
  EXPECT_GT(blocks, 0);
}

}  // namespace
}  // namespace r1
