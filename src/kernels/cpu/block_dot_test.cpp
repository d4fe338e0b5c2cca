#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/philox.hpp"
#include "core/random_blocks.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {
namespace {

constexpr DType kTypes[] = {DType::q8_0, DType::q4_0, DType::q4_k, DType::q5_k, DType::q6_k};

double half_at(const u8* p) {
  u16 h = 0;
  std::memcpy(&h, p, 2);
  return static_cast<double>(f32_from_f16(h));
}

// The parts of element i of a block of type t: its value is d · scale · quant − dmin · minimum. Written from the
// layout, one element at a time.
struct Element {
  double d, dmin;
  i64 scale, quant, minimum;
};
Element element(DType t, const u8* p, i64 i) {
  const i64 l = i % 32, s = i / 32;
  if (t == DType::q8_0) return {half_at(p), 0, 1, static_cast<i8>(p[2 + i]), 0};
  if (t == DType::q4_0) return {half_at(p), 0, 1, (i < 16 ? p[2 + i] & 15 : p[2 + i - 16] >> 4) - 8, 0};
  if (t == DType::q6_k) {
    const i64 n = i / 128, r = i / 32 % 4;
    const int low = p[64 * n + 32 * (r & 1) + l] >> (r < 2 ? 0 : 4) & 15, high = p[128 + 32 * n + l] >> 2 * r & 3;
    return {half_at(p + 208), 0, static_cast<i8>(p[192 + i / 16]), (low | high << 4) - 32, 0};
  }
  const u8* x = p + 4;
  const i64 scale = s < 4 ? x[s] & 63 : (x[s + 4] & 15) | (x[s - 4] >> 6) << 4;
  const i64 minimum = s < 4 ? x[s + 4] & 63 : x[s + 4] >> 4 | (x[s] >> 6) << 4;
  const u8* quants = p + (t == DType::q4_k ? 16 : 48);
  i64 quant = quants[32 * (s / 2) + l] >> (s % 2 ? 4 : 0) & 15;
  if (t == DType::q5_k) quant += (p[16 + l] >> s & 1) << 4;
  return {half_at(p), half_at(p + 2), scale, quant, minimum};
}

struct Case {
  Case(DType type, i64 rows_, i64 n_, i64 k_, double spread = 1) : t(type), rows(rows_), n(n_), k(k_) {
    w.resize(n * row_bytes(t, k));
    RandomBlocks(17, 0.3).fill(t, w.data(), n * k);
    x.resize(rows * k);
    Random random(3, Purpose::test, 4);
    for (float& v : x) v = static_cast<float>(spread * random.normal());
  }

  std::vector<QuantizedChunk> quantized(const Kernels& kernels, i64 first, i64 count) const {
    std::vector<QuantizedChunk> q(count * dot_chunks(k));
    kernels.block_dot.quantize(t, q.data(), {x.data() + first * k, k}, count, k, 0, count);
    return q;
  }
  // Rows [first, first + count) of the kernel's product. The columns are split into two calls if they are enough.
  std::vector<float> product(const Kernels& kernels, i64 first, i64 count,
                             const std::vector<std::byte>* pack = nullptr) const {
    const std::vector<QuantizedChunk> q = quantized(kernels, first, count);
    std::vector<float> y(count * n, NAN);
    std::vector<std::byte> memory(kernels.block_dot.scratch_bytes + 64);
    std::byte* const scratch = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
    BlockProduct g{t, w.data(), row_bytes(t, k), k, n, q.data(), count, y.data(), n};
    if (pack) g.w = pack->data(), g.packed = true;
    const i64 half = n / 2 / kernels.block_dot.lanes * kernels.block_dot.lanes;
    if (half) kernels.block_dot.multiply(g, 0, half, scratch);
    kernels.block_dot.multiply(g, half, n, scratch);
    return y;
  }

  // The pack of w, made by two calls if there are enough rows. Empty if the level has none.
  std::vector<std::byte> packed(const Kernels& kernels) const {
    const BlockDotKernels& dots = kernels.block_dot;
    std::vector<std::byte> to(dots.pack_bytes(t, k, n), std::byte{0x55});
    const i64 half = n / 2 / dots.lanes * dots.lanes;
    if (to.empty()) return to;
    dots.pack(t, to.data(), w.data(), row_bytes(t, k), k, n, 0, half);
    dots.pack(t, to.data(), w.data(), row_bytes(t, k), k, n, half, n);
    return to;
  }

