#include "sandbox/descriptor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace r1::sandbox {
namespace {

// The same open file under a number of at least kFirstOwn.
Result<Descriptor> moved_up(Descriptor fd) {
  Descriptor up(fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstOwn));
  if (!up) return fail(Errc::io, "cannot duplicate a descriptor: {}", std::strerror(errno));
  return up;
}

}  // namespace

void Descriptor::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::io, "cannot make a pipe: {}", std::strerror(errno));
  Descriptor read(ends[0]), write(ends[1]);
  Pipe out;
  out.read = R1_TRY(moved_up(std::move(read)));
  out.write = R1_TRY(moved_up(std::move(write)));
  return out;
}

Result<Descriptor> sealed_file(std::string_view content) {
  Descriptor fd(memfd_create("r1-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail(Errc::io, "cannot make a file in memory: {}", std::strerror(errno));
  for (size_t at = 0; at < content.size();) {
    const ssize_t n = write(fd.get(), content.data() + at, content.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(Errc::io, "cannot write {} bytes to a file in memory", content.size());
    at += static_cast<size_t>(n);
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (lseek(fd.get(), 0, SEEK_SET) != 0 || fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0)
    return fail(Errc::io, "cannot seal a file in memory: {}", std::strerror(errno));
  return moved_up(std::move(fd));
}

i64 read_available(int fd, std::string& text, i64 most) {
  char buffer[1 << 14];
  ssize_t n;
  do n = read(fd, buffer, sizeof(buffer));
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
  text.append(buffer, static_cast<size_t>(n));
  if (static_cast<i64>(text.size()) > most) text.erase(0, text.size() - static_cast<size_t>(most));
  return n;
}

}  // namespace r1::sandbox
