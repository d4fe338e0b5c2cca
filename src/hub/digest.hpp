// The hashes by which a hub names a file's bytes. OpenSSL stays in digest.cpp.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "core/dtype.hpp"

namespace r1 {

enum class HashKind {
  sha256,    // the name of a large file (LFS)
  git_blob,  // SHA-1 of "blob SIZE\0" and the bytes: git's name of a small file
};

class Digest {
 public:
  Digest(HashKind kind, i64 size);  // `size`: the size of the whole file, which git hashes first
  void add(std::span<const std::byte> bytes);
  std::string hex();  // the hash of all bytes added; nothing may be added afterwards
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether `text` is a hash of this kind in lower-case hexadecimal digits: 64 of them for sha256, 40 for git_blob.
bool is_hash(HashKind kind, std::string_view text);

}  // namespace r1
