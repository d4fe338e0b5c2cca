// Generators of questions about one number: whether it is prime, even, or a multiple of another one.
#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
// Questions whose answer is yes or no. {a} is the number, or sometimes the number in words.
constexpr std::string_view kPrimeQuestions[] = {
    "is {a} prime", "is {a} prime", "is {a} prime", "is {a} prime", "is {a} a prime", "is {a} a prime",
    "is {a} a prime number", "is {a} a prime number", "is {a} a prime number", "is {a} prime number",
    "is the number {a} prime", "is the number {a} a prime", "is the number {a} a prime number", "{a} prime",
    "{a} prime", "{a} is prime", "{a} is a prime number", "{a} is a prime number, right", "{a}: prime or not",
    "{a} prime or not", "{a} - prime, yes or no", "{a} prime yes or no", "prime or not: {a}", "prime or not prime: {a}",
    "prime: {a}", "prime {a}", "{a} - is it prime", "{a}, is it prime", "{a} is it a prime number", "is it prime: {a}",
    "would you say {a} is prime", "is it true that {a} is prime", "true or not: {a} is prime",
    "yes or no: is {a} prime", "yes or no, {a} is a prime number", "can you tell me if {a} is prime",
    "tell me if {a} is prime", "tell me whether {a} is a prime number", "do you know if {a} is prime",
    "check if {a} is prime", "check whether {a} is a prime", "check {a} for being prime",
    "can you check if {a} is prime", "could you see whether {a} is prime", "see if {a} is a prime",
    "i want to know if {a} is prime", "i wonder if {a} is prime", "i wonder whether {a} is a prime number",
    "i am not sure if {a} is prime", "my teacher says {a} is prime, is that right", "i think {a} is prime, am i right",
    "somebody told me {a} is prime, is it", "is {a} one of the primes", "is {a} among the prime numbers",
    "does {a} belong to the primes", "does {a} count as prime", "does {a} count as a prime number",
    "is {a} a prime or not", "is {a} prime or not", "{a} a prime number", "am i right that {a} is prime",
    "determine if {a} is prime", "decide whether {a} is prime", "test if {a} is prime", "prime test for {a}",
    "prime check {a}", "primality of {a}: yes or no", "isprime({a})", "is_prime({a})", "isPrime {a}",
    "find out if {a} is prime", "would {a} be a prime number", "can {a} be called prime", "is {a} considered prime",
    "let me know if {a} is prime", "verify if {a} is prime", "please say if {a} is prime",
    "what do you think, is {a} prime", "how about {a}, is it prime", "the number {a}, prime",
    "the number {a} is prime or not"};
// The same for numbers of at least 2.
constexpr std::string_view kOnlyItselfQuestions[] = {
    "is {a} only divisible by 1 and itself", "does {a} have exactly two divisors",
    "is {a} divisible only by one and itself", "does {a} have just two factors"};
constexpr std::string_view kCompositeQuestions[] = {
    "is {a} composite", "is {a} composite", "is {a} a composite number", "is {a} a composite number", "{a} composite",
    "is the number {a} composite", "tell me if {a} is composite", "check if {a} is a composite number",
    "does {a} have divisors other than 1 and itself", "does {a} have more than two divisors", "is {a} a composite",
    "can {a} be written as a product of two smaller numbers", "do you know if {a} is composite",
    "is it true that {a} is composite", "i wonder if {a} is composite"};
constexpr std::string_view kPrimeOrComposite[] = {
    "is {a} prime or composite", "is {a} prime or composite", "{a} prime or composite", "{a}: prime or composite",
    "prime or composite: {a}", "is the number {a} prime or composite", "is {a} a prime or a composite number",
    "is {a} composite or prime", "{a}, prime or composite", "tell me if {a} is prime or composite",
    "{a} composite or prime", "check if {a} is prime or composite", "prime or composite {a}",
    "{a} - prime or composite", "what is {a}, prime or composite", "classify {a} as prime or composite"};

