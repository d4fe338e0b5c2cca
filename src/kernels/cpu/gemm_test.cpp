#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/half.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {
namespace {

struct AlignedBytes {
  explicit AlignedBytes(i64 n) : memory(n + 64) {}
  std::byte* data() {
    const auto at = reinterpret_cast<std::uintptr_t>(memory.data());
    return memory.data() + (64 - at % 64) % 64;
  }
  std::vector<std::byte> memory;
};

std::vector<float> normals(i64 n, u64 stream) {
  std::vector<float> x(n);
  Random random(3, Purpose::test, stream);
  for (float& v : x) v = static_cast<float>(random.normal());
  return x;
}

double rounded(Format f, float x) {
  return static_cast<double>(f == Format::bf16 ? f32_from_bf16(bf16_from_f32(x)) : x);
}

// Format of a product and how A and B are stored in memory.
struct Case {
  Format format = Format::f32;
  Layout a = Layout::rows, b = Layout::rows;
  bool indexed = false, accumulate = false;
};

// A product of random matrices that are stored as the case says.
struct Product {
  Product(const Kernels& kernels, Case c, i64 m_, i64 n_, i64 k_) : t(kernels.gemm), how(c), m(m_), n(n_), k(k_) {
    a = normals(m * k, 1), b = normals(k * n, 2), start = normals(m * n, 3);
    for (float& x : b) {
      if (how.format == Format::f32_bf16) x = f32_from_bf16(bf16_from_f32(x));
      if (how.format == Format::f32_f16) x = f32_from_f16(f16_from_f32(x));
    }
    index_a = permutation(how.a == Layout::rows ? m : k), index_b = permutation(how.b == Layout::rows ? k : n);
  }
  // The index of memory rows: reversed order if the case is indexed.
  std::vector<i32> permutation(i64 rows) const {
    std::vector<i32> index(rows);
    for (i64 r = 0; r < rows; ++r) index[r] = static_cast<i32>(how.indexed ? rows - 1 - r : r);
    return index;
  }
  i64 row(const std::vector<i32>& index, i64 r) const { return index[r]; }
  float a_at(i64 i, i64 j) const {
    return a[how.a == Layout::rows ? row(index_a, i) * k + j : row(index_a, j) * m + i];
  }
  float b_at(i64 i, i64 j) const {
    return b[how.b == Layout::rows ? row(index_b, i) * n + j : row(index_b, j) * k + i];
  }

  // C with rows [begin, end) computed by one call of the kernel.
  std::vector<float> rows(i64 begin, i64 end) const {
    AlignedBytes packed(panels(t, n) * t.panel_bytes(how.format, k)), scratch(t.scratch_bytes);
    const MatrixView vb{b.data(), how.b == Layout::rows ? n : k, how.b, DType::f32,
                        how.indexed ? index_b.data() : nullptr};
    t.pack_b(how.format, packed.data(), vb, k, n, 0, panels(t, n));
    std::vector<float> c = start;
    const MatrixView va{a.data(), how.a == Layout::rows ? k : m, how.a, DType::f32,
                        how.indexed ? index_a.data() : nullptr};
    t.gemm({how.format, va, packed.data(), c.data(), n, n, k, how.accumulate ? Into::add : Into::overwrite}, begin, end,
           0, panels(t, n), scratch.data());
    return c;
  }

  void expect_close_to_doubles(const std::vector<float>& c, const std::string& name) const {
    for (i64 i = 0; i < m; ++i)
      for (i64 j = 0; j < n; ++j) {
        double want = how.accumulate ? static_cast<double>(start[i * n + j]) : 0;
        double norm = std::abs(want);
        for (i64 l = 0; l < k; ++l) {
          const double term = rounded(how.format, a_at(i, l)) * rounded(how.format, b_at(l, j));
          want += term, norm += std::abs(term);
        }
        // k multiplications and k additions. Each has an error of half a
        // unit in the last place of a value up to `norm`.
        const double tolerance = norm * static_cast<double>(2 * k + 2) * 0x1p-24;
        ASSERT_NEAR(static_cast<double>(c[i * n + j]), want, tolerance)
            << name << " m " << m << " n " << n << " k " << k << " at " << i << "," << j;
      }
  }

  const GemmKernels& t;
  Case how;
  i64 m, n, k;
  std::vector<float> a, b, start;
  std::vector<i32> index_a, index_b;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Format f : {Format::f32, Format::bf16, Format::f32_bf16, Format::f32_f16})
    for (const Layout a : {Layout::rows, Layout::columns})
      for (const Layout b : {Layout::rows, Layout::columns}) all.push_back({f, a, b, a == b, b == Layout::rows});
  return all;
}

std::string describe(const Kernels& k, const Case& c) {
  constexpr const char* kFormats[] = {" f32", " bf16", " f32_bf16", " f32_f16"};
  return std::string(k.name) + kFormats[static_cast<int>(c.format)] + (c.a == Layout::rows ? " A" : " At") +
         (c.b == Layout::rows ? " B" : " Bt");
}

