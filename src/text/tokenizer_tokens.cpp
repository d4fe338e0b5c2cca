#include "text/tokenizer_tokens.hpp"

#include <algorithm>
#include <bit>

#include "text/pretokenizer/pretokenizer.hpp"
#include "text/tokenizer_hash.hpp"

namespace r1 {

TokenTable::TokenTable() : slots_(1024), key_(secret()) {}

u64 TokenTable::hash(std::string_view bytes, bool in_alphabet) const { return hash_bytes(bytes, key_ ^ in_alphabet); }

size_t TokenTable::slot_of(std::string_view key, bool in_alphabet, u64 hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = static_cast<size_t>(hash) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return at;
    if (slot.tag != static_cast<u32>(hash >> 32)) continue;
    const Entry& e = entries_[slot.id];
    if (e.in_alphabet == in_alphabet && bytes(e) == key) return at;
  }
}

i32 TokenTable::find(std::string_view key, bool in_alphabet) const {
  return slots_[slot_of(key, in_alphabet, hash(key, in_alphabet))].id;
}

void TokenTable::resize_slots(size_t count) {
  std::vector<Slot> old(count);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    const Entry& e = entries_[slot.id];
    slots_[slot_of(bytes(e), e.in_alphabet, hash(bytes(e), e.in_alphabet))] = slot;
  }
}

void TokenTable::reserve(size_t tokens, size_t bytes) {
  bytes_.reserve(bytes);
  entries_.reserve(tokens);
  if (const size_t slots = std::bit_ceil(tokens + tokens / 2); slots > slots_.size()) resize_slots(slots);
}

TokenTable::Added TokenTable::add(i32 id, std::string_view text, Kind kind) {
  const size_t index = static_cast<size_t>(id), begin = bytes_.size();
  if (index < entries_.size() && entries_[index].kind != Kind::none) return Added::id_taken;
  const bool in_alphabet = append_from_alphabet(text, bytes_);
  if (!in_alphabet) bytes_.resize(begin), bytes_ += text;
  const std::string_view key = std::string_view(bytes_).substr(begin);
  const u64 h = hash(key, in_alphabet);
  size_t at = slot_of(key, in_alphabet, h);
  if (slots_[at].id >= 0) return bytes_.resize(begin), Added::text_taken;
  if (index >= entries_.size()) entries_.resize(index + 1);
  Entry& e = entries_[index];
  e.begin = static_cast<u32>(begin), e.length = static_cast<u32>(key.size()) & 0xFFFFFFu;
  e.in_alphabet = in_alphabet, e.kind = kind;
  if (++count_ * 3 > slots_.size() * 2) {
    resize_slots(slots_.size() * 2);
    at = slot_of(key, in_alphabet, h);
  }
  slots_[at] = {static_cast<u32>(h >> 32), id};
  return Added::yes;
}

std::string TokenTable::text(i32 id) const {
  if (!holds(id)) return {};
  const Entry& e = entries_[id];
  return e.in_alphabet ? to_alphabet(bytes(e)) : std::string(bytes(e));
}

i32 TokenTable::find_text(std::string_view text) const {
  thread_local std::string key;
  key.clear();
  const bool in_alphabet = append_from_alphabet(text, key);
  return in_alphabet ? find(key, true) : find(text, false);
}

i32 TokenTable::find_joined(i32 a, i32 b, i32 last) const {
  const Entry &x = entries_[a], &y = entries_[b];
  if (!x.in_alphabet || !y.in_alphabet) return find_text(text(a).append(text(b)));
  for (const i32 guess : {last, last + 1}) {
    if (!holds(guess)) continue;
    const Entry& e = entries_[guess];
    const std::string_view whole = bytes(e), left = bytes(x);
    if (e.in_alphabet && whole.size() == left.size() + y.length && whole.starts_with(left) && whole.ends_with(bytes(y)))
      return guess;
  }
  thread_local std::string joined;
  joined.assign(bytes(x)).append(bytes(y));
  return find(joined, true);
}

}  // namespace r1