constexpr std::string_view kParityQuestions[] = {
    "is {a} {w}", "is {a} {w}", "is {a} {w}", "is {a} {w}", "is {a} an {w} number", "is {a} an {w} number",
    "is {a} {w} number", "is the number {a} {w}", "is the number {a} an {w} number", "{a} {w}", "{a} is {w}",
    "{a} is an {w} number", "{a} is an {w} number, right", "{w}: {a}", "{w} or not: {a}", "{a} {w} or not",
    "{a} - {w}, yes or no", "yes or no: is {a} {w}", "is {a} {w} or not", "tell me if {a} is {w}",
    "check if {a} is {w}", "can you tell me if {a} is {w}", "can you tell me whether {a} is an {w} number",
    "do you know if {a} is {w}", "is it true that {a} is {w}", "does {a} count as {w}",
    "does {a} belong to the {w} numbers", "is {a} among the {w} numbers", "is {a} one of the {w} numbers",
    "am i right that {a} is {w}", "i think {a} is {w}, am i right", "my friend says {a} is {w}, is that right",
    "check whether {a} is an {w} number", "would you call {a} {w}", "would {a} be {w}", "i want to know if {a} is {w}",
    "i wonder if {a} is {w}", "i am not sure if {a} is {w}", "{a}, is that {w}", "{a}: is it {w}",
    "determine if {a} is {w}", "test if {a} is {w}", "see if {a} is an {w} number", "{a} is it {w}", "is_{w}({a})",
    "is{w}({a})", "is it {w}: {a}", "is {a} considered {w}", "find out if {a} is {w}", "let me know whether {a} is {w}",
    "can {a} be {w}"};
constexpr std::string_view kEvenOrOdd[] = {
    "is {a} even or odd", "is {a} even or odd", "is {a} odd or even", "is {a} odd or even",
    "is {a} an even or an odd number", "is {a} an odd or an even number", "is the number {a} even or odd",
    "is the number {a} odd or even", "{a} even or odd", "{a} odd or even", "{a} even or odd", "{a} odd or even",
    "even or odd: {a}", "odd or even: {a}", "even or odd {a}", "odd or even {a}", "even/odd {a}", "odd/even {a}",
    "even/odd: {a}", "odd/even: {a}", "{a} even/odd", "{a} odd/even", "{a}: even/odd", "{a} - odd or even",
    "{a} - even or odd", "tell me if {a} is even or odd", "{a} is even or odd", "{a} is odd or even",
    "{a}: even or odd", "{a}: odd or even", "{a} is it odd or even", "{a}, is that even or odd",
    "check if {a} is odd or even", "check whether {a} is even or odd", "{a}, even or odd", "what is {a}, even or odd",
    "what is {a}, odd or even", "which is {a}, even or odd", "do you know if {a} is odd or even",
    "what is the parity of {a}", "parity of {a}", "parity: {a}", "what parity does {a} have", "the parity of {a}",
    "is {a} odd number or even number", "can you tell me if {a} is even or odd", "determine if {a} is even or odd",
    "would you call {a} even or odd", "say even or odd for {a}", "i wonder whether {a} is even or odd",
    "i don't know if {a} is odd or even, what is it", "does {a} count as even or odd", "classify {a} as even or odd",
    "is {a} among the even or the odd numbers", "the number {a}, even or odd",
    "what kind of number is {a}, even or odd", "find out if {a} is odd or even"};
constexpr std::string_view kMultipleQuestions[] = {
    "is {a} divisible by {b}", "is {a} divisible by {b}", "is {a} divisible by {b}", "is {a} divisible by {b}",
    "is {a} a multiple of {b}", "is {a} a multiple of {b}", "can {a} be divided by {b}",
    "can you divide {a} by {b} evenly", "can {a} be divided by {b} without a remainder", "does {b} divide {a}",
    "does {b} go into {a} evenly", "does {b} go into {a} without a remainder", "is {b} a factor of {a}",
    "is {b} a divisor of {a}", "{a} divisible by {b}", "{a} divisible by {b} yes or no",
    "is the number {a} divisible by {b}", "is {a} evenly divisible by {b}", "tell me if {a} is divisible by {b}",
    "check if {a} is divisible by {b}", "check whether {a} is a multiple of {b}", "does {a} divide evenly by {b}",
    "can i share {a} fairly between {b} people", "is it possible to split {a} into {b} equal whole parts",
    "i wonder if {a} is divisible by {b}", "does {a} split evenly by {b}", "is it true that {a} is divisible by {b}"};