TEST(Gemm, EveryRemainderOfEverySizeMatchesDoubles) {
  for (const Kernels* k : levels())
    for (const Case& c : cases()) {
      for (i64 i = 1; i <= 70; ++i) {  // 29 and 43 are coprime to 70: every remainder of m, n and k appears
        const Product product(*k, c, i, 1 + i * 29 % 70, 1 + i * 43 % 70);
        product.expect_close_to_doubles(product.rows(0, product.m), describe(*k, c));
      }
      for (const auto& [m, n, depth] : {std::array<i64, 3>{1, 1, 1},
                                        {1, 300, 700},
                                        {2, 257, 31},
                                        {3, 129, 515},
                                        {5, 97, 600},
                                        {7, 64, 33},
                                        {175, 33, 70},
                                        {230, 65, 513},
                                        {33, 10, 1100}}) {
        const Product product(*k, c, m, n, depth);
        product.expect_close_to_doubles(product.rows(0, m), describe(*k, c));
      }
    }
}

TEST(Gemm, PanelsOf16BitsGiveTheBitsOfPanelsOfFloats) {
  for (const Kernels* k : levels())
    for (const Format f : {Format::f32_bf16, Format::f32_f16})
      for (const i64 m : {1, 5, 33}) {
        Product product(*k, {.format = f}, m, 77, 601);
        const std::vector<float> halves = product.rows(0, m);
        product.how.format = Format::f32;
        ASSERT_EQ(product.rows(0, m), halves) << k->name << " m " << m;
      }
}

TEST(Gemm, ARowsBitsDependOnThatRowAlone) {
  for (const Kernels* k : levels())
    for (const Case& c : cases()) {
      const Product product(*k, c, 64, 203, 601);
      const std::vector<float> together = product.rows(0, product.m);
      for (i64 r = 0; r < product.m; ++r)
        for (const i64 count : {1, 3, 15, 17}) {
          if (r + count > product.m) continue;
          const std::vector<float> alone = product.rows(r, r + count);
          const auto at = static_cast<size_t>(r * product.n), n = static_cast<size_t>(count * product.n);
          ASSERT_EQ(0, std::memcmp(&alone[at], &together[at], n * 4))
              << describe(*k, c) << " rows " << r << " +" << count;
        }
    }
}

TEST(Gemm, AGradientHasTheBitsOfTheProductOfPackedOperands) {
  for (const Kernels* k : levels())
    for (const auto& [m, n, depth] :
         {std::array<i64, 3>{1, 1, 1}, {6, 16, 256}, {13, 35, 255}, {29, 64, 257}, {96, 130, 600}, {200, 31, 513}})
      for (const auto& [format, indexed] : {std::pair{Format::f32, false}, {Format::f32, true}, {Format::bf16, true}}) {
        const GemmKernels& t = k->gemm;
        if (format == Format::bf16 && t.pairs) continue;
        const Product product(*k, {.format = format, .a = Layout::columns, .accumulate = true}, m, n, depth);
        std::vector<float> a = product.a;
        if (format == Format::bf16) t.round(a.data(), std::ssize(a));
        std::vector<i32> index(depth);
        for (i64 r = 0; r < depth; ++r) index[r] = static_cast<i32>(depth - 1 - r);
        std::vector<float> b(depth * n);  // what the product has as B
        for (i64 r = 0; r < depth; ++r)
          std::memcpy(b.data() + (indexed ? index[r] : r) * n, product.b.data() + r * n, n * sizeof(float));
        std::vector<float> c = product.start;
        const GradientProduct g{.format = format,
                                .a = a.data(),
                                .lda = m,
                                .b = b.data(),
                                .ldb = n,
                                .b_index = indexed ? index.data() : nullptr,
                                .c = c.data(),
                                .ldc = n,
                                .n = n,
                                .k = depth};
        const i64 middle = m / 2, half = panels(t, n) / 2;  // in four parts: the rest of C must stay as it is
        for (const auto& [from, to] : {std::pair{i64{0}, middle}, {middle, m}})
          for (const auto& [begin, end] : {std::pair{i64{0}, half}, {half, panels(t, n)}})
            t.add_gradient(g, from, to, begin, end);
        const std::vector<float> want = product.rows(0, m);
        ASSERT_EQ(0, std::memcmp(c.data(), want.data(), c.size() * 4))
            << k->name << " " << m << " x " << n << " x " << depth;
      }
}

