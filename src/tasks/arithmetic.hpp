// Writers of arithmetic traces. All kinds of problems use this notation, so that what the model learns in one kind
// helps in the others. A writer appends one or more lines to `out`, each ended by '\n', and returns the result. There
// are no spaces next to digits: every digit is a token, and spaces would only add tokens.
//   282+1410:2+0=2,8+1=9,2+4=6,0+1=1->1692       columns from the right; the carry is the third term
//   502-38:12-8=4,10-3-1=6,5-0-1=4->464          a borrowed ten is written, and subtracted as -1 in the next column
//   47*6:7*6=42,4*6+4=28->282                    a number times one digit; the carry is added in the same step
//   408*78:8+70                                  longer factors: the parts of the product, then each of them
//   96/7:9/7=1r2,26/7=3r5->13r5                  one-digit divisor: facts with remainders
//   829/17                                       longer divisors: for each digit of the quotient a guess, its
//   82~4                                         multiple and the rest, and whether the multiple fits and the rest is
//   17*4:7*4=28,1*4+2=6->68                      below the divisor; " no" if not, then another guess
//   68<82
//   82-68:12-8=4,8-6-1=1->14
//   14<17
//   ...
//   829/17=48r13
// A fact of single digits (7+5=12, 14-6=8, 6*7=42) is a line of its own. A difference that is more than a fact begins
// with which number is larger. Results with signs are computed on magnitudes and then restated:
//   12<38
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
// a >= 0, b > 0. `random` makes some guesses wrong by one, so that the model learns to recover from a wrong guess.
Division write_divide(std::string& out, i64 a, i64 b, Random& random);
i64 write_exact_divide(std::string& out, i64 a, i64 b, Random& random);  // a must be a multiple of b; any signs

}  // namespace r1
