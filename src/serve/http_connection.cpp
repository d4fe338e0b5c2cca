#include "serve/http_connection.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <optional>

#include "core/text.hpp"
#include "serve/random_id.hpp"
#include "serve/transport.hpp"

namespace r1 {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;
template <class T>
using Task = asio::awaitable<T>;

constexpr size_t kPieceBytes = size_t{256} << 10;  // of a write, after which the client has shown that it reads
constexpr size_t kLargeBody = size_t{64} << 10;    // whose parsing and tokenizing would keep other connections waiting
constexpr size_t kLingerBytes = size_t{16} << 20;  // dropped after an answer that came before the request's end
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kLook{250};  // between two looks whether a client that sends ahead is still there

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts;
  char text[64];
  return {text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts))};
}

enum class BodyForm { sized, chunked, until_close };

// The head of an answer as bytes. `length` counts for a sized body.
std::string head_text(const HttpHead& head, const HttpFields& more, BodyForm form, size_t length, bool keep_alive) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(head.status)));
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", head.status, view(reason));
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Date", date());
  if (!head.content_type.empty()) add("Content-Type", head.content_type);
  for (const HttpFields* fields : {&head.fields, &more})
    for (const auto& [name, value] : *fields) add(name, value);
  if (form == BodyForm::sized && head.status != 204 && head.status != 304)
    add("Content-Length", fmt::format("{}", length));
  if (form == BodyForm::chunked) add("Transfer-Encoding", "chunked");
  add("Connection", keep_alive ? "keep-alive" : "close");
  return out + "\r\n";
}

std::string chunk(std::string_view body) { return fmt::format("{:x}\r\n{}\r\n", body.size(), body); }

// Whether the client has sent something that is no HTTP, instead of leaving.
bool is_malformed(const error_code& e) {
  static const error_code kAny = http::error::bad_method;
  return e.category() == kAny.category() && e != http::error::end_of_stream && e != http::error::partial_message;
}

HttpRequest request_of(const Parser& parser) {
  const auto& message = parser.get();
  HttpRequest request;
  request.id = random_id();
  request.method = view(message.method_string());
  const std::string_view target = view(message.target());
  request.path = normal_path(target);
  if (const size_t mark = target.find('?'); mark != target.npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    request.fields.emplace_back(lower_case(view(field.name_string())), view(field.value()));
  }
  request.keep_alive = message.keep_alive();
  request.http_1_0 = message.version() < 11;
  return request;
}

class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(asio::ip::tcp::socket socket, const ConnectionContext& context)
      : options_(context.options),
        handler_(context.handler),
        owner_(context.owner),
        workers_(context.workers),
        socket_(std::move(socket)),
        transport_(socket_, context.tls),
        timer_(socket_.get_executor()),
        deadline_(socket_.get_executor()) {}
  ~TcpConnection() override { owner_.left(*this); }

  void start() override {
    asio::co_spawn(
        socket_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
  }
  void end_after_answer() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->last_ = true;
      if (!self->busy_) self->cancel_socket();
    });
  }
  void shut_down() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->last_ = self->shut_down_ = true;
      if (!self->busy_) self->cancel_socket();
      self->timer_.cancel();
    });
  }

 private:
  Task<void> run();
  Task<bool> begin();
  Task<void> end_tls();
  Task<bool> read_head(Parser& parser);
  Task<bool> read_body(Parser& parser);
  Task<void> serve(Parser& parser);
  template <class F>
  Task<std::invoke_result_t<F>> on_worker(F f);
  Task<void> send(const HttpRequest& request, std::unique_ptr<Reply> reply);
  Task<bool> send_parts(const HttpRequest& request, Reply& reply);
  std::string bytes_of(const HttpRequest& request, const ReplyPart& part);
  Task<bool> write(std::string bytes);
  Task<bool> wait_for_more(Reply& reply);
  Task<void> send_fault(const HttpRequest& request);
  Task<void> linger();
  std::unique_ptr<Reply> answer_of(HttpRequest request);
  Wake waker();
  void watch();
  bool client_is_there();
  void arm(std::chrono::milliseconds most);
  void disarm();
  void cancel_socket() {
    error_code ignored;
    socket_.cancel(ignored);
  }
  auto token() { return asio::redirect_error(asio::use_awaitable, failed_); }

  const HttpOptions& options_;
  HttpHandler& handler_;
  ConnectionOwner& owner_;
  asio::thread_pool& workers_;
  asio::ip::tcp::socket socket_;
  Transport transport_;
  asio::steady_timer timer_;     // wakes the coroutine when a reply has more
  asio::steady_timer deadline_;  // cancels a read or a write that takes too long
  boost::beast::flat_buffer buffer_;
  error_code failed_;
  std::atomic<bool> woken_ = false;
  u64 answers_ = 0, deadlines_ = 0;
  bool timed_out_ = false;
  bool busy_ = false;       // between a request's first byte and the end of its answer
  bool last_ = false;       // the connection ends after this answer
  bool shut_down_ = false;  // the answer ends now
  bool unread_ = false;     // the answer came before the end of its request
  // Of the answer that is being sent:
  int status_ = 0;
  i64 sent_ = 0;
  bool chunked_ = false, gone_ = false, sends_ahead_ = false, told_ = false;
  Clock::time_point last_sent_;
};

