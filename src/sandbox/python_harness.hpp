// The two Python programs of assertion tests. One runs beside the judged program and answers calls, the other runs the
// tests. docs/sandbox.md describes the lines that they exchange.
#pragma once

namespace r1::sandbox {

// Descriptors of both programs: requests go from the tests to the program, replies come back. The tests also report.
inline constexpr int kRequestFd = 3, kReplyFd = 4, kReportFd = 5;

// Files that the harness reads.
inline constexpr const char *kProgramPath = "/program.py", *kTestsPath = "/tests.py", *kPreludePath = "/prelude.py",
                            *kHarnessPath = "/harness.py", *kCodecPath = "/r1_codec.py";

extern const char* const kPythonCodec;  // how both write data
extern const char* const kPythonProgramSide;
extern const char* const kPythonTestSide;

}  // namespace r1::sandbox
