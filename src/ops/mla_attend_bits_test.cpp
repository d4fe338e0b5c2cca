// The bits of a row of mla_attend depend on its own sequence alone.
#include "kernels/cpu/test_stored_keys.hpp"
#include "ops/mla_case.hpp"

namespace r1 {
namespace {

constexpr MlaDims kOdd{3, 5, 6, 7, 9, 0};
const std::vector<i64> kLengths{1, 20, 63, 64, 65, 130};

std::vector<Numerics> all_numerics() {
  std::vector<Numerics> all;
  for (const DType kv : {DType::f32, DType::bf16, DType::q8_0})
    for (const MlaForm form : {MlaForm::expanded, MlaForm::mixed}) all.push_back({DType::f32, kv, form});
  return all;
}

// A case in which the first half of every sequence is prompt, which matters to the mixed form.
MlaCase half_generated(const MlaDims& d, const std::vector<i64>& lengths) {
  MlaCase x(d, lengths);
  for (MlaSequence& s : x.sequences) s.prompt = (s.length + 1) / 2;
  return x;
}

template <class F>
void for_all(F&& f) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const Numerics& n : all_numerics()) {
      SCOPED_TRACE(fmt::format("{} kv {} {}", k->name, name_of(n.kv), n.mla == MlaForm::mixed ? "mixed" : "expanded"));
      f(*k, n);
    }
}

TEST(MlaBits, ACacheDoesNotChangeBits) {
  const MlaCase x = half_generated(kOdd, kLengths);
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    EXPECT_TRUE(same_bits(run_mla(x, {.kernels = k, .numerics = n}, whole(x)),
                          run_mla(x, {.kernels = k, .numerics = n, .cached = true}, whole(x))));
  });
}

TEST(MlaBits, ChunksOfAnySizeDoNotChangeBits) {
  const MlaCase x = half_generated(kOdd, kLengths);
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    const auto want = run_mla(x, {.kernels = k, .numerics = n}, whole(x));
    for (const i64 size : {1, 7, 33, 64, 100})
      EXPECT_TRUE(same_bits(want, run_mla(x, {.kernels = k, .numerics = n, .cached = true}, in_chunks(x, size))));
  });
}

// Alone in its pass, a generated token has its heads split into calls of eight.
TEST(MlaBits, ATokenAloneHasTheBitsOfItsSixteenHeadsAmongOtherTokens) {
  const MlaCase x = half_generated({16, 5, 6, 7, 9, 0}, {150});
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    EXPECT_TRUE(same_bits(run_mla(x, {.kernels = k, .numerics = n}, whole(x)),
                          run_mla(x, {.kernels = k, .numerics = n, .cached = true, .threads = 2}, in_chunks(x, 1))));
  });
}

TEST(MlaBits, ASequenceAloneHasTheBitsItHasAmongSixtyFourOthers) {
  std::vector<i64> lengths;
  for (i64 s = 0; s < 65; ++s) lengths.push_back(1 + s * 29 % 97);
  const MlaCase x = half_generated(kOdd, lengths);
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    const auto among = run_mla(x, {.kernels = k, .numerics = n}, whole(x));
    for (const size_t s : {0u, 31u, 64u}) {
      const auto alone = run_mla(x, {.kernels = k, .numerics = n}, {{{static_cast<i64>(s), 0, lengths[s]}}});
      EXPECT_TRUE(same_bits({alone[s]}, {among[s]})) << "sequence " << s;
    }
  });
}

TEST(MlaBits, ThreadsDoNotChangeBits) {
  const MlaCase x = half_generated(kOdd, kLengths);
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    EXPECT_TRUE(same_bits(run_mla(x, {.kernels = k, .numerics = n}, whole(x)),
                          run_mla(x, {.kernels = k, .numerics = n, .threads = 3}, whole(x))));
    EXPECT_TRUE(same_bits(run_mla(x, {.kernels = k, .numerics = n, .cached = true}, in_chunks(x, 30)),
                          run_mla(x, {.kernels = k, .numerics = n, .cached = true, .threads = 3}, in_chunks(x, 30))));
  });
}

