#include "quant/imatrix.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <limits>

#include "core/file.hpp"
#include "formats/gguf.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class ImatrixFile : public testing::Test {
 protected:
  void TearDown() override { fs::remove(path_); }

  void put(i32 v) { bytes_.append(reinterpret_cast<const char*>(&v), 4); }
  void put_floats(const std::vector<float>& v) { bytes_.append(reinterpret_cast<const char*>(v.data()), 4 * v.size()); }
  void put_text(const std::string& s) { put(static_cast<i32>(s.size())), bytes_ += s; }
  void put_entry(const std::string& name, i32 calls, const std::vector<float>& sums) {
    put_text(name), put(calls), put(static_cast<i32>(sums.size())), put_floats(sums);
  }
  Result<Imatrix> read() {
    EXPECT_TRUE(write_file(path_, bytes_));
    return Imatrix::read(path_);
  }
  std::string error() {
    const auto m = read();
    return m ? "no error" : m.error().what;
  }
  std::vector<float> values(const Imatrix& m, std::string_view tensor, i64 matrices, i64 cols) {
    const auto v = m.of(tensor, matrices, cols);
    EXPECT_TRUE(v) << (v ? "" : v.error().what);
    return v ? std::vector<float>(v->begin(), v->end()) : std::vector<float>();
  }
  void write_as_gguf(const std::vector<float>& sums, const std::vector<float>& counts) {
    const auto item = [](const std::string& name, std::vector<i64> shape, const std::vector<float>& v) {
      return TensorItem{name, DType::f32, std::move(shape),
                        [v](const ByteSink& sink) { return sink(std::as_bytes(std::span(v))); }};
    };
    const i64 n = static_cast<i64>(counts.size()), cols = static_cast<i64>(sums.size()) / n;
    const std::vector<std::pair<std::string, GgufValue>> metadata{
        {"general.type", GgufValue::of_text("imatrix")},
        {"imatrix.datasets", GgufValue::of_texts({"wiki.txt"})},
        {"imatrix.chunk_count", GgufValue::of_u32(9)}};
    const std::vector<TensorItem> items{item("blk.0.ffn_up_exps.weight.in_sum2", {n, cols}, sums),
                                        item("blk.0.ffn_up_exps.weight.counts", {n, 1}, counts)};
    const Status written = write_gguf(path_, metadata, items);
    ASSERT_TRUE(written) << written.error().what;
  }

  std::string bytes_;
  fs::path path_ = fs::temp_directory_path() / fmt::format("r1_imatrix_{}", getpid());
};

TEST_F(ImatrixFile, ThePlainFormatHoldsSumsOverCalls) {
  put(2);
  put_entry("blk.0.attn_q.weight", 4, {4, 8, 0});
  put_entry("blk.0.attn_k.weight", 0, {1, 2, 3});  // a count of calls of 0: these are means
  put(7), put_text("wiki.txt");
  const auto m = read();
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_EQ(values(*m, "blk.0.attn_q.weight", 1, 3), (std::vector<float>{1, 2, 0}));
  EXPECT_EQ(values(*m, "blk.0.attn_k.weight", 1, 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(m->datasets, std::vector<std::string>{"wiki.txt"});
  EXPECT_EQ(m->chunks, 7);
  EXPECT_TRUE(values(*m, "output.weight", 1, 3).empty());
  const auto other = m->of("blk.0.attn_q.weight", 2, 4);
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().what.find("3 values for blk.0.attn_q.weight, which is 2 x 4"), std::string::npos);
}

TEST_F(ImatrixFile, TheGgufFormatHoldsSumsAndCountsOfEachExpert) {
  write_as_gguf({2, 4, 30, 60, 0, 0}, {2, 10, 0});
  const auto m = Imatrix::read(path_);
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_EQ(values(*m, "blk.0.ffn_up_exps.weight", 3, 2),
            (std::vector<float>{1, 2, 3, 6, 1, 1}));  // the last expert was never reached
  EXPECT_EQ(m->datasets, std::vector<std::string>{"wiki.txt"});
  EXPECT_EQ(m->chunks, 9);
}

TEST_F(ImatrixFile, WhatIsNotTrueOfItIsRefusedWithItsPlace) {
  EXPECT_NE(error().find("number of entries: the file ends"), std::string::npos);
  put(0);
  EXPECT_NE(error().find("without entries"), std::string::npos);
  const std::vector<std::pair<const char*, std::function<void()>>> broken{
      {"number of entries: -1", [&] { put(-1); }},
      {"entry 0 of 2147483647, its name: 1000000 bytes claimed, 0 left", [&] { put(0x7fffffff), put(1000000); }},
      {"entry 0 of 1: -5", [&] { put(1), put(-5); }},
      {"its values: 8589934588 bytes claimed", [&] { put(1), put_text("a"), put(1), put(0x7fffffff); }},
      {"entry 0 of 1: the file ends", [&] { put(1), put_text("a"), put(1); }},
      {"entry 0 of 1: value 1 is -1",
       [&] {
         put(1), put_entry("a", 1, {1, -1});
       }},
      {"entry 1 of 2: a name given twice", [&] { put(2), put_entry("a", 1, {1}), put_entry("a", 1, {1}); }},
      {"the data set's name: 99 bytes claimed", [&] { put(1), put_entry("a", 1, {1}), put(3), put(99); }},
  };
  for (const auto& [message, make] : broken) {
    bytes_.clear();
    make();
    EXPECT_NE(error().find(message), std::string::npos) << error();
    EXPECT_NE(error().find(path_.string()), std::string::npos);
  }
  write_as_gguf({1, 2}, {std::numeric_limits<float>::min()});  // the mean is out of range
  EXPECT_FALSE(Imatrix::read(path_));
}

}  // namespace
}  // namespace r1
