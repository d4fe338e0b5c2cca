#include "tasks/arithmetic.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>
#include <vector>

#include "core/error.hpp"

namespace r1 {
namespace {

template <class... A>
void put(std::string& out, fmt::format_string<A...> format, A&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<A>(args)...);
}

std::vector<int> digits_from_right(i64 n) {
  std::vector<int> d;
  do d.push_back(static_cast<int>(n % 10));
  while (n /= 10);
  return d;
}

int digit(const std::vector<int>& d, size_t i) { return i < d.size() ? d[i] : 0; }

// Writes the columns of a + b; a, b >= 0.
void columns_add(std::string& out, i64 a, i64 b) {
  if ((a < 10 && b < 10) || a == 0 || b == 0) return put(out, "{}+{}={}\n", a, b, a + b);
  put(out, "{}+{}:", a, b);
  const auto x = digits_from_right(a), y = digits_from_right(b);
  int carry = 0;
  for (size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
    const int p = digit(x, i), q = digit(y, i), sum = p + q + carry;
    put(out, "{}{}+{}{}={}", i ? "," : "", p, q, carry ? "+1" : "", sum);
    carry = sum / 10;
  }
  put(out, "->{}\n", a + b);
}

// Whether a - b is written at once; a >= b >= 0.
bool is_difference_fact(i64 a, i64 b) { return b == 0 || a == b || (b < 10 && a - b < 10); }

// Writes the columns of a - b; a >= b >= 0.
void columns_sub(std::string& out, i64 a, i64 b) {
  if (is_difference_fact(a, b)) return put(out, "{}-{}={}\n", a, b, a - b);
  put(out, "{}-{}:", a, b);
  const auto x = digits_from_right(a), y = digits_from_right(b);
  int borrow = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const int q = digit(y, i), ten = x[i] - q - borrow < 0 ? 10 : 0, p = x[i] + ten;
    put(out, "{}{}-{}{}={}", i ? "," : "", p, q, borrow ? "-1" : "", p - q - borrow);
    borrow = ten / 10;
  }
  put(out, "->{}\n", a - b);
}

// Writes the columns of a times the digit d; a >= 10, d > 1.
i64 digit_times(std::string& out, i64 a, int d) {
  put(out, "{}*{}:", a, d);
  int carry = 0;
  bool first = true;
  for (const int p : digits_from_right(a)) {
    const int product = p * d + carry;
    put(out, "{}{}*{}", first ? "" : ",", p, d);
    if (carry) put(out, "+{}", carry);
    put(out, "={}", product);
    carry = product / 10, first = false;
  }
  put(out, "->{}\n", a * d);
  return a * d;
}

// Writes which of two numbers is larger.
void compare(std::string& out, i64 a, i64 b) { put(out, "{}{}{}\n", a, a < b ? '<' : a > b ? '>' : '=', b); }

// Writes the parts of a product of two longer factors, from the right: "408*78:8+70".
void plan_mul(std::string& out, i64 a, i64 b) {
  put(out, "{}*{}", a, b);
  i64 place = 1;
  bool first = true;
  for (const int d : digits_from_right(b)) {
    if (d > 0) {
      put(out, "{}{}", first ? ':' : '+', d * place);
      first = false;
    }
    place *= 10;
  }
  out += '\n';
}

// Writes a product as one line per digit of the smaller factor, with the running sum; a, b >= 0.
void long_mul(std::string& out, i64 a, i64 b) {
  if (a < b) std::swap(a, b);
  if (a < 10 || b < 2) return put(out, "{}*{}={}\n", a, b, a * b);
  if (b < 10) return (void)digit_times(out, a, static_cast<int>(b));
  plan_mul(out, a, b);
  i64 sum = 0, place = 1;
  for (const int d : digits_from_right(b)) {
    if (d > 0) {
      i64 part = d == 1 ? a : digit_times(out, a, d);
      if (d == 1) put(out, "{}*1={}\n", a, a);
      part *= place;
      if (sum) columns_add(out, sum, part);
      else if (place > 1) put(out, "{}*{}={}\n", a, d * place, part);
      sum += part;
    }
    place *= 10;
  }
}

