// An HTTP/1.1 server on threads of its own: connections, limits and deadlines. What an answer says is the handler's
// matter (http.hpp).
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "serve/http.hpp"

namespace r1 {

struct HttpOptions {
  std::string host = "127.0.0.1";  // an address or a name
  int port = 8080;                 // 0: any that is free
  std::optional<int> listener{};   // a socket that listens already, instead of host and port
  int threads = 2;                 // that read, parse, serialise and write
  int workers = 2;                 // threads for slow work (HttpHandler::is_slow, Reply::is_slow)
  // PEM files: the certificate, followed by the certificates of its issuers, and its private key. Both empty: no TLS.
  std::filesystem::path tls_cert{}, tls_key{};
  i64 max_connections = 2048;
  i64 max_header_bytes = i64{64} << 10, max_target_bytes = i64{16} << 10, max_body_bytes = i64{64} << 20;
  std::chrono::milliseconds header_deadline{10'000};  // from a request's first byte to the end of its head
  std::chrono::milliseconds body_idle{30'000};        // between two pieces of a body
  std::chrono::milliseconds write_stall{60'000};      // during which a client takes nothing
  std::chrono::milliseconds keep_alive_idle{75'000};  // between two requests
  std::chrono::milliseconds ping{15'000};             // without a byte sent, after which Reply::keep_alive is asked
};

class HttpServer {
 public:
  // Listens and begins to answer. `handler` must outlive the server.
  // Errors: a host that is unknown, a port that is taken (they name both); a certificate or a key that cannot be read,
  // or that do not belong together.
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options, HttpHandler& handler);
  ~HttpServer();  // close()

  std::string address() const;  // "127.0.0.1", "::1"
  int port() const;

  // Takes no more connections, ends those without a request now and the others after their answer. Returns true when no
  // connection is left, or false when the time is over.
  bool drain(std::chrono::milliseconds most);
  // Tells every reply to end (Reply::shut_down). Returns true when no connection is left, or false when the time is
  // over.
  bool close(std::chrono::milliseconds most);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace r1