// Only the deadline that was armed last counts. One that was disarmed may have expired already, with its function
// waiting in the strand; its number tells.
void TcpConnection::arm(std::chrono::milliseconds most) {
  timed_out_ = false;
  deadline_.expires_after(most);
  deadline_.async_wait([self = shared_from_this(), number = ++deadlines_](const error_code& e) {
    if (e || number != self->deadlines_) return;
    self->timed_out_ = true;
    self->cancel_socket();
  });
}

void TcpConnection::disarm() {
  ++deadlines_;
  deadline_.cancel();
}

Task<void> TcpConnection::run() {
  socket_.set_option(asio::ip::tcp::no_delay(true), failed_);
  const bool open = co_await begin();
  while (open && !last_) {
    Parser parser;
    parser.header_limit(static_cast<u32>(options_.max_header_bytes));
    parser.body_limit(static_cast<u64>(options_.max_body_bytes));
    const bool read = co_await read_head(parser);
    if (!read) break;
    co_await serve(parser);
    busy_ = false;
  }
  if (open) co_await end_tls();
  socket_.shutdown(asio::socket_base::shutdown_send, failed_);
  if (unread_) co_await linger();
  disarm();
  socket_.close(failed_);
}

// False: the client speaks no TLS, or not ours.
Task<bool> TcpConnection::begin() {
  if (!transport_.is_tls()) co_return true;
  arm(options_.header_deadline);
  co_await transport_.async_handshake(token());
  disarm();
  co_return !failed_;
}

// Tells the client that nothing was cut off. Its own farewell is not waited for longer than a moment.
Task<void> TcpConnection::end_tls() {
  if (!transport_.is_tls() || gone_) co_return;
  arm(kLinger);
  co_await transport_.async_shutdown(token());
  disarm();
}

// False: the connection ends, and a client that is owed an answer has it.
Task<bool> TcpConnection::read_head(Parser& parser) {
  if (buffer_.size() == 0) {
    arm(answers_ == 0 ? options_.header_deadline : options_.keep_alive_idle);
    const size_t n = co_await transport_.async_read_some(buffer_.prepare(4096), token());
    if (failed_) co_return false;
    buffer_.commit(n);
  }
  busy_ = true;
  arm(options_.header_deadline);
  co_await http::async_read_header(transport_, buffer_, parser, token());
  if (!failed_) co_return true;
  const HttpRequest unread = request_of(parser);
  co_await send_fault(unread);
  co_return false;
}

Task<bool> TcpConnection::read_body(Parser& parser) {
  while (!parser.is_done()) {
    arm(options_.body_idle);
    co_await http::async_read_some(transport_, buffer_, parser, token());
    if (failed_) co_return false;
  }
  co_return true;
}