// Writes one digit of a quotient: guesses, until the multiple fits and the rest is below the divisor. Both are
// compared in lines of their own, because models that had to see it at once went on with multiples that were too large.
i64 quotient_digit(std::string& out, i64 part, i64 b, Random& random) {
  const i64 q = part / b;
  std::vector<i64> guesses;
  if (q > 0 && random.below(8) == 0) {
    const i64 wrong = random.below(2) ? q + 1 : q - 1;
    if (wrong >= 1 && wrong <= 9) guesses.push_back(wrong);
  }
  guesses.push_back(q);
  for (const i64 g : guesses) {
    put(out, "{}~{}\n", part, g);
    if (g == 0) continue;
    long_mul(out, b, g);
    compare(out, b * g, part);
    if (g <= q) {
      columns_sub(out, part, b * g);
      compare(out, part - b * g, b);
    }
    if (g != q) {
      out.pop_back();
      out += " no\n";
    }
  }
  return q;
}

void sign_line(std::string& out, i64 a, char op, i64 b, i64 result) {
  put(out, "{}{}{}={}\n", a, op, b < 0 ? fmt::format("({})", b) : fmt::format("{}", b), result);
}

// Writes the difference of two magnitudes, after a line that says which is larger, unless it is a fact.
void subtract_smaller(std::string& out, i64 a, i64 b) {
  if (a < b || !is_difference_fact(a, b)) compare(out, a, b);
  if (a < b) std::swap(a, b);
  columns_sub(out, a, b);
}

}  // namespace

i64 write_add(std::string& out, i64 a, i64 b) {
  if (b < 0) return write_sub(out, a, -b);
  if (a >= 0) {
    columns_add(out, a, b);
  } else {
    subtract_smaller(out, -a, b);
    sign_line(out, a, '+', b, a + b);
  }
  return a + b;
}

i64 write_sub(std::string& out, i64 a, i64 b) {
  if (b < 0) return write_add(out, a, -b);
  if (a >= 0) subtract_smaller(out, a, b);
  else columns_add(out, -a, b);
  if (a < b) sign_line(out, a, '-', b, a - b);
  return a - b;
}

i64 write_mul(std::string& out, i64 a, i64 b) {
  long_mul(out, std::abs(a), std::abs(b));
  if (a < 0 || b < 0) sign_line(out, a, '*', b, a * b);
  return a * b;
}

Division write_divide(std::string& out, i64 a, i64 b, Random& random) {
  R1_CHECK(a >= 0 && b > 0, "write_divide: {} / {}", a, b);
  const Division result{a / b, a % b};
  if (a < b || b == 1) {
    put(out, "{}/{}={}r{}\n", a, b, result.quotient, result.remainder);
    return result;
  }
  const auto digits = digits_from_right(a);
  const bool short_form = b < 10;
  const bool one_fact = short_form && result.quotient < 10;
  if (!one_fact) put(out, "{}/{}{}", a, b, short_form ? ":" : "\n");
  i64 part = 0;
  bool started = false;
  for (size_t i = digits.size(); i-- > 0;) {
    part = part * 10 + digits[i];
    if (!started && part < b) continue;
    if (short_form) put(out, "{}{}/{}={}r{}", started ? "," : "", part, b, part / b, part % b);
    else quotient_digit(out, part, b, random);
    started = true;
    part %= b;
  }
  if (one_fact) out += '\n';
  else if (!short_form) put(out, "{}/{}={}r{}\n", a, b, result.quotient, result.remainder);
  else put(out, "->{}r{}\n", result.quotient, result.remainder);
  return result;
}

i64 write_exact_divide(std::string& out, i64 a, i64 b, Random& random) {
  R1_CHECK(b != 0 && a % b == 0, "write_exact_divide: {} / {}", a, b);
  write_divide(out, std::abs(a), std::abs(b), random);
  if (a < 0 || b < 0) sign_line(out, a, '/', b, a / b);
  return a / b;
}

}  // namespace r1
