// What the generators of this folder share. Each of them is a row of kEntries in tasks/tasks.cpp.
#pragma once
#include <string>
#include <string_view>

#include "tasks/arithmetic.hpp"
#include "tasks/everyday/asking.hpp"
#include "tasks/generators.hpp"

namespace r1 {

// The generator of the kind "unknown". Those of the other kinds are declared in tasks/generators.hpp.
Draft draft_unknown(Random& r, int difficulty);

// The content of a problem about small numbers. There are so few of these that every one must occur in training: what
// is kept for testing is a phrasing of it.
std::string small_content(std::string_view kind, std::string_view prompt);

// 1.25 is {125, 2}.
struct PlacedNumber {
  i64 digits = 0;
  int places = 0;
};
std::string text_of(PlacedNumber n);   // with all its places
PlacedNumber trimmed(PlacedNumber n);  // without the zeros at the end

// Ends a trace that worked in whole numbers: a line with the point put in, and another without the zeros at the end if
// there are any. Returns the last line.
std::string write_placed(std::string& trace, PlacedNumber n);

// "a/b"
std::string fraction_text(i64 a, i64 b);
// Ends a trace with a / b in lowest terms and returns that: "4/6", "4/2=2,6/2=3" and "2/3". a and b are positive.
std::string write_reduced(std::string& trace, i64 a, i64 b);

// a / b, a >= 0, b > 0. If the quotient is not whole, its places follow one by one: the remainder gets a zero and is
// divided again ("7/2=3r1", "10/2=5r0", "3.5"). If three places are not enough, the result is the fraction: "10/3=3r1",
// then "10/3".
std::string write_ratio(std::string& trace, i64 a, i64 b, Random& r);

// Writes the square of a root as one fact: "12*12=144". Returns the root as text.
std::string write_root(std::string& trace, i64 root);

// Divides the last digit of n by 2. Returns whether n is even. n >= 0.
bool write_parity(std::string& trace, i64 n, Random& r);

// Divides n by the primes in ascending order, until one leaves no remainder or the square of the next one is larger
// than n. Returns whether n is prime. n <= 288.
bool write_prime_test(std::string& trace, i64 n, Random& r);

// As people write a product, quotient and so on of whole numbers: in digits, or small ones sometimes in words.
std::string operation_as_typed(Random& r, i64 a, char sign, i64 b);

}  // namespace r1
