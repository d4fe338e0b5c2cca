// Counters of the server in Prometheus' text form. Thread-safe.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "session/engine_host.hpp"

namespace r1 {

struct ModelStatus {
  std::string model;  // its name
  bool loaded = false;
  i64 loads = 0;
  HostStatus host{};  // zeros unless it is loaded
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void http_response(int status);  // 0: the client left before the end
  void request_ended(const std::string& model, const RequestEnd& end);
  // All counters, and the states of the models as `models` gives them.
  std::string text(const std::vector<ModelStatus>& models);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace r1
