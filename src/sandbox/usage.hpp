// What the processes of a sandbox use now.
#pragma once
#include <sys/types.h>

#include "core/dtype.hpp"

namespace r1::sandbox {

struct Usage {
  i64 memory_bytes = 0;  // resident, without files. A page that two processes share counts twice
  i64 cpu_ms = 0;        // of the living processes and of the children that they have waited for
  i64 processes = 0;
};

// The process `root` and all its descendants. Processes that end meanwhile are left out.
Usage usage_of_tree(pid_t root);

// Whether a process is process 1 of a PID namespace inside that of this process.
bool is_first_of_namespace(pid_t pid);

}  // namespace r1::sandbox
