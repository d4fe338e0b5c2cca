// Errors as values. A failure that comes from outside the program (files, flags, memory limits) is an Error. A failure
// that only a bug can cause is an R1_CHECK, which prints a message and aborts. The project throws no exceptions.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace r1 {

enum class Errc { io, corrupt, unsupported, invalid_argument, exhausted, interrupted, usage };  // usage: a wrong flag

struct [[nodiscard]] Error {
  Errc code;
  std::string what;  // one line: what failed, where, expected and actual values, what to do

  // The same error with its context in front: "context: what".
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

// const Model m = R1_TRY(open(path));   takes the value, or returns the Error from the enclosing function.
#define R1_TRY(expr)         R1_TRY_AS(R1_NAME(r1_result_, __COUNTER__), expr)  // unique names: R1_TRYs may nest
#define R1_NAME(a, b)        R1_NAME_JOINED(a, b)
#define R1_NAME_JOINED(a, b) a##b
#define R1_TRY_AS(result, expr)                                      \
  __extension__({                                                    \
    auto result = (expr);                                            \
    if (!result) return ::tl::unexpected(std::move(result).error()); \
    ::r1::detail::take(std::move(result));                           \
  })

// A condition that only a bug in this program can break. R1_CHECK(a == b, "linear: x {} against weight {}", a, b);
#define R1_CHECK(condition, ...) \
  ((condition) ? void() : ::r1::check_failed(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)))
