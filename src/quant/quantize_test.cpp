// Tests the encoders with the decoders of the kernels. Types that need no search must give ggml's bytes, the others at
// most ggml's error, and no hostile or odd row may break anything.
#include "quant/quantize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <vector>

#include "core/half.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<std::byte>;

constexpr double kHalf = 0x1p-11;  // relative error of a scale rounded to f16

Floats normal(i64 n, u64 stream) {
  Random r(1, Purpose::test, stream);
  Floats v(n);
  for (float& x : v) x = static_cast<float>(0.02 * r.normal());
  return v;
}

// Student's t with four degrees of freedom.
Floats heavy_tailed(i64 n, u64 stream) {
  Random r(1, Purpose::test, stream);
  Floats v(n);
  for (float& x : v) {
    double squares = 0;
    for (int k = 0; k < 4; ++k) {
      const double z = r.normal();
      squares += z * z;
    }
    x = static_cast<float>(0.02 * r.normal() / std::sqrt(squares / 4));
  }
  return v;
}

Bytes encode(DType type, const Floats& x, i64 cols, std::span<const float> importance = {}) {
  const i64 rows = static_cast<i64>(x.size()) / cols;
  Bytes out(rows * row_bytes(type, cols));
  const Status done = quantize_rows(type, out.data(), x.data(), rows, cols, importance);
  EXPECT_TRUE(done) << name_of(type) << ": " << (done ? "" : done.error().what);
  return out;
}

Floats decode(DType type, const Bytes& bytes, i64 n) {
  Floats y(n);
  cpu::active().dequantize.row(type, y.data(), bytes.data(), n);
  return y;
}

Floats round_trip(DType type, const Floats& x, i64 cols, std::span<const float> importance = {}) {
  return decode(type, encode(type, x, cols, importance), static_cast<i64>(x.size()));
}

double d(float x) { return static_cast<double>(x); }

// √(Σ w (y - x)² / Σ w x²), with a weight w for each column.
double relative_error(const Floats& y, const Floats& x, const Floats& w = {1}) {
  double error = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double weight = d(w[i % w.size()]);
    error += weight * (d(y[i]) - d(x[i])) * (d(y[i]) - d(x[i]));
    size += weight * d(x[i]) * d(x[i]);
  }
  return std::sqrt(error / size);
}

std::vector<DType> writable() {
  std::vector<DType> types;
  for (int t = 0; t < kDTypes; ++t)
    if (can_quantize(static_cast<DType>(t))) types.push_back(static_cast<DType>(t));
  return types;
}

constexpr DType kDirect[] = {DType::q4_0, DType::q4_1,  DType::q5_0,  DType::q5_1,
                             DType::q8_0, DType::tq1_0, DType::tq2_0, DType::mxfp4};

TEST(Quantize, TypesThatNeedNoSearchAreGgmlsBytes) {
  std::ifstream in(R1_SOURCE_DIR "/tests/data/blocks/encoded.blocks", std::ios::binary);
  const std::string want{std::istreambuf_iterator<char>(in), {}};
  const Floats x = heavy_tailed(512, 3);
  size_t at = 0;
  for (const DType type : kDirect) {
    const Bytes got = encode(type, x, 256);
    ASSERT_LE(at + got.size(), want.size());
    EXPECT_EQ(std::memcmp(got.data(), want.data() + at, got.size()), 0) << name_of(type);
    at += got.size();
  }
  EXPECT_EQ(at, want.size());
}

TEST(Quantize, TypesThatNeedNoSearchKeepTheirBytesWhenWrittenAgain) {
  const Floats x = heavy_tailed(4096, 4);
  for (const DType type : kDirect) {
    const Bytes once = encode(type, x, 1024);
    EXPECT_EQ(encode(type, decode(type, once, 4096), 1024), once) << name_of(type);
  }
}

