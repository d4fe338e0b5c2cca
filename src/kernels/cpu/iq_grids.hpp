// The grids that I-quants index. An entry holds the magnitudes of eight elements, in kGrid3* of four. Compiled once for
// all levels.
//   u16: two bits per element, element j at bits 2j. The codes 0 1 2 mean 8 25 43, in kGrid1 -1 0 1.
//   u32: four bytes, element j in byte j.
// Behind the u16 stands one more, because vectors read them as words.
#pragma once
#include "core/dtype.hpp"

namespace r1::cpu {

extern const u16 kGrid2xxs[256 + 1], kGrid2xs[512 + 1], kGrid2s[1024 + 1], kGrid1[2048 + 1];
extern const u32 kGrid3xxs[256], kGrid3s[512];

}  // namespace r1::cpu
