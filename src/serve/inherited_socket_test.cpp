#include "serve/inherited_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace r1 {
namespace {

// Puts a descriptor where systemd puts the first socket, and announces it. What was there comes back at the end.
class Handover {
 public:
  explicit Handover(int given, const std::string& process = fmt::format("{}", getpid()), const char* count = "1")
      : before_(given == 3 ? -1 : dup(3)) {
    if (given != 3) {
      dup2(given, 3);
      close(given);
    }
    setenv("LISTEN_PID", process.c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    setenv("LISTEN_FDNAMES", "r1.socket", 1);
  }
  ~Handover() {
    close(3);
    if (before_ < 0) return;
    dup2(before_, 3);
    close(before_);
  }

 private:
  int before_;
};

int tcp_socket(bool listens) {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(s, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  EXPECT_TRUE(!listens || listen(s, 1) == 0);
  return s;
}

TEST(InheritedSocket, IsTakenOnceWithItsAddress) {
  const Handover handover(tcp_socket(true));
  const auto socket = inherited_socket();
  ASSERT_TRUE(socket) << socket.error().what;
  ASSERT_TRUE(*socket);
  EXPECT_EQ((*socket)->descriptor, 3);
  EXPECT_EQ((*socket)->address, "127.0.0.1");
  EXPECT_TRUE(fcntl(3, F_GETFD) & FD_CLOEXEC);
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) EXPECT_EQ(std::getenv(name), nullptr);
  EXPECT_FALSE(inherited_socket().value());
}

TEST(InheritedSocket, OfAnotherProcessIsNone) {
  const Handover handover(tcp_socket(true), "1");
  EXPECT_FALSE(inherited_socket().value());
}

TEST(InheritedSocket, IsRefusedUnlessItIsOneThatListens) {
  const auto expect_refused = [](const char* word) {
    const auto socket = inherited_socket();
    ASSERT_FALSE(socket);
    EXPECT_NE(socket.error().what.find(word), std::string::npos) << socket.error().what;
  };
  {
    const Handover handover(tcp_socket(true), fmt::format("{}", getpid()), "2");
    expect_refused("2 sockets");
  }
  {
    const Handover handover(tcp_socket(false));
    expect_refused("descriptor 3");
  }
  const Handover handover(open("/dev/null", O_RDONLY));
  expect_refused("descriptor 3");
}

}  // namespace
}  // namespace r1
