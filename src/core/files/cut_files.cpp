#include "core/files/cut_files.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace r1 {
namespace {

// A signal handler can take no lock, so the list has a fixed size. Entries with end 0 are free.
struct Map {
  std::atomic<size_t> begin{0}, end{0};
  std::atomic<bool> cut{false};
};
constexpr size_t kMaps = 4096;
Map maps[kMaps];
std::mutex writers;
// The files of the maps, by where a map begins. Guarded by `writers`. Other threads may ask until the process ends, so
// it is never destroyed.
std::map<size_t, std::string>& paths() {
  static auto& all = *new std::map<size_t, std::string>;
  return all;
}
std::atomic<u64> cuts{0};
size_t page_size = 0;

// Everything behind the end of the file becomes zeros at once. If that fails, or if the address belongs to nobody, the
// read is repeated without a handler and ends the process as usual.
void on_sigbus(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<size_t>(info->si_addr);
  for (Map& m : maps) {
    const size_t end = m.end.load(), begin = m.begin.load();
    if (address < begin || address >= end || m.end.load() != end) continue;  // or the entry is changing
    const size_t page = address / page_size * page_size;
    void* lost = reinterpret_cast<void*>(page);
    if (mmap(lost, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
    m.cut.store(true);
    cuts.fetch_add(1);
    return;
  }
  signal(SIGBUS, SIG_DFL);
}

}  // namespace

void watch_cut_files() {
  const std::lock_guard lock(writers);
  if (page_size) return;
  page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action = {};
  action.sa_sigaction = on_sigbus;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

u64 cut_files() { return cuts.load(); }

std::optional<std::string> cut_file_of(const void* begin) {
  const std::lock_guard lock(writers);
  const auto at = reinterpret_cast<size_t>(begin);
  for (const Map& m : maps)
    if (m.end.load() && m.begin.load() == at) return m.cut.load() ? std::optional(paths()[at]) : std::nullopt;
  return {};
}

void watch_map(const void* begin, size_t bytes, std::string path) {
  const std::lock_guard lock(writers);
  for (Map& m : maps) {
    if (m.end.load()) continue;
    m.cut.store(false);
    paths()[reinterpret_cast<size_t>(begin)] = std::move(path);
    m.begin.store(reinterpret_cast<size_t>(begin));
    m.end.store(reinterpret_cast<size_t>(begin) + bytes);
    return;
  }
}

void forget_map(const void* begin) {
  const std::lock_guard lock(writers);
  for (Map& m : maps)
    if (m.end.load() && m.begin.load() == reinterpret_cast<size_t>(begin)) {
      m.end.store(0);
      paths().erase(reinterpret_cast<size_t>(begin));
      return;
    }
}

}  // namespace r1
