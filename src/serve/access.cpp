#include "serve/access.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "core/network/api_keys.hpp"
#include "core/network/local_host.hpp"
#include "core/text.hpp"

namespace r1 {
namespace {

std::array<unsigned char, 32> hash_of(std::string_view key) {
  std::array<unsigned char, 32> hash;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash.data());
  return hash;
}

bool is_numeric_address(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// The host of "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT"; nothing if the text has another form.
std::optional<std::string> without_port(std::string_view text) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos) return {};
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else if (const size_t colon = text.find(':'); colon != text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  const bool is_port =
      port.empty() || (port.size() > 1 && port[0] == ':' &&
                       std::all_of(port.begin() + 1, port.end(), [](unsigned char c) { return std::isdigit(c); }));
  if (host.empty() || !is_port) return {};
  return lower_case(host);
}

}  // namespace

Status ApiKeys::load(const std::filesystem::path& file, std::string_view extra) {
  std::vector<Hash> keys;
  const auto add = [&](std::string_view key, const std::string& where) -> Status {
    R1_TRY(check_api_key(key, where));
    keys.push_back(hash_of(key));
    return {};
  };
  if (!file.empty())
    for (const StoredKey& stored : R1_TRY(read_api_keys(file)))
      R1_TRY(add(stored.key, fmt::format("{}, line {}", file.string(), stored.line)));
  if (!extra.empty()) R1_TRY(add(extra, "R1_API_KEY"));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

bool ApiKeys::any() const {
  const std::lock_guard lock(mutex_);
  return !keys_.empty();
}

bool ApiKeys::accepts(std::string_view key) const {
  const Hash hash = hash_of(key);
  const std::lock_guard lock(mutex_);
  int matches = 0;
  for (const Hash& known : keys_) matches |= CRYPTO_memcmp(known.data(), hash.data(), hash.size()) == 0;
  return keys_.empty() || matches;
}

std::string_view key_of(const HttpRequest& request) {
  constexpr std::string_view kBearer = "bearer ";
  if (const std::string* given = request.field("authorization"))
    if (lower_case(given->substr(0, kBearer.size())) == kBearer) return std::string_view(*given).substr(kBearer.size());
  if (const std::string* given = request.field("x-api-key")) return *given;
  return {};
}

bool host_allowed(const HttpRequest& request, const AccessRules& rules) {
  const i64 given = request.count("host");
  if (given == 0) return request.http_1_0 && is_loopback(rules.bound_address);
  if (given > 1) return false;
  const auto host = without_port(*request.field("host"));
  if (!host) return false;
  return is_numeric_address(*host) || is_local_host(*host) ||
         std::any_of(rules.hosts.begin(), rules.hosts.end(), [&](const auto& h) { return lower_case(h) == *host; });
}

Origin origin_of(const HttpRequest& request, const AccessRules& rules) {
  const std::string* const given = request.field("origin");
  if (!given) return Origin::none;
  if (request.count("origin") > 1) return Origin::foreign;
  for (const std::string& listed : rules.origins)
    if (lower_case(listed) == lower_case(*given)) return Origin::listed;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!given->starts_with(scheme)) continue;
    const std::string_view rest = std::string_view(*given).substr(scheme.size());
    const auto host = without_port(rest);
    if (host && is_local_host(*host)) return Origin::local;
    // The server's own page.
    const std::string* const own = request.field("host");
    if (host && own && scheme == (rules.tls ? "https://" : "http://") && lower_case(*own) == lower_case(rest))
      return Origin::local;
  }
  return Origin::foreign;
}

}  // namespace r1