  void expect_close_to_doubles(const Kernels& kernels) const {
    const std::vector<float> y = product(kernels, 0, rows);
    const std::vector<QuantizedChunk> q = quantized(kernels, 0, rows);
    const i64 block = block_of(t).elements;
    for (i64 r = 0; r < rows; ++r)
      for (i64 o = 0; o < n; ++o) {
        double want = 0, norm = 0;
        for (i64 b = 0; b < k / block; ++b) {
          const auto* p = reinterpret_cast<const u8*>(w.data()) + o * row_bytes(t, k) + b * block_of(t).bytes;
          const QuantizedChunk& chunk = q[b * block / kDotChunk * rows + r];
          const i64 at = b * block % kDotChunk;
          i64 products = 0, minima = 0;
          for (i64 i = 0; i < block; ++i) {
            const Element e = element(t, p, i);
            products += e.scale * e.quant * chunk.q[at + i], minima += e.minimum * chunk.q[at + i];
          }
          const Element e = element(t, p, 0);
          const double dx = static_cast<double>(chunk.d[block == kDotChunk ? 0 : at / 32]);
          const double plus = e.d * dx * static_cast<double>(products),
                       minus = e.dmin * dx * static_cast<double>(minima);
          want += plus - minus, norm += std::abs(plus) + std::abs(minus);
        }
        // Each term is rounded three times: when its scales are multiplied, when its integer becomes a float, and when
        // the two are multiplied. Then 2k/block additions follow.
        const double tolerance = norm * static_cast<double>(2 * k / block + 3) * 0x1p-24;
        ASSERT_NEAR(static_cast<double>(y[r * n + o]), want, tolerance)
            << kernels.name << " " << name_of(t) << " rows " << rows << " n " << n << " k " << k << " at " << r << ","
            << o;
      }
  }

