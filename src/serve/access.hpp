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
  // Replaces all keys by those of `file` (read_api_keys) and the key `extra`. Each of the two may be empty. Errors:
  // those of read_api_keys; a key that no header field can carry. After an error the old keys stay.
  Status load(const std::filesystem::path& file, std::string_view extra);
  bool any() const;  // false: there are no keys, and accepts() accepts every key
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

// Whether the field Host names this server: by a numeric address, as localhost, or by one of AccessRules::hosts. Any
// other name may be that of a stranger's web page whose name server now points at this machine (DNS rebinding). A
// request of HTTP/1.0 may lack the field if the server listens on a loopback address.
bool host_allowed(const HttpRequest& request, const AccessRules& rules);

// The origin of the page that sends a request. none: the request names no origin. local: this machine, or this server
// itself. listed: one of AccessRules::origins. foreign: any other.
enum class Origin { none, local, listed, foreign };
Origin origin_of(const HttpRequest& request, const AccessRules& rules);

}  // namespace r1
