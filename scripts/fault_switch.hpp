// What scripts/faults writes into the sources that it instruments. Every fault is a switch with a number: the program
// does what the source says, except at the switch whose number is in the environment variable R1_FAULT. Where the
// compiler computes a value, no switch is on. The file R1_FAULT_REACH, if it is set, has a byte for every switch: 0 not
// reached, 1 reached, 2 reached, but the changed operator does not exist for the types of its operands.
#pragma once
#pragma GCC system_header
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <type_traits>
#include <utility>

#define R1_FAULT_INLINE [[gnu::always_inline]] constexpr

namespace r1_fault {

struct State {
  int active = -1;
  unsigned char* reach = nullptr;  // mapped, so that children of the process write to the same bytes

  State() {
    if (const char* number = std::getenv("R1_FAULT")) active = std::atoi(number);
    const char* path = std::getenv("R1_FAULT_REACH");
    const int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    struct stat status {};
    if (file < 0 || fstat(file, &status) != 0) return;
    void* bytes = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (bytes != MAP_FAILED) reach = static_cast<unsigned char*>(bytes);
  }
};
inline State state __attribute__((init_priority(101)));  // before the objects whose constructors have switches

inline void mark(int number, unsigned char what) {
  if (state.reach) state.reach[number] = what;
}

[[gnu::always_inline]] inline bool happens(int number) {
  mark(number, 1);
  return state.active == number;
}

R1_FAULT_INLINE bool on(int number) {
  if (std::is_constant_evaluated()) return false;
  return happens(number);
}

template <class Was, class Now>
R1_FAULT_INLINE std::common_type_t<Was, Now> either(int number, Was was, Now now) {
  return on(number) ? now : was;
}

// a < At{7} < b is a < b, or a <= b if switch 7 is on. The precedence of the operator stays what it is.
struct At {
  int number;
};

#define R1_FAULT_BINARY(Left, op, changed)                                               \
  template <class A>                                                                     \
  struct Left {                                                                          \
    A&& a;                                                                               \
    int number;                                                                          \
  };                                                                                     \
  template <class A>                                                                     \
  R1_FAULT_INLINE Left<A> operator op(A&& a, At at) {                                    \
    return {std::forward<A>(a), at.number};                                              \
  }                                                                                      \
  template <class A, class B>                                                            \
  R1_FAULT_INLINE auto operator op(Left<A> left, B&& b) {                                \
    using R = std::decay_t<decltype(std::forward<A>(left.a) op std::forward<B>(b))>;     \
    if constexpr (requires { R(std::forward<A>(left.a) changed std::forward<B>(b)); }) { \
      if (on(left.number)) return R(std::forward<A>(left.a) changed std::forward<B>(b)); \
    } else if (!std::is_constant_evaluated()) {                                          \
      mark(left.number, 2);                                                              \
    }                                                                                    \
    return R(std::forward<A>(left.a) op std::forward<B>(b));                             \
  }
R1_FAULT_BINARY(Less, <, <=)
R1_FAULT_BINARY(LessEqual, <=, <)
R1_FAULT_BINARY(Greater, >, >=)
R1_FAULT_BINARY(GreaterEqual, >=, >)
R1_FAULT_BINARY(Equal, ==, !=)
R1_FAULT_BINARY(Unequal, !=, ==)
R1_FAULT_BINARY(Sum, +, -)
R1_FAULT_BINARY(Difference, -, +)
R1_FAULT_BINARY(Product, *, /)
R1_FAULT_BINARY(Quotient, /, *)
R1_FAULT_BINARY(Remainder, %, /)

// Assignments associate from the right: in a += At{7} += b the right half is first.
#define R1_FAULT_ASSIGN(Right, op, changed)                           \
  template <class B>                                                  \
  struct Right {                                                      \
    B&& b;                                                            \
    int number;                                                       \
  };                                                                  \
  template <class B>                                                  \
  R1_FAULT_INLINE Right<B> operator op(At at, B&& b) {                \
    return {std::forward<B>(b), at.number};                           \
  }                                                                   \
  template <class A, class B>                                         \
  R1_FAULT_INLINE A& operator op(A& a, Right<B> right) {              \
    if constexpr (requires { a changed std::forward<B>(right.b); }) { \
      if (on(right.number)) {                                         \
        a changed std::forward<B>(right.b);                           \
        return a;                                                     \
      }                                                               \
    } else if (!std::is_constant_evaluated()) {                       \
      mark(right.number, 2);                                          \
    }                                                                 \
    a op std::forward<B>(right.b);                                    \
    return a;                                                         \
  }
R1_FAULT_ASSIGN(Adds, +=, -=)
R1_FAULT_ASSIGN(Subtracts, -=, +=)
R1_FAULT_ASSIGN(Multiplies, *=, /=)
R1_FAULT_ASSIGN(Divides, /=, *=)

// Not{7}->*a is !a, or a.
struct Not {
  int number;
};
template <class A>
R1_FAULT_INLINE bool operator->*(Not n, A&& a) {
  return static_cast<bool>(std::forward<A>(a)) == on(n.number);
}

// Min{7}.of(a, b) is std::min(a, b), or std::max(a, b).
#define R1_FAULT_EXTREME(Name, function, changed)                   \
  struct Name {                                                     \
    int number;                                                     \
    template <class T>                                              \
    R1_FAULT_INLINE const T& of(const T& a, const T& b) const {     \
      return on(number) ? std::changed(a, b) : std::function(a, b); \
    }                                                               \
    template <class T>                                              \
    R1_FAULT_INLINE T of(std::initializer_list<T> all) const {      \
      return on(number) ? std::changed(all) : std::function(all);   \
    }                                                               \
  };
R1_FAULT_EXTREME(Min, min, max)
R1_FAULT_EXTREME(Max, max, min)

}  // namespace r1_fault

// R1_TRY as a statement, or an error that is ignored.
#define R1_FAULT_TRY(number, ...)                                  \
  do {                                                             \
    auto r1_fault_result = (__VA_ARGS__);                          \
    if (!r1_fault_result && !::r1_fault::on(number)) {             \
      return ::tl::unexpected(std::move(r1_fault_result).error()); \
    }                                                              \
  } while (false)
