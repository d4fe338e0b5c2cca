// Finds which levels this processor and operating system can run, and which of them is fastest here.
#include "kernels/cpu/kernels.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

#if defined(R1_HAS_avx2)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace r1::cpu {

#define R1_DECLARE_LEVEL(level)                      \
  namespace level {                                  \
  extern const GemmKernels gemm_table;               \
  extern const ElementwiseKernels elementwise_table; \
  extern const AttentionKernels attention_table;     \
  extern const DequantizeKernels dequantize_table;   \
  extern const BlockDotKernels block_dot_table;      \
  }
R1_DECLARE_LEVEL(portable)
R1_DECLARE_LEVEL(avx2)
R1_DECLARE_LEVEL(avx512)
R1_DECLARE_LEVEL(avx512bf16)
R1_DECLARE_LEVEL(amx)
R1_DECLARE_LEVEL(neon)
R1_DECLARE_LEVEL(avxvnni)
R1_DECLARE_LEVEL(avx512vnni)
#undef R1_DECLARE_LEVEL

namespace {

#if defined(R1_HAS_avx2)
// What both the processor and the operating system support: a program must not use
// registers that the operating system does not save.
struct Processor {
  bool avx2 = false, avx512 = false, avx512bf16 = false, amx = false, slow_bf16 = false;
  // Sums of products of bytes in one instruction; with AVX-512, permutations of bytes (VBMI), too.
  bool avx_vnni = false, avx512_vnni = false;
};

u64 enabled_state() {  // XCR0
  u32 low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<u64>(high) << 32 | low;
}

// Linux grants the 8 KiB of tile state only to processes that request it (Documentation/arch/x86/xstate.rst).
bool ask_for_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

Processor detect() {
  Processor p;
  u32 a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return p;
  const auto bit = [](u32 word, int n) { return (word >> n & 1u) != 0; };
  const bool fma = bit(c, 12), movbe = bit(c, 22), osxsave = bit(c, 27), avx = bit(c, 28), f16c = bit(c, 29);
  const bool aes = bit(c, 25), clmul = bit(c, 1);
  if (!osxsave || !avx) return p;
  const u64 state = enabled_state();
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6, tiles = (state & 0x60000) == 0x60000;

  u32 a7 = 0, b7 = 0, c7 = 0, d7 = 0, a71 = 0, b71 = 0, c71 = 0, d71 = 0, ax = 0, bx = 0, cx = 0, dx = 0;
  if (!__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7)) return p;
  __get_cpuid_count(7, 1, &a71, &b71, &c71, &d71);
  __get_cpuid(0x80000001, &ax, &bx, &cx, &dx);
  const bool bmi = bit(b7, 3) && bit(b7, 8) && bit(cx, 5);  // BMI1, BMI2, LZCNT: the rest of x86-64-v3
  p.avx2 = ymm && bit(b7, 5) && fma && f16c && movbe && bmi && aes && clmul;
  p.avx512 = p.avx2 && zmm && bit(b7, 16) && bit(b7, 17) && bit(b7, 28) && bit(b7, 30) && bit(b7, 31);  // F DQ CD BW VL
  p.avx_vnni = p.avx2 && a7 >= 1 && bit(a71, 4);
  p.avx512_vnni = p.avx512 && bit(c7, 1) && bit(c7, 11);
  p.avx512bf16 = p.avx512_vnni && a7 >= 1 && bit(a71, 5);
  p.amx = p.avx512bf16 && tiles && bit(d7, 22) && bit(d7, 24) && bit(d7, 25) && ask_for_tiles();
  // Intel runs vdpbf16ps at half the rate of f32 multiply-adds or less; AMD at twice their rate in products.
  u32 vendor_b = 0, vendor_c = 0, vendor_d = 0;
  __get_cpuid(0, &a, &vendor_b, &vendor_c, &vendor_d);
  p.slow_bf16 = vendor_b == 0x756e6547;  // "Genu"ineIntel
  return p;
}
#endif

struct LevelChoice {
  std::vector<const Kernels*> levels, variants;
  const Kernels* best = nullptr;
};

