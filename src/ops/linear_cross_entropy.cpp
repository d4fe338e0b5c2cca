// The head and its loss, chunk by chunk. Forward is one task per block of rows: logits of the block in the thread's
// scratch, then the row's logsumexp. Backward makes the logits of a chunk again, turns them into dz in place, and from
// those dx (row by row) and dW (rows in ascending order, chunk after chunk: one chain of sums).
// A head of blocks is read once for a chunk of rows, not for a block of them: the logits of a chunk exist together.
#include <algorithm>
#include <cstring>

#include "ops/cpu/streamed_product.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// A block's logits should stay in the second-level cache; a chunk's dz may take this many floats.
constexpr i64 kBlockLogits = 128 * 1024, kChunkLogits = 4 * 1024 * 1024;
// Reading the head costs about as much as multiplying it by 32 rows: a chunk that makes little of it.
constexpr i64 kStreamedLogits = 32 * 1024 * 1024;

struct Head {
  const Pass& p;
  Tensor x;
  Weight w;
  std::vector<i32> targets;
  float temperature;

  i64 vocab() const { return w.rows(); }
  i64 block_rows() const {
    const cpu::GemmKernels& k = p.kernels.gemm;
    const i64 steps = std::max<i64>(1, kBlockLogits / (vocab() * k.row_step));
    return std::min(steps * k.row_step, k.block_rows);
  }
  // Even, and a multiple of what any level groups along k: chunks then cut no group of the dW sums.
  i64 chunk_rows() const {
    return std::max<i64>(64, (streams(w) ? kStreamedLogits : kChunkLogits) / vocab() / 64 * 64);
  }

  // Rows [begin, end) of z / temperature.
  void logits(float* z, const Packed& packed, i64 begin, i64 end, std::byte* scratch) const {
    const cpu::Gemm g{packed.format, {x.row(begin), x.cols()}, packed.panels, z, vocab(), vocab(), x.cols(), false};
    p.kernels.gemm.gemm(g, 0, end - begin, 0, cpu::panels(p.kernels.gemm, vocab()), scratch);
    if (temperature != 1) p.kernels.elementwise.scale(z, z, 1 / temperature, (end - begin) * vocab());
  }

  // z / temperature → dz: dnll (softmax − one-hot of the target) / temperature; zero for rows without a target.
  void logit_gradients(float* z, const Tensor& dnll, i64 begin, i64 end) const {
    for (i64 t = begin; t < end; ++t, z += vocab()) {
      const i32 target = targets[t];
      if (target < 0) {
        std::memset(z, 0, vocab() * 4);
        continue;
      }
      p.kernels.elementwise.softmax(z, z, vocab());
      z[target] -= 1;
      p.kernels.elementwise.scale(z, z, dnll.data()[t] / temperature, vocab());
    }
  }

  // Rows [first, first + count) of z / temperature, of a head that is read as it lies.
  void streamed_logits(const Tensor& z, i64 first, i64 count) const {
    const WeightProduct product{&w, Direction::forward, {x.row(first), x.cols()}, count, z.data(), vocab(), false};
    multiply_streamed(p, {&product, 1});
    if (temperature == 1) return;
    p.pool.ranges(count, 1, [&](i64 begin, i64 end, int) {
      p.kernels.elementwise.scale(z.row(begin), z.row(begin), 1 / temperature, (end - begin) * vocab());
    });
  }

  float nll(const float* z, i64 t) const {
    const i32 target = targets[t];
    return target < 0 ? 0.0f : p.kernels.elementwise.logsumexp(z, vocab()) - z[target];
  }

  void backward(const Tensor& dnll, const Tensor& dx) const;
  void streamed_backward(const Tensor& dnll, const Tensor& dx) const;
};

Tensor streamed_negative_log_likelihoods(const Head& h) {
  const Pass& p = h.p;
  const i64 rows = h.x.rows();
  const Tensor logits = p.alloc(std::min(rows, h.chunk_rows()), h.vocab()), nll = p.alloc(rows, 1);
  for (i64 first = 0; first < rows; first += h.chunk_rows()) {
    const i64 count = std::min(h.chunk_rows(), rows - first);
    h.streamed_logits(logits, first, count);
    p.pool.ranges(count, 1, [&](i64 begin, i64 end, int) {
      for (i64 t = begin; t < end; ++t) nll.data()[first + t] = h.nll(logits.row(t), first + t);
    });
  }
  return nll;
}

