// The list of system calls that a program in the sandbox may make.
#pragma once
#include <string>

#include "core/error.hpp"

namespace r1::sandbox {

// The compiled filter, as bubblewrap's --seccomp reads it. A call that is not in the list fails with ENOSYS, so that
// libraries fall back to older calls and a program meets an ordinary error. Calls of another architecture end the
// process.
// Absent, because nothing that is judged needs them:
// - network: socket() and socketpair() of any family but AF_UNIX
// - new namespaces, mounts, chroot, keyrings, BPF, io_uring, userfaultfd, perf events, modules, clocks, reboot
// - ptrace, process_vm_readv and pidfd_getfd
// - memory that no limit counts: memfd_create, System V and POSIX message queues, semaphores and shared memory
// Errors: unsupported, if libseccomp cannot build the filter.
Result<std::string> seccomp_filter();

}  // namespace r1::sandbox
