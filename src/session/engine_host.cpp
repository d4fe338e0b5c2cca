#include "session/engine_host.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/clock.hpp"
#include "core/files/cut_files.hpp"

namespace r1 {
namespace {

constexpr i64 kWarmUpPrompt = 4;  // tokens: with those that are drawn not a page of the cache, so they leave no prefix

// The maps of the files in which weights lie, each once.
std::vector<const std::byte*> maps_of(const Model& model) {
  std::vector<const std::byte*> maps;
  for (const Weight& w : model.weights())
    if (!w.mapping().empty()) maps.push_back(w.mapping().data());
  std::sort(maps.begin(), maps.end());
  maps.erase(std::unique(maps.begin(), maps.end()), maps.end());
  return maps;
}

}  // namespace

EngineHost::EngineHost(Session session, const EngineHostOptions& options)
    : session_(std::move(session)),
      options_(options),
      context_(session_.engine().context()),
      max_sequences_(session_.engine().options().max_sequences),
      maps_(maps_of(session_.model())),
      completions_(session_.engine(), session_.tokenizer()) {
  watch_cut_files();
  update_status();
  thread_ = std::thread([this] { run(); });
}

EngineHost::~EngineHost() {
  shutdown(Shutdown::now);
  thread_.join();
}

tl::expected<HostedId, Refusal> EngineHost::submit(CompletionRequest request, std::shared_ptr<RequestSink> sink) {
  using Cause = Refusal::Cause;
  // The engine's options and its model's size never change, so this reads nothing that the host's thread writes.
  if (Status fine = std::as_const(session_).engine().check(request); !fine)
    return tl::unexpected(Refusal{Cause::invalid, std::move(fine).error().what});
  const i64 samples = request.samples, room = max_sequences_ + options_.max_queue;
  if (samples > room)
    return tl::unexpected(
        Refusal{Cause::invalid,
                fmt::format("{} samples, at most {} sequences may run or wait in this program", samples, room)});
  const std::lock_guard lock(mutex_);
  if (!status_.broken.empty()) return tl::unexpected(Refusal{Cause::broken, status_.broken});
  if (shutdown_) return tl::unexpected(Refusal{Cause::shut_down, "the model is being shut down"});
  if (sequences_ + samples > room) {
    ++status_.refused;
    return tl::unexpected(
        Refusal{Cause::queue_full,
                fmt::format("the queue is full: {} sequences run or wait, {} more are wanted, {} may be there",
                            sequences_, samples, room)});
  }
  const HostedId id = ++last_id_;
  tickets_[id] = {.samples = samples, .can_end_thinking = !request.think.close.empty()};
  sequences_ += samples;
  ++status_.accepted, ++status_.queued;
  mail_.push_back({Message::Kind::submit, id, std::move(request), std::move(sink), seconds_now()});
  mail_arrived_.notify_one();
  return id;
}

bool EngineHost::cancel(HostedId id) {
  const std::lock_guard lock(mutex_);
  const auto ticket = tickets_.find(id);
  if (ticket == tickets_.end() || ticket->second.cancelled) return false;
  ticket->second.cancelled = true;
  mail_.push_back({Message::Kind::cancel, id});
  mail_arrived_.notify_one();
  return true;
}

bool EngineHost::runs(HostedId id) const {
  const std::lock_guard lock(mutex_);
  return tickets_.contains(id);
}

bool EngineHost::end_thinking(HostedId id) {
  const std::lock_guard lock(mutex_);
  const auto ticket = tickets_.find(id);
  if (ticket == tickets_.end() || ticket->second.cancelled || !ticket->second.can_end_thinking) return false;
  if (std::exchange(ticket->second.thinking_ended, true)) return true;
  mail_.push_back({Message::Kind::end_thinking, id});
  mail_arrived_.notify_one();
  return true;
}

void EngineHost::shutdown(Shutdown how) {
  const std::lock_guard lock(mutex_);
  if (shutdown_ != Shutdown::now) shutdown_ = how;
  mail_arrived_.notify_one();
}

bool EngineHost::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, timeout, [&] { return has_ended_; });
}

HostStatus EngineHost::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool EngineHost::is_broken() const {
  const std::lock_guard lock(mutex_);
  return !status_.broken.empty();
}

// ---- The host's thread.

void EngineHost::run() {
  if (options_.warm_up) warm_up();
  while (take_mail()) {
    if (!hosted_.empty()) step();
    update_status();
  }
  update_status();
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  ended_.notify_all();
}

void EngineHost::warm_up() {
  CompletionRequest request;
  request.prompt.assign(kWarmUpPrompt, 0);
  request.sampling.temperature = 0;
  request.max_tokens = Weight::kProductsUntilPacked;
  const auto id = completions_.submit(std::move(request));
  if (!id) return;  // the context is too short for it
  const auto is_wanted = [&] {
    const std::lock_guard lock(mutex_);
    return !mail_.empty() || shutdown_ || !status_.broken.empty();
  };
  while (session_.engine().busy() && !is_wanted()) step();
  completions_.cancel(*id);
  update_status();
}

// Waits until there is something to do, and takes the messages. Returns false when a shutdown has ended all requests.
bool EngineHost::take_mail() {
  std::vector<Message> mail;
  std::optional<Shutdown> how;
  {
    std::unique_lock lock(mutex_);
    mail_arrived_.wait(lock, [&] { return !mail_.empty() || shutdown_ || !hosted_.empty(); });
    mail.swap(mail_);
    how = shutdown_;
  }
  for (Message& message : mail) take(std::move(message));
  if (how == Shutdown::drain) end_all(EndCause::shut_down, [](const Hosted& h) { return h.taken_up == 0; });
  if (how == Shutdown::now) end_all(EndCause::shut_down);
  return !how || !hosted_.empty();
}

