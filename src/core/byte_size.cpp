#include "core/byte_size.hpp"

#include <charconv>

namespace r1 {

Result<i64> parse_bytes(std::string_view text) {
  const auto bad = [&] {
    return fail(Errc::usage, "\"{}\": expected bytes as 8g, 512m, 100k or a plain number", text);
  };
  i64 n = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc() || n <= 0 || end - unit > 1) return bad();
  if (unit == end) return n;
  const size_t at = std::string_view("kKmMgGtT").find(*unit);
  if (at == std::string_view::npos) return bad();
  for (size_t power = 0; power <= at / 2; ++power)
    if (__builtin_mul_overflow(n, i64{1024}, &n)) return bad();
  return n;
}

}  // namespace r1
