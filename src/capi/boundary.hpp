// What every function of r1.h does at its edge: errors and exceptions become a status and the text of r1_last_error(),
// and structs of options of any age become those of this version.
#pragma once
#include <algorithm>
#include <cstring>
#include <exception>
#include <string>

#include "capi/r1.h"
#include "core/error.hpp"

namespace r1 {

// Sets r1_last_error() of this thread.
r1_status failed(const Error& error);

// Runs `body`, which returns Result<r1_status>.
template <class Body>
r1_status at_boundary(Body&& body) {
  try {
    const Result<r1_status> status = body();
    return status ? *status : failed(status.error());
  } catch (const std::bad_alloc&) {
    return failed({Errc::exhausted, "there is no memory left"});
  } catch (const std::exception& e) {
    return failed({Errc::io, e.what()});
  } catch (...) {
    return failed({Errc::io, "the callback threw what is no std::exception"});
  }
}

// The caller's options over the defaults. A caller may know fewer fields than this version. A caller with a newer r1.h
// may have more fields, but they must be zero. Errors: invalid_argument.
template <class Options>
Result<Options> options_over(Options defaults, const Options* given, const char* name) {
  if (!given) return defaults;
  if (given->size <= sizeof(given->size))
    return fail(Errc::invalid_argument, "{}: its size is {}; {}_init sets it", name, given->size, name);
  const auto* const bytes = reinterpret_cast<const char*>(given);
  if (given->size > sizeof(Options) &&
      std::any_of(bytes + sizeof(Options), bytes + given->size, [](char c) { return c != 0; }))
    return fail(Errc::invalid_argument, "{}: its size is {}, this version of the library knows {} bytes of it", name,
                given->size, sizeof(Options));
  std::memcpy(&defaults, given, std::min(given->size, sizeof(Options)));
  return defaults;
}

// Writes the defaults into the part of a struct that its caller knows.
template <class Options>
void write_defaults(const Options& defaults, Options* to, size_t size) {
  std::memset(static_cast<void*>(to), 0, size);
  std::memcpy(static_cast<void*>(to), &defaults, std::min(size, sizeof(Options)));
  if (size >= sizeof(to->size)) to->size = size;
}

}  // namespace r1