void EngineHost::take(Message message) {
  if (message.kind == Message::Kind::submit) {
    Hosted hosted;
    hosted.id = message.id;
    hosted.sink = std::move(message.sink);
    hosted.submitted = message.submitted;
    hosted.first_sample = message.request.first_sample;
    hosted.unfinished = message.request.samples;
    hosted.prompt_tokens = std::ssize(message.request.prompt);
    hosted.samples.resize(hosted.unfinished);
    const auto id = completions_.submit(std::move(message.request));
    R1_CHECK(id, "the engine refuses a request that it has checked: {}", id ? "" : id.error().what);
    engine_ids_[hosted.id] = *id;
    hosted_.emplace(*id, std::move(hosted));
    return;
  }
  const auto known = engine_ids_.find(message.id);
  if (known == engine_ids_.end()) return;  // it ended while the message was on its way
  if (message.kind == Message::Kind::end_thinking) completions_.end_thinking(known->second);
  else end(hosted_.find(known->second), EndCause::cancelled);
}

Result<std::span<CompletionEvent>> EngineHost::step_engine() {
  if (!options_.steps) return completions_.step();
  const std::lock_guard turn(*options_.steps);
  return completions_.step();
}

void EngineHost::step() {
  const double began = seconds_now();
  const auto events = step_engine();
  if (!events) return break_down(events.error().what);
  if (const auto file = cut_file())
    return break_down(fmt::format("the file {} was cut short while the model was in use",
                                  std::filesystem::path(*file).filename().string()));
  for (const PromptEvent& prompt : completions_.prompts()) report(prompt, began);
  for (CompletionEvent& event : *events) deliver(std::move(event));
}

// A file of this model that was found cut. Other models' files do not count. Files whose tensors were all copied when
// the model was opened are not among maps_: whoever opens the model compares cut_files() before and after.
std::optional<std::string> EngineHost::cut_file() {
  const u64 cuts = cut_files();
  if (std::exchange(cut_files_, cuts) == cuts) return {};
  for (const std::byte* map : maps_)
    if (auto file = cut_file_of(map)) return file;
  return {};
}

// The engine can run nothing any more.
void EngineHost::break_down(std::string why) {
  {
    const std::lock_guard lock(mutex_);
    status_.broken = std::move(why);
  }
  end_all(EndCause::failed);
}

// `began` is when the step that computed this part of the prompt began.
void EngineHost::report(const PromptEvent& prompt, double began) {
  const auto found = hosted_.find(prompt.id);
  if (found == hosted_.end()) return;
  Hosted& hosted = found->second;
  if (hosted.taken_up == 0) {
    hosted.taken_up = began;
    const std::lock_guard lock(mutex_);
    --status_.queued;
  }
  hosted.cached_tokens = prompt.cached;
  hosted.sink->progress({prompt.total, prompt.cached, prompt.processed, seconds_now() - hosted.submitted});
}

void EngineHost::deliver(CompletionEvent event) {
  const auto found = hosted_.find(event.request);
  if (found == hosted_.end()) return;
  Hosted& hosted = found->second;
  hosted.last_token = seconds_now();
  if (hosted.first_token == 0) hosted.first_token = hosted.last_token;
  hosted.samples[event.sample - hosted.first_sample] = event.stats;
  if (event.finish != FinishReason::none) --hosted.unfinished;
  event.request = hosted.id;
  hosted.sink->token(std::move(event));
  if (hosted.unfinished == 0) end(found, EndCause::complete);
}

void EngineHost::end(HostedByEngineId::iterator found, EndCause cause) {
  const RequestId engine_id = found->first;
  const Hosted hosted = std::move(found->second);
  hosted_.erase(found);
  engine_ids_.erase(hosted.id);
  completions_.cancel(engine_id);  // a request that is complete is unknown there
  RequestEnd end{cause, {}, {hosted.prompt_tokens, hosted.cached_tokens}, {}};
  for (const CompletionStats& s : hosted.samples) {
    end.usage.completion_tokens += s.tokens;
    end.usage.reasoning_tokens += s.thinking_tokens;
  }
  // The request may have ended before it was taken up, or before its first token.
  const double now = seconds_now(), taken_up = hosted.taken_up > 0 ? hosted.taken_up : now;
  const double first_token = hosted.first_token > 0 ? hosted.first_token : now;
  end.timings = {taken_up - hosted.submitted, first_token - taken_up,
                 hosted.first_token > 0 ? hosted.last_token - first_token : 0};
  {
    const std::lock_guard lock(mutex_);
    const auto ticket = tickets_.find(hosted.id);
    sequences_ -= ticket->second.samples;
    tickets_.erase(ticket);
    if (hosted.taken_up == 0) --status_.queued;
    if (cause == EndCause::complete) ++status_.completed;
    if (cause == EndCause::cancelled) ++status_.cancelled;
    if (cause == EndCause::shut_down) ++status_.shut_down;
    if (cause == EndCause::failed) ++status_.failed, end.error = status_.broken;
  }
  hosted.sink->end(std::move(end));
}

void EngineHost::end_all(EndCause cause, bool (*which)(const Hosted&)) {
  std::vector<RequestId> ids;  // end() removes entries of hosted_
  for (const auto& [id, hosted] : hosted_)
    if (which(hosted)) ids.push_back(id);
  for (const RequestId id : ids) end(hosted_.find(id), cause);
}

void EngineHost::update_status() {
  const Engine& engine = std::as_const(session_).engine();
  const std::lock_guard lock(mutex_);
  status_.running = engine.running();
  status_.pages = engine.cache().pages();
  status_.pages_in_use = engine.cache().pages_in_use();
  status_.pages_cached = engine.cache().pages_cached();
  status_.engine = engine.counters();
}

}  // namespace r1
