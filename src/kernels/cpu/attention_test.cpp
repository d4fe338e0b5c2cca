// The attention kernels at every level, for one head: results against double precision, and merged partials against
// complete attention bit for bit.
#include "kernels/cpu/attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "core/integer.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"
#include "kernels/cpu/test_stored_keys.hpp"

namespace r1 {
namespace {

using cpu::kBlockKeys;
using Floats = std::vector<float>;

Floats normal(i64 n, u64 stream) {
  Random random(9, Purpose::test, stream);
  Floats x(n);
  for (float& f : x) f = static_cast<float>(random.normal());
  return x;
}

// One head of one sequence, with its keys in pages.
struct Head {
  i64 depth, rope, v, keys;
  bool latent;
  Floats q_c, q_r, k_c, k_r, values, pages;

  Head(i64 depth_, i64 rope_, i64 v_, i64 keys_, bool latent_ = false)
      : depth(depth_), rope(rope_), v(latent_ ? depth_ : v_), keys(keys_), latent(latent_) {
    q_c = normal(keys * depth, 1), q_r = normal(keys * rope, 2);
    k_c = normal(keys * depth, 3), k_r = normal(keys * rope, 4), values = latent ? k_c : normal(keys * v, 5);
    // NaN, so that a kernel that reads a slot without a key is found out.
    pages.assign(blocks() * page_elements(), std::numeric_limits<float>::quiet_NaN());
  }
  i64 blocks() const { return ceil_div(keys, kBlockKeys); }
  i64 page_elements() const { return kBlockKeys * (depth + rope + (latent ? 0 : v)); }

