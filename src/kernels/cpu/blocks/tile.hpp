// A tile holds kLanes rows of weights by one chunk of 256 elements, unpacked for the level's dot-product instruction. A
// lane is a row: each lane holds four neighbours along k of its row, so that no sum crosses lanes. Only block_dot.cpp
// and the headers that unpack tiles for it include this header.
#pragma once
#include "kernels/cpu/blocks/vector.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr int kSteps = kDotChunk / 4;

// How a type is held by a tile. The products of every type are made from these numbers.
struct TileForm {
  int part;     // elements that share a scale. In blocks of 32 elements it is 32, and Tile::scale is not used
  bool scales;  // of the parts of a block of 256 elements; without them the block has only d
  bool minima;  // of the parts
  int limit;    // quants are unsigned and below it; 0: they are signed bytes
  i32 excess;   // what quants are larger than their value; products subtract it again, times the sum of activations
};

// Signed bytes where the level multiplies them, else bytes with 128 added (blocks/vector.hpp).
constexpr TileForm wide_form(bool scales) {
  return kSignedWeights ? TileForm{32, scales, false, 0, 0} : TileForm{32, scales, false, 256, 128};
}

constexpr TileForm form_of(DType t) {
  switch (t) {
    case DType::q4_0: return {32, false, false, 16, 8};
    case DType::q4_1: return {32, false, true, 16, 0};
    case DType::q5_0: return {32, false, false, 32, 16};
    case DType::q5_1: return {32, false, true, 32, 0};
    case DType::q2_k: return {16, true, true, 4, 0};
    case DType::q3_k: return {16, true, false, 8, 4};
    case DType::q4_k: return {32, true, true, 16, 0};
    case DType::q5_k: return {32, true, true, 32, 0};
    case DType::q6_k: return {16, true, false, 64, 32};
    case DType::iq2_xxs: return {32, true, false, 108, 64};
    case DType::iq2_xs:
    case DType::iq2_s: return {16, true, false, 108, 64};
    case DType::iq3_xxs: return {32, true, false, 127, 64};
    case DType::iq3_s: return {32, true, false, 32, 16};
    case DType::iq1_s: return {32, true, false, 26, 16};
    case DType::iq1_m: return {16, true, false, 26, 16};
    case DType::iq4_xs: return wide_form(true);
    case DType::tq1_0:
    case DType::tq2_0: return {32, false, false, 3, 1};
    case DType::mxfp4: return {32, false, false, 25, 12};
    default: return wide_form(false);  // Q8_0, IQ4_NL
  }
}

struct alignas(64) Tile {
  u8 w[kSteps][kLanes][4];
  i32 scale[16][kLanes];   // of each part of a block of 256 elements
  i32 minimum[8][kLanes];  // the minima of two parts, 16 bits each
  float d[8][kLanes];      // of each block of 32 elements; a block of 256 uses only the first
  float dmin[8][kLanes];   // the same for the minima. In blocks of 32 elements every minimum is 1
};

// The bytes of one chunk of every row.
struct ChunkRows {
  const u8* at[kLanes];
  i64 blocks;  // blocks of 32 elements in the chunk: 8, or fewer at the end of a row
};

constexpr i64 chunk_bytes(DType t) { return kDotChunk / block_of(t).elements * block_of(t).bytes; }

// The sixteen values of IQ4_NL and IQ4_XS, and twice the sixteen values of MXFP4 (E2M1).
constexpr i8 kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr i8 kE2m1Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace
}  // namespace r1::cpu::R1_TARGET
