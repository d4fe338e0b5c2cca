// The tokens of a byte-level vocabulary: from id to bytes and from text to id. They lie in flat memory, so 128,000
// tokens are read in milliseconds and the table is never larger than a few times its file.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr i64 kMaxTokens = 1 << 22, kMaxMerges = 1 << 23;
inline constexpr size_t kMaxTokenBytes = 64u << 10;
inline constexpr size_t kMaxAddedBytes =
    1024;  // bounds the search for added tokens, which may cost this many steps per byte of text

class TokenTable {
 public:
  // none: no token has the id. unused: the token has a text but encoding never produces it. control, user_defined:
  // added tokens.
  enum class Kind : u8 { none, normal, unused, control, user_defined };
  enum class Added : u8 { yes, id_taken, text_taken };
  TokenTable();

  void reserve(size_t tokens, size_t bytes);
  Added add(i32 id, std::string_view text, Kind kind);
  void set_kind(i32 id, Kind kind) { entries_[id].kind = kind; }

  i64 size() const { return static_cast<i64>(entries_.size()); }  // 1 + largest id
  bool holds(i32 id) const { return id >= 0 && id < size(); }
  Kind kind(i32 id) const { return holds(id) ? entries_[id].kind : Kind::none; }
  std::string text(i32 id) const;  // as the file spells it, in the byte alphabet
  std::string_view bytes(
      i32 id) const {  // the bytes that the text stands for; the text itself if it is not in the byte alphabet
    return holds(id) ? bytes(entries_[id]) : std::string_view{};
  }

  i32 find_text(std::string_view text) const;  // -1 if there is none
  // Finds the token whose text is that of a followed by that of b. `last` is the token that the previous merge made:
  // the wanted token is often that one or the next, because merges mostly make tokens in the order of their ids.
  i32 find_joined(i32 a, i32 b, i32 last) const;
  i32 find_bytes(std::string_view bytes) const {
    return find(bytes, true);
  }  // only among tokens spelt in the byte alphabet

 private:
  struct Entry {
    u32 begin = 0;
    u32 length : 24 = 0;
    u32 in_alphabet : 1 = 0;  // every character of the text belongs to the byte alphabet
    Kind kind : 7 = Kind::none;
  };
  struct Slot {
    u32 tag = 0;
    i32 id = -1;
  };
  std::string_view bytes(const Entry& e) const { return std::string_view(bytes_).substr(e.begin, e.length); }
  u64 hash(std::string_view bytes, bool in_alphabet) const;
  size_t slot_of(std::string_view bytes, bool in_alphabet, u64 hash) const;
  i32 find(std::string_view bytes, bool in_alphabet) const;
  void resize_slots(size_t slots);

  std::string bytes_;
  std::vector<Entry> entries_;  // indexed by id
  std::vector<Slot> slots_;     // hash table with open addressing; its size is a power of two
  size_t count_ = 0;
  u64 key_;
};

}  // namespace r1
