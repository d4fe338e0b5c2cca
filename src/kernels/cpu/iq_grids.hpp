// The grids that I-quants index. An entry holds the magnitudes of eight elements, in kGrid3* of four. Compiled once for
// all levels.
//   u16: two bits per element, element j at bits 2j. The codes 0 1 2 mean 8 25 43, in kGrid1 -1 0 1.
//   u32: four bytes, element j in byte j.
// kOctets* are the grids of u16 again, as vectors read them: element j in byte j, the magnitude 8, 25 or 43, and in
// kOctets1 eight times the code.
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

}  // namespace r1::cpu