  cpu::KeyPages layout(DType t) const {
    cpu::KeyPages p;
    p.base = reinterpret_cast<const std::byte*>(pages.data());
    p.dtype = t, p.latent = latent;
    p.depth = depth, p.rope = rope, p.v = v;
    p.k_r_at = kBlockKeys * depth, p.v_at = latent ? 0 : kBlockKeys * (depth + rope);
    p.page_bytes = p.scales_at = page_elements() * (t == DType::q8_0 ? 1 : bytes_per_element(t));
    if (t != DType::q8_0) return p;
    p.k_r_scale_at = kBlockKeys * scale_blocks(depth);
    p.v_scale_at = kBlockKeys * (scale_blocks(depth) + scale_blocks(rope));
    p.page_bytes += 2 * (p.v_scale_at + (latent ? 0 : kBlockKeys * scale_blocks(v)));
    return p;
  }
  // Stores the keys in parts of at most 23, whose ends differ from those of the pages.
  cpu::KeyPages store(const cpu::AttentionKernels& k, DType t) {
    const cpu::KeyPages p = layout(t);
    for (i64 j = 0; j < keys;) {
      const i64 n = std::min({i64{23}, keys - j, kBlockKeys - j % kBlockKeys});
      const cpu::KeyRows rows{n, &k_c[j * depth], &k_r[j * rope], &values[j * v], depth, rope, v};
      k.store_keys(reinterpret_cast<std::byte*>(pages.data()) + j / kBlockKeys * p.page_bytes, p, 1, j % kBlockKeys,
                   rows);
      j += n;
    }
    return p;
  }
  cpu::Queries queries(i64 first, i64 rows, i64 step = 1) const {
    return {rows,
            first,
            step,
            &q_c[first * depth],
            &q_r[first * rope],
            depth,
            rope,
            1 / std::sqrt(static_cast<float>(depth + rope))};
  }
};

struct OutputBuffers {
  Floats o, max, sum;
  OutputBuffers(i64 rows, i64 v) : o(rows * v), max(static_cast<size_t>(rows)), sum(max) {}
  cpu::AttentionOutput at(i64 v) { return {o.data(), v, max.data(), sum.data(), 1}; }
};

Floats scratch_for(const cpu::KeyPages& p) { return Floats(cpu::attend_scratch_floats(p)); }

// A copy of a head whose keys and values are rounded as they are when they are stored.
Head stored(Head x, DType t) {
  x.k_c = stored_keys(x.k_c, x.depth, t), x.k_r = stored_keys(x.k_r, x.rope, t);
  x.values = stored_keys(x.values, x.v, t);
  return x;
}

// Σ_j p_j v_j and Σ_j p_j |v_j| of feature i of a query row over keys 0 to `last`, in double.
std::pair<double, double> exact(const Head& x, i64 row, i64 last, i64 i) {
  double sum = 0, y = 0, size = 0;
  for (i64 j = 0; j <= last; ++j) {
    double s = 0;
    const auto dot = [&](const Floats& q, const Floats& k, i64 n) {
      for (i64 d = 0; d < n; ++d) s += static_cast<double>(q[row * n + d]) * static_cast<double>(k[j * n + d]);
    };
    dot(x.q_c, x.k_c, x.depth), dot(x.q_r, x.k_r, x.rope);
    const double p = std::exp(s / std::sqrt(static_cast<double>(x.depth + x.rope)));
    const double value = static_cast<double>(x.values[j * x.v + i]);
    sum += p, y += p * value, size += p * std::abs(value);
  }
  return {y / sum, size / sum};
}

// The error bound. A score is a sum of n = depth + rope products of normal numbers, divided by sqrt(n). The mean size
// of a product is below 1, so rounding (u = 2⁻²⁴) changes the score by at most about n u · sqrt(n), and p relatively by
// twice that. The two sums over the keys add keys · u each.
double relative_bound(const Head& x) {
  const double n = static_cast<double>(x.depth + x.rope);
  return 0x1p-24 * (2 * (n + 4) * std::sqrt(n) + 2 * static_cast<double>(x.keys) + 16);
}

constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::q8_0};

const Head kHeads[] = {{1, 2, 1, 1},      {5, 6, 7, 63},       {16, 8, 16, 64},     {33, 18, 21, 65},
                       {64, 32, 65, 150}, {128, 64, 128, 200}, {7, 2, 0, 70, true}, {48, 16, 0, 130, true}};

TEST(AttentionKernels, RowsMatchDoublePrecisionAtEveryLevel) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType t : kTypes)
      for (Head x : kHeads) {
        const cpu::KeyPages p = x.store(k->attention, t);
        OutputBuffers out(x.keys, x.v);
        k->attention.attend(x.queries(0, x.keys), p, out.at(x.v), scratch_for(p).data());
        const Head rounded = stored(x, t);
        for (i64 row = 0; row < x.keys; row += 1 + x.keys / 9)
          for (i64 i = 0; i < x.v; ++i) {
            const auto [want, size] = exact(rounded, row, row, i);
            ASSERT_NEAR(static_cast<double>(out.o[row * x.v + i]), want, relative_bound(x) * size)
                << k->name << " " << name_of(t) << " keys " << x.keys << " row " << row << " feature " << i;
          }
      }
}

TEST(AttentionKernels, MergedPartialsHaveTheBitsOfCompleteAttention) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType t : kTypes)
      for (Head x : kHeads) {
        const cpu::KeyPages p = x.store(k->attention, t);
        const i64 row = x.keys - 1, stride = cpu::partial_floats(x.v);
        const cpu::Queries q = x.queries(row, 1, 0);
        OutputBuffers whole(1, x.v), merged(1, x.v);
        k->attention.attend(q, p, whole.at(x.v), scratch_for(p).data());
        Floats partials(x.blocks() * stride);
        for (i64 b = x.blocks() - 1; b >= 0; --b)
          k->attention.attend_partials(q, p, b, b + 1, &partials[b * stride], scratch_for(p).data());
        k->attention.merge(1, x.blocks(), x.v, partials.data(), merged.at(x.v));
        EXPECT_EQ(0, std::memcmp(whole.o.data(), merged.o.data(), whole.o.size() * 4)) << k->name << " keys " << x.keys;
        EXPECT_EQ(whole.max, merged.max);
        EXPECT_EQ(whole.sum, merged.sum);
      }
}