// One decoded row of one head. Its cache is long enough that the threads split the blocks.
TEST(MlaBits, BlocksSplitOverThreadsMergeToTheSameBits) {
  constexpr i64 kLength = 700;
  MlaCase x({1, 1024, 64, 512, 768, 0}, {kLength});
  x.sequences[0].prompt = kLength - 1;
  const Passes decode{{{0, 0, kLength - 1}}, {{0, kLength - 1, kLength}}};
  const cpu::Kernels& k = *cpu::levels().back();
  for (const Numerics& n : all_numerics()) {
    const auto one = run_mla(x, {.kernels = k, .numerics = n, .cached = true}, decode);
    EXPECT_TRUE(same_bits(one, run_mla(x, {.kernels = k, .numerics = n, .cached = true, .threads = 4}, decode)))
        << name_of(n.kv) << static_cast<int>(n.mla);
  }
}

TEST(MlaBits, ATapeDoesNotChangeBits) {
  const MlaCase x(kOdd, kLengths);
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType kv : {DType::f32, DType::bf16, DType::q8_0}) {
      const Numerics n{DType::f32, kv, MlaForm::expanded};
      EXPECT_TRUE(same_bits(run_mla(x, {.kernels = *k, .numerics = n}, whole(x)),
                            run_mla(x, {.kernels = *k, .numerics = n, .taped = true}, whole(x))));
    }
}

TEST(MlaBits, PromptRowsOfTheMixedFormHaveTheBitsOfTheExpandedForm) {
  const MlaCase x(kOdd, kLengths);  // all prompt
  for (const cpu::Kernels* k : cpu::levels()) {
    const auto want = run_mla(x, {*k, {DType::f32, DType::f32, MlaForm::expanded}}, whole(x));
    EXPECT_TRUE(same_bits(want, run_mla(x, {*k, {DType::f32, DType::f32, MlaForm::mixed}}, whole(x))));
  }
}

TEST(MlaBits, StoredLatentsHaveTheBitsOfRoundedOnes) {
  for (const DType kv : {DType::bf16, DType::q8_0})
    for (const MlaDims& d : {kOdd, MlaDims{4, 16, 36, 16, 72, 0}}) {
      const MlaCase x = half_generated(d, kLengths);
      MlaCase rounded = x;
      for (MlaSequence& s : rounded.sequences)
        s.c = stored_keys(s.c, d.kv_rank, kv), s.k_r = stored_keys(s.k_r, d.rope, kv);
      for (const cpu::Kernels* k : cpu::levels()) {
        const auto run = [&](const MlaCase& of, DType type) {
          const Numerics n{DType::f32, type, MlaForm::mixed};
          return run_mla(of, {.kernels = *k, .numerics = n, .cached = true}, in_chunks(of, 50));
        };
        EXPECT_TRUE(same_bits(run(x, kv), run(rounded, DType::f32))) << k->name << " " << name_of(kv);
        EXPECT_FALSE(same_bits(run(x, kv), run(x, DType::f32))) << k->name << " " << name_of(kv);
      }
    }
}

// The same prefix, with and without later tokens.
TEST(MlaBits, LaterTokensDoNotChangeBits) {
  const MlaCase x(kOdd, {130});
  for_all([&](const cpu::Kernels& k, const Numerics& n) {
    const auto all = run_mla(x, {.kernels = k, .numerics = n}, whole(x));
    for (const i64 length : {1, 31, 64, 77, 129}) {
      const auto some = run_mla(x, {.kernels = k, .numerics = n}, {{{0, 0, length}}});
      EXPECT_TRUE(same_bits(all[0].data(), some[0].data(), length * x.d.heads * x.d.v)) << length;
    }
  });
}

}  // namespace
}  // namespace r1
