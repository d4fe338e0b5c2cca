// The output head and its loss, in chunks of rows, so that the logits of all rows never exist together.
// Forward, a task takes a block of rows: it computes the block's logits in the thread's scratch memory and then the
// logsumexp of every row. Backward computes the logits of a chunk again and turns them into dz in place. From dz come
// dx, row by row, and dW, which is one chain of sums over ascending rows, chunk after chunk. Runs of rows without a
// target, such as prompts, are left out of all products but that of dW. There their dz are zeros, because without these
// rows the later ones would lie in other groups of the sums. A head whose products are streamed is read once for every
// chunk of rows rather than for every block, so there the logits of a whole chunk exist together.
#include <algorithm>
#include <cstring>

#include "ops/cpu/streamed_product.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// The logits of a block should fit the second-level cache; the dz of a chunk may take kChunkLogits floats.
constexpr i64 kBlockLogits = 128 * 1024, kChunkLogits = 4 * 1024 * 1024;
// Dequantising a streamed head costs about as much as multiplying it with 32 rows. Chunks of so many logits have enough
// rows to make that cost small.
constexpr i64 kStreamedLogits = 32 * 1024 * 1024;

// A product of fewer rows takes about as long as one of so many, so shorter runs without a target are not left out.
constexpr i64 kShortRun = 16;

struct RowRange {
  i64 begin, end;
};
// Ranges of at most `most` rows, ascending, that hold all rows of [begin, end) with a target.
std::vector<RowRange> rows_with_targets(std::span<const i32> targets, i64 begin, i64 end, i64 most) {
  std::vector<RowRange> all;
  for (i64 t = begin; t < end; ++t) {
    if (targets[t] < 0) continue;
    i64 stop = t + 1;  // behind the last row that has a target
    for (i64 next = stop; next < end && next - t < most && next - stop < kShortRun; ++next)
      if (targets[next] >= 0) stop = next + 1;
    all.push_back({t, stop});
    t = stop - 1;
  }
  return all;
}

struct RowResults {
  Tensor nll, entropy;  // [T, 1]; entropy is empty if it is not wanted
  Tensor softmax;       // scratch for the entropy, [threads, vocab]
};

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
  // A multiple of 64, which every level's groups along k divide, so the chunks cut no group of the sums of dW.
  i64 chunk_rows() const {
    return std::max<i64>(64, (streams(w) ? kStreamedLogits : kChunkLogits) / vocab() / 64 * 64);
  }

  // Rows [begin, end) of z / temperature.
  void logits(float* z, const Packed& packed, i64 begin, i64 end, std::byte* scratch) const {
    const cpu::Gemm g{packed.format, {x.row(begin), x.cols()}, packed.panels, z, vocab(), vocab(), x.cols()};
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

  // Rows [first, first + count) of z / temperature, of a streamed head.
  void streamed_logits(const Tensor& z, i64 first, i64 count) const {
    const WeightProduct product{&w,      Direction::forward, {x.row(first), x.cols()}, count, z.data(),
                                vocab(), Into::overwrite};
    multiply_streamed(p, product_numerics(p), {&product, 1});
    if (temperature == 1) return;
    p.pool.ranges(count, 1, [&](i64 begin, i64 end, int) {
      p.kernels.elementwise.scale(z.row(begin), z.row(begin), 1 / temperature, (end - begin) * vocab());
    });
  }

  // The results of row t from its logits z / temperature.
  void finish_row(const RowResults& results, const float* z, i64 t, int worker) const {
    const i32 target = targets[t];
    const float lse = target < 0 ? 0.0f : p.kernels.elementwise.logsumexp(z, vocab());
    results.nll.data()[t] = target < 0 ? 0.0f : lse - z[target];
    if (results.entropy) results.entropy.data()[t] = target < 0 ? 0.0f : entropy(z, lse, results.softmax.row(worker));
  }

  // Σ_v p_v (lse − z_v), which is −Σ p ln p.
  float entropy(const float* z, float lse, float* probabilities) const {
    p.kernels.elementwise.softmax(probabilities, z, vocab());
    double sum = 0;
    for (i64 v = 0; v < vocab(); ++v) sum += static_cast<double>(probabilities[v]) * static_cast<double>(lse - z[v]);
    return static_cast<float>(sum);
  }

  void backward(const Tensor& dnll, const Tensor& dx, Into into) const;
  void streamed_backward(const Tensor& dnll, const Tensor& dx, Into into) const;
};

void streamed_results(const Head& h, const RowResults& results) {
  const Pass& p = h.p;
  const i64 rows = h.x.rows();
  const Tensor logits = p.alloc(std::min(rows, h.chunk_rows()), h.vocab());
  for (i64 first = 0; first < rows; first += h.chunk_rows()) {
    const i64 count = std::min(h.chunk_rows(), rows - first);
    h.streamed_logits(logits, first, count);
    p.pool.ranges(count, 1, [&](i64 begin, i64 end, int worker) {
      for (i64 t = begin; t < end; ++t) h.finish_row(results, logits.row(t), first + t, worker);
    });
  }
}

