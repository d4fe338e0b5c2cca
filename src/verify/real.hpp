// Real numbers of 104 digits: MPFR's with value semantics. Each operation rounds to nearest, so its relative error is
// at most 2^-kBits. Only numbers.cpp includes this.
#pragma once
#include <mpfr.h>

#include "core/dtype.hpp"

namespace r1 {

class Real {
 public:
  static constexpr int kBits = 346;

  Real() : Real(0.0) {}
  explicit Real(double value) : Real(uninitialised) { mpfr_set_d(v_, value, MPFR_RNDN); }
  explicit Real(mpq_srcptr value) : Real(uninitialised) { mpfr_set_q(v_, value, MPFR_RNDN); }
  Real(const Real& o) : Real(uninitialised) { mpfr_set(v_, o.v_, MPFR_RNDN); }
  Real& operator=(const Real& o) {
    mpfr_set(v_, o.v_, MPFR_RNDN);
    return *this;
  }
  ~Real() { mpfr_clear(v_); }

  // Results of MPFR's functions, which have this form: f(result, operands..., rounding).
  template <class F, class... Operands>
  static Real result(F f, const Operands&... operands) {
    Real r(uninitialised);
    f(r.v_, operand(operands)..., MPFR_RNDN);
    return r;
  }

  friend Real operator+(const Real& a, const Real& b) { return result(mpfr_add, a, b); }
  friend Real operator-(const Real& a, const Real& b) { return result(mpfr_sub, a, b); }
  friend Real operator*(const Real& a, const Real& b) { return result(mpfr_mul, a, b); }
  friend Real operator/(const Real& a, const Real& b) { return result(mpfr_div, a, b); }
  friend Real operator-(const Real& a) { return result(mpfr_neg, a); }
  // How the number compares with a double. NaN is neither below nor above.
  friend bool operator<(const Real& a, double b) { return !mpfr_nan_p(a.v_) && mpfr_cmp_d(a.v_, b) < 0; }
  friend bool operator>(const Real& a, double b) { return !mpfr_nan_p(a.v_) && mpfr_cmp_d(a.v_, b) > 0; }

  bool finite() const { return mpfr_number_p(v_) != 0; }
  bool zero() const { return mpfr_zero_p(v_) != 0; }
  double approximate() const { return mpfr_get_d(v_, MPFR_RNDN); }
  // Sets an integer to the nearest one, halves away from zero. The number must be finite.
  void round_to(mpz_ptr integer) const { mpfr_get_z(integer, result(round_away, *this).v_, MPFR_RNDN); }

 private:
  enum class Uninitialised { value };
  static constexpr Uninitialised uninitialised = Uninitialised::value;
  explicit Real(Uninitialised) {
    // MPFR keeps constants such as pi for each thread, until it is told that the thread ends.
    struct Constants {
      ~Constants() { mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE); }
    };
    thread_local Constants of_this_thread;
    static_cast<void>(of_this_thread);
    mpfr_init2(v_, kBits);
  }
  static mpfr_srcptr operand(const Real& r) { return r.v_; }
  static unsigned long operand(unsigned long n) { return n; }
  static int round_away(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_round(r, x); }

  mpfr_t v_;
};

}  // namespace r1
