#include "ops/cpu/integer_product.hpp"

#include <algorithm>
#include <vector>

namespace r1 {
namespace {

// An integer product is worth a task of its own at this many multiply-adds: about as long as kTaskMultiplyAdds of
// floats.
constexpr i64 kTaskByteProducts = 4 * kTaskMultiplyAdds;

// Activations of several products, each quantised once: gate and up have the same.
class QuantizedRows {
 public:
  explicit QuantizedRows(const Pass& p) : p_(p) {}

  // The place of the product's rows, filled by quantize().
  const cpu::QuantizedChunk* add(const WeightProduct& x) {
    for (const Source& s : sources_)
      if (s.a.data == x.a.data && s.a.index == x.a.index && s.rows == x.rows && s.k == x.k() &&
          cpu::same_quantization(s.type, x.w->dtype()))
        return s.to;
    const i64 bytes = x.rows * cpu::dot_chunks(x.k()) * static_cast<i64>(sizeof(cpu::QuantizedChunk));
    memory_.push_back(p_.alloc(1, bytes / 4));
    sources_.push_back(
        {x.a, x.rows, x.k(), x.w->dtype(), reinterpret_cast<cpu::QuantizedChunk*>(memory_.back().data())});
    return sources_.back().to;
  }

  void quantize() const {
    struct Piece {
      const Source* source;
      i64 begin, end;
    };
    std::vector<Piece> pieces;
    i64 elements = 0;
    for (const Source& s : sources_) {
      const i64 step = kTaskPackedElements / s.k + 1;
      for (i64 begin = 0; begin < s.rows; begin += step) pieces.push_back({&s, begin, std::min(s.rows, begin + step)});
      elements += s.rows * s.k;
    }
    const auto run = [&](i64 i, int) {
      const auto& [s, begin, end] = pieces[i];
      p_.kernels.block_dot.quantize(s->type, s->to, s->a, s->rows, s->k, begin, end);
    };
    if (elements >= 2 * kTaskPackedElements) return p_.pool.run(static_cast<i64>(pieces.size()), run);
    for (i64 i = 0; i < static_cast<i64>(pieces.size()); ++i) run(i, 0);
  }

 private:
  struct Source {
    cpu::MatrixView a;
    i64 rows, k;
    DType type;
    cpu::QuantizedChunk* to;
  };
  const Pass& p_;
  std::vector<Tensor> memory_;
  std::vector<Source> sources_;
};

// Rows [begin, end) of a weight.
struct Task {
  const cpu::BlockProduct* dot;
  i64 begin, end;
};

}  // namespace

bool in_integers(const Pass& p, const WeightProduct& x) {
  return p.numerics.integer_blocks && x.direction == Direction::forward && !x.accumulate &&
         cpu::has_block_dot(x.w->dtype());
}

void multiply_integers(const Pass& p, std::span<const WeightProduct> products) {
  const cpu::BlockDotKernels& kernels = p.kernels.block_dot;
  QuantizedRows quantized(p);
  std::vector<cpu::BlockProduct> dots;
  i64 work = 0;
  for (const WeightProduct& x : products) {
    if (x.rows == 0) continue;
    const Weight& w = *x.w;
    dots.push_back({w.dtype(), w.bytes(), row_bytes(w.dtype(), w.cols()), w.cols(), w.rows(), quantized.add(x), x.rows,
                    x.c, x.ldc});
    work += x.rows * w.size();
  }
  quantized.quantize();
  // Even tasks, several for every thread: other programs take their share of the cores.
  const i64 fair = std::max(work / (8 * p.pool.threads()), kTaskByteProducts);
  std::vector<Task> tasks;
  for (const cpu::BlockProduct& g : dots) {
    const i64 lanes = kernels.lanes, step = std::max<i64>(lanes, fair / (g.rows * g.k) / lanes * lanes);
    for (i64 begin = 0; begin < g.n; begin += step) tasks.push_back({&g, begin, std::min(g.n, begin + step)});
  }
  const i64 threads = tasks.size() > 1 ? p.pool.threads() : 1;
  const Tensor scratch = p.alloc(threads, (kernels.scratch_bytes + 63) / 64 * 16);
  p.pool.run(static_cast<i64>(tasks.size()), [&](i64 i, int worker) {
    const Task& t = tasks[i];
    kernels.multiply(*t.dot, t.begin, t.end, reinterpret_cast<std::byte*>(scratch.row(worker)));
  });
}

}  // namespace r1