  DType t;
  i64 rows, n, k;
  std::vector<std::byte> w;
  std::vector<float> x;
};

TEST(BlockDot, EveryTypeAndOddSizeMatchesDoubles) {
  for (const Kernels* kernels : levels())
    for (const DType t : kTypes) {
      const i64 block = block_of(t).elements;
      for (i64 i = 1; i <= 9; ++i)
        Case(t, i, 1 + i * 13 % 41, block * (1 + i * 4 % 9)).expect_close_to_doubles(*kernels);
      Case(t, 1, 75, block * 11).expect_close_to_doubles(*kernels);
      Case(t, 131, 34, block * 3).expect_close_to_doubles(*kernels);  // more rows than the kernel groups (128)
    }
}

TEST(BlockDot, TheLargestQuantsDoNotSaturate) {
  for (const Kernels* kernels : levels())
    for (const DType t : kTypes)
      for (const u8 pattern : {0xff, 0x7f, 0x80, 0x00}) {
        Case c(t, 5, 19, 512);
        const i64 bytes = block_of(t).bytes, d = t == DType::q6_k ? 208 : 0;
        for (size_t at = 0; at < c.w.size(); at += static_cast<size_t>(bytes))
          for (i64 i = 0; i < bytes; ++i)
            if (i < d || i >= d + (t == DType::q4_k || t == DType::q5_k ? 4 : 2))
              c.w[at + i] = static_cast<std::byte>(pattern);
        for (size_t i = 0; i < c.x.size(); ++i) c.x[i] = i / 512 % 2 ? (i % 3 ? 1.0f : -1.0f) : 1.0f;  // q = ±127
        c.expect_close_to_doubles(*kernels);
      }
}

TEST(BlockDot, ARowsBitsDependOnThatRowAlone) {
  for (const Kernels* kernels : levels())
    for (const DType t : kTypes) {
      const Case c(t, 37, 53, 768);
      const std::vector<float> together = c.product(*kernels, 0, c.rows);
      for (i64 r = 0; r < c.rows; r += 3)
        for (const i64 count : {1, 2, 4, 6}) {
          if (r + count > c.rows) continue;
          const std::vector<float> alone = c.product(*kernels, r, count);
          ASSERT_EQ(0, std::memcmp(alone.data(), &together[r * c.n], alone.size() * 4))
              << kernels->name << " " << name_of(t) << " rows " << r << " +" << count;
        }
    }
}

TEST(BlockDot, LevelsWithFusedMultiplyAddsGiveTheSameBits) {
  std::vector<float> first;
  for (const DType t : kTypes) {
    first.clear();
    for (const Kernels* kernels : levels()) {
      if (kernels->level == Level::portable || kernels->level == Level::neon) continue;
      const std::vector<float> y = Case(t, 6, 45, 1280).product(*kernels, 0, 6);
      if (first.empty()) first = y;
      EXPECT_EQ(0, std::memcmp(first.data(), y.data(), y.size() * 4)) << kernels->name << " " << name_of(t);
    }
  }
}

TEST(BlockDot, ActivationsAreRoundedToTheNearestStepWithTheSameBitsAtEveryLevel) {
  for (const DType t : {DType::q8_0, DType::q4_k}) {
    const Case c(t, 3, 1, 544 / block_of(t).elements * block_of(t).elements);
    const i64 block = block_of(t).elements;
    const std::vector<QuantizedChunk> want = c.quantized(*levels()[0], 0, 3);
    for (const Kernels* kernels : levels()) {
      const std::vector<QuantizedChunk> got = c.quantized(*kernels, 0, 3);
      for (i64 r = 0; r < c.rows; ++r)
        for (i64 i = 0; i < c.k; ++i) {
          const size_t chunk = static_cast<size_t>(i / kDotChunk * c.rows + r);
          const i64 in = i % kDotChunk, scale = block == kDotChunk ? 0 : in / 32;
          ASSERT_EQ(got[chunk].q[in], want[chunk].q[in]) << kernels->name;
          ASSERT_EQ(got[chunk].d[scale], want[chunk].d[scale]) << kernels->name;
          // At most half a step, plus the rounding errors of the step, of its inverse and of the product.
          const double d = static_cast<double>(got[chunk].d[scale]), x = static_cast<double>(c.x[r * c.k + i]);
          EXPECT_LE(std::abs(x - d * got[chunk].q[in]), d * (0.5 + 127 * 4 * 0x1p-24)) << kernels->name;
        }
    }
  }
}

TEST(BlockDot, ZeroAndSubnormalActivationsGiveZeroAndInfinityAndNanGiveNan) {
  for (const Kernels* kernels : levels())
    for (const DType t : kTypes) {
      Case c(t, 4, 21, 512);
      std::fill(c.x.begin(), c.x.begin() + c.k, 0.0f);
      std::fill(c.x.begin() + c.k, c.x.begin() + 2 * c.k, 1e-40f);
      c.x[2 * c.k + 300] = INFINITY;
      c.x[3 * c.k + 5] = std::nanf("");
      const std::vector<float> y = c.product(*kernels, 0, 4);
      for (i64 o = 0; o < c.n; ++o) {
        EXPECT_EQ(y[o], 0.0f) << kernels->name;
        EXPECT_EQ(y[c.n + o], 0.0f) << kernels->name;
        EXPECT_TRUE(std::isnan(y[2 * c.n + o])) << kernels->name << " " << name_of(t);
        EXPECT_TRUE(std::isnan(y[3 * c.n + o])) << kernels->name << " " << name_of(t);
      }
    }
}

TEST(BlockDot, APackGivesTheBitsOfItsRows) {
  for (const Kernels* kernels : levels())
    for (const DType t : kTypes)
      for (const i64 rows : {1, 4, 9})
        for (const i64 n : {1, 16, 53, 96})
          for (const i64 k : {block_of(t).elements, 3 * block_of(t).elements, i64{1280}}) {
            const Case c(t, rows, n, k);
            const std::vector<std::byte> pack = c.packed(*kernels);
            if (pack.empty()) {
              EXPECT_EQ(kernels->level, Level::portable);
              continue;
            }
            EXPECT_LE(pack.size(), (c.w.size() / n) * (n + 15) * 9 / 8 + 64)
                << "hardly larger than whole groups of rows";
            const std::vector<float> want = c.product(*kernels, 0, rows), got = c.product(*kernels, 0, rows, &pack);
            ASSERT_EQ(0, std::memcmp(want.data(), got.data(), want.size() * 4))
                << kernels->name << " " << name_of(t) << " rows " << rows << " n " << n << " k " << k;
          }
}

}  // namespace
}  // namespace r1::cpu
