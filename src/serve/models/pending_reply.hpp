// The answer to a request whose model may have to be loaded first. The endpoint runs once the model is there.
#pragma once
#include <functional>
#include <memory>

#include "serve/answers/answer_format.hpp"
#include "serve/endpoints.hpp"
#include "serve/models/served_models.hpp"

namespace r1 {

class PendingReply final : public Reply {
 public:
  // Makes the answer with the model. Called at most once.
  using Start = std::function<EndpointResult(ServedModels::Lease model)>;
  // `models` must outlive the reply. `early` writes a stream whose head is sent before the model is there; null:
  // nothing is sent so early.
  PendingReply(ServedModels& models, std::shared_ptr<ServedModels::Claim> claim, const ServedModels::Entry& entry,
               Dialect dialect, Start start, std::unique_ptr<AnswerFormat> early);

  ReplyPart next() override;
  // Until there is an answer, checks whether the model is loaded. If it is, the result is true, because the next call
  // of next() runs the endpoint.
  bool is_slow() override;
  std::string keep_alive() override;
  void shut_down() override;

 private:
  ReplyPart pass_on(ReplyPart part) const;
  ReplyPart refuse(const ApiError& error) const;
  ReplyPart wait(double progress);

  ServedModels& models_;
  const std::shared_ptr<ServedModels::Claim> claim_;
  const ServedModels::Entry& entry_;
  const Dialect dialect_;
  Start start_;  // with the body of the request, until the model is there
  const std::unique_ptr<AnswerFormat> early_;
  ServedModels::Seen seen_;       // the claim's news; the model is handed over once
  std::unique_ptr<Reply> reply_;  // once the model is there
  bool begun_ = false, shut_down_ = false;
  double shown_ = -1;  // the progress that the client knows
};

}  // namespace r1