// Relative root mean square errors of ggml (ggml_quantize_chunk at d99724f2, no importance) on the same numbers.
TEST(Quantize, SearchedTypesAreNoWorseThanGgmls) {
  struct Figure {
    DType type;
    double normal, heavy;
  };
  constexpr Figure kGgml[] = {{DType::q2_k, 0.29807, 0.34295},  {DType::q3_k, 0.15051, 0.18375},
                              {DType::q4_k, 0.07129, 0.08689},  {DType::q5_k, 0.03625, 0.04392},
                              {DType::q6_k, 0.01776, 0.02300},  {DType::iq4_nl, 0.07629, 0.09364},
                              {DType::iq4_xs, 0.07690, 0.09459}};
  const i64 cols = 1024, n = 64 * cols;
  const Floats a = normal(n, 1), b = heavy_tailed(n, 2);
  for (const Figure& f : kGgml) {
    EXPECT_LE(relative_error(round_trip(f.type, a, cols), a), f.normal) << name_of(f.type);
    EXPECT_LE(relative_error(round_trip(f.type, b, cols), b), f.heavy) << name_of(f.type);
  }
}

// The largest |error| in units of a block's largest magnitude M: half a step, plus the shift of the largest number when
// the scale is rounded to f16. Types with one more step below zero than above may cut off a whole step. MXFP4 has no
// number from 12/16 of the next power of two on.
TEST(Quantize, NoElementIsFurtherOffThanItsStepAllows) {
  struct Bound {
    DType type;
    double of_largest;
  };
  const Bound kBounds[] = {{DType::q4_0, 1.0 / 8 + kHalf},
                           {DType::q5_0, 1.0 / 16 + kHalf},
                           {DType::q4_1, 1.0 / 15 + 3 * kHalf},
                           {DType::q5_1, 1.0 / 31 + 3 * kHalf},
                           {DType::q8_0, 0.5 / 127 + kHalf},
                           {DType::tq1_0, 0.5 + kHalf},
                           {DType::tq2_0, 0.5 + kHalf},
                           {DType::mxfp4, 0.25},
                           {DType::f16, kHalf},
                           {DType::bf16, 0x1p-8}};
  const Floats x = heavy_tailed(16384, 5);
  for (const Bound& b : kBounds) {
    const Floats y = round_trip(b.type, x, 1024);
    const size_t block = static_cast<size_t>(std::max<i64>(block_of(b.type).elements, 32));
    for (size_t i = 0; i < x.size(); i += block) {
      double most = 0;
      for (size_t j = i; j < i + block; ++j) most = std::max(most, std::fabs(d(x[j])));
      for (size_t j = i; j < i + block; ++j)
        ASSERT_LE(std::fabs(d(y[j]) - d(x[j])), b.of_largest * most * 1.00001) << name_of(b.type) << " element " << j;
    }
  }
}

TEST(Quantize, ImportanceLowersTheErrorThatItWeighs) {
  const i64 cols = 1024, n = 64 * cols;
  const Floats x = heavy_tailed(n, 6);
  Random r(1, Purpose::test, 7);
  Floats importance(cols);
  for (float& v : importance) v = static_cast<float>(std::exp(2 * r.normal()));
  for (const DType type : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q2_k, DType::q3_k, DType::q4_k,
                           DType::q5_k, DType::q6_k, DType::iq4_nl, DType::iq4_xs}) {
    const double without = relative_error(round_trip(type, x, cols), x, importance);
    const double with = relative_error(round_trip(type, x, cols, importance), x, importance);
    EXPECT_LT(with, 0.97 * without) << name_of(type);
  }
}

TEST(Quantize, RowsDoNotDependOnEachOther) {
  const i64 cols = 512;
  const Floats x = heavy_tailed(3 * cols, 8);
  for (const DType type : writable()) {
    const Bytes all = encode(type, x, cols);
    const Bytes second = encode(type, {x.begin() + cols, x.begin() + 2 * cols}, cols);
    EXPECT_EQ(std::memcmp(second.data(), all.data() + row_bytes(type, cols), second.size()), 0) << name_of(type);
  }
}

