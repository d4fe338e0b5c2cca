// Grouped-query attention: its formula in double precision, its gradients, and that a row's bits depend on its own
// sequence alone.
#include "kernels/cpu/test_stored_keys.hpp"
#include "ops/attention_case.hpp"

namespace r1 {
namespace {

struct Sequence {
  i64 length = 0;
  std::vector<float> q, k, v;
};

struct AttendCase {
  AttendDims d;
  std::vector<Sequence> sequences;

  // The scores spread over about 2, so that the softmax is neither flat nor dominated by one key.
  AttendCase(i64 heads, i64 kv_heads, i64 head, const std::vector<i64>& lengths)
      : d{heads, kv_heads, head, 1.5f / std::sqrt(static_cast<float>(head))} {
    for (size_t s = 0; s < lengths.size(); ++s) {
      Random random(5, Purpose::test, s);
      const auto fill = [&](i64 cols) { return normal_floats(random, lengths[s] * cols); };
      sequences.push_back({lengths[s], fill(heads * head), fill(kv_heads * head), fill(kv_heads * head)});
    }
  }

  // The same attention with key and value heads for every query head: copies of the shared ones.
  AttendCase ungrouped() const {
    AttendCase x = *this;
    const i64 group = d.heads / d.kv_heads;
    for (Sequence& s : x.sequences)
      for (std::vector<float>* f : {&s.k, &s.v}) {
        std::vector<float> wide;
        for (i64 row = 0; row < s.length * d.kv_heads; ++row)
          for (i64 copy = 0; copy < group; ++copy)
            wide.insert(wide.end(), f->begin() + row * d.head, f->begin() + (row + 1) * d.head);
        *f = wide;
      }
    x.d.kv_heads = d.heads;
    return x;
  }
};

struct AttendRun {
  const cpu::Kernels& kernels;
  DType kv = DType::f32;
  bool cached = false;
  int threads = 1;
  bool taped = false;
};
struct AttendResult {
  std::vector<std::vector<float>> o, dq, dk, dv;  // [length, heads·head] of every sequence; gradients where taped
};

AttendResult run(const AttendCase& x, const AttendRun& how, const Passes& passes) {
  AttendResult r;
  for (auto* out : {&r.o, &r.dq, &r.dk, &r.dv})
    for (const Sequence& s : x.sequences)
      out->emplace_back(s.length * (out == &r.o || out == &r.dq ? x.d.heads : x.d.kv_heads) * x.d.head);
  OpTest test(how.kernels, how.threads);
  AttentionCache cache(x, {MlaForm::expanded, how.kv, 2, x.d.kv_heads, x.d.head, 0, x.d.head, 0});
  for (const std::vector<Chunk>& chunks : passes) {
    test.batch = Batch();
    cache.view.tables.clear();
    for (const Chunk& k : chunks) {
      test.batch.add_sequence(std::vector<i32>(k.end - k.begin), k.begin);
      cache.view.tables.push_back(cache.tables[k.seq]);
    }
    Tape tape(test.arena);
    Pass p = test.pass(how.taped ? &tape : nullptr);
    p.numerics.kv = how.kv;
    p.numerics.mla = how.taped ? MlaForm::expanded : MlaForm::mixed;  // this op ignores it
    if (how.cached) p.kv = &cache.view;
    const i64 rows = test.batch.rows();
    const Tensor q = p.alloc(rows, x.d.heads * x.d.head), k = p.alloc(rows, x.d.kv_heads * x.d.head);
    const Tensor v = p.alloc(rows, k.cols());
    gather(x, chunks, &Sequence::q, q.cols(), q), gather(x, chunks, &Sequence::k, k.cols(), k);
    gather(x, chunks, &Sequence::v, v.cols(), v);
    const Tensor o = attend(p, 1, x.d, q, k, v);
    scatter(o, chunks, r.o);
    if (!how.taped) continue;
    run_backward(tape, o, o);  // any gradient will do
    scatter(tape.grads()[q], chunks, r.dq), scatter(tape.grads()[k], chunks, r.dk),
        scatter(tape.grads()[v], chunks, r.dv);
  }
  return r;
}

// The error of a score is at most δ = scale · Σ|q k| · ((head + 4) u + kv unit), that of e^score a factor 1 ± 2δ, and
// that of p 4δ + (keys + 8 + merges) u. The rounding of v and the sum over keys come on top: see mla_attend_test.cpp.
void expect_formula(const AttendCase& x, const AttendResult& r, double kv_unit) {
  constexpr double kUnit = 0x1p-24;
  const i64 n = x.d.head, width = x.d.heads * n, kv_width = x.d.kv_heads * n;
  for (size_t s = 0; s < x.sequences.size(); ++s) {
    const Sequence& seq = x.sequences[s];
    const auto at = [](const std::vector<float>& f, i64 i) { return static_cast<double>(f[i]); };
    double worst = 0;
    for (i64 t = 0; t < seq.length; ++t)
      for (i64 h = 0; h < x.d.heads; ++h) {
        const i64 g = h / (x.d.heads / x.d.kv_heads);
        std::vector<double> p;
        double delta = 0, sum = 0;
        for (i64 j = 0; j <= t; ++j) {
          double score = 0, size = 0;
          for (i64 i = 0; i < n; ++i) {
            const double term = at(seq.q, t * width + h * n + i) * at(seq.k, j * kv_width + g * n + i);
            score += term, size += std::abs(term);
          }
          delta =
              std::max(delta, static_cast<double>(x.d.scale) * size * (static_cast<double>(n + 4) * kUnit + kv_unit));
          p.push_back(std::exp(static_cast<double>(x.d.scale) * score));
          sum += p.back();
        }
        for (i64 i = 0; i < n; ++i) {
          double want = 0, size = 0;
          for (i64 j = 0; j <= t; ++j) {
            const double term = p[j] / sum * at(seq.v, j * kv_width + g * n + i);
            want += term, size += std::abs(term);
          }
          const double bound =
              size * (4 * delta + kv_unit + (2.0 * static_cast<double>(t) + static_cast<double>(n) + 20) * kUnit);
          worst = std::max(worst, std::abs(at(r.o[s], t * width + h * n + i) - want) / bound);
        }
      }
    EXPECT_LE(worst, 1) << "times the bound; sequence of " << seq.length;
  }
}

const std::vector<i64> kLengths{1, 20, 63, 64, 65, 150};

template <class F>
void for_all(F&& f) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType kv : {DType::f32, DType::bf16, DType::q8_0}) {
      SCOPED_TRACE(fmt::format("{} kv {}", k->name, name_of(kv)));
      f(*k, kv);
    }
}

