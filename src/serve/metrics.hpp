// Counters of the server in Prometheus' text form. Thread-safe.
#pragma once
#include <memory>
#include <string>

#include "session/engine_host.hpp"

namespace r1 {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void http_response(int status);  // 0: the client left before the end
  void request_ended(const RequestEnd& end);
  // All of them, with the state of the host at this moment.
  std::string text(const HostStatus& host);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace r1
