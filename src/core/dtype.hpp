// Element types of weights and caches. Activations are always f32.
#pragma once
#include <cstddef>
#include <cstdint>

namespace r1 {

using i8 = std::int8_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

// Three groups: the plain types; FP8, which has one f32 scale per 128×128 elements in a separate array; and ggml's
// block types, where a run of elements along a row shares its scales.
// clang-format off
enum class DType : u8 {
  f32, bf16, f16, f8_e4m3,
  q4_0, q4_1, q5_0, q5_1, q8_0,
  q2_k, q3_k, q4_k, q5_k, q6_k, q8_k,
  iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m, iq4_nl, iq4_xs,
  tq1_0, tq2_0, mxfp4, nvfp4
};
// clang-format on
inline constexpr int kDTypes = 28;

// The block of a type: `elements` consecutive elements of a row take `bytes` bytes. The blocks of plain types and FP8
// hold one element.
struct BlockShape {
  i64 elements, bytes;
  const char* name;  // "q4_k"
};

static constexpr BlockShape block_of(DType t) {
  constexpr BlockShape kBlocks[kDTypes] = {
      {1, 4, "f32"},        {1, 2, "bf16"},      {1, 2, "f16"},      {1, 1, "f8_e4m3"},    {32, 18, "q4_0"},
      {32, 20, "q4_1"},     {32, 22, "q5_0"},    {32, 24, "q5_1"},   {32, 34, "q8_0"},     {256, 84, "q2_k"},
      {256, 110, "q3_k"},   {256, 144, "q4_k"},  {256, 176, "q5_k"}, {256, 210, "q6_k"},   {256, 292, "q8_k"},
      {256, 66, "iq2_xxs"}, {256, 74, "iq2_xs"}, {256, 82, "iq2_s"}, {256, 98, "iq3_xxs"}, {256, 110, "iq3_s"},
      {256, 50, "iq1_s"},   {256, 56, "iq1_m"},  {32, 18, "iq4_nl"}, {256, 136, "iq4_xs"}, {256, 54, "tq1_0"},
      {256, 66, "tq2_0"},   {32, 17, "mxfp4"},   {64, 36, "nvfp4"}};
  return kBlocks[static_cast<int>(t)];
}

static constexpr const char* name_of(DType t) { return block_of(t).name; }
static constexpr bool is_plain(DType t) { return t <= DType::f16; }
static constexpr bool is_block(DType t) { return t >= DType::q4_0; }
// For plain types only.
static constexpr i64 bytes_per_element(DType t) { return block_of(t).bytes; }
// `cols` must be a multiple of the block's elements.
static constexpr i64 row_bytes(DType t, i64 cols) { return cols / block_of(t).elements * block_of(t).bytes; }

// The scales of n elements in Q8_0, where the last block may be shorter.
static constexpr i64 scale_blocks(i64 n) {
  return (n + block_of(DType::q8_0).elements - 1) / block_of(DType::q8_0).elements;
}

// FP8 elements share a scale in squares of this side.
inline constexpr i64 kScaleBlock = 128;

}  // namespace r1
