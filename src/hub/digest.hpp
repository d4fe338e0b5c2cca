// The hashes by which a hub names a file's bytes. OpenSSL stays in digest.cpp.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "core/dtype.hpp"

namespace r1 {

enum class HashKind {
  sha256,    // of large files (LFS)
  git_blob,  // SHA-1 of "blob SIZE\0" and the bytes: git's name of small files
};

class Digest {
 public:
  Digest(HashKind kind, i64 size);  // the size that the file will have: git hashes it first
  void add(std::span<const std::byte> bytes);
  std::string hex();  // of all bytes added; the end
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 40 or 64 lower-case hexadecimal digits, as the kind asks.
bool is_hash(HashKind kind, std::string_view text);

}  // namespace r1
