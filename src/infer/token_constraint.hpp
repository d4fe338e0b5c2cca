// Restricts which tokens a sequence may draw, for instance to those that can continue a JSON document. The grammar that
// decides is compiled elsewhere; the engine and the sampler see only this interface.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

// The state of one sequence. One thread at a time calls it, but not always the same thread. A step waits for it, so it
// must be quick and must not block.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;
  // The tokens that may come next: bit t % 64 of word t / 64 belongs to token t. Tokens behind the last word are not
  // allowed. An empty span allows every token. The span is valid until the next call. If no token is allowed, the
  // sample fails and says so.
  virtual std::span<const u64> allowed() = 0;
  // Why no token is allowed, if the constraint has given up, for instance at a limit; else empty.
  virtual std::string_view failure() const { return {}; }
  // Called once, and in order, for every token of the sequence after the prompt, whether the token was drawn or forced.
  virtual void accept(i32 token) = 0;
};

// Makes the constraint of one sample. Called on the engine's thread.
using TokenConstraintFactory = std::function<std::unique_ptr<TokenConstraint>()>;

}  // namespace r1
