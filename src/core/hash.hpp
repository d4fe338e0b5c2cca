// FNV-1a (draft-eastlake-fnv), a 64-bit hash that is the same on every machine. It names streams of random numbers,
// tells data sets apart, and decides on which side of a split a problem is. It is not secure: it is easy to make two
// texts with the same hash.
#pragma once
#include <span>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr u64 kFnv1aStart = 0xcbf29ce484222325u;

// The hash of `text`, or, if `hash` is that of another text, the hash of that text followed by this one.
constexpr u64 fnv1a(std::string_view text, u64 hash = kFnv1aStart) {
  for (const char c : text) hash = (hash ^ static_cast<u8>(c)) * 0x100000001b3u;
  return hash;
}
inline u64 fnv1a(std::span<const std::byte> bytes, u64 hash = kFnv1aStart) {
  return fnv1a(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), hash);
}

}  // namespace r1
