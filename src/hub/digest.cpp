#include "hub/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "core/error.hpp"

namespace r1 {

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(HashKind kind, i64 size) : state_(std::make_unique<State>()) {
  const EVP_MD* algorithm = kind == HashKind::sha256 ? EVP_sha256() : EVP_sha1();
  R1_CHECK(EVP_DigestInit_ex(state_->context, algorithm, nullptr) == 1, "OpenSSL has no SHA");
  if (kind == HashKind::git_blob) {
    const std::string head = fmt::format("blob {}", size);
    add(std::as_bytes(std::span(head.c_str(), head.size() + 1)));  // with the terminating zero
  }
}

void Digest::add(std::span<const std::byte> bytes) {
  R1_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "OpenSSL cannot hash");
}

std::string Digest::hex() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  R1_CHECK(EVP_DigestFinal_ex(state_->context, bytes, &length) == 1, "OpenSSL cannot hash");
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

bool is_hash(HashKind kind, std::string_view text) {
  return text.size() == (kind == HashKind::sha256 ? 64 : 40) &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace r1
