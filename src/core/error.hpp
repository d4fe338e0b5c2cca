// Errors as values. A failure that comes from outside the program (files, flags, memory limits) is an Error. A failure
// that only a bug can cause is an R1_CHECK, which prints a message and aborts. The project throws no exceptions.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace r1 {

// io: reading, writing or a connection failed. corrupt: a file or an answer is not what its format allows. unsupported:
// it is well-formed, but needs what this program does not have. invalid_argument: a value that the caller gave is
// wrong. exhausted: memory, context, space or another limit is used up. interrupted: somebody asked the program to
// stop. usage: a wrong flag.
enum class Errc { io, corrupt, unsupported, invalid_argument, exhausted, interrupted, usage };

// The constructors and the destructor are defined in error.cpp. If they were inline, every function that can fail would
// contain them, and a source with many failures would take twice as long to compile.
struct [[nodiscard]] Error {
  Error(Errc code_, std::string what_);
  Error(const Error&);
  Error(Error&&) noexcept;
  Error& operator=(const Error&);
  Error& operator=(Error&&) noexcept;
  ~Error();

  Errc code;
  std::string what;  // one line: what failed, where, expected and actual values, what to do

  // The same error with its context in front: "context: what".
  Error in(std::string_view context) &&;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Makes an Error for a function that returns a Result or a Status: return fail(Errc::io, "{}: cannot open", path);
tl::unexpected<Error> vfail(Errc code, fmt::string_view format, fmt::format_args args);
template <class... A>
tl::unexpected<Error> fail(Errc code, fmt::format_string<A...> format, A&&... args) {
  return vfail(code, format, fmt::make_format_args(args...));
}

namespace detail {
template <class T>
T take(Result<T>&& r) {
  return std::move(*r);
}
inline void take(Status&&) {}
}  // namespace detail

[[noreturn]] void vcheck_failed(const char* condition, const char* file, int line, fmt::string_view format,
                                fmt::format_args args);
template <class... A>
[[noreturn]] void check_failed(const char* condition, const char* file, int line, fmt::format_string<A...> format,
                               A&&... args) {
  vcheck_failed(condition, file, line, format, fmt::make_format_args(args...));
}

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

// Aborts the process with the formatted message if `condition` is false, which only a bug in this program can cause:
// R1_CHECK(a == b, "linear: x {} against weight {}", a, b);
#define R1_CHECK(condition, ...) \
  ((condition) ? void() : ::r1::check_failed(#condition, __FILE__, __LINE__, __VA_ARGS__))
