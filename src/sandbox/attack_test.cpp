// Programs that try to use more than their limits, or to reach something outside the sandbox.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/test_folder.hpp"
#include "sandbox/test_pool.hpp"

namespace r1::sandbox {
namespace {

class Attack : public SandboxTest {};

// The processes of the machine whose name begins with `prefix`.
int processes_named(const std::string& prefix) {
  int count = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    std::ifstream in(entry.path() / "comm");
    std::string line;
    if (std::getline(in, line) && line.starts_with(prefix)) ++count;
  }
  return count;
}

// Python that names its own process and defines `syscall`.
constexpr const char* kPrelude = R"py(
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def syscall(*args):
    return libc.syscall(*args)
)py";

std::string with_syscalls(std::string_view program) { return fmt::format("{}{}", kPrelude, program); }
std::string named(const std::string& comm) {
  return with_syscalls(fmt::format("libc.prctl(15, b\"{}\", 0, 0, 0)\n", comm));
}

TEST_F(Attack, AForkBombEndsAtTheLimitOfTimeAndLeavesNoProcess) {
  const std::string comm = fmt::format("r1a{}", getpid());
  const Verdict v = judge(hasty(python(named(comm) + R"py(
while True:
    try:
        os.fork()
    except OSError:
        pass
)py",
                                       "")));
  EXPECT_EQ(v.kind, VerdictKind::time) << v.detail;
  EXPECT_EQ(processes_named(comm), 0);
}

TEST_F(Attack, TheLimitOfProcessesHoldsForChildrenAndThreads) {
  Job job = python(R"py(
import os, threading, time
started = 0
try:
    while started < 500:
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            time.sleep(100)
        children += 1
except OSError:
    pass
print(started < 20 and children <= 1, flush=True)
os._exit(0)
)py",
                   "True");
  job.limits.processes = 20;
  job.limits.memory_bytes = i64{4} << 30;  // room for the stacks
  const Verdict v = judge(job);
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, AMemoryBombEndsAtTheLimitOfMemory) {
  const Verdict one = judge(python("x = []\nwhile True: x.append(bytearray(1 << 24))\n", ""));
  EXPECT_EQ(one.kind, VerdictKind::memory) << one.detail;
  // No process is over the limit, but all together are.
  Job many = python(R"py(
import os, time
for i in range(8):
    if os.fork() == 0:
        x = bytearray(60 << 20)
        for at in range(0, len(x), 4096):
            x[at] = 1
        time.sleep(100)
time.sleep(100)
)py",
                    "");
  many.limits.memory_bytes = i64{256} << 20;
  many.limits.cpu_ms = 10'000;
  const Verdict v = judge(many);
  EXPECT_EQ(v.kind, VerdictKind::memory) << v.detail;
}

