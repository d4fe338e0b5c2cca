// A server with OpenAI's API: the models that it has, and the next answer of a conversation.
#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "client/reply.hpp"
#include "client/server_address.hpp"
#include "hub/http.hpp"

namespace r1 {

struct ServerModel {
  std::string name;
  i64 context = 0;  // tokens; 0: the server does not say
};

// Errors of models() and chat() name the address and what helps. Errc::exhausted: the conversation does not fit into
// the model's context. Errc::interrupted: `stop` was raised.
class ChatServer {
 public:
  // `key` may be empty. `stop` may be null and must outlive this object. Servers on this machine are asked directly,
  // others as libcurl's environment variables for proxies say. Errors: a key with characters that no header holds.
  static Result<ChatServer> open(ServerAddress address, std::string key, const std::atomic<bool>* stop);

  const ServerAddress& address() const { return address_; }

  // GET BASE/models. Errors: also Errc::unsupported, if the server may have no such path.
  Result<std::vector<ServerModel>> models();

  // POST BASE/chat/completions with the fields of `request` and those that ask for a stream. Passes the text on as it
  // comes. A server that answers with one object instead of a stream is understood, too. It may take as long as the
  // server needs: only `stop` ends it.
  Result<ChatReply> chat(Json request, const OnReplyText& on_text);

 private:
  ChatServer(ServerAddress address, bool has_key, HttpClient client)
      : address_(std::move(address)), has_key_(has_key), client_(std::move(client)) {}
  // What is wrong with an answer that is not 2xx, or that did not come. `body` is its refused_body, parsed.
  Error refusal(const HttpAnswer& answer, const Result<Json>& body) const;

  ServerAddress address_;
  bool has_key_;
  HttpClient client_;
};

}  // namespace r1
