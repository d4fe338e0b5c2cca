#include "serve/models/pending_reply.hpp"

#include <utility>

#include "serve/answers/completion_reply.hpp"

namespace r1 {
namespace {

// Clients know models by their names only, so the path in the message becomes the name.
ApiError load_error(const ServedModels::Entry& entry, const Error& error) {
  std::string what = error.what;
  const std::string path = entry.path.string();
  for (size_t at = 0; !path.empty() && (at = what.find(path, at)) != what.npos; at += entry.names.id.size())
    what.replace(at, path.size(), entry.names.id);
  return {503, "model_not_loaded", fmt::format("the model {} could not be loaded: {}", entry.names.id, what)};
}

}  // namespace

PendingReply::PendingReply(ServedModels& models, std::shared_ptr<ServedModels::Claim> claim,
                           const ServedModels::Entry& entry, Dialect dialect, Start start,
                           std::unique_ptr<AnswerFormat> early)
    : models_(models),
      claim_(std::move(claim)),
      entry_(entry),
      dialect_(dialect),
      start_(std::move(start)),
      early_(std::move(early)) {}

ReplyPart PendingReply::next() {
  if (reply_) return pass_on(reply_->next());
  if (shut_down_ || seen_.shut_down) return refuse({503, "shutting_down", "the server is shutting down", {}, 5});
  if (seen_.failure) return refuse(load_error(entry_, *seen_.failure));
  if (!seen_.model) return wait(seen_.progress);
  EndpointResult started = std::exchange(start_, nullptr)(std::move(seen_.model));
  if (!started) return refuse(started.error());
  reply_ = std::move(*started);
  return pass_on(reply_->next());
}

// It is asked before each part, so this is the one place that looks. If next() looked again, a model that has just been
// loaded could begin its work on the thread of the connections.
bool PendingReply::is_slow() {
  if (reply_) return reply_->is_slow();
  if (!seen_.model) seen_ = models_.look(*claim_);
  return seen_.model != nullptr;
}

std::string PendingReply::keep_alive() {
  if (reply_) return reply_->keep_alive();
  return begun_ ? early_->keep_alive() : "";
}

void PendingReply::shut_down() {
  if (reply_) reply_->shut_down();
  shut_down_ = true;
}

// The head of a stream that has begun is sent already.
ReplyPart PendingReply::pass_on(ReplyPart part) const {
  if (begun_) part.head.reset();
  return part;
}

ReplyPart PendingReply::refuse(const ApiError& error) const {
  if (begun_) return {.body = early_->error(error), .end = true};
  return reply_of(error, dialect_)->next();
}

ReplyPart PendingReply::wait(double progress) {
  ReplyPart part;
  if (!early_) return part;
  if (!std::exchange(begun_, true)) part.head = stream_head(*early_);
  if (progress > shown_) part.body = early_->loading(entry_.names.id, shown_ = progress);
  return part;
}

}  // namespace r1
