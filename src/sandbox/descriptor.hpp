// Owned file descriptors, pipes, and files in memory.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1::sandbox {

// Closes its descriptor when it is destroyed.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// All descriptors made here are closed by exec. They are at least kFirstOwn, so that giving one to a child under a
// small number cannot overwrite another.
inline constexpr int kFirstOwn = 64;

struct Pipe {
  Descriptor read, write;
};
// Errors: io, if the process has no descriptors left.
Result<Pipe> make_pipe();

// A file without a name that holds `content` and can no longer be changed. Errors: io.
Result<Descriptor> sealed_file(std::string_view content);

// Reads what is there without waiting and appends it to `text`. If `text` would grow beyond `most` bytes, its front is
// dropped. Returns the number of bytes read, 0 at the end, -1 if nothing is there now.
i64 read_available(int fd, std::string& text, i64 most);

}  // namespace r1::sandbox