// Answers what cannot be read, unless the client has left.
Task<void> TcpConnection::send_fault(const HttpRequest& request) {
  last_ = unread_ = true;
  std::unique_ptr<Reply> reply;
  if (timed_out_) reply = handler_.fault(408, "request_timeout", "the request did not arrive in time");
  else if (failed_ == http::error::body_limit)
    reply = handler_.fault(
        413, "body_too_large",
        fmt::format("the body is larger than {} bytes, the most that this server takes", options_.max_body_bytes));
  else if (failed_ == http::error::header_limit || failed_ == http::error::buffer_overflow)
    reply = handler_.fault(
        431, "headers_too_large",
        fmt::format("the request line and the header fields have more than {} bytes", options_.max_header_bytes));
  else if (is_malformed(failed_))
    reply = handler_.fault(400, "invalid_http", fmt::format("the request is not valid HTTP: {}", failed_.message()));
  if (reply) co_await send(request, std::move(reply));
}

Task<void> TcpConnection::serve(Parser& parser) {
  HttpRequest request = request_of(parser);
  last_ |= !request.keep_alive;
  std::unique_ptr<Reply> reply;
  if (static_cast<i64>(parser.get().target().size()) > options_.max_target_bytes)
    reply = handler_.fault(431, "headers_too_large",
                           fmt::format("the request line is longer than {} bytes", options_.max_target_bytes));
  else reply = handler_.refuse(request);
  if (reply) {
    if (!parser.is_done()) last_ = unread_ = true;
    co_await send(request, std::move(reply));
    co_return;
  }
  const std::string* const expect = request.field("expect");
  if (expect && !parser.is_done() && boost::beast::iequals(*expect, "100-continue")) {
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const bool written = co_await write(std::move(go_on));
    if (!written) co_return;
  }
  const bool read = co_await read_body(parser);
  if (!read) {
    co_await send_fault(request);
    co_return;
  }
  HttpRequest whole = request;
  whole.body = std::move(parser.get().body());
  if (whole.body.size() < kLargeBody && !handler_.is_slow(whole)) {
    reply = answer_of(std::move(whole));
  } else {
    auto made = co_await on_worker([&] { return answer_of(std::move(whole)); });
    reply = std::move(made);
  }
  co_await send(request, std::move(reply));
}

// Runs f on a thread that serves no connections, while the connection's strand goes on. So f must not use what the
// strand's other functions change.
template <class F>
Task<std::invoke_result_t<F>> TcpConnection::on_worker(F f) {
  auto result = co_await asio::co_spawn(
      workers_, [&f]() -> Task<std::invoke_result_t<F>> { co_return f(); }, asio::use_awaitable);
  co_return result;
}

// What the standard library throws for lack of memory ends this request alone.
std::unique_ptr<Reply> TcpConnection::answer_of(HttpRequest request) {
  try {
    return handler_.answer(std::move(request), waker());
  } catch (const std::exception&) {
    return handler_.fault(500, "internal_error", "the server could not answer this request");
  }
}

// Empty if next() throws, for lack of memory for example.
std::optional<ReplyPart> next_part(Reply& reply) {
  try {
    return reply.next();
  } catch (const std::exception&) {
    return {};
  }
}

Wake TcpConnection::waker() {
  return [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->woken_.exchange(true))
      asio::post(self->socket_.get_executor(), [self] { self->timer_.cancel(); });
  };
}

Task<void> TcpConnection::send(const HttpRequest& request, std::unique_ptr<Reply> reply) {
  disarm();  // the deadline of the body would end the wait of watch(), which notices that the client leaves
  const Clock::time_point begin = last_sent_ = Clock::now();
  status_ = 0, sent_ = 0;
  chunked_ = gone_ = sends_ahead_ = told_ = false;
  ++answers_;
  const bool complete = co_await send_parts(request, *reply);
  reply.reset();
  ++answers_;       // what watch() finds out from now on is of no interest
  cancel_socket();  // ends the wait of watch()
  if (!complete) last_ = true;
  handler_.finished(request, complete ? status_ : 0, sent_,
                    std::chrono::duration<double>(Clock::now() - begin).count());
}

