// The bytes of a connection, as they are or under TLS. Included by http_connection.cpp alone, because the headers of
// Boost take long to compile.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <utility>

namespace r1 {

// A stream in Asio's sense. It carries only reads and writes; operations on the socket itself, such as waiting for its
// state or cancel(), do not go through this class.
class Transport {
 public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;
  // `tls` is null without TLS; both must outlive the object.
  Transport(boost::asio::ip::tcp::socket& socket, boost::asio::ssl::context* tls) : socket_(socket) {
    if (tls) tls_.emplace(socket, *tls);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  bool is_tls() const { return tls_.has_value(); }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }
  // These two only with TLS.
  template <class Token>
  auto async_handshake(Token&& token) {
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }
  template <class Token>
  auto async_shutdown(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

 private:
  boost::asio::ip::tcp::socket& socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
};

}  // namespace r1
