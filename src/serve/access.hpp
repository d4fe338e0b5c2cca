// Who may talk to the server: API keys, and the checks of Host and Origin that keep web pages of strangers away from a
// server on the user's own machine.
#pragma once
#include <array>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "serve/http.hpp"

namespace r1 {

// Keys are compared in a time that does not depend on how much of a key is right: their SHA-256 hashes are compared,
// all of them, each in constant time. Thread-safe.
class ApiKeys {
 public:
  // The keys of `file` (read_api_keys), which may be empty. `extra` is one more key, or empty. The keys replace those
  // from before. Errors: those of read_api_keys; a key that no header field can carry. The keys then stay.
  Status load(const std::filesystem::path& file, std::string_view extra);
  bool any() const;  // without keys everybody may ask
  bool accepts(std::string_view key) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  mutable std::mutex mutex_;
  std::vector<Hash> keys_;
};

// The key that a request carries: "Authorization: Bearer KEY", else "X-Api-Key: KEY". Empty if there is none.
std::string_view key_of(const HttpRequest& request);

struct AccessRules {
  std::string bound_address;           // on which the server listens
  std::vector<std::string> hosts{};    // further names that Host may have
  std::vector<std::string> origins{};  // further origins of pages that may call: "https://example.org"
  bool tls = false;                    // the server's own pages are https
};

// Whether Host names this server. A name that is not listed may belong to a page of strangers whose name server now
// points at this machine (DNS rebinding). Numeric addresses and localhost are no such names.
bool host_allowed(const HttpRequest& request, const AccessRules& rules);

// Where the page comes from that sends a request. local: from this machine; listed: from AccessRules::origins.
enum class Origin { none, local, listed, foreign };
Origin origin_of(const HttpRequest& request, const AccessRules& rules);

}  // namespace r1
