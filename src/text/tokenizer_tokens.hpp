// The tokens of a byte-level vocabulary, id to bytes and text to id, in flat memory: 128,000 of them are read in
// milliseconds, and no file can make this larger than a few times itself.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr i64 kMaxTokens = 1 << 22, kMaxMerges = 1 << 23;
inline constexpr size_t kMaxTokenBytes = 64u << 10;
inline constexpr size_t kMaxAddedBytes = 1024;  // looking for added tokens may take this often the length of a text

class TokenTable {
 public:
  // none: no token has that id. unused: has a text, never comes out of any. control, user_defined: added tokens.
  enum class Kind : u8 { none, normal, unused, control, user_defined };
  enum class Added : u8 { yes, id_taken, text_taken };
  TokenTable();

  void reserve(size_t tokens, size_t bytes);
  Added add(i32 id, std::string_view text, Kind kind);
  void set_kind(i32 id, Kind kind) { entries_[id].kind = kind; }

  i64 size() const { return static_cast<i64>(entries_.size()); }  // 1 + largest id
  bool holds(i32 id) const { return id >= 0 && id < size(); }
  Kind kind(i32 id) const { return holds(id) ? entries_[id].kind : Kind::none; }
  std::string text(i32 id) const;         // as the file spells it
  std::string_view bytes(i32 id) const {  // what it stands for; of a text outside the byte alphabet, the text itself
    return holds(id) ? bytes(entries_[id]) : std::string_view{};
  }

  i32 find_text(std::string_view text) const;  // -1 if there is none
  // By the text of a followed by that of b. It is often `last`, the one before, or the one after that: merges make
  // tokens mostly in the order of their ids.
  i32 find_joined(i32 a, i32 b, i32 last) const;
  i32 find_bytes(std::string_view bytes) const { return find(bytes, true); }  // spelt in the alphabet

 private:
  struct Entry {
    u32 begin = 0;
    u32 length : 24 = 0;
    u32 in_alphabet : 1 = 0;  // every character of its text is of the byte alphabet and so stands for a byte
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
  std::vector<Entry> entries_;  // by id
  std::vector<Slot> slots_;     // open addressing; a power of two
  size_t count_ = 0;
  u64 key_;
};

}  // namespace r1
