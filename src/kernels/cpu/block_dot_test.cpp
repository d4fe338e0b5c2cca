#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/philox.hpp"
#include "core/random_blocks.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {
namespace {

std::vector<DType> types() {
  std::vector<DType> all;
  for (int t = 0; t < kDTypes; ++t)
    if (has_block_dot(static_cast<DType>(t))) all.push_back(static_cast<DType>(t));
  return all;
}
const std::vector<DType> kTypes = types();

double half_at(const u8* p) {
  u16 h = 0;
  std::memcpy(&h, p, 2);
  return static_cast<double>(f32_from_f16(h));
}

// The parts of element i of a block whose type has minima: its value is d · scale · quant − dmin · minimum. Written
// from the layout, one element at a time.
struct Element {
  double d, dmin;
  i64 scale, quant, minimum;
};
bool has_minima(DType t) {
  return t == DType::q4_1 || t == DType::q5_1 || t == DType::q2_k || t == DType::q4_k || t == DType::q5_k;
}
Element element(DType t, const u8* p, i64 i) {
  const i64 l = i % 32, s = i / 32;
  if (t == DType::q4_1) return {half_at(p), -half_at(p + 2), 1, p[4 + i % 16] >> i / 16 * 4 & 15, 1};
  if (t == DType::q5_1)
    return {half_at(p), -half_at(p + 2), 1, (p[8 + i % 16] >> i / 16 * 4 & 15) | (p[4 + i / 8] >> i % 8 & 1) << 4, 1};
  if (t == DType::q2_k) {
    const int quant = p[16 + i / 128 * 32 + l] >> i / 32 % 4 * 2 & 3;
    return {half_at(p + 80), half_at(p + 82), p[i / 16] & 15, quant, p[i / 16] >> 4};
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

  // Where stored values and their minima are added, the bound needs both. Else the values are enough: they are f32
  // numbers, which dequantize_test.cpp compares with ggml's bits.
  struct Reference {
    double value = 0, norm = 0;  // norm: the sum of the magnitudes of the terms
  };
  Reference reference(const QuantizedChunk* q, i64 r, i64 o) const {
    const i64 block = block_of(t).elements;
    std::vector<float> values(k);
    const std::byte* const row = w.data() + o * row_bytes(t, k);
    levels()[0]->dequantize.row(t, values.data(), row, k);
    Reference sum;
    for (i64 i = 0; i < k; ++i) {
      const QuantizedChunk& chunk = q[i / kDotChunk * rows + r];
      const double xi =
          static_cast<double>(chunk.d[block == kDotChunk ? 0 : i % kDotChunk / 32]) * chunk.q[i % kDotChunk];
      if (has_minima(t)) {
        const Element e = element(t, reinterpret_cast<const u8*>(row) + i / block * block_of(t).bytes, i % block);
        const double plus = e.d * static_cast<double>(e.scale * e.quant) * xi,
                     minus = e.dmin * static_cast<double>(e.minimum) * xi;
        sum.value += plus - minus, sum.norm += std::abs(plus) + std::abs(minus);
      } else {
        sum.value += static_cast<double>(values[i]) * xi, sum.norm += std::abs(static_cast<double>(values[i]) * xi);
      }
    }
    return sum;
  }

  void expect_close_to_doubles(const Kernels& kernels) const {
    const std::vector<float> y = product(kernels, 0, rows);
    const std::vector<QuantizedChunk> q = quantized(kernels, 0, rows);
    for (i64 r = 0; r < rows; ++r)
      for (i64 o = 0; o < n; ++o) {
        const Reference want = reference(q.data(), r, o);
        // Each term of the kernel is rounded three times: when its scales are multiplied, when its integer becomes a
        // float, and when the two are multiplied. 2k/block additions follow. A stored value was rounded twice.
        const double tolerance = want.norm * static_cast<double>(2 * k / block_of(t).elements + 5) * 0x1p-24;
        ASSERT_NEAR(static_cast<double>(y[r * n + o]), want.value, tolerance)
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
  for (const Kernels* kernels : variants())
    for (const DType t : kTypes) {
      const i64 block = block_of(t).elements;
      for (i64 i = 1; i <= 9; ++i)
        Case(t, i, 1 + i * 13 % 41, block * (1 + i * 4 % 9)).expect_close_to_doubles(*kernels);
      Case(t, 1, 75, block * 11).expect_close_to_doubles(*kernels);
      Case(t, 131, 34, block * 3).expect_close_to_doubles(*kernels);  // more rows than the kernel groups (128)
    }
}

// Whether byte i of a block belongs to d or dmin. Of IQ1_M it is half a byte.
bool is_scale(DType t, i64 i) {
  switch (t) {
    case DType::q2_k: return i >= 80;
    case DType::q3_k: return i >= 108;
    case DType::q6_k: return i >= 208;
    case DType::tq1_0: return i >= 52;
    case DType::tq2_0: return i >= 64;
    case DType::mxfp4: return i == 0;
    case DType::iq1_m: return i >= 48;
    default: return i < (has_minima(t) ? 4 : 2);
  }
}

TEST(BlockDot, TheLargestQuantsDoNotSaturate) {
  for (const Kernels* kernels : variants())
    for (const DType t : kTypes)
      for (const u8 pattern : {0xff, 0x7f, 0x80, 0x00}) {
        Case c(t, 5, 19, 512);
        const i64 bytes = block_of(t).bytes;
        for (size_t at = 0; at < c.w.size(); at += static_cast<size_t>(bytes))
          for (i64 i = 0; i < bytes; ++i)
            if (!is_scale(t, i)) c.w[at + i] = static_cast<std::byte>(pattern);
        for (size_t i = 0; i < c.x.size(); ++i) c.x[i] = i / 512 % 2 ? (i % 3 ? 1.0f : -1.0f) : 1.0f;  // q = ±127
        c.expect_close_to_doubles(*kernels);
      }
}

TEST(BlockDot, ARowsBitsDependOnThatRowAlone) {
  for (const Kernels* kernels : variants())
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
    for (const Kernels* kernels : variants()) {
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
    for (const Kernels* kernels : variants()) {
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
  for (const Kernels* kernels : variants())
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
  for (const Kernels* kernels : variants())
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
            const size_t groups = (c.w.size() / n) * (n + 15);
            EXPECT_LE(pack.size(), (t == DType::iq1_s   ? groups * 6 / 5
                                    : t == DType::iq1_m ? groups * 8 / 7
                                                        : groups * 9 / 8) +
                                       64)
                << "hardly larger than whole groups of rows";
            const std::vector<float> want = c.product(*kernels, 0, rows), got = c.product(*kernels, 0, rows, &pack);
            ASSERT_EQ(0, std::memcmp(want.data(), got.data(), want.size() * 4))
                << kernels->name << " " << name_of(t) << " rows " << rows << " n " << n << " k " << k;
          }
}

}  // namespace
}  // namespace r1::cpu
