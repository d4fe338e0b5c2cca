// Errors as values. What can go wrong outside the program (files, flags, memory limits) is an Error; what only a
// bug can cause is an R1_CHECK, which prints and aborts. No exceptions of ours cross a function boundary.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace r1 {

enum class Errc { io, corrupt, unsupported, invalid_argument, exhausted, interrupted, usage };  // usage: of the program

struct [[nodiscard]] Error {
  Errc code;
  std::string what;  // one line: what, where, both numbers where there are two, what to do

  // The same error seen from one level up: "context: what".
  Error in(std::string_view context) && { return {code, fmt::format("{}: {}", context, what)}; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <class... A>
tl::unexpected<Error> fail(Errc code, fmt::format_string<A...> format, A&&... args) {
  return tl::unexpected(Error{code, fmt::format(format, std::forward<A>(args)...)});
}

namespace detail {
template <class T>
T take(Result<T>&& r) {
  return std::move(*r);
}
inline void take(Status&&) {}
}  // namespace detail

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& message);

}  // namespace r1

// const Model m = R1_TRY(open(path));   returns the Error to our caller if there is one.
#define R1_TRY(expr)         R1_TRY_AS(R1_NAME(r1_result_, __COUNTER__), expr)  // a name of its own: R1_TRYs may nest
#define R1_NAME(a, b)        R1_NAME_JOINED(a, b)
#define R1_NAME_JOINED(a, b) a##b
#define R1_TRY_AS(result, expr)                                      \
  __extension__({                                                    \
    auto result = (expr);                                            \
    if (!result) return ::tl::unexpected(std::move(result).error()); \
    ::r1::detail::take(std::move(result));                           \
  })

// A condition that only a bug of ours can break. R1_CHECK(a == b, "linear: x {} against weight {}", a, b);
#define R1_CHECK(condition, ...) \
  ((condition) ? void() : ::r1::check_failed(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)))