TEST_F(Attack, MemoryThatNoLimitCountsIsNotToBeHad) {
  const Verdict v = judge(python(with_syscalls(R"py(
print(syscall(319, b"x", 0), syscall(29, 0, 1 << 20, 0o1600))              # memfd_create, shmget
print(syscall(240, b"x", os.O_CREAT | os.O_RDWR, 0o600, 0), syscall(447, 0))  # mq_open, memfd_secret
for names in (["large"], [f"part{i}" for i in range(100)]):  # one file, then all files together
    try:
        for i in range(100):
            with open("/tmp/" + names[i % len(names)], "ab", buffering=0) as file:
                if file.write(bytes(1 << 20)) < 1 << 20: raise OSError
        print("written")
    except OSError:
        print("refused")
    for name in os.listdir("/tmp"): os.unlink("/tmp/" + name)
)py"),
                                 "-1 -1 -1 -1 refused refused"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, AFloodOfFilesEndsAtTheLimitOfOutput) {
  const Verdict v = judge(python("import os\ni = 0\nwhile True:\n  os.mkdir('/tmp/%d' % i)\n  i += 1\n", ""));
  EXPECT_EQ(v.kind, VerdictKind::output) << v.detail;
}

TEST_F(Attack, AFloodOfOutputEndsAtTheLimitOfOutput) {
  for (const char* stream : {"stdout", "stderr"}) {
    const Verdict v = judge(python(fmt::format("import sys\nwhile True: sys.{}.write('flood' * 1000)\n", stream), ""));
    EXPECT_EQ(v.kind, VerdictKind::output) << v.detail;
  }
}

TEST_F(Attack, EndlessLoopsAndSleepsEndAtTheLimitOfTime) {
  const Verdict loop = judge(hasty(python("while True: pass\n", "")));
  EXPECT_EQ(loop.kind, VerdictKind::time) << loop.detail;
  Job sleep = python(
      "import time, signal\nfor s in range(1, 32):\n  try: signal.signal(s, signal.SIG_IGN)\n"
      "  except OSError: pass\ntime.sleep(1000)\n",
      "");
  sleep.limits.wall_ms = 1000;
  EXPECT_EQ(judge(sleep).kind, VerdictKind::time);
  // Processor time counts for all processes together.
  const Verdict children = judge(hasty(python(R"py(
import os, time
for i in range(20):
    if os.fork() == 0:
        while True: pass
time.sleep(1000)
)py",
                                              "")));
  EXPECT_EQ(children.kind, VerdictKind::time) << children.detail;
}

TEST_F(Attack, NothingOutsideIsRead) {
  TestFolder folder;
  std::ofstream(folder.path() / "secret") << "secret";
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  Job job = python(fmt::format(R"py(
import os
os.symlink("/etc/passwd", "/tmp/link")
os.symlink("/proc/1/environ", "/tmp/proc")
for path in ("{0}/secret", "/etc/passwd", "/etc/shadow", "/tmp/link", "/tmp/proc", "/proc/self/mem", "/proc/1/root",
             "/sys/kernel", "/root", "/home", "/var", "/run", "/mnt", "/usr/share", "/usr/local", "/dev/mem",
             "/dev/tty", "/dev/shm", "../etc/passwd", "/tmp/../{0}/secret", "{1}/README.md"):
    if os.path.exists(path): print("there:", path)
    try:
        print(open(path).read(100))
    except OSError:
        pass
print(sorted(os.listdir("/")))
)py",
                               folder.path().string(), R1_SOURCE_DIR),
                   "");
  // On systems without a merged /usr, /bin, /lib and /lib64 are folders of libraries.
  job.io[0].output = "['bin', 'dev', 'lib', 'lib64', 'program.py', 'tmp', 'usr']";
  const Verdict v = judge(job);
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, NothingOutsideIsWritten) {
  const std::string name = fmt::format("r1-written-{}", getpid());
  const Verdict v = judge(python(with_syscalls(fmt::format(R"py(
for folder in ("/", "/usr", "/usr/bin", "/usr/lib", "/dev", "/tmp"):
    try:
        open(os.path.join(folder, "{}"), "w").close()
        print(folder)
    except OSError:
        pass
for path in ("/program.py", "/usr/bin/python3", "/dev/null"):
    for change in (lambda: open(path, "a").write("x"), lambda: os.chmod(path, 0o777), lambda: os.unlink(path),
                   lambda: os.rename(path, path + "x"), lambda: os.link(path, "/tmp/link")):
        try:
            change()
            print("changed", path)
        except OSError:
            pass
for call in (165, 166, 161, 155, 428, 429, 442):  # mount, umount2, chroot, pivot_root, open_tree, move_mount, ...
    if syscall(call, b"/", b"/tmp", b"none", 4096 | 32, 0) != -1: print("call", call)
)py",
                                                           name)),
                                 "/tmp changed /dev/null"));  // writing to /dev/null changes nothing
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
  for (const char* folder : {"/", "/usr", "/usr/bin", "/usr/lib", "/dev", "/tmp"})
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(folder) / name)) << folder;
}

TEST_F(Attack, ThereIsNoNetwork) {
  // An abstract address of AF_UNIX belongs to the network namespace, so this shows that the program has its own.
  const std::string address = fmt::format("r1-test-{}", getpid());
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address.copy(name.sun_path + 1, address.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + address.size());
  ASSERT_EQ(bind(server, reinterpret_cast<const sockaddr*>(&name), length), 0);
  ASSERT_EQ(listen(server, 1), 0);
  const Verdict v = judge(python(fmt::format("address = '\\0{}'\n", address) + R"py(
import socket
try:
    socket.socket(socket.AF_UNIX).connect(address)
    print("reached")
except OSError:
    pass
for family in range(0, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            print(family)
            break
        except OSError:
            pass
try:
    socket.create_connection(("127.0.0.1", 22), 1)
    print("connected")
except OSError:
    pass
)py",
                                 "1"));  // AF_UNIX
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
  close(server);
}

