// The executables of the tests that were compiled last. The samples of a group have the same tests.
#pragma once
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace r1::sandbox {

// Thread safety: all functions may be called from any thread.
class ExecutableCache {
 public:
  std::optional<std::string> find(const std::string& source) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, executable] : entries_)
      if (key == source) return executable;
    return std::nullopt;
  }
  void keep(std::string source, std::string executable) {
    const std::lock_guard lock(mutex_);
    entries_.emplace_back(std::move(source), std::move(executable));
    if (entries_.size() > kMost) entries_.pop_front();
  }

 private:
  static constexpr size_t kMost = 32;  // about 200 KB each
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, std::string>> entries_;
};

}  // namespace r1::sandbox
