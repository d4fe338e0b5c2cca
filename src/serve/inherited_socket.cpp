#include "serve/inherited_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/dtype.hpp"

namespace r1 {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

// The number in an environment variable, which is removed; 0 if it is none.
i64 take_number(const char* name) {
  const char* const text = std::getenv(name);
  i64 value = 0;
  if (text) std::from_chars(text, text + std::strlen(text), value);
  unsetenv(name);
  return value;
}

// Where a TCP socket listens; empty if it is no such socket.
std::string listening_address(int descriptor) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  sockaddr_storage at{};
  socklen_t length = sizeof(at);
  char text[INET6_ADDRSTRLEN] = "";
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &length) != 0)
    return "";
  if (at.ss_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(at).sin_addr, text, sizeof(text));
  if (at.ss_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(at).sin6_addr, text, sizeof(text));
  return text;
}

}  // namespace

Result<std::optional<InheritedSocket>> inherited_socket() {
  const i64 process = take_number("LISTEN_PID"), count = take_number("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  if (process != getpid() || count < 1) return std::optional<InheritedSocket>();
  if (count > 1) return fail(Errc::invalid_argument, "LISTEN_FDS: {} sockets were handed over, expected 1", count);
  InheritedSocket socket{kFirstDescriptor, listening_address(kFirstDescriptor)};
  if (socket.address.empty())
    return fail(Errc::invalid_argument, "LISTEN_FDS: descriptor {} is not a listening TCP socket", socket.descriptor);
  fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC);
  return std::optional(std::move(socket));
}

}  // namespace r1
