#include "sandbox/seccomp_filter.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "sandbox/descriptor.hpp"

namespace r1::sandbox {
namespace {

// Names that this machine's architecture does not have are skipped.
constexpr const char* kAllowed[] = {
    // Files and descriptors. The mount namespace decides which files exist.
    "access", "chdir", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat",
    "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fcntl", "fdatasync", "flock", "fstat",
    "fstatfs", "fsync", "ftruncate", "getcwd", "getdents", "getdents64", "ioctl", "lchown", "link", "linkat", "lseek",
    "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2", "pread64", "preadv",
    "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "rename",
    "renameat", "renameat2", "rmdir", "sendfile", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync",
    "syncfs", "tee", "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "futimesat", "write",
    "writev",
    // Waiting.
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2",
    "poll", "ppoll", "pselect6", "select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime",
    "timerfd_settime",
    // AF_UNIX sockets within the sandbox; socket and socketpair have a rule of their own.
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom", "recvmsg",
    "sendmsg", "sendto", "setsockopt", "shutdown",
    // Memory.
    "brk", "madvise", "mincore", "mlock", "mmap", "mprotect", "mremap", "msync", "munlock", "munmap", "membarrier",
    // Processes, threads and signals; clone has a rule of its own.
    "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "futex", "get_robust_list", "getpgid", "getpgrp",
    "getpid", "getppid", "getpriority", "getrlimit", "getrusage", "getsid", "gettid", "kill", "nanosleep", "pause",
    "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending",
    "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
    "sched_yield", "set_robust_list", "set_tid_address", "setpgid", "setrlimit", "setsid", "sigaltstack", "tgkill",
    "tkill", "vfork", "wait4", "waitid",
    // Who and when.
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getegid", "geteuid", "getgid", "getgroups",
    "getitimer", "getrandom", "getresgid", "getresuid", "gettimeofday", "getuid", "setitimer", "sysinfo", "time",
    "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "times", "uname"};

struct Release {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};

int add_rules(scmp_filter_ctx filter) {
  int bad = 0;
  for (const char* call : kAllowed)
    if (const int number = seccomp_syscall_resolve_name(call); number != __NR_SCMP_ERROR && number >= 0)
      bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
  // clone3 keeps its flags in memory, where a filter cannot look; it is left out, and libraries fall back to clone.
  constexpr scmp_datum_t kNamespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaces, 0));
  bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX));
  bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX));
  return bad;
}

}  // namespace

Result<std::string> seccomp_filter() {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!filter || add_rules(filter.get()) != 0) return fail(Errc::unsupported, "libseccomp cannot build the filter");
  // A pipe holds 64 KiB. The filter has about 2 KiB.
  Pipe pipe = R1_TRY(make_pipe());
  if (seccomp_export_bpf(filter.get(), pipe.write.get()) != 0)
    return fail(Errc::unsupported, "libseccomp cannot write the filter");
  pipe.write.reset();
  std::string out;
  while (read_available(pipe.read.get(), out, 1 << 16) > 0) continue;
  return out;
}

}  // namespace r1::sandbox
