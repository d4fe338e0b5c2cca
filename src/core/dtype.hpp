// Element types of weights and caches. Activations are always f32.
#pragma once
#include <cstddef>
#include <cstdint>

namespace r1 {

using i8 = std::int8_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

enum class DType : u8 { f32, bf16, f16 };

static constexpr i64 bytes_per_element(DType t) { return t == DType::f32 ? 4 : 2; }
static constexpr const char* name_of(DType t) { return t == DType::f32 ? "f32" : t == DType::bf16 ? "bf16" : "f16"; }

}  // namespace r1
