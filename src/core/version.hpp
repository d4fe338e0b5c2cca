// The program's version; CMakeLists.txt says the same.
#pragma once

namespace r1 {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace r1
