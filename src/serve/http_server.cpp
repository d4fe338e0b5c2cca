#include "serve/http_server.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "serve/http_connection.hpp"

namespace r1 {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct HttpServer::State : ConnectionOwner {
  State(const HttpOptions& given, HttpHandler& the_handler)
      : options(given),
        handler(the_handler),
        io(given.threads),
        workers(given.workers),
        acceptor(asio::make_strand(io)) {}

  asio::awaitable<void> accept();
  void run();  // begins to accept, on the server's threads
  void joined(const std::shared_ptr<Connection>& connection);
  void left(const Connection& connection) override;
  bool wait_empty(std::chrono::milliseconds most);
  // Without the lock while `f` runs and while the last reference to a connection may go, which calls left().
  template <class F>
  void for_each(F&& f) {
    std::vector<std::shared_ptr<Connection>> all;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [raw, weak] : connections)
        if (auto connection = weak.lock()) all.push_back(std::move(connection));
    }
    for (const auto& connection : all) f(*connection);
  }

  const HttpOptions options;
  HttpHandler& handler;
  std::mutex mutex;
  std::condition_variable empty;
  std::unordered_map<const Connection*, std::weak_ptr<Connection>> connections;

  asio::io_context io;  // destroyed before the members above, because it destroys connections, which call left()
  // Keeps the threads in io.run() after the acceptor is closed. Otherwise they could return when the last connection
  // ends; a function that drain() or a wake posts at that moment would never run, and it holds its connection.
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::thread_pool workers;
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  tcp::endpoint endpoint;
  std::vector<std::thread> threads;
};

void HttpServer::State::joined(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex);
  connections.emplace(connection.get(), connection);
}

void HttpServer::State::left(const Connection& connection) {
  const std::lock_guard lock(mutex);
  connections.erase(&connection);
  if (connections.empty()) empty.notify_all();
}

bool HttpServer::State::wait_empty(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex);
  return empty.wait_for(lock, most, [&] { return connections.empty(); });
}

asio::awaitable<void> HttpServer::State::accept() {
  error_code failed;
  const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
  asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    tcp::socket socket(asio::make_strand(io));
    co_await acceptor.async_accept(socket, token());
    if (failed == asio::error::operation_aborted) break;
    if (failed) {  // too many open files, or a client that has left already
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(token());
      continue;
    }
    i64 count;
    {
      const std::lock_guard lock(mutex);
      count = std::ssize(connections);
    }
    if (count >= options.max_connections) continue;  // the socket closes
    try {
      const auto connection =
          Connection::create(std::move(socket), {options, handler, *this, tls ? &*tls : nullptr, workers});
      joined(connection);
      connection->start();
    } catch (const std::exception&) {
      continue;  // for lack of memory, this client is not served; the next one may be
    }
  }
}

void HttpServer::State::run() {
  asio::co_spawn(acceptor.get_executor(), accept(), asio::detached);
  for (int i = 0; i < options.threads; ++i) threads.emplace_back([this] { io.run(); });
}

namespace {

// TLS 1.2 and later, with the library's choice of ciphers.
Result<asio::ssl::context> tls_context(const HttpOptions& options) {
  asio::ssl::context tls(asio::ssl::context::tls_server);
  error_code failed;
  const auto error = [&](const char* flag, const std::filesystem::path& file) {
    return fail(Errc::invalid_argument, "{} {}: {}", flag, file.string(), failed.message());
  };
  if (SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1)
    return fail(Errc::unsupported, "the TLS library of this machine has no TLS 1.2");
  tls.use_certificate_chain_file(options.tls_cert.string(), failed);
  if (failed) return error("--tls-cert", options.tls_cert);
  tls.use_private_key_file(options.tls_key.string(), asio::ssl::context::pem, failed);
  if (failed) return error("--tls-key", options.tls_key);
  return Result<asio::ssl::context>(std::move(tls));
}

}  // namespace

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options, HttpHandler& handler) {
  auto state = std::make_unique<State>(options, handler);
  State& s = *state;
  if (!options.tls_cert.empty()) s.tls.emplace(R1_TRY(tls_context(options)));
  error_code failed;
  if (options.listener) {
    sockaddr_storage at{};
    socklen_t size = sizeof(at);
    getsockname(*options.listener, reinterpret_cast<sockaddr*>(&at), &size);
    s.acceptor.assign(at.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), *options.listener, failed);
    if (!failed) s.endpoint = s.acceptor.local_endpoint(failed);
    if (failed) return fail(Errc::io, "the socket that was handed over: {}", failed.message());
    s.run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
  }
  tcp::resolver resolver(s.io);
  const auto found = resolver.resolve(options.host, fmt::format("{}", options.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, failed);
  if (failed || found.empty())
    return fail(Errc::io, "--host {}: the address cannot be found: {}", options.host, failed.message());
  const tcp::endpoint wanted = found.begin()->endpoint();
  const auto listen = [&] {
    s.acceptor.open(wanted.protocol(), failed);
    if (!failed) s.acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) s.acceptor.bind(wanted, failed);
    if (!failed) s.acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) s.endpoint = s.acceptor.local_endpoint(failed);
  };
  listen();
  if (failed)
    return fail(Errc::io, "{} port {}: cannot listen there: {}; --port 0 takes a free port", options.host, options.port,
                failed.message());
  s.run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  close(std::chrono::seconds(5));
  state_->io.stop();
  for (std::thread& thread : state_->threads) thread.join();
}

std::string HttpServer::address() const { return state_->endpoint.address().to_string(); }
int HttpServer::port() const { return state_->endpoint.port(); }

bool HttpServer::drain(std::chrono::milliseconds most) {
  asio::post(state_->acceptor.get_executor(), [s = state_.get()] {
    error_code ignored;
    s->acceptor.close(ignored);
  });
  state_->for_each([](Connection& c) { c.end_after_answer(); });
  return state_->wait_empty(most);
}

bool HttpServer::close(std::chrono::milliseconds most) {
  asio::post(state_->acceptor.get_executor(), [s = state_.get()] {
    error_code ignored;
    s->acceptor.close(ignored);
  });
  state_->for_each([](Connection& c) { c.shut_down(); });
  return state_->wait_empty(most);
}

}  // namespace r1