TEST(AttentionKernels, ARowsBitsDoNotDependOnItsTile) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType t : {DType::f32, DType::q8_0})
      for (Head x : kHeads) {
        const cpu::KeyPages p = x.store(k->attention, t);
        OutputBuffers all(x.keys, x.v);
        k->attention.attend(x.queries(0, x.keys), p, all.at(x.v), scratch_for(p).data());
        for (const i64 rows : {1, 2, 3, 5, 7, 40})
          for (i64 first = 0; first + rows <= x.keys; first += rows) {
            OutputBuffers some(rows, x.v);
            k->attention.attend(x.queries(first, rows), p, some.at(x.v), scratch_for(p).data());
            ASSERT_EQ(0, std::memcmp(some.o.data(), &all.o[first * x.v], some.o.size() * 4))
                << k->name << " " << name_of(t) << " keys " << x.keys << " rows " << first << " + " << rows;
          }
      }
}

TEST(AttentionKernels, LatentsAreLoadedAsTheyAreStored) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType t : kTypes)
      for (Head x : kHeads) {
        if (!x.latent) continue;
        const cpu::KeyPages p = x.store(k->attention, t);
        const Head rounded = stored(x, t);
        for (i64 b = 0; b < x.blocks(); ++b) {
          const i64 first = b * kBlockKeys, rows = std::min(kBlockKeys, x.keys - first);
          Floats c(rows * x.depth), k_r(rows * x.rope);
          k->attention.load_latents(p.base + b * p.page_bytes, p, rows, c.data(), k_r.data());
          EXPECT_TRUE(std::ranges::equal(c, std::span(rounded.k_c).subspan(first * x.depth, c.size())))
              << k->name << " " << name_of(t) << " block " << b;
          EXPECT_TRUE(std::ranges::equal(k_r, std::span(rounded.k_r).subspan(first * x.rope, k_r.size())))
              << k->name << " " << name_of(t) << " block " << b;
        }
      }
}

TEST(AttentionKernels, ProductsOfTheAbsorbedFormMatchDoublePrecision) {
  constexpr i64 kRows = 11;
  for (const cpu::Kernels* k : cpu::levels())
    for (const i64 depth : {1, 3, 16, 37, 64})
      for (const i64 cols : {1, 5, 16, 33, 83}) {
        const Floats a = normal(kRows * depth, 1), b = normal(depth * cols, 2);
        Floats c(kRows * cols), ct(c);
        k->attention.product(c.data(), cols, a.data(), depth, b.data(), DType::f32, cols, kRows, depth, cols);
        k->attention.product_transposed(ct.data(), cols, a.data(), depth, b.data(), DType::f32, depth, kRows, depth,
                                        cols);
        for (i64 i = 0; i < kRows; ++i)
          for (i64 n = 0; n < cols; ++n) {
            double want = 0, size = 0, want_t = 0, size_t_ = 0;
            for (i64 j = 0; j < depth; ++j) {
              const double x = static_cast<double>(a[i * depth + j]);
              const double y = x * static_cast<double>(b[j * cols + n]);
              const double z = x * static_cast<double>(b[n * depth + j]);
              want += y, size += std::abs(y), want_t += z, size_t_ += std::abs(z);
            }
            const double u = static_cast<double>(depth + 1) * 0x1p-24;  // for a sum of `depth` products in any order
            ASSERT_NEAR(static_cast<double>(c[i * cols + n]), want, u * size) << k->name;
            ASSERT_NEAR(static_cast<double>(ct[i * cols + n]), want_t, u * size_t_) << k->name;
          }
      }
}

TEST(AttentionKernels, ANanInAKeyReachesEveryRowThatSeesIt) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType t : kTypes) {
      Head x(5, 6, 7, 70);
      x.k_c[0] = std::numeric_limits<float>::quiet_NaN();  // in the first key, which every row sees
      const cpu::KeyPages p = x.store(k->attention, t);
      OutputBuffers out(x.keys, x.v);
      k->attention.attend(x.queries(0, x.keys), p, out.at(x.v), scratch_for(p).data());
      for (const float f : out.o) ASSERT_TRUE(std::isnan(f)) << k->name << " " << name_of(t);
    }
}

}  // namespace
}  // namespace r1
