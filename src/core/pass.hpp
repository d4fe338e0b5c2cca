// Everything that one forward pass needs; every op takes it as a parameter, and there are no globals. With a tape the
// pass is training, with kv it is inference with a cache, with neither it is scoring. To set both is a bug.
#pragma once
#include <vector>

#include "core/batch.hpp"
#include "core/kv_view.hpp"
#include "core/tape.hpp"
#include "core/tensor.hpp"
#include "core/threads/thread_pool.hpp"

namespace r1 {

namespace cpu {
struct Kernels;  // kernels/cpu/kernels.hpp
}

// Where a pass rounds its values. For one level (Kernels) and one Numerics, a row's bits depend on that row alone.
struct Numerics {
  DType matmul = DType::f32;  // inputs of matrix products are f32, or rounded to bf16; sums are always f32
  DType kv = DType::f32;      // k and v (or the latent) are rounded to this type, with or without a cache
  MlaForm mla = MlaForm::expanded;
  // Set for serving. If true, a product with a weight whose block type has an integer kernel (cpu::has_block_dot)
  // rounds the activations to 8 bits and sums each block in exact integers. If false, and for weights of all other
  // types, a product multiplies by the values of the weight, with inputs as `matmul` says.
  bool integer_blocks = false;
  // Set for serving models with weights in blocks. If true, the absorbed form of latent attention multiplies in
  // integers, as with integer_blocks, by copies of W_uk and W_uv in Q8_0. The blocks of a copy run along the axis over
  // which the product sums, so a matrix has a copy only if this axis has a multiple of 32 elements. If false, or
  // without a copy, it multiplies by the values of the weights in f32.
  bool integer_absorption = false;
};

// What training collects from expert routing. Passes that share an observer add up their loads over the whole optimizer
// batch; the update of the routing bias then reads them.
struct RouteObserver {
  float balance_weight = 0;            // alpha divided by the sequences of the optimizer batch; 0: no balance loss
  double balance_loss = 0;             // sum over layers and sequences, already multiplied by balance_weight
  std::vector<std::vector<i64>> load;  // [layer][expert] number of tokens routed
};

// Which experts the routers of a model chose for the rows of a batch: recorded by a pass that draws tokens, replayed by
// one that learns from them.
struct RecordedRoutes {
  static constexpr u16 kNone = 0xffff;  // no expert has this index

  i64 layers = 0, top_k = 0;  // the layers of the model, without that of multi-token prediction
  // [T, layers, top_k], ascending within a layer. A layer without a router has kNone, and so has a row that no pass
  // has recorded.
  std::vector<u16> expert{};

  i64 per_row() const { return layers * top_k; }
  bool empty() const { return expert.empty(); }
  void clear(i64 rows) { expert.assign(rows * per_row(), kNone); }
  u16* at(i64 row, i64 layer) { return expert.data() + row * per_row() + layer * top_k; }
  const u16* at(i64 row, i64 layer) const { return expert.data() + row * per_row() + layer * top_k; }
};

class Weight;

// Is called after each product with a weight and receives the product's inputs. Importance matrices are made from them.
class ProductObserver {
 public:
  virtual ~ProductObserver() = default;
  // Row i of the input of x Wᵀ is x + rows[i] · w.cols(), or x + i · w.cols() if `rows` is null.
  virtual void saw(const Weight& w, const float* x, const i32* rows, i64 count) = 0;
};

// The rows whose hidden states the caller reads. Training, scoring and multi-token prediction read those of all rows.
// A caller that reads only logits asks for `wanted`: the last layer's attention still writes the keys and values of all
// rows, but everything after it computes only the rows in batch.want. The bits of these rows are the same with both.
enum class HiddenRows : u8 { all, wanted };

// A Pass owns nothing: the objects to which it refers must outlive it and its tape. One thread uses it.
struct Pass {
  const Batch& batch;
  Arena& arena;
  ThreadPool& pool;
  const cpu::Kernels& kernels;
  Numerics numerics{};
  Tape* tape = nullptr;
  KvView* kv = nullptr;
  RouteObserver* routes = nullptr;
  RecordedRoutes* record_routes = nullptr;        // if set: receives the experts that every row of the batch uses
  const RecordedRoutes* replay_routes = nullptr;  // if set: the experts to use for the rows of the batch
  ProductObserver* products = nullptr;            // is called by `linear` and the routed experts
  HiddenRows hidden_rows = HiddenRows::all;
  bool recompute = false;  // with a tape: keep only each layer's input, and run the layer again in the backward pass

  Tensor alloc(i64 rows, i64 cols) const { return arena.alloc(rows, cols); }
};

}  // namespace r1
