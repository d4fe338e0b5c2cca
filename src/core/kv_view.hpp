// Where the keys and values of a batch's sequences are stored. The folder `infer` owns the pool of pages; ops see only
// this view.
//
// A page holds kPageTokens consecutive positions of one sequence, in every layer. Position t of a sequence is slot
// t % kPageTokens of page table[t / kPageTokens]. Attention forms its softmax partials over blocks of kPageTokens keys
// as well, so a block is always one page. KvLayout says what a page holds in each layer.
#pragma once
#include <span>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr i64 kPageTokens = 64;

// expanded: pages hold k and v of each head. For training, rollouts, scoring, and serving small models.
// mixed: pages hold the latent vector. Prompt tokens attend in the expanded form, generated tokens in the absorbed
// form. This form is for serving. Only multi-head latent attention (MLA) has it; other models are always expanded.
enum class MlaForm : u8 { expanded, mixed };

// What one page holds in one layer: elements of `dtype` (f32, bf16 or q8_0), laid out by the attention op:
//   expanded  k_c [heads][nope][64], k_r [rope][64], v [heads][64][v]     (a key is a column: one SIMD lane per token)
//   mixed     c [64][kv_rank], k_r [64][rope]
// In q8_0 the elements are i8. Behind them lie their scales, f16, in the same order: [heads][blocks][64] for k_c and so
// on, where a block is 32 features of a key, or the rest of them.
struct KvLayout {
  MlaForm form = MlaForm::expanded;
  DType dtype = DType::f32;
  i64 layers = 0;  // includes the layer of multi-token prediction, which comes last
  i64 heads = 0;   // key-value heads
  i64 nope = 0, rope = 0, v = 0, kv_rank = 0;

  i64 page_elements() const {
    return kPageTokens * (form == MlaForm::expanded ? heads * (nope + v) + rope : kv_rank + rope);
  }
  i64 page_scales() const {
    const i64 of_heads = heads * (scale_blocks(nope) + scale_blocks(v));
    return kPageTokens * (scale_blocks(rope) + (form == MlaForm::expanded ? of_heads : scale_blocks(kv_rank)));
  }
  i64 page_bytes() const {
    return dtype == DType::q8_0 ? page_elements() + 2 * page_scales() : page_elements() * bytes_per_element(dtype);
  }
};

struct KvView {
  KvLayout layout;
  std::vector<std::byte*> layer_base;        // [layers] page `id` of layer l starts at layer_base[l] + id * page_bytes
  std::vector<std::span<const i32>> tables;  // [sequences of the batch] page ids that cover every position

  std::byte* page(i64 layer, i32 id) const { return layer_base[layer] + static_cast<i64>(id) * layout.page_bytes(); }
};

}  // namespace r1