// clang-format on

// In digits, or sometimes in words.
std::string shown_number(Random& r, i64 n) { return chance(r, 16) ? number_in_words(n) : std::to_string(n); }

}  // namespace

bool write_prime_test(std::string& trace, i64 n, Random& r) {
  trace += std::to_string(n) + "\n";
  if (n < 2) return false;
  for (const i64 p : {2, 3, 5, 7, 11, 13}) {
    if (p * p > n) break;
    if (write_divide(trace, n, p, r).remainder == 0) return false;
  }
  return true;
}

// 1: up to 50; 2: up to 200. Seldom the question is whether the number is composite; 0 and 1 are neither.
Draft draft_prime(Random& r, int difficulty) {
  const i64 n = difficulty == 1 ? r.between(0, 50) : r.between(51, 200);
  const std::string a = shown_number(r, n);
  const u32 way = n < 2 ? 40 : r.below(40);
  Draft d;
  const bool prime = write_prime_test(d.trace, n, r);
  d.answer = prime ? "yes" : "no";
  std::string_view question = pick(r, kPrimeQuestions);
  if (way < 2) question = pick(r, kCompositeQuestions), d.answer = prime ? "no" : "yes";
  else if (way < 5) question = pick(r, kPrimeOrComposite), d.answer = prime ? "prime" : "composite";
  else if (way < 6) question = pick(r, kOnlyItselfQuestions);
  d.prompt = ask_whether(r, put_in(question, {{"a", a}}));
  d.content = small_content("prime", d.prompt);
  return d;
}

bool write_parity(std::string& trace, i64 n, Random& r) { return write_divide(trace, n % 10, 2, r).remainder == 0; }

namespace {

// Whether a number is a multiple of 2, or seldom of another number.
Draft draft_multiple(Random& r) {
  const i64 b = chance(r, 2) ? 2 : chance(r, 3) ? r.between(2, 12) : chance(r, 2) ? 5 : r.between(3, 10);
  const i64 n = chance(r, 2) ? b * r.between(1, 200 / b) : r.between(1, 200);
  Draft d;
  const bool multiple = b == 2 ? write_parity(d.trace, n, r) : write_divide(d.trace, n, b, r).remainder == 0;
  d.answer = multiple ? "yes" : "no";
  const std::string shown = chance(r, 8) ? number_in_words(b) : std::to_string(b);
  d.prompt = ask_whether(r, put_in(pick(r, kMultipleQuestions), {{"a", std::to_string(n)}, {"b", shown}}));
  d.content = small_content("parity", d.prompt);
  return d;
}

}  // namespace

Draft draft_parity(Random& r, int) {
  if (chance(r, 8)) return draft_multiple(r);
  const i64 n = r.between(0, chance(r, 3) ? 20 : 200);
  Draft d;
  const bool even = write_parity(d.trace, n, r);
  const std::string a = shown_number(r, n);
  if (chance(r, 3)) {
    d.answer = even ? "even" : "odd";
    d.prompt = ask_whether(r, put_in(pick(r, kEvenOrOdd), {{"a", a}}));
  } else {
    const bool asks_even = chance(r, 2);
    d.answer = even == asks_even ? "yes" : "no";
    d.prompt = ask_whether(r, put_in(pick(r, kParityQuestions), {{"a", a}, {"w", asks_even ? "even" : "odd"}}));
  }
  d.content = small_content("parity", d.prompt);
  return d;
}

}  // namespace r1
