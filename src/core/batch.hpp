// A ragged batch: the new tokens of all sequences laid end to end. Training (packed documents), prefill chunks and
// decode steps differ only in how many rows each sequence has.
#pragma once
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

// A token's role fixes which MLA form it gets in the mixed form (MlaForm): it is the token's own property, never a
// matter of lengths or neighbours.
enum class Role : u8 { prompt, generated };

struct Batch {
  std::vector<i32> tokens;        // [T]
  std::vector<i32> positions;     // [T] position in the token's own sequence, ascending by one within a sequence
  std::vector<i32> seq_begin{0};  // [S+1] sequence s owns rows seq_begin[s] .. seq_begin[s+1]
  std::vector<i32> want;          // rows whose logits are asked for, ascending
  std::vector<Role> roles;        // [T]

  i64 rows() const { return static_cast<i64>(tokens.size()); }
  i64 sequences() const { return static_cast<i64>(seq_begin.size()) - 1; }

  // Appends one sequence's new tokens, the first of them at position `first`.
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