TEST(Attend, MatchesTheFormulaAtEveryLevel) {
  for (const auto& [heads, kv_heads, head] : {std::array{1, 1, 2}, {6, 2, 10}, {4, 1, 37}, {3, 3, 64}}) {
    const AttendCase x(heads, kv_heads, head, kLengths);
    for (const cpu::Kernels* k : cpu::levels())
      for (const DType kv : {DType::f32, DType::bf16}) {
        SCOPED_TRACE(fmt::format("{} kv {}", k->name, name_of(kv)));
        expect_formula(x, run(x, {.kernels = *k, .kv = kv}, whole(x)), kv == DType::bf16 ? 0x1p-9 : 0);
      }
  }
}

TEST(Attend, GradientsMatchDifferences) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const i64 kv_heads : {1, 2, 4}) {
      OpTest test(*k);
      test.sequences({3, 1, 2});
      const AttendDims d{4, kv_heads, 3, 0.8f};
      const Tensor q = test.tensor(6, 12, 1), key = test.tensor(6, kv_heads * 3, 2),
                   v = test.tensor(6, kv_heads * 3, 3);
      check_gradients(test, [&](Pass& p) { return attend(p, 0, d, q, key, v); }, {q, key, v});
    }
}

// The gradient of the rounding is that of the identity: the backward pass computes with rounded keys and values, and
// their gradients go to the unrounded ones as they are.
TEST(Attend, StoredKeysAndValuesHaveTheBitsAndGradientsOfRoundedOnes) {
  for (const DType kv : {DType::bf16, DType::q8_0}) {
    const AttendCase x(6, 2, 42, kLengths);
    AttendCase rounded = x;
    for (Sequence& s : rounded.sequences)
      for (std::vector<float>* f : {&s.k, &s.v}) *f = stored_keys(*f, x.d.head, kv);
    for (const cpu::Kernels* k : cpu::levels()) {
      const AttendResult a = run(x, {.kernels = *k, .kv = kv, .taped = true}, whole(x)),
                         b = run(rounded, {.kernels = *k, .kv = DType::f32, .taped = true}, whole(x));
      EXPECT_TRUE(same_bits(a.o, b.o) && same_bits(a.dq, b.dq)) << k->name << " " << name_of(kv);
      EXPECT_TRUE(same_bits(a.dk, b.dk) && same_bits(a.dv, b.dv)) << k->name << " " << name_of(kv);
      EXPECT_FALSE(same_bits(a.o, run(x, {.kernels = *k, .taped = true}, whole(x)).o)) << k->name << " " << name_of(kv);
    }
  }
}

TEST(Attend, GroupedQueriesHaveTheBitsOfHeadsWithCopiesOfTheirKeys) {
  const AttendCase x(6, 2, 10, kLengths), wide = x.ungrouped();
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult a = run(x, {.kernels = k, .kv = kv, .threads = 2, .taped = true}, whole(x)),
                       b = run(wide, {.kernels = k, .kv = kv, .threads = 2, .taped = true}, whole(wide));
    EXPECT_TRUE(same_bits(a.o, b.o) && same_bits(a.dq, b.dq));
    for (size_t s = 0; s < kLengths.size(); ++s)
      for (i64 i = 0; i < kLengths[s] * 2 * 10; ++i) {
        const auto copy = [&](const std::vector<float>& f, i64 c) { return f[(i / 10 * 3 + c) * 10 + i % 10]; };
        const auto summed = [&](const std::vector<float>& f) { return copy(f, 0) + copy(f, 1) + copy(f, 2); };
        ASSERT_EQ(a.dk[s][i], summed(b.dk[s]));
        ASSERT_EQ(a.dv[s][i], summed(b.dv[s]));
      }
  });
}

