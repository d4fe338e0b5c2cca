// Rows of stored tensors as f32.
#include "model/published.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace r1 {
namespace {

TEST(Published, AnFp8RowIsItsCodesTimesTheScalesOfTheirBlocks) {
  // 130×200 has two blocks down and two across. In e4m3, 0x38 is 1, 0xb8 is -1, 0x08 the smallest normal number and
  // 0x01 the smallest of all.
  std::vector<u8> codes(130 * 200, 0x38);
  codes[0] = 0x08, codes[199] = 0xb8, codes[129 * 200] = 0x01;
  const std::vector<float> scales{2, 3, 5, 7};
  const StoredTensor t{
      "w", DType::f8_e4m3, {130, 200}, std::as_bytes(std::span(codes)), std::as_bytes(std::span(scales))};
  std::vector<float> x(130 * 200);
  read_rows(t, 0, 130, x.data());
  EXPECT_EQ(x[0], 2 * 0x1p-6f);
  EXPECT_EQ(x[1], 2);
  EXPECT_EQ(x[128], 3);
  EXPECT_EQ(x[199], -3);
  EXPECT_EQ(x[128 * 200], 5);
  EXPECT_EQ(x[129 * 200], 5 * 0x1p-9f);
  EXPECT_EQ(x[129 * 200 + 199], 7);
  std::vector<float> last(200);
  read_rows(t, 129, 1, last.data());
  EXPECT_EQ(0, std::memcmp(last.data(), x.data() + 129 * 200, last.size() * sizeof(float)));
}

std::vector<float> counted(i64 n) {
  std::vector<float> x(n);
  for (i64 i = 0; i < n; ++i) x[i] = static_cast<float>(i);
  return x;
}
PublishedTensor stored(std::vector<i64> shape, std::span<const float> x) {
  return {{"w", DType::f32, std::move(shape), std::as_bytes(x)}};
}

// Row 2i of a head of four in the file is published row i, row 2i+1 is row i+2: the file has 0, 2, 1, 3.
TEST(Published, PairedRowsAreReadInThePublishedOrder) {
  const std::vector<float> x = counted(8 * 3);
  PublishedTensor t = stored({8, 3}, x);
  t.paired_head = 4;
  std::vector<float> all(8 * 3), part(4 * 3), want;
  for (const int row : {0, 2, 1, 3, 4, 6, 5, 7})
    for (int c = 0; c < 3; ++c) want.push_back(x[row * 3 + c]);
  read_rows(t, 0, 8, all.data());
  EXPECT_EQ(all, want);
  read_rows(t, 3, 4, part.data());
  EXPECT_EQ(part, std::vector<float>(want.begin() + 9, want.begin() + 21));
  std::vector<float> copy(8 * 3);
  copy_rows(t, reinterpret_cast<std::byte*>(copy.data()));
  EXPECT_EQ(copy, want);
  t.paired_head = 0;
  copy_rows(t, reinterpret_cast<std::byte*>(copy.data()));
  EXPECT_EQ(copy, x);
  read_rows(t, 5, 2, part.data());
  EXPECT_EQ(part[0], 15);
  EXPECT_EQ(part[5], 20);
}

TEST(Published, TheElementsOfAPairedBiasAreThoseOfItsMatrixsRows) {
  const std::vector<float> x = counted(8);
  PublishedTensor t = stored({8}, x);
  t.paired_head = 4;
  std::vector<float> got(8);
  read_rows(t, 0, 1, got.data());
  EXPECT_EQ(got, (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(t.rows(), 1);
  EXPECT_EQ(t.cols(), 8);
}

// Two heads of three rows of k, which the file has as columns, and two rows of v.
TEST(Published, TheHalvesOfKvBAreReadAsOneMatrix) {
  constexpr i64 kHeads = 2, kNope = 3, kV = 2, kRank = 4;
  const std::vector<float> v = counted(kHeads * kV * kRank);
  std::vector<float> k = counted(kHeads * kRank * kNope);
  for (float& f : k) f += 100;
  PublishedTensor t = stored({kHeads * (kNope + kV), kRank}, v);
  t.heads = kHeads;
  t.k_b = {"k", DType::f32, {kHeads * kRank, kNope}, std::as_bytes(std::span(k))};
  std::vector<float> want;
  for (i64 h = 0; h < kHeads; ++h)
    for (i64 i = 0; i < kNope + kV; ++i)
      for (i64 c = 0; c < kRank; ++c)
        want.push_back(i < kNope ? k[(h * kRank + c) * kNope + i] : v[(h * kV + i - kNope) * kRank + c]);
  for (const auto& [first, count] : {std::pair<i64, i64>{0, 10}, {1, 8}, {2, 2}, {4, 3}, {9, 1}, {3, 0}}) {
    std::vector<float> got(count * kRank + 1, -1);
    read_rows(t, first, count, got.data());
    EXPECT_EQ(got.back(), -1) << "nothing is written behind the rows";
    got.pop_back();
    EXPECT_EQ(got, std::vector<float>(want.begin() + first * kRank, want.begin() + (first + count) * kRank)) << first;
  }
}

TEST(Published, OnlyCopiesOfOtherTensorsAndTablesOfRopeAreRedundant) {
  for (const char* name : {"model.layers.61.embed_tokens.weight", "model.layers.61.shared_head.head.weight",
                           "model.layers.0.self_attn.rotary_emb.inv_freq"})
    EXPECT_TRUE(redundant(name)) << name;
  for (const char* name : {"model.layers.61.shared_head.norm.weight", "lm_head.weight", "model.norm.weight"})
    EXPECT_FALSE(redundant(name)) << name;
}

}  // namespace
}  // namespace r1
