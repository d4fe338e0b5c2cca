#include "serve/models/served_models.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include "core/files/cut_files.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

constexpr i64 kShortContext = 4096;  // tokens; conversations with thinking need about as many

}  // namespace

class ServedModels::Claim {
 public:
  Claim(Slot& slot, Wake wake) : slot_(slot), wake_(std::move(wake)) {}

 private:
  friend class ServedModels;
  Slot& slot_;
  const Wake wake_;
  Lease model_;
  std::optional<Error> failure_;
  bool shut_down_ = false;
};

ServedModels::ServedModels(std::vector<Entry> entries, ThreadPool& pool, const Options& options)
    : pool_(pool), options_(options), created_(std::time(nullptr)) {
  watch_cut_files();
  options_.host.steps = &steps_;
  for (Entry& entry : entries) slots_.emplace_back().entry = std::move(entry);
  loader_ = std::thread([this] { run(); });
}

ServedModels::~ServedModels() {
  drain();
  loader_.join();
}

std::optional<i64> ServedModels::find(std::string_view name) const {
  for (i64 i = 0; i < count(); ++i)
    if (slots_[i].entry.names.has(name)) return i;
  return {};
}

bool ServedModels::is_loaded(i64 index) {
  const std::lock_guard lock(mutex_);
  retire_if_broken(slots_[index]);
  return slots_[index].state == State::loaded;
}

ServedModels::View ServedModels::view(i64 index) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[index];
  retire_if_broken(slot);
  return {slot.state, slot.progress, slot.loads, slot.loaded ? lease(slot, Use::look) : nullptr};
}

// The lock is held.
ServedModels::Lease ServedModels::lease(Slot& slot, Use use) {
  Loaded* const loaded = slot.loaded.get();
  ++loaded->leases;
  if (use == Use::request) slot.last_use = ++uses_;
  return {loaded->model.get(), [this, &slot, loaded, use](ServedModel*) {
            const std::lock_guard lock(mutex_);
            --loaded->leases;
            if (use == Use::request) slot.last_use = ++uses_;
            changed_.notify_all();
          }};
}

// The lock is held; the result must be destroyed without it, because a claim may hold a lease.
ServedModels::Claims ServedModels::waiting(const Slot& slot) {
  Claims claims;
  for (const auto& entry : slot.claims)
    if (auto claim = entry.lock()) claims.push_back(std::move(claim));
  return claims;
}

bool ServedModels::is_claimed(const Slot& slot) {
  return std::any_of(slot.claims.begin(), slot.claims.end(), [](const auto& entry) { return !entry.expired(); });
}

void ServedModels::wake(const Claims& claims) {
  for (const auto& claim : claims) claim->wake_();
}

std::shared_ptr<ServedModels::Claim> ServedModels::claim(i64 index, Wake wake) {
  Slot& slot = slots_[index];
  auto claim = std::make_shared<Claim>(slot, std::move(wake));
  const std::lock_guard lock(mutex_);
  retire_if_broken(slot);
  if (stopped_) {
    claim->shut_down_ = true;
  } else if (slot.state == State::loaded) {
    claim->model_ = lease(slot, Use::request);
  } else {
    std::erase_if(slot.claims, [](const auto& entry) { return entry.expired(); });
    if (std::ssize(slot.claims) >= options_.max_waiting) return nullptr;
    slot.claims.push_back(claim);
    if (slot.state == State::unloaded) {
      slot.state = State::loading;
      slot.progress = 0;
      queue_.push_back(&slot);
    }
    changed_.notify_all();
  }
  return claim;
}

ServedModels::Seen ServedModels::look(Claim& claim) {
  const std::lock_guard lock(mutex_);
  return {std::exchange(claim.model_, nullptr), claim.slot_.progress, claim.failure_, claim.shut_down_};
}

void ServedModels::drain() {
  Claims claims;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (Slot& slot : slots_) {
      for (auto& claim : waiting(slot)) {
        claim->shut_down_ = true;
        claims.push_back(std::move(claim));
      }
      if (slot.loaded) slot.loaded->model->host().shutdown(Shutdown::drain);
    }
    changed_.notify_all();
  }
  wake(claims);
}

