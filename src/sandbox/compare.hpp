// Compares what a program printed with what it should have printed.
#pragma once
#include <string_view>

namespace r1::sandbox {

// Whether the texts are equal but for white space: the same words, in the same order. With a tolerance above 0, two
// words are also equal if both are finite decimal numbers that differ by at most `tolerance`, or by at most that share
// of the expected one.
bool same_output(std::string_view expected, std::string_view given, double tolerance = 0);

}  // namespace r1::sandbox