void packed_results(const Head& h, const RowResults& results) {
  const Pass& p = h.p;
  const i64 block = h.block_rows();
  Packs packs(p, product_numerics(p));
  const Packed packed = packs.get(h.w, Direction::forward);
  packs.fill();
  const GemmScratch scratch(p, p.pool.threads());
  const Tensor logits = p.alloc(p.pool.threads(), block * h.vocab());
  for (const Tensor& result : {results.nll, results.entropy})
    if (result) std::fill_n(result.data(), result.size(), 0.0f);
  const auto blocks = rows_with_targets(h.targets, 0, h.x.rows(), block);
  p.pool.run(std::ssize(blocks), [&](i64 task, int worker) {
    const auto [begin, end] = blocks[task];
    float* z = logits.row(worker);
    h.logits(z, packed, begin, end, scratch.of(worker));
    for (i64 t = begin; t < end; ++t, z += h.vocab()) h.finish_row(results, z, t, worker);
  });
}

void Head::streamed_backward(const Tensor& dnll, const Tensor& dx, Into into) const {
  const i64 rows = x.rows();
  const Tensor dz = p.alloc(std::min(rows, chunk_rows()), vocab());
  for (i64 first = 0; first < rows; first += chunk_rows()) {
    const i64 count = std::min(chunk_rows(), rows - first);
    streamed_logits(dz, first, count);
    p.pool.ranges(count, 1,
                  [&](i64 begin, i64 end, int) { logit_gradients(dz.row(begin), dnll, first + begin, first + end); });
    const WeightProduct product{&w, Direction::backward, {dz.data(), vocab()}, count, dx.row(first), x.cols(), into};
    multiply_streamed(p, product_numerics(p), {&product, 1});
  }
}

void Head::backward(const Tensor& dnll, const Tensor& dx, Into into) const {
  const i64 rows = x.rows(), block = block_rows();
  Packs packs(p, product_numerics(p));
  const Packed forward = packs.get(w, Direction::forward);
  const Packed transposed = packs.get(w, Direction::backward);
  packs.fill();
  const GemmScratch scratch(p, p.pool.threads());
  const Tensor dz = p.alloc(std::min(rows, chunk_rows()), vocab());
  for (i64 first = 0; first < rows; first += chunk_rows()) {
    const i64 count = std::min(chunk_rows(), rows - first);
    const auto blocks = rows_with_targets(targets, first, first + count, block);
    const auto clear = [&](i64 begin, i64 end) {  // of rows without a target
      std::memset(dz.row(begin - first), 0, (end - begin) * vocab() * 4);
      if (into == Into::overwrite) std::memset(dx.row(begin), 0, (end - begin) * x.cols() * 4);
    };
    p.pool.run(std::ssize(blocks), [&](i64 task, int worker) {
      const auto [begin, end] = blocks[task];
      clear(task > 0 ? blocks[task - 1].end : first, begin);
      float* const z = dz.row(begin - first);
      logits(z, forward, begin, end, scratch.of(worker));
      logit_gradients(z, dnll, begin, end);
      const cpu::Gemm g{.format = transposed.format,
                        .a = {z, vocab()},
                        .b = transposed.panels,
                        .c = dx.row(begin),
                        .ldc = x.cols(),
                        .n = x.cols(),
                        .k = vocab(),
                        .into = into};
      p.kernels.gemm.gemm(g, 0, end - begin, 0, cpu::panels(p.kernels.gemm, x.cols()), scratch.of(worker));
    });
    if (blocks.empty()) {  // no row has a target, so nobody reads dz
      if (into == Into::overwrite) std::memset(dx.row(first), 0, count * x.cols() * 4);
      continue;
    }
    clear(blocks.back().end, first + count);
    if (w.trainable()) accumulate_weight_gradient(p, product_numerics(p).format, w, dz.data(), x.row(first), count);
  }
}

}  // namespace

Tensor linear_cross_entropy(Pass& p, const Tensor& x, const Weight& w, std::span<const i32> targets, float temperature,
                            Tensor* entropy) {
  R1_CHECK(x.cols() == w.cols(), "linear_cross_entropy {}: x {} against weight {}", w.name(), x.shape(), w.shape());
  R1_CHECK(std::ssize(targets) == x.rows(), "linear_cross_entropy: {} targets for x {}", targets.size(), x.shape());
  R1_CHECK(temperature > 0, "linear_cross_entropy: temperature {}", temperature);
  for (const i32 target : targets) R1_CHECK(target < w.rows(), "target {} of a vocabulary of {}", target, w.rows());
  std::vector<i32> kept(targets.begin(), targets.end());
  const Head head{p, x, w, kept, temperature};
  const Tensor nll = p.alloc(x.rows(), 1);
  if (entropy) *entropy = p.alloc(x.rows(), 1);
  const RowResults results{nll, entropy ? *entropy : Tensor(),
                           entropy ? p.alloc(p.pool.threads(), w.rows()) : Tensor()};
  streams(w) ? streamed_results(head, results) : packed_results(head, results);
  if (p.tape)
    p.tape->record({nll}, [p, x, w, kept = std::move(kept), temperature, nll](Grads& d) {
      const Head again{p, x, w, kept, temperature};
      const auto [dx, has_values] = d.target(x);
      const Into into = has_values ? Into::add : Into::overwrite;
      streams(w) ? again.streamed_backward(d[nll], dx, into) : again.backward(d[nll], dx, into);
    });
  return nll;
}

}  // namespace r1
