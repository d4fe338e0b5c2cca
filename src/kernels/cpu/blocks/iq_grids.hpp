// The grids that I-quants index. An entry holds the magnitudes of eight elements, in kGrid3* of four. Compiled once for
// all levels.
//   u16: two bits per element, element j at bits 2j. The codes 0 1 2 mean 8 25 43, in kGrid1 -1 0 1.
//   u32: four bytes, element j in byte j.
// kOctets* are the grids of u16 again, as vectors read them: element j in byte j, the magnitude 8, 25 or 43, and in
// kOctets1 eight times the code. kCodes* are all grids again, as permutations of bytes read them: the codes of the
// first half of the elements in one array, those of the second half in the other. Where an entry has eight elements a
// code has two bits; where it has four, a code has four bits, and code c means magnitude number c in ascending order.
#pragma once
#include "core/dtype.hpp"

namespace r1::cpu {

extern const u16 kGrid2xxs[256], kGrid2xs[512], kGrid2s[1024], kGrid1[2048];
extern const u32 kGrid3xxs[256], kGrid3s[512];

template <int kEntries>
struct OctetGrid {
  u64 at[kEntries];
};
extern const OctetGrid<256> kOctets2xxs;
extern const OctetGrid<512> kOctets2xs;
extern const OctetGrid<1024> kOctets2s;
extern const OctetGrid<2048> kOctets1;

template <int kEntries>
struct CodeGrid {
  alignas(64) u8 half[2][kEntries];
};
extern const CodeGrid<256> kCodes2xxs, kCodes3xxs;
extern const CodeGrid<512> kCodes2xs, kCodes3s;
extern const CodeGrid<1024> kCodes2s;
extern const CodeGrid<2048> kCodes1;
// The magnitudes of kGrid3xxs and kGrid3s.
constexpr u8 kMagnitudes3xxs[8] = {4, 12, 20, 28, 36, 44, 52, 62}, kMagnitudes3s[8] = {1, 3, 5, 7, 9, 11, 13, 15};

}  // namespace r1::cpu
