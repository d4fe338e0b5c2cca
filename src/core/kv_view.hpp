// Where the keys and values of a batch's sequences lie. The pool of pages belongs to infer/; ops see only this.
//
// A page holds kPageTokens consecutive positions of one sequence, in every layer: position t of a sequence is slot
// t % kPageTokens of page table[t / kPageTokens]. kPageTokens is also the attention block over which softmax partials
// are formed, so a page is never cut by an attention step. What a page holds per layer is KvLayout.
#pragma once
#include <span>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr i64 kPageTokens = 64;

// expanded: pages hold k and v per head; training, rollouts, scoring.
// mixed: pages hold the latent; prompt tokens attend expanded, generated tokens absorbed; serving. Only latent
// attention has it: other models are expanded whatever the numerics say.
enum class MlaForm : u8 { expanded, mixed };

// Bytes of one page in one layer, and what they mean. A layer's page is laid out by the attention op that owns it:
//   expanded  k_c [heads][nope][64], k_r [rope][64], v [heads][64][v]     (keys lane-major: one column a token)
//   mixed     c [64][kv_rank], k_r [64][rope]
// elements of `dtype` (f32 or bf16).
struct KvLayout {
  MlaForm form = MlaForm::expanded;
  DType dtype = DType::f32;
  i64 layers = 0;  // MTP's own layer included, last
  i64 heads = 0;   // of keys and values
  i64 nope = 0, rope = 0, v = 0, kv_rank = 0;

  i64 page_elements() const {
    return kPageTokens * (form == MlaForm::expanded ? heads * (nope + v) + rope : kv_rank + rope);
  }
  i64 page_bytes() const { return page_elements() * bytes_per_element(dtype); }
};

struct KvView {
  KvLayout layout;
  std::vector<std::byte*> layer_base;        // [layers] page `id` of layer l starts at layer_base[l] + id * page_bytes
  std::vector<std::span<const i32>> tables;  // [sequences of the batch] page ids, enough for every position

  std::byte* page(i64 layer, i32 id) const { return layer_base[layer] + static_cast<i64>(id) * layout.page_bytes(); }
};

}  // namespace r1