void ServedModels::end() {
  drain();
  std::vector<EngineHost*> hosts;
  {
    // Nothing is unloaded any more.
    const std::lock_guard lock(mutex_);
    for (Slot& slot : slots_)
      if (slot.loaded) hosts.push_back(&slot.loaded->model->host());
  }
  for (EngineHost* host : hosts) host->shutdown(Shutdown::now);
  for (EngineHost* host : hosts) host->wait(std::chrono::seconds(10));
}

// ---- The loader's thread.

void ServedModels::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    std::unique_ptr<Loaded> broken;
    changed_.wait(lock, [&] { return stopped_ || (broken = take_idle_broken()) || !queue_.empty(); });
    if (broken) {
      lock.unlock();
      continue;  // destroys `broken` without the lock
    }
    if (stopped_) return;
    Slot& slot = *queue_.front();
    queue_.pop_front();
    loading_ = true;
    lock.unlock();
    try {
      load(slot);
    } catch (const std::exception& e) {  // no memory or no thread: the other models go on
      finish(slot, fail(Errc::exhausted, "{}: {}", slot.entry.path.string(), e.what()));
    }
    lock.lock();
    loading_ = false;
  }
}

bool ServedModels::is_loading() {
  const std::lock_guard lock(mutex_);
  return loading_;
}

void ServedModels::load(Slot& slot) {
  SessionOptions options = options_.session;
  if (Status room = make_room(slot, options); !room) return finish(slot, tl::unexpected(std::move(room).error()));
  set_progress(slot, 0.5);
  const u64 cuts = cut_files();
  auto session = Session::open(slot.entry.path, pool_, options);
  if (!session) return finish(slot, tl::unexpected(std::move(session).error()));
  // Tensors that were copied from the part that is missing are zeros. Another model's file may be meant: then the next
  // request loads this one.
  if (cut_files() != cuts)
    return finish(slot, fail(Errc::io, "{}: a file was cut short while it was loaded", slot.entry.path.string()));
  finish(slot, std::make_unique<ServedModel>(slot.entry.names, std::move(*session), options_.host));
}

// What a model takes of the budget, and in `options` what it is opened with. A context that is not given is the one
// that fits into the model's share of the budget, so that all models fit together, or into the whole budget if that
// would be a short one. The cache holds one sequence, or as many as the share holds. If the budget does not hold the
// experts beside the cache, or only with a short context, some of them stay in the file. Errors: the budget does not
// even hold the model alone.
Result<MemoryNeed> ServedModels::fit(const std::filesystem::path& path, SessionOptions& options) const {
  const i64 budget = options_.budget, share = budget / count();
  const auto need_in = [&](i64 bytes, const SessionOptions& with) {
    return session_need(path, with, {.total = bytes, .available = bytes});
  };
  SessionNeed need = R1_TRY(need_in(budget, options));
  const i64 experts = need.memory.experts, beside_weights = budget - need.memory.dense;
  bool too_large = false;
  if (experts > 0 && beside_weights > 0) {
    SessionOptions fewer = options;  // with half of what the other weights leave, the other half is for the cache
    fewer.expert_bytes = beside_weights / 2;
    const SessionNeed half = R1_TRY(need_in(budget, fewer));
    too_large = experts + need.memory.cache > beside_weights || need.context < std::min(half.context, kShortContext);
    if (too_large) need = half;
  }
  if (too_large) {
    options.expert_bytes = need.memory.experts = std::min(experts, beside_weights - need.memory.cache);
  } else if (const SessionNeed shared = share == budget ? need : R1_TRY(need_in(share, options));
             shared.memory.total() <= share && shared.context >= std::min(need.context, kShortContext)) {
    need = shared;
    const i64 all_sequences = std::min(need.memory.cache * options.max_sequences, kDefaultKvBytes);
    if (options.kv_bytes == 0)
      need.memory.cache = std::clamp(share - need.memory.dense - experts, need.memory.cache,
                                     std::max(need.memory.cache, all_sequences));
  }
  if (need.memory.total() > budget || need.memory.experts < experts / 64)
    return fail(Errc::exhausted, "{}: needs {} of memory, and the models of this server may take {} (--memory)",
                path.string(), size_text(need.memory.dense + experts + need.memory.cache), size_text(budget));
  options.context = need.context;
  options.kv_bytes = need.memory.cache;
  return need.memory;
}

