// The models of a server: which are loaded, which are being loaded, and which requests wait for one.
//
//   const auto claim = models.claim(*models.find("nano"), wake);   // null: too many wait for this model already
//   const auto seen = models.look(*claim);                         // again after each wake
//   if (seen.model) ...                                            // granted: the model stays until the lease is gone
//
// A claim on a loaded model is granted at once. Other claims wait for a thread of this object, which loads the claimed
// models one after the other. Before the thread loads a model, it unloads idle ones, the least recently used first,
// until the budget holds the new one. A model with a lease is never unloaded; if only such models are left, the claim
// waits.
// A model whose engine can run nothing any more (EngineHost::is_broken), because its file was cut for example, counts
// as unloaded: the next claim loads it again. It is destroyed after its last lease is gone.
//
// All functions may be called from any thread. Only the destructor and end() wait.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/threads/fair_lock.hpp"
#include "serve/http.hpp"
#include "serve/served_model.hpp"
#include "session/session_need.hpp"

namespace r1 {

class ServedModels {
 public:
  struct Entry {
    ServedModel::Names names;
    std::filesystem::path path;
  };
  struct Options {
    SessionOptions session{};
    EngineHostOptions host{};  // `steps` is set here
    i64 budget = 0;            // bytes of all loaded models; 0: no limit
    i64 max_waiting = 64;      // claims that wait for one model
  };
  // While it exists, the model stays loaded.
  using Lease = std::shared_ptr<ServedModel>;
  class Claim;
  // The state of a claim. The claim still waits if none of `model`, `failure` and `shut_down` is set.
  struct Seen {
    Lease model{};
    double progress = 0;             // of loading: 0 to 1
    std::optional<Error> failure{};  // why the model could not be loaded
    bool shut_down = false;
  };
  enum class State : u8 { unloaded, loading, loaded };
  struct View {
    State state = State::unloaded;
    double progress = 0;
    i64 loads = 0;  // how often it was loaded
    Lease model{};  // if it is loaded; such a lease does not count as a use
  };

  // The names and aliases must all differ. `pool` must outlive the object.
  // From now on, reading a mapped file that was cut short does not end the process (watch_cut_files).
  ServedModels(std::vector<Entry> entries, ThreadPool& pool, const Options& options);
  ~ServedModels();  // every lease must be gone
  ServedModels(const ServedModels&) = delete;
  ServedModels& operator=(const ServedModels&) = delete;

  i64 count() const { return std::ssize(slots_); }
  const Entry& entry(i64 index) const { return slots_[index].entry; }
  i64 created() const { return created_; }  // in seconds since 1970
  std::optional<i64> find(std::string_view name) const;
  View view(i64 index);
  bool is_loaded(i64 index);

  // Asks for a model. A claim is given up by destroying it. `wake` is called whenever look() has something new. Returns
  // null if max_waiting claims wait for this model already.
  std::shared_ptr<Claim> claim(i64 index, Wake wake);
  // The state of the claim now. Only the first call after the claim was granted returns the lease.
  Seen look(Claim& claim);

  // Loads nothing more; the claims that wait and the requests in the models' queues end, running ones go on.
  void drain();
  void end();  // drain(), and ends the running requests; waits at most 10 s for each model
  // Whether a model is being loaded, which cannot be interrupted: the destructor would wait for it.
  bool is_loading();

 private:
  struct Loaded {
    std::unique_ptr<ServedModel> model;
    i64 bytes = 0, leases = 0;
  };
  struct Slot {
    Entry entry;
    State state = State::unloaded;
    double progress = 0;
    i64 loads = 0;
    i64 reserved = 0;  // bytes for the model that is being loaded
    u64 last_use = 0;  // of uses_
    std::unique_ptr<Loaded> loaded{};
    std::vector<std::weak_ptr<Claim>> claims{};  // that wait
  };
  using Claims = std::vector<std::shared_ptr<Claim>>;
  enum class Use : u8 { request, look };

  Lease lease(Slot& slot, Use use);
  static Claims waiting(const Slot& slot);
  static bool is_claimed(const Slot& slot);
  static void wake(const Claims& claims);
  void run();
  void load(Slot& slot);
  Result<MemoryNeed> fit(const std::filesystem::path& path, SessionOptions& options) const;
  Status make_room(Slot& slot, SessionOptions& options);
  void retire_if_broken(Slot& slot);
  static std::unique_ptr<Loaded> unload(Slot& slot);
  std::unique_ptr<Loaded> take_idle_broken();
  std::unique_ptr<Loaded> take_idle();
  i64 bytes_taken() const;
  void set_progress(Slot& slot, double progress);
  void finish(Slot& slot, Result<std::unique_ptr<ServedModel>> loaded);

  ThreadPool& pool_;
  Options options_;
  const i64 created_;
  FairLock steps_;

  std::mutex mutex_;  // guards what follows, and what claims hold
  std::condition_variable changed_;
  std::deque<Slot> slots_;
  std::vector<std::unique_ptr<Loaded>> broken_;  // their slots have no model, or a new one
  std::deque<Slot*> queue_;                      // to be loaded
  u64 uses_ = 0;
  bool stopped_ = false, loading_ = false;
  std::thread loader_;
};

}  // namespace r1
