// Writers of arithmetic traces: one notation, used by every kind of problem, so that skills carry over. Each appends
// one or more lines (each ended by '\n') to `out` and returns the result. Digits never touch a space: with one token a
// digit, spaces would only be more tokens.
//   282+1410:2+0=2,8+1=9,2+4=6,0+1=1->1692       columns from the right, the carry is the third term
//   502-38:12-8=4,10-3-1=6,5-0-1=4->464          a borrowed ten is written, and paid as -1 in the next column
//   47*6:7*6=42,4*6+4=28->282                    one digit times a number, the carry is added in the same step
//   96/7:9/7=1r2,26/7=3r5->13r5                  one-digit divisor: facts with remainders
//   829/17                                       longer divisors: for each digit of the quotient a guess, its
//   82~4                                         multiple and the rest; " no" after a multiple that is too large or
//   17*4:7*4=28,1*4+2=6->68                      a rest that is not below the divisor, then another guess
//   82-68:12-8=4,8-6-1=1->14
//   ...
//   829/17=48r13
// Single facts (7+5=12, 14-6=8, 6*7=42) stand alone. Signed results are worked out on magnitudes and restated:
//   38-12:8-2=6,3-1=2->26
//   12-38=-26
#pragma once
#include <string>

#include "core/philox.hpp"

namespace r1 {

struct Division {
  i64 quotient, remainder;
};

i64 write_add(std::string& out, i64 a, i64 b);  // any signs
i64 write_sub(std::string& out, i64 a, i64 b);
i64 write_mul(std::string& out, i64 a, i64 b);
// a >= 0, b > 0. Guesses are sometimes one off, as `random` decides, so that recovering from one is learnt.
Division write_divide(std::string& out, i64 a, i64 b, Random& random);
i64 write_exact_divide(std::string& out, i64 a, i64 b, Random& random);  // b divides a; any signs

}  // namespace r1