TEST(AttendBits, ACacheAndChunksOfAnySizeDoNotChangeBits) {
  const AttendCase x(6, 2, 10, kLengths);
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult want = run(x, {.kernels = k, .kv = kv}, whole(x));
    EXPECT_TRUE(same_bits(want.o, run(x, {.kernels = k, .kv = kv, .cached = true}, whole(x)).o));
    for (const i64 size : {1, 7, 33, 64, 100})
      EXPECT_TRUE(same_bits(want.o, run(x, {.kernels = k, .kv = kv, .cached = true}, in_chunks(x, size)).o)) << size;
  });
}

TEST(AttendBits, ASequenceAloneHasTheBitsItHasAmongSixtyFourOthers) {
  std::vector<i64> lengths;
  for (i64 s = 0; s < 65; ++s) lengths.push_back(1 + s * 29 % 97);
  const AttendCase x(6, 2, 10, lengths);
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult among = run(x, {.kernels = k, .kv = kv, .threads = 2}, whole(x));
    for (const size_t s : {0u, 31u, 64u})
      EXPECT_TRUE(
          same_bits({run(x, {.kernels = k, .kv = kv}, {{{static_cast<i64>(s), 0, lengths[s]}}}).o[s]}, {among.o[s]}))
          << s;
  });
}

TEST(AttendBits, ThreadsAndATapeDoNotChangeBits) {
  const AttendCase x(6, 2, 10, kLengths);
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult want = run(x, {.kernels = k, .kv = kv}, whole(x)),
                       taped = run(x, {.kernels = k, .kv = kv, .taped = true}, whole(x));
    const AttendResult three = run(x, {.kernels = k, .kv = kv, .threads = 3, .taped = true}, whole(x));
    EXPECT_TRUE(same_bits(want.o, taped.o) && same_bits(want.o, three.o));
    EXPECT_TRUE(same_bits(taped.dq, three.dq) && same_bits(taped.dk, three.dk) && same_bits(taped.dv, three.dv));
    EXPECT_TRUE(same_bits(want.o, run(x, {.kernels = k, .kv = kv, .cached = true, .threads = 3}, in_chunks(x, 30)).o));
  });
}

// Decoded rows of several sequences are stored and attended together, beside the chunk of a prompt.
TEST(AttendBits, DecodedRowsBesideAPromptHaveTheBitsOfWholeSequences) {
  const AttendCase x(6, 2, 10, {65, 66, 70, 70, 64, 50});
  Passes passes{{{0, 0, 60}, {1, 0, 60}, {2, 0, 60}, {3, 0, 60}, {4, 0, 60}, {5, 0, 2}}};
  for (i64 t = 60; t < 70; ++t) {
    passes.emplace_back();
    for (i64 s = 0; s < 5; ++s)
      if (t < x.sequences[s].length) passes.back().push_back({s, t, t + 1});
    if (t == 62) passes.back().push_back({5, 2, 50});
  }
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult want = run(x, {.kernels = k, .kv = kv}, whole(x));
    for (const int threads : {1, 2})
      EXPECT_TRUE(same_bits(want.o, run(x, {.kernels = k, .kv = kv, .cached = true, .threads = threads}, passes).o));
  });
}

// One decoded row whose heads share their keys. Its cache is long enough that the threads split the blocks.
TEST(AttendBits, BlocksSplitOverThreadsMergeToTheSameBits) {
  constexpr i64 kLength = 700;
  const AttendCase x(8, 1, 256, {kLength});
  const Passes decode{{{0, 0, kLength - 1}}, {{0, kLength - 1, kLength}}};
  for (const DType kv : {DType::f32, DType::bf16, DType::q8_0}) {
    const cpu::Kernels& k = *cpu::levels().back();
    const AttendResult one = run(x, {.kernels = k, .kv = kv, .cached = true}, decode);
    EXPECT_TRUE(same_bits(one.o, run(x, {.kernels = k, .kv = kv, .cached = true, .threads = 4}, decode).o))
        << name_of(kv);
    EXPECT_TRUE(same_bits(one.o, run(x, {.kernels = k, .kv = kv}, whole(x)).o)) << name_of(kv);
  }
}

TEST(AttendBits, LaterTokensDoNotChangeBits) {
  const AttendCase x(6, 2, 10, {130});
  for_all([&](const cpu::Kernels& k, DType kv) {
    const AttendResult all = run(x, {.kernels = k, .kv = kv}, whole(x));
    for (const i64 length : {1, 31, 64, 77, 129})
      EXPECT_TRUE(
          same_bits(all.o[0].data(), run(x, {.kernels = k, .kv = kv}, {{{0, 0, length}}}).o[0].data(), length * 60))
          << length;
  });
}

}  // namespace
}  // namespace r1
