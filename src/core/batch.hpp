// A ragged batch: the new tokens of all sequences, laid end to end, one row per token. Packed training documents,
// prefill chunks and decode steps differ only in the number of rows of each sequence.
#pragma once
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

// Whether a token belongs to a prompt or was generated. Under MlaForm::mixed the role alone decides how a token
// attends; neither the sequence's length nor its neighbours in the batch play a part.
enum class Role : u8 { prompt, generated };

struct Batch {
  std::vector<i32> tokens;        // [T]
  std::vector<i32> positions;     // [T] position in the token's own sequence; grows by one within a sequence
  std::vector<i32> seq_begin{0};  // [S+1] sequence s owns rows seq_begin[s] .. seq_begin[s+1]
  std::vector<i32> want;          // rows whose logits the caller wants, ascending
  std::vector<Role> roles;        // [T]

  i64 rows() const { return std::ssize(tokens); }
  i64 sequences() const { return std::ssize(seq_begin) - 1; }

  // Appends the new tokens of one sequence. The first of them has position `first`.
  template <class Tokens>
  void add_sequence(const Tokens& ids, i64 first = 0, Role role = Role::prompt) {
    for (const i32 id : ids) {
      tokens.push_back(id);
      positions.push_back(static_cast<i32>(first++));
      roles.push_back(role);
    }
    seq_begin.push_back(static_cast<i32>(tokens.size()));
  }
  void want_all() {
    want.resize(tokens.size());
    for (size_t i = 0; i < want.size(); ++i) want[i] = static_cast<i32>(i);
  }
};

}  // namespace r1
