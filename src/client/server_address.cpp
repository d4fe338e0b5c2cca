#include "client/server_address.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/network/local_host.hpp"
#include "core/text.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

constexpr std::string_view kHttp = "http://", kHttps = "https://";

bool is_host(std::string_view host) {
  const bool address6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (address6) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c >= 0x80 || (address6 && (c == ':' || c == '%'));
  });
}

// Whether the text is a decimal number from 1 to 65535.
bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// The path of the API, without a slash at its end.
std::string api_path(std::string_view path) {
  const auto without_slashes = [&] {
    while (path.ends_with('/')) path.remove_suffix(1);
  };
  without_slashes();
  for (const std::string_view own : {"/chat/completions", "/models"})
    if (path.ends_with(own)) {
      path.remove_suffix(own.size());
      without_slashes();
      return std::string(path);  // without /v1 if the address has none
    }
  return path.empty() ? "/v1" : std::string(path);
}

}  // namespace

Result<ServerAddress> parse_server_address(std::string_view given) {
  std::string_view rest = trimmed(given);
  const std::string what = quoted_text(rest), begin = lower_case(rest.substr(0, kHttps.size()));
  const bool http = begin.starts_with(kHttp), https = begin.starts_with(kHttps);
  if (!http && !https && rest.find("://") != rest.npos)
    return fail(Errc::invalid_argument, "{}: expected an address that begins with http:// or https://", what);
  rest.remove_prefix(http ? kHttp.size() : https ? kHttps.size() : 0);
  if (rest.find_first_of("?#") != rest.npos)
    return fail(Errc::invalid_argument, "{}: an address with ? or # is not the base of an API", what);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string place = lower_case(rest.substr(0, slash));
  if (place.find('@') != place.npos)  // the address may hold a password, so the message does not show it
    return fail(Errc::invalid_argument, "an address may not have a user or a password; a key comes from a file");
  const size_t colon = place.rfind(':');
  const bool has_port = colon != place.npos && place.find(']', colon) == place.npos;
  const std::string host = place.substr(0, has_port ? colon : place.size());
  const std::string port = has_port ? place.substr(colon + 1) : "";
  if (!is_host(host)) return fail(Errc::invalid_argument, "{}: {} is not a host", what, quoted_text(host));
  if (has_port && !is_port(port))
    return fail(Errc::invalid_argument, "{}: the port is {}, expected 1 to 65535", what, quoted_text(port));
  const std::string_view path = rest.substr(slash);
  if (std::any_of(path.begin(), path.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return fail(Errc::invalid_argument, "{}: an address has no spaces", what);

  ServerAddress address;
  address.encrypted = https || (!http && (!has_port || port == "443"));
  address.loopback = is_local_host(host == "[::1]" ? "::1" : host);
  address.base = fmt::format("{}{}{}", address.encrypted ? kHttps : kHttp, place, api_path(path));
  return address;
}

}  // namespace r1