Tensor negative_log_likelihoods(const Head& h) {
  const Pass& p = h.p;
  const i64 rows = h.x.rows(), block = h.block_rows();
  Packs packs(p);
  const Packed packed = packs.get(h.w, Direction::forward);
  packs.fill();
  const GemmScratch scratch(p, p.pool.threads());
  const Tensor logits = p.alloc(p.pool.threads(), block * h.vocab());
  const Tensor nll = p.alloc(rows, 1);
  p.pool.ranges(rows, block, [&](i64 begin, i64 end, int worker) {
    float* z = logits.row(worker);
    h.logits(z, packed, begin, end, scratch.of(worker));
    for (i64 t = begin; t < end; ++t, z += h.vocab()) nll.data()[t] = h.nll(z, t);
  });
  return nll;
}

void Head::streamed_backward(const Tensor& dnll, const Tensor& dx) const {
  const i64 rows = x.rows();
  const Tensor dz = p.alloc(std::min(rows, chunk_rows()), vocab());
  for (i64 first = 0; first < rows; first += chunk_rows()) {
    const i64 count = std::min(chunk_rows(), rows - first);
    streamed_logits(dz, first, count);
    p.pool.ranges(count, 1,
                  [&](i64 begin, i64 end, int) { logit_gradients(dz.row(begin), dnll, first + begin, first + end); });
    const WeightProduct product{&w, Direction::backward, {dz.data(), vocab()}, count, dx.row(first), x.cols(), true};
    multiply_streamed(p, {&product, 1});
  }
}

void Head::backward(const Tensor& dnll, const Tensor& dx) const {
  const i64 rows = x.rows(), block = block_rows();
  Packs packs(p);
  const Packed forward = packs.get(w, Direction::forward);
  const Packed transposed = packs.get(w, Direction::backward);
  packs.fill();
  const GemmScratch scratch(p, p.pool.threads());
  const Tensor dz = p.alloc(std::min(rows, chunk_rows()), vocab());
  for (i64 first = 0; first < rows; first += chunk_rows()) {
    const i64 count = std::min(chunk_rows(), rows - first);
    p.pool.ranges(count, block, [&](i64 begin, i64 end, int worker) {
      logits(dz.row(begin), forward, first + begin, first + end, scratch.of(worker));
      logit_gradients(dz.row(begin), dnll, first + begin, first + end);
      const cpu::Gemm g{transposed.format, {dz.row(begin), vocab()},
                        transposed.panels, dx.row(first + begin),
                        x.cols(),          x.cols(),
                        vocab(),           true};
      p.kernels.gemm.gemm(g, 0, end - begin, 0, cpu::panels(p.kernels.gemm, x.cols()), scratch.of(worker));
    });
    if (!w.trainable()) continue;
    const Tensor packed = pack(p, {x.row(first), x.cols()}, count, x.cols());
    multiply(p,
             {format_of(p), view_transposed(dz), reinterpret_cast<const std::byte*>(packed.data()), w.grad(), x.cols(),
              x.cols(), count, true},
             vocab());
  }
}

}  // namespace

Tensor linear_cross_entropy(Pass& p, const Tensor& x, const Weight& w, std::span<const i32> targets,
                            float temperature) {
  R1_CHECK(x.cols() == w.cols(), "linear_cross_entropy {}: x {} against weight {}", w.name(), x.shape(), w.shape());
  R1_CHECK(static_cast<i64>(targets.size()) == x.rows(), "linear_cross_entropy: {} targets for x {}", targets.size(),
           x.shape());
  R1_CHECK(temperature > 0, "linear_cross_entropy: temperature {}", temperature);
  for (const i32 target : targets) R1_CHECK(target < w.rows(), "target {} of a vocabulary of {}", target, w.rows());
  std::vector<i32> kept(targets.begin(), targets.end());
  const Head head{p, x, w, kept, temperature};
  const Tensor nll = streams(w) ? streamed_negative_log_likelihoods(head) : negative_log_likelihoods(head);
  if (p.tape)
    p.tape->record({nll}, [p, x, w, kept = std::move(kept), temperature, nll](Grads& d) {
      const Head again{p, x, w, kept, temperature};
      streams(w) ? again.streamed_backward(d[nll], d[x]) : again.backward(d[nll], d[x]);
    });
  return nll;
}

}  // namespace r1