TEST(Quantize, OddRowsGiveFiniteNumbersNoLargerThanTheirs) {
  const float tiny = std::numeric_limits<float>::denorm_min(), small = 1e-7f, most = 65504;
  std::vector<Floats> rows;
  for (const float v : {0.0f, -0.0f, tiny, -1e-38f, small, 1.0f, -1.0f, most, -most})
    rows.emplace_back(256, v);  // flat
  for (const float v : {1.0f, -1.0f, most}) {
    rows.emplace_back(256, 0.0f), rows.back()[100] = v;  // one spike
    rows.emplace_back(256, v / 3), rows.back()[7] = v;
    rows.emplace_back(256, v);
    for (size_t i = 0; i < 256; i += 2) rows.back()[i] = -v;  // two values
  }
  Floats with_zeros(256, 0), none(256, 0);
  for (size_t i = 0; i < 256; i += 40) with_zeros[i] = 1;
  for (const DType type : writable())
    for (const Floats& x : rows)
      for (const std::span<const float> importance :
           {std::span<const float>(), std::span<const float>(with_zeros), std::span<const float>(none)}) {
        const float largest = std::fabs(
            *std::max_element(x.begin(), x.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
        // A fitted scale may overshoot by half a step, and f16 scales near zero are 2^-24 apart, times up to 128 steps.
        const float bound = 1.34f * largest + 0x1p-17f;
        for (const float y : round_trip(type, x, 256, importance))
          ASSERT_LE(std::fabs(y), bound) << name_of(type) << " of " << x[0];
      }
}

TEST(Quantize, FlatRowsKeepTheirValueWhereTheTypeCan) {
  const Floats x(256, 0.7f), minus(256, -0.7f);
  for (const DType type : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0, DType::q2_k, DType::q3_k,
                           DType::q4_k, DType::q5_k, DType::q6_k, DType::tq1_0, DType::tq2_0, DType::iq4_nl}) {
    for (const Floats& row : {x, minus})
      for (const float y : round_trip(type, row, 256)) ASSERT_NEAR(d(y), d(row[0]), 0.7 * 2 * kHalf) << name_of(type);
  }
}

TEST(Quantize, WhatCannotBeStoredIsNamed) {
  Bytes out(4096);
  Floats x(512, 1);
  const auto error = [&](DType type, const Floats& row, i64 rows, i64 cols, std::span<const float> importance = {}) {
    const Status s = quantize_rows(type, out.data(), row.data(), rows, cols, importance);
    return s ? std::string("no error") : s.error().what;
  };
  EXPECT_EQ(error(DType::iq2_xs, x, 1, 256), "cannot quantise to iq2_xs");
  EXPECT_EQ(error(DType::f8_e4m3, x, 1, 256), "cannot quantise to f8_e4m3");
  EXPECT_NE(error(DType::q4_k, x, 1, 128).find("128 are no multiple of the 256"), std::string::npos);
  x[256 + 3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(error(DType::q4_k, x, 2, 256).find("row 1, column 3 is nan"), std::string::npos);
  EXPECT_NE(error(DType::f32, x, 2, 256).find("row 1, column 3"), std::string::npos);
  x[256 + 3] = 1e5f;
  EXPECT_NE(error(DType::f16, x, 2, 256).find("up to 65504"), std::string::npos);
  EXPECT_EQ(error(DType::bf16, x, 2, 256), "no error");
  EXPECT_EQ(error(DType::q4_0, x, 1, 256), "no error");
  const Floats few(100, 1), bad(256, -1);
  EXPECT_NE(error(DType::q4_0, x, 1, 256, few).find("100 importance weights for 256 columns"), std::string::npos);
  EXPECT_NE(error(DType::q4_0, x, 1, 256, bad).find("importance of column 0 is -1"), std::string::npos);
}

}  // namespace
}  // namespace r1