// Waits until the budget holds the model besides those that are in use. Errors: those of fit(); nobody claims the model
// any more.
Status ServedModels::make_room(Slot& slot, SessionOptions& options) {
  MemoryNeed need;
  if (options_.budget > 0) need = R1_TRY(fit(slot.entry.path, options));
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_ || !is_claimed(slot))
      return fail(Errc::interrupted, "{}: nobody waits for it any more", slot.entry.path.string());
    if (bytes_taken() + need.total() <= options_.budget || options_.budget == 0) break;
    std::unique_ptr<Loaded> leaving = take_idle();
    if (!leaving) {
      changed_.wait(lock);
      continue;
    }
    lock.unlock();
    leaving.reset();
    lock.lock();
  }
  slot.reserved = need.total();
  return {};
}

// The lock is held. Requests that hold the model have ended already, or are about to.
void ServedModels::retire_if_broken(Slot& slot) {
  if (!slot.loaded || !slot.loaded->model->host().is_broken()) return;
  broken_.push_back(unload(slot));
  changed_.notify_all();
}

// The lock is held. Who gets the model destroys it without the lock.
std::unique_ptr<ServedModels::Loaded> ServedModels::unload(Slot& slot) {
  slot.state = State::unloaded;
  slot.progress = 0;
  return std::move(slot.loaded);
}

// The lock is held. Null if there is none.
std::unique_ptr<ServedModels::Loaded> ServedModels::take_idle_broken() {
  const auto found = std::find_if(broken_.begin(), broken_.end(), [](const auto& loaded) { return !loaded->leases; });
  if (found == broken_.end()) return nullptr;
  std::unique_ptr<Loaded> taken = std::move(*found);
  broken_.erase(found);
  return taken;
}

// The lock is held. A model that makes room: one that is broken, else the one that was used least recently. Null if all
// are in use.
std::unique_ptr<ServedModels::Loaded> ServedModels::take_idle() {
  if (auto broken = take_idle_broken()) return broken;
  Slot* found = nullptr;
  for (Slot& slot : slots_)
    if (slot.loaded && slot.loaded->leases == 0 && (!found || slot.last_use < found->last_use)) found = &slot;
  return found ? unload(*found) : nullptr;
}

i64 ServedModels::bytes_taken() const {
  i64 sum = 0;
  for (const Slot& slot : slots_) sum += slot.reserved + (slot.loaded ? slot.loaded->bytes : 0);
  for (const auto& loaded : broken_) sum += loaded->bytes;
  return sum;
}

void ServedModels::set_progress(Slot& slot, double progress) {
  Claims claims;
  {
    const std::lock_guard lock(mutex_);
    slot.progress = progress;
    claims = waiting(slot);
  }
  wake(claims);
}

void ServedModels::finish(Slot& slot, Result<std::unique_ptr<ServedModel>> loaded) {
  Claims claims;
  {
    const std::lock_guard lock(mutex_);
    if (!loaded && loaded.error().code == Errc::interrupted && !stopped_ && is_claimed(slot))
      return queue_.push_back(&slot);  // nobody waited when it was looked at, and now somebody does
    claims = waiting(slot);
    slot.claims.clear();
    slot.state = loaded ? State::loaded : State::unloaded;
    slot.progress = loaded ? 1 : 0;
    const i64 bytes = std::exchange(slot.reserved, 0);
    if (loaded) {
      slot.loaded = std::make_unique<Loaded>(Loaded{std::move(*loaded), bytes});
      ++slot.loads;
      if (stopped_) slot.loaded->model->host().shutdown(Shutdown::drain);
    }
    for (const auto& claim : claims) {
      if (stopped_) claim->shut_down_ = true;
      else if (loaded) claim->model_ = lease(slot, Use::request);
      else claim->failure_ = loaded.error();
    }
  }
  wake(claims);
}

}  // namespace r1
