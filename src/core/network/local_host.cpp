#include "core/network/local_host.hpp"

#include <arpa/inet.h>

#include <string>

namespace r1 {

bool is_loopback(std::string_view address) {
  in_addr v4;
  const std::string text(address);
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return text == "::1";
}

bool is_local_host(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || is_loopback(host);
}

}  // namespace r1
