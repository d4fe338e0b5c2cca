// The address of a server with OpenAI's API, from what people type for it.
#pragma once
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace r1 {

struct ServerAddress {
  std::string base;        // "http://127.0.0.1:8080/v1", without a slash at its end
  bool encrypted = false;  // https
  bool loopback = false;   // localhost, 127.0.0.0/8 or ::1
};

// Takes HOST and HOST:443, which mean https, HOST with another port, which means http, and URLs of either scheme.
// Without a path the API is at /v1. An address that ends in /chat/completions or /models, which are paths of the API,
// means the API itself. Errors: another scheme; a user, password, query or fragment; no host; a port that is not a
// number from 1 to 65535.
Result<ServerAddress> parse_server_address(std::string_view given);

}  // namespace r1
