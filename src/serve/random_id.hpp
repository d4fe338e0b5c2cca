// Names that nobody can guess.
#pragma once
#include <string>

namespace r1 {

// 32 hexadecimal digits from the kernel's random numbers.
std::string random_id();

}  // namespace r1