// The three namespaces are those whose objects the table takes. A level compiles only the sources that its own
// instructions change (R1_SOURCES_level in cmake/folders.cmake). It takes the other tables from the level below, where
// the same source compiles to the same instructions. Products of blocks are also compiled for processors with VNNI:
// their sums are integers, so the bits are those of the level without VNNI.
#define R1_KERNELS(variable, name, level, vectors, block_dots)                                   \
  static const Kernels variable {                                                                \
    Level::level, name, level::gemm_table, vectors::elementwise_table, vectors::attention_table, \
        vectors::dequantize_table, block_dots::block_dot_table                                   \
  }

LevelChoice choose() {
  LevelChoice c;
  R1_KERNELS(portable_kernels, "portable", portable, portable, portable);
  c.levels.push_back(&portable_kernels);
#if defined(R1_HAS_avx2)
  const Processor p = detect();
  R1_KERNELS(avx2_plain, p.avx_vnni ? "avx2-without-vnni" : "avx2", avx2, avx2, avx2);
  if (p.avx2) (p.avx_vnni ? c.variants : c.levels).push_back(&avx2_plain);
#if defined(R1_HAS_avxvnni)  // builds with sanitizers leave out the levels that their processor lacks
  R1_KERNELS(avx2_vnni, "avx2", avx2, avx2, avxvnni);
  if (p.avx_vnni) c.levels.push_back(&avx2_vnni);
#endif
#if defined(R1_HAS_avx512)
  R1_KERNELS(avx512_plain, p.avx512_vnni ? "avx512-without-vnni" : "avx512", avx512, avx512, avx512);
  if (p.avx512) (p.avx512_vnni ? c.variants : c.levels).push_back(&avx512_plain);
#endif
#if defined(R1_HAS_avx512vnni)
  R1_KERNELS(avx512_vnni, "avx512", avx512, avx512, avx512vnni);
  if (p.avx512_vnni) c.levels.push_back(&avx512_vnni);
#endif
#if defined(R1_HAS_avx512bf16)
  R1_KERNELS(avx512bf16_kernels, "avx512bf16", avx512bf16, avx512, avx512vnni);
  if (p.avx512bf16) c.levels.push_back(&avx512bf16_kernels);
#endif
#if defined(R1_HAS_amx)
  R1_KERNELS(amx_kernels, "amx", amx, avx512, avx512vnni);
  if (p.amx) c.levels.push_back(&amx_kernels);
#endif
  c.best = c.levels.back();
#if defined(R1_HAS_avx512bf16)
  if (c.best->level == Level::avx512bf16 && p.slow_bf16) c.best = &avx512_vnni;
#endif
#elif defined(R1_HAS_neon)
  R1_KERNELS(neon_kernels, "neon", neon, neon, neon);
  c.levels.push_back(&neon_kernels);
  c.best = &neon_kernels;
#else
  c.best = &portable_kernels;
#endif
  c.variants.insert(c.variants.begin(), c.levels.begin(), c.levels.end());
  return c;
}
#undef R1_KERNELS

const LevelChoice& choice() {
  static const LevelChoice c = choose();
  return c;
}

}  // namespace

std::span<const Kernels* const> levels() { return choice().levels; }
std::span<const Kernels* const> variants() { return choice().variants; }

const Kernels* find_level(std::string_view name) {
  for (const Kernels* k : levels())
    if (name == k->name) return k;
  return nullptr;
}

const Kernels& active() {
  static const Kernels& chosen = []() -> const Kernels& {
    const char* wanted = std::getenv("R1_CPU");
    if (!wanted || !*wanted) return *choice().best;
    if (const Kernels* k = find_level(wanted)) return *k;
    std::fprintf(stderr, "R1_CPU=%s is not a level that this processor can run; it can run", wanted);
    for (const Kernels* k : levels()) std::fprintf(stderr, " %s", k->name);
    std::fprintf(stderr, "; using %s\n", choice().best->name);
    return *choice().best;
  }();
  return chosen;
}

}  // namespace r1::cpu
