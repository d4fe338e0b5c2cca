// Which packages scripts/setup installs. The real dpkg-query reads a status file that the test writes. apt-get is a
// fake that records how it was called.
#include "program.hpp"

#include <fmt/format.h>

#include <chrono>

namespace r1 {
namespace {

// The entry of a package in dpkg's status file. `fields` holds further lines.
std::string record(const std::string& package, const std::string& status, const std::string& architecture,
                   const std::string& fields = "") {
  return fmt::format(
      "Package: {}\nStatus: {}\nPriority: optional\nSection: misc\nMaintainer: somebody <somebody@example.org>\n"
      "Architecture: {}\n{}Version: 1\nDescription: of a test\n\n",
      package, status, architecture, fields);
}

class Setup : public Program {
 protected:
  void SetUp() override {
    if (std::system("command -v dpkg-query > /dev/null") != 0) GTEST_SKIP() << "no dpkg-query: not a Debian system";
    for (const char* folder : {"scripts", "bin", "dpkg/info", "dpkg/updates"}) fs::create_directories(folder_ / folder);
    fs::copy_file(fs::path(R1_SOURCE_DIR) / "scripts/setup", folder_ / "scripts/setup");
    write("dpkg/status", "");
    // FAIL is the word of the call that is to fail: update or install.
    write("bin/apt-get",
          "#!/bin/bash\n"
          "cat >> calls\n"
          "echo \"apt-get $*\" >> calls\n"
          "echo \"output of apt-get $*\"\n"
          "[[ -z ${FAIL:-} || \" $* \" != *\" $FAIL \"* ]]\n");
    fs::permissions(folder_ / "bin/apt-get", fs::perms::owner_all);
    native_ = run("dpkg --print-architecture").out;
    native_.pop_back();
  }

  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file(folder_ / name, std::string_view(text)));
  }
  std::string read(const std::string& name) const {
    const auto text = read_file(folder_ / name);
    return text ? *text : "";
  }

  // A script in the temporary folder. Its stdin is "done\n".
  Outcome run(const std::string& script) const {
    write("script", script);
    const std::string command = fmt::format(
        "cd {} && echo done | PATH=$PWD/bin:$PATH DPKG_ADMINDIR=$PWD/dpkg bash script > out 2> err", folder_.string());
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }
  // Runs install_packages as ./r1 does, with `list` as scripts/packages.txt. The script prints its stdin if that
  // returns.
  Outcome install(const std::string& list, const std::string& environment = "") const {
    write("scripts/packages.txt", list);
    return install_again(environment);
  }
  Outcome install_again(const std::string& environment = "") const {
    return run(
        fmt::format("set -uo pipefail\n"
                    "source scripts/setup\n"
                    "dpkg_status=$PWD/dpkg/status\n"
                    "as_root() {{ {} \"$@\"; }}\n"
                    "install_packages\n"
                    "cat\n",
                    environment.empty() ? "" : "env " + environment));
  }
  static std::string calls_for(const std::string& packages) {
    return "apt-get -q update\n"
           "apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends " +
           packages + "\n";
  }
  // Sets the file's time to so many seconds ago.
  void age(const std::string& name, int seconds) const {
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }

  std::string native_;  // this machine's architecture
};

TEST_F(Setup, APackageIsMissingUnlessItsFilesAreInPlace) {
  struct Case {
    const char *status, *fields;
    bool usable;
  };
  // Every status that dpkg has (dpkg(1), "Package states"), and a selection state other than "install".
  for (const Case& c : {Case{"unknown ok not-installed", "", false},
                        {"install ok not-installed", "", false},
                        {"deinstall ok config-files", "Config-Version: 1\n", false},
                        {"install reinstreq half-installed", "", false},
                        {"install ok unpacked", "", false},
                        {"install ok half-configured", "", false},
                        {"install ok triggers-awaited", "Triggers-Awaited: other\n", true},
                        {"install ok triggers-pending", "Triggers-Pending: /usr/share/man\n", true},
                        {"install ok installed", "", true},
                        {"hold ok installed", "", true},
                        {"deinstall ok installed", "", true}}) {
    SCOPED_TRACE(c.status);
    write("dpkg/status", record("libthing-dev", c.status, native_, c.fields));
    fs::remove(folder_ / "calls");
    fs::remove(folder_ / "build/packages.stamp");
    const Outcome o = install("libthing-dev\n");
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.out, "done\n");
    EXPECT_EQ(o.err, c.usable ? "" : "script: installing libthing-dev\n");
    EXPECT_EQ(read("calls"), c.usable ? "" : calls_for("libthing-dev"));
    EXPECT_TRUE(fs::exists(folder_ / "build/packages.stamp"));
  }
}

