// FNV-1a, a hash of 64 bits that is the same on every machine: it names streams of random numbers, tells two data sets
// apart and decides on which side of a split a problem falls. It protects against nobody who wants two texts to
// collide. draft-eastlake-fnv.
#pragma once
#include <span>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr u64 kFnv1aStart = 0xcbf29ce484222325u;

// The hash of the bytes that gave `hash`, followed by these.
constexpr u64 fnv1a(std::string_view text, u64 hash = kFnv1aStart) {
  for (const char c : text) hash = (hash ^ static_cast<u8>(c)) * 0x100000001b3u;
  return hash;
}
inline u64 fnv1a(std::span<const std::byte> bytes, u64 hash = kFnv1aStart) {
  return fnv1a(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), hash);
}

}  // namespace r1
