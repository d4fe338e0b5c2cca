#include "sandbox/bubblewrap.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "core/integer.hpp"

namespace r1::sandbox {
namespace {

namespace fs = std::filesystem;

#if defined(__aarch64__)
constexpr const char* kLibraries = "/usr/lib/aarch64-linux-gnu";
#else
constexpr const char* kLibraries = "/usr/lib/x86_64-linux-gnu";
#endif
constexpr const char *kPython = "/usr/bin/python3", *kPrlimit = "/usr/bin/prlimit";
constexpr const char *kBubblewrap = "/usr/bin/bwrap", *kSetpriv = "/usr/bin/setpriv", *kCompiler = "/usr/bin/g++";

using Words = std::vector<std::string>;

void append(Words& words, std::initializer_list<std::string> more) { words.insert(words.end(), more); }

// Binds a path of this machine read-only at the same place. Paths that do not exist are left out.
void bind_path(Words& words, const std::string& path) { append(words, {"--ro-bind-try", path, path}); }

void add_root(Words& words, Root root) {
  for (const char* name : {"/lib", "/lib64", "/bin"}) {
    std::error_code error;
    const fs::path target = fs::read_symlink(name, error);
    if (error) bind_path(words, name);  // a system without the merged /usr
    else append(words, {"--symlink", target.string(), name});
  }
  bind_path(words, kLibraries);
  bind_path(words, "/usr/lib64");
  bind_path(words, kPrlimit);
  if (root == Root::python) {
    std::error_code error;
    const fs::path python = fs::canonical(kPython, error);  // /usr/bin/python3.11
    append(words, {"--ro-bind", python.string(), kPython});
    bind_path(words, "/usr/lib/" + python.filename().string());
  }
  if (root == Root::compiler)
    for (const char* path : {"/usr/bin", "/usr/include", "/usr/lib/gcc", "/usr/libexec/gcc"}) bind_path(words, path);
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/urandom"}) append(words, {"--dev-bind", device, device});
}

}  // namespace

Words command_line(Root root, const std::vector<File>& files, const Words& program, const Limits& limits) {
  Words out;
  if (geteuid() == 0) append(out, {kSetpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--"});
  append(out, {kBubblewrap, "--unshare-all", "--unshare-user", "--unshare-cgroup", "--die-with-parent", "--new-session",
               "--clearenv", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"});
  append(out, {"--json-status-fd", std::to_string(kStatusFd), "--seccomp", std::to_string(kFilterFd)});
  add_root(out, root);
  append(out, {"--size", std::to_string(limits.file_bytes), "--perms", "0700", "--tmpfs", "/tmp"});
  int fd = kFirstFileFd;
  for (const File& file : files)
    append(out, {"--perms", file.executable ? "0555" : "0444", "--file", std::to_string(fd++), file.path});
  append(out, {"--remount-ro", "/", "--chdir", "/tmp"});
  append(out, {"--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp", "--setenv",
               "LANG", "C.UTF-8", "--setenv", "PYTHONHASHSEED", "0"});
  // The limit of processes counts those of the sandbox's own user namespace, so it is set inside. The limit of
  // processor time is a second line: this process also adds up the time of all processes and acts first.
  // A core size of 0 would still start a core handler of the machine; of 1 never does (core(5)).
  const i64 stack = std::min(limits.memory_bytes / 8, i64{64} << 20);
  append(out, {"--", kPrlimit, fmt::format("--as={}", limits.memory_bytes), fmt::format("--nproc={}", limits.processes),
               fmt::format("--cpu={}", ceil_div(limits.cpu_ms, i64{1000}) + 1),
               fmt::format("--fsize={}", limits.file_bytes), fmt::format("--stack={}", stack), "--nofile=64",
               "--core=1", "--memlock=0", "--msgqueue=0", "--sigpending=256", "--"});
  out.insert(out.end(), program.begin(), program.end());
  return out;
}

Status check_installed() {
  struct Need {
    const char *path, *package;
  };
  for (const Need& need : {Need{kBubblewrap, "bubblewrap"}, Need{kPython, "python3"}, Need{kPrlimit, "util-linux"},
                           Need{kSetpriv, "util-linux"}, Need{kCompiler, "g++"}})
    if (access(need.path, X_OK) != 0)
      return fail(Errc::io, "{}: not found or not executable. Install the package {}", need.path, need.package);
  return {};
}

}  // namespace r1::sandbox