TEST_F(Setup, APackagePurgedLongAgoIsMissing) {
  // This record is all that dpkg keeps of a purged package.
  write("dpkg/status",
        "Package: libthing-dev\nStatus: unknown ok not-installed\nPriority: optional\nSection: misc\n\n");
  EXPECT_EQ(install("libthing-dev\n").err, "script: installing libthing-dev\n");
  EXPECT_EQ(read("calls"), calls_for("libthing-dev"));
}

TEST_F(Setup, OnlyMissingPackagesAreInstalledInTheOrderOfTheList) {
  write("dpkg/status", record("here", "install ok installed", native_) +
                           record("everywhere", "install ok installed", "all") +
                           record("gone", "deinstall ok config-files", native_, "Config-Version: 1\n"));
  const Outcome o = install("# A comment.\n\nunheard-of\nhere\ngone\neverywhere\ng++-99\n");
  EXPECT_EQ(o.err, "script: installing unheard-of gone g++-99\n");
  EXPECT_EQ(read("calls"), calls_for("unheard-of gone g++-99"));
}

TEST_F(Setup, APackageOfAnotherArchitectureDoesNotCount) {
  const std::string other = native_ == "i386" ? "amd64" : "i386", same = "Multi-Arch: same\n";
  const std::string remembered = "deinstall ok config-files", installed = "install ok installed";
  write("dpkg/status", record("both", installed, native_, same) + record("both", installed, other, same) +
                           record("native", installed, native_, same) +
                           record("native", remembered, other, same + "Config-Version: 1\n") +
                           record("foreign", remembered, native_, same + "Config-Version: 1\n") +
                           record("foreign", installed, other, same) + record("alien", installed, other, same));
  EXPECT_EQ(install("both\nnative\nforeign\nalien\n").err, "script: installing foreign alien\n");
  EXPECT_EQ(read("calls"), calls_for("foreign alien"));
}

TEST_F(Setup, AStampNewerThanTheListAndDpkgsRecordMeansThatNothingIsMissing) {
  fs::create_directories(folder_ / "build");
  write("build/packages.stamp", "");
  write("scripts/packages.txt", "libthing-dev\n");
  age("scripts/packages.txt", 60), age("dpkg/status", 60), age("build/packages.stamp", 30);
  EXPECT_EQ(install_again().err, "");
  EXPECT_EQ(read("calls"), "");
  // The list changed.
  age("scripts/packages.txt", 10);
  EXPECT_EQ(install_again().err, "script: installing libthing-dev\n");
  // A package was removed.
  age("scripts/packages.txt", 60), age("dpkg/status", 10), age("build/packages.stamp", 30);
  EXPECT_EQ(install_again().err, "script: installing libthing-dev\n");
  EXPECT_EQ(read("calls"), calls_for("libthing-dev") + calls_for("libthing-dev"));
}

TEST_F(Setup, AFailingUpdateDoesNotMatterIfThePackagesCanBeInstalled) {
  const Outcome o = install("libthing-dev\n", "FAIL=update");
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.out, "done\n");
  EXPECT_EQ(o.err, "script: installing libthing-dev\n");
  EXPECT_EQ(read("calls"), calls_for("libthing-dev"));
  EXPECT_NE(read("build/apt.log").find("apt-get update failed; trying with the existing package lists\n"),
            std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "build/packages.stamp"));
}

TEST_F(Setup, AFailingInstallationEndsWithTheLogAndExitCodeOne) {
  for (int attempt = 0; attempt < 2; ++attempt) {  // a failed attempt must not count as done
    const Outcome o = install("libthing-dev\n", "FAIL=install");
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err,
              "script: installing libthing-dev\n"
              "output of apt-get -q update\n"
              "output of apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends libthing-dev\n"
              "script: could not install packages; the whole log is build/apt.log\n");
    EXPECT_FALSE(fs::exists(folder_ / "build/packages.stamp"));
  }
}

TEST_F(Setup, OnASystemWithoutDpkgTheListIsNamedOnce) {
  fs::remove(folder_ / "dpkg/status");
  EXPECT_EQ(install("libthing-dev\n").err,
            "script: this is not a Debian system; please install the equivalents of scripts/packages.txt\n");
  EXPECT_EQ(read("calls"), "");
}

}  // namespace
}  // namespace r1
