#include "core/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace r1 {

Error::Error(Errc code_, std::string what_) : code(code_), what(std::move(what_)) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Error Error::in(std::string_view context) && { return {code, fmt::format("{}: {}", context, what)}; }

tl::unexpected<Error> vfail(Errc code, fmt::string_view format, fmt::format_args args) {
  return tl::unexpected(Error(code, fmt::vformat(format, args)));
}

void vcheck_failed(const char* condition, const char* file, int line, fmt::string_view format, fmt::format_args args) {
  fmt::print(stderr, "{}:{}: internal error: {} ({})\n", file, line, fmt::vformat(format, args), condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace r1