TEST_F(Attack, SignalsAndTracesReachNoProcessOutside) {
  const Verdict v = judge(python(with_syscalls(fmt::format(R"py(
import signal
def tried(action):
    try:
        action()
    except OSError:
        pass
tried(lambda: os.kill({0}, signal.SIGKILL))
tried(lambda: os.kill(os.getppid(), signal.SIGKILL))
tried(lambda: os.killpg(0, 0))
tried(lambda: os.kill(-1, signal.SIGKILL))
print(os.getppid() <= 1, os.getpid() < 100)
print(syscall(101, 16, os.getppid(), 0, 0), syscall(310, 1, 0, 0, 0, 0, 0), syscall(438, 3, 0, 0))  # ptrace, ...
)py",
                                                           getpid())),
                                 "True True -1 -1 -1"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, NoNamespaceCanBeMadeInside) {
  const Verdict v = judge(python(with_syscalls(R"py(
for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
    print(syscall(272, flag), end=" ")             # unshare
    print(syscall(56, flag | 17, 0, 0, 0, 0), end=" ")  # clone
print(syscall(435, 0, 0), syscall(308, 0, 0))  # clone3, setns
print(os.getuid() != 0, open("/dev/null").read() == "")
)py"),
                                 "-1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 True True"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, NoDescriptorAndNoVariableOfThisProcessIsInherited) {
  TestFolder folder;
  const std::string path = folder.path() / "secret";
  std::ofstream(path) << "secret";
  const int fd = open(path.c_str(), O_RDONLY);  // without O_CLOEXEC
  ASSERT_GE(fd, 0);
  setenv("R1_TEST_SECRET", "secret", 1);
  const std::string list = R"py(
import os
open_now = []
for fd in range(1024):
    try:
        os.fstat(fd)
        open_now.append(fd)
    except OSError:
        pass
)py";
  const Verdict v = judge(python(list + "print(open_now, sorted(os.environ))\n",
                                 "[0, 1, 2] ['HOME', 'LANG', 'PATH', 'PWD', 'PYTHONHASHSEED', 'TMPDIR']"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
  // Beside the tests, a program has the two ends of their pipes and its own source, which is being read.
  const Verdict w = judge(python_asserts(list + "def f(): return open_now\n", "assert f() == [0, 1, 2, 3, 4], f()"));
  EXPECT_EQ(w.kind, VerdictKind::passed) << w.detail;
  unsetenv("R1_TEST_SECRET");
  close(fd);
}

TEST_F(Attack, NoLimitCanBeRaisedAndNoCoreIsWritten) {
  const Verdict v = judge(python(R"py(
import resource
for name in ("AS", "CPU", "FSIZE", "NPROC", "NOFILE", "STACK", "MEMLOCK", "CORE", "MSGQUEUE", "SIGPENDING"):
    limit = getattr(resource, "RLIMIT_" + name)
    soft, hard = resource.getrlimit(limit)
    try:
        resource.setrlimit(limit, (soft, hard + 1))
        print("raised", name)
    except (ValueError, OSError):
        print(hard, end=" ")
)py",
                                 "536870912 6 16777216 64 64 67108864 0 1 0 256"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(Attack, ProcessesThatOutliveTheProgramAreEndedWithIt) {
  const std::string comm = fmt::format("r1o{}", getpid());
  const Verdict v = judge(python(named(comm) + R"py(
import signal, time
for i in range(5):
    if os.fork() == 0:
        os.setsid()
        for s in range(1, 32):
            try: signal.signal(s, signal.SIG_IGN)
            except OSError: pass
        if os.fork() != 0: os._exit(0)
        time.sleep(1000)
print("done")
)py",
                                 "done"));
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
  EXPECT_EQ(processes_named(comm), 0);
}

TEST_F(Attack, TheSandboxesEndWithThisProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // The process of the death test runs this test from its start, and must use the same name.
  setenv("R1_TEST_COMM", fmt::format("r1k{}", getpid()).c_str(), 0);
  const std::string comm = getenv("R1_TEST_COMM");
  const auto job = [&] { return python(named(comm) + "import time\nprint(1, flush=True)\ntime.sleep(1000)\n", ""); };
  EXPECT_EXIT(
      {
        auto own = Pool::open(1);
        auto verdict = own->submit(job());
        while (processes_named(comm) == 0) usleep(1000);
        kill(getpid(), SIGKILL);
      },
      testing::KilledBySignal(SIGKILL), "");
  // The kernel ends them at once, but not before this process goes on.
  for (int i = 0; i < 30'000 && processes_named(comm) > 0; ++i) usleep(1000);
  EXPECT_EQ(processes_named(comm), 0);
}

}  // namespace
}  // namespace r1::sandbox
