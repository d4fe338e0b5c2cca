// Requests that no kind answers, for limits.cpp.
#pragma once
#include <string>

#include "tasks/everyday/everyday.hpp"

namespace r1 {

std::string ask_mathematics(Random& r);  // functions, equations, conversions and so on
std::string ask_anything(Random& r);     // everything else that an assistant is asked

}  // namespace r1