// False: the client has left, or an answer that has begun cannot go on. The connection then breaks, so that the client
// sees it.
Task<bool> TcpConnection::send_parts(const HttpRequest& request, Reply& reply) {
  for (bool watched = false;; watched = true) {
    woken_.store(false);
    std::optional<ReplyPart> part;
    if (reply.is_slow()) part = co_await on_worker([&] { return next_part(reply); });
    else part = next_part(reply);
    if (!part) {
      last_ = true;
      if (status_ != 0) co_return false;
      part = handler_.fault(500, "internal_error", "the server could not answer this request")->next();
    }
    std::string bytes = bytes_of(request, *part);
    part->body = {};  // a slow client would hold the memory twice
    if (!bytes.empty()) {
      const bool written = co_await write(std::move(bytes));
      if (!written) co_return false;
    }
    if (part->end) co_return true;
    if (!watched) watch();
    const bool more = co_await wait_for_more(reply);
    if (!more) co_return false;
  }
}

std::string TcpConnection::bytes_of(const HttpRequest& request, const ReplyPart& part) {
  std::string bytes;
  if (part.head) {
    status_ = part.head->status;
    const BodyForm form = part.end ? BodyForm::sized : request.http_1_0 ? BodyForm::until_close : BodyForm::chunked;
    chunked_ = form == BodyForm::chunked;
    last_ |= form == BodyForm::until_close;
    bytes = head_text(*part.head, handler_.fields_for(request), form, part.body.size(), !last_);
  }
  if (request.method == "HEAD") return bytes;
  if (!part.body.empty()) bytes += chunked_ ? chunk(part.body) : part.body;
  if (part.end && chunked_) bytes += "0\r\n\r\n";
  return bytes;
}

Task<bool> TcpConnection::write(std::string bytes) {
  for (size_t at = 0; at < bytes.size();) {
    arm(options_.write_stall);
    const auto piece = asio::buffer(bytes.data() + at, std::min(bytes.size() - at, kPieceBytes));
    const size_t n = co_await transport_.async_write_some(piece, token());
    if (failed_) co_return false;
    at += n;
  }
  disarm();
  sent_ += std::ssize(bytes);
  last_sent_ = Clock::now();
  co_return true;
}

// Waits until the reply has more, and sends a sign of life meanwhile. False: the client has left.
Task<bool> TcpConnection::wait_for_more(Reply& reply) {
  for (;;) {
    if (gone_ || (sends_ahead_ && !client_is_there())) co_return false;
    if (shut_down_ && !std::exchange(told_, true)) {
      reply.shut_down();
      co_return true;
    }
    if (woken_.load()) co_return true;
    const Clock::time_point now = Clock::now(), ping = last_sent_ + options_.ping;
    if (now >= ping) {
      last_sent_ = now;
      std::string sign = status_ ? reply.keep_alive() : "";
      if (sign.empty()) continue;
      if (chunked_) sign = chunk(sign);
      const bool written = co_await write(std::move(sign));
      if (!written) co_return false;
      continue;
    }
    timer_.expires_at(sends_ahead_ ? std::min(ping, now + kLook) : ping);
    co_await timer_.async_wait(token());
  }
}

// Finds out that the client has left while its answer is made. A client that has closed its side for sending only
// counts as gone, too: it cannot be told from one that has closed both.
void TcpConnection::watch() {
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this(), answer = answers_](const error_code& e) {
    if (answer != self->answers_ || e == asio::error::operation_aborted) return;
    if (e || !self->client_is_there()) self->gone_ = true;
    else self->sends_ahead_ = true;  // the socket stays readable, so only its state tells when the client leaves
    self->timer_.cancel();
  });
}

bool TcpConnection::client_is_there() {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_ESTABLISHED;
}

// Reads what the client still sends. If the socket were closed before, the kernel would answer that with a reset, which
// may destroy the answer before the client has read it.
Task<void> TcpConnection::linger() {
  arm(kLinger);
  for (size_t dropped = 0; dropped < kLingerBytes;) {
    buffer_.clear();
    const size_t n = co_await socket_.async_read_some(buffer_.prepare(size_t{64} << 10), token());
    if (failed_) co_return;
    dropped += n;
  }
}

}  // namespace

std::shared_ptr<Connection> Connection::create(asio::ip::tcp::socket socket, const ConnectionContext& context) {
  return std::make_shared<TcpConnection>(std::move(socket), context);
}

}  // namespace r1
