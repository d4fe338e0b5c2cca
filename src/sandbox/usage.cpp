#include "sandbox/usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <vector>

#include "sandbox/descriptor.hpp"

namespace r1::sandbox {
namespace {

// A file of /proc, or "" if the process has ended.
std::string proc_file(const std::string& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  while (fd && read_available(fd.get(), out, 1 << 16) > 0) continue;
  return out;
}

i64 number_at(const std::string& text, size_t at) {
  at = text.find_first_not_of(" \t", at);
  i64 value = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

// The value of a line such as "RssAnon:     1234 kB" of /proc/PID/status, in bytes.
i64 status_bytes(const std::string& status, const std::string& key) {
  const size_t at = status.find('\n' + key + ':');
  return at == std::string::npos ? 0 : number_at(status, at + key.size() + 2) * 1024;
}

// utime, stime, cutime and cstime, which are the fields 14 to 17 of /proc/PID/stat, in ticks. The name in field 2 may
// contain spaces and brackets, so the fields are counted from the last bracket.
i64 cpu_ticks(const std::string& stat) {
  size_t at = stat.rfind(')');
  i64 sum = 0;
  for (int field = 3; at != std::string::npos && field <= 17; ++field) {
    at = stat.find(' ', at + 1);
    if (field >= 14 && at != std::string::npos) sum += number_at(stat, at);
  }
  return sum;
}

void add_children(const std::string& folder, std::vector<pid_t>& pids) {
  DIR* tasks = opendir((folder + "/task").c_str());
  if (!tasks) return;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    const std::string children = proc_file(folder + "/task/" + task->d_name + "/children");
    for (size_t at = 0; at < children.size(); at = children.find(' ', at) + 1) {
      const i64 pid = number_at(children, at);
      if (pid > 0) pids.push_back(static_cast<pid_t>(pid));
      if (children.find(' ', at) == std::string::npos) break;
    }
  }
  closedir(tasks);
}

}  // namespace

Usage usage_of_tree(pid_t root) {
  static const i64 ticks_per_second = sysconf(_SC_CLK_TCK);
  constexpr size_t kMost = 4096;  // the limit of processes keeps real trees far below
  Usage out;
  std::vector<pid_t> pids{root};
  i64 ticks = 0;
  for (size_t i = 0; i < pids.size() && i < kMost; ++i) {
    const std::string folder = "/proc/" + std::to_string(pids[i]);
    const std::string status = proc_file(folder + "/status");
    if (status.empty()) continue;
    out.memory_bytes += status_bytes(status, "RssAnon") + status_bytes(status, "RssShmem");
    ticks += cpu_ticks(proc_file(folder + "/stat"));
    ++out.processes;
    add_children(folder, pids);
  }
  out.cpu_ms = ticks * 1000 / ticks_per_second;
  return out;
}

bool is_first_of_namespace(pid_t pid) {
  // "NSpid:\t4711\t1": the numbers of the process in each namespace from here inwards.
  const std::string status = proc_file("/proc/" + std::to_string(pid) + "/status");
  const size_t at = status.find("\nNSpid:\t");
  if (at == std::string::npos) return false;
  const std::string line = status.substr(at + 8, status.find('\n', at + 1) - at - 8);
  return line.ends_with("\t1");
}

}  // namespace r1::sandbox
