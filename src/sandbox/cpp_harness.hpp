// The C++ code on both sides of assertion tests. The two sides are compiled apart and run in two sandboxes.
#pragma once
#include <string>

#include "sandbox/sandbox.hpp"

namespace r1::sandbox {

// The program with a main() that answers calls of the entry point. A main() of the program's own is renamed.
std::string cpp_program_side(const Job& job);
// The tests with a function object in place of the entry point that sends its arguments to the program.
std::string cpp_test_side(const Job& job);

}  // namespace r1::sandbox
