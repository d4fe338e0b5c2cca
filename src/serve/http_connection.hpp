// One client's connection: reads requests one after the other, and sends each answer as it comes. Included by
// http_server.cpp and http_connection.cpp alone, because the headers of Boost take long to compile.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "serve/http_server.hpp"

namespace r1 {

class Connection;

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void left(const Connection& connection) = 0;  // called in the connection's destructor
};

// What all connections of a server share. It must outlive them.
struct ConnectionContext {
  const HttpOptions& options;
  HttpHandler& handler;
  ConnectionOwner& owner;
  boost::asio::ssl::context* tls = nullptr;  // null: without TLS
  boost::asio::thread_pool& workers;         // for what would keep other connections waiting
};

// All work of a connection runs on the strand of its socket.
class Connection {
 public:
  static std::shared_ptr<Connection> create(boost::asio::ip::tcp::socket socket, const ConnectionContext& context);
  virtual ~Connection() = default;
  virtual void start() = 0;
  // These may be called from any thread.
  virtual void end_after_answer() = 0;  // takes no further request
  virtual void shut_down() = 0;         // ends the answer, too
};

}  // namespace r1