TEST(Gemm, OnlyTheRequestedRowsAndPanelsAreWritten) {
  for (const Kernels* k : levels()) {
    const Product product(*k, {}, 9, 3 * k->gemm.panel + 5, 40);
    const GemmKernels& t = k->gemm;
    AlignedBytes packed(panels(t, product.n) * t.panel_bytes(Format::f32, product.k)), scratch(t.scratch_bytes);
    t.pack_b(Format::f32, packed.data(), {product.b.data(), product.n}, product.k, product.n, 0, panels(t, product.n));
    std::vector<float> c(product.m * product.n, -7.0f);
    const Gemm g{Format::f32, {product.a.data(), product.k}, packed.data(), c.data(), product.n, product.n, product.k};
    t.gemm(g, 2, 8, 1, 2, scratch.data());
    const std::vector<float> all = product.rows(0, product.m);
    for (i64 i = 0; i < product.m; ++i)
      for (i64 j = 0; j < product.n; ++j) {
        const bool inside = i >= 2 && i < 8 && j >= t.panel && j < 2 * t.panel;
        const auto at = static_cast<size_t>(i * product.n + j);
        ASSERT_EQ(c[at], inside ? all[at] : -7.0f) << k->name << " at " << i << "," << j;
      }
  }
}

void expect_packed_like_floats(const Kernels& k, DType dtype, Layout layout, Format f, i64 depth) {
  const GemmKernels& t = k.gemm;
  const i64 n = 2 * t.panel + 5, count = depth * n;
  std::vector<u16> half(count);
  std::vector<float> wide(half.size());
  const std::vector<float> x = normals(count, 5);
  for (size_t i = 0; i < half.size(); ++i) {
    half[i] = dtype == DType::bf16 ? bf16_from_f32(x[i]) : f16_from_f32(x[i]);
    wide[i] = dtype == DType::bf16 ? f32_from_bf16(half[i]) : f32_from_f16(half[i]);
  }
  const i64 bytes = panels(t, n) * t.panel_bytes(f, depth), ld = layout == Layout::rows ? n : depth;
  AlignedBytes from_half(bytes), from_wide(bytes);
  t.pack_b(f, from_half.data(), {half.data(), ld, layout, dtype}, depth, n, 0, panels(t, n));
  t.pack_b(f, from_wide.data(), {wide.data(), ld, layout}, depth, n, 0, panels(t, n));
  ASSERT_EQ(0, std::memcmp(from_half.data(), from_wide.data(), bytes)) << k.name << " depth " << depth;
}

TEST(Gemm, Bf16AndF16MatricesPackLikeTheirF32Values) {
  for (const Kernels* k : levels())
    for (const DType dtype : {DType::bf16, DType::f16})
      for (const Layout layout : {Layout::rows, Layout::columns})
        for (const Format f : {Format::f32, Format::bf16, Format::f32_bf16, Format::f32_f16})
          for (const i64 depth : {1, 15, 16, 77, 600}) {
            const bool other = dtype == DType::bf16 ? f == Format::f32_f16 : f == Format::f32_bf16;
            if (!other) expect_packed_like_floats(*k, dtype, layout, f, depth);
          }
}

TEST(Gemm, NanAndInfinityReachTheirRowsAndNoOthers) {
  for (const Kernels* k : levels())
    for (const Format f : {Format::f32, Format::bf16, Format::f32_bf16, Format::f32_f16}) {
      Product product(*k, {.format = f}, 5, 40, 33);
      product.a[2 * product.k + 32] = std::nanf("");
      product.a[3 * product.k + 7] = INFINITY;
      const std::vector<float> c = product.rows(0, product.m);
      for (i64 j = 0; j < product.n; ++j) {
        EXPECT_TRUE(std::isnan(c[2 * product.n + j])) << k->name;
        EXPECT_TRUE(std::isinf(c[3 * product.n + j])) << k->name;
        EXPECT_TRUE(std::isfinite(c[1 * product.n + j])) << k->name;
      }
    }
}

TEST(Gemm, WeightedRowsAndDotMatchDoubles) {
  for (const Kernels* k : levels())
    for (const i64 d : {1, 7, 16, 33, 192}) {
      const std::vector<float> rows = normals(6 * d, 8), weight = normals(3, 9);
      const std::vector<i32> at{4, 0, 5};
      std::vector<float> y = normals(d, 10);
      const std::vector<float> before = y;
      k->gemm.weighted_rows(y.data(), rows.data(), at.data(), weight.data(), 3, d, Into::add);
      double dot = 0, norm = 0;
      for (i64 j = 0; j < d; ++j) {
        const auto column = static_cast<size_t>(j);
        double want = static_cast<double>(before[column]), size = std::abs(want);
        for (size_t i = 0; i < 3; ++i) {
          const float x = rows[at[i] * d + j];
          const double term = static_cast<double>(weight[i]) * static_cast<double>(x);
          want += term, size += std::abs(term);
        }
        EXPECT_NEAR(static_cast<double>(y[column]), want, size * 8 * 0x1p-24) << k->name << " d " << d;
        const double term = static_cast<double>(rows[column]) * static_cast<double>(before[column]);
        dot += term, norm += std::abs(term);
      }
      EXPECT_NEAR(static_cast<double>(k->gemm.dot(rows.data(), before.data(), d)), dot,
                  norm * static_cast<double>(2 * d + 2) * 0x1p-24);
    }
}

}  // namespace
}  // namespace r1::cpu
