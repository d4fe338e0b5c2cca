// The listening socket that systemd hands to a service which it starts for a socket unit: sd_listen_fds(3).
#pragma once
#include <optional>
#include <string>

#include "core/error.hpp"

namespace r1 {

struct InheritedSocket {
  int descriptor;       // is closed on exec
  std::string address;  // where it listens: "127.0.0.1", "::1"
};

// The socket that the variables LISTEN_PID and LISTEN_FDS announce to this process; nothing if there is none. Removes
// the variables, so that no other program takes them for its own. Errors: several sockets (the number), or a descriptor
// that is not a listening TCP socket.
Result<std::optional<InheritedSocket>> inherited_socket();

}  // namespace r1
