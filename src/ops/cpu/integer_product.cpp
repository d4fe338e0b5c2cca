#include "ops/cpu/integer_product.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "core/integer.hpp"

namespace r1 {
namespace {

// The least work of a task: in integers this many multiply-adds take about as long as kTaskMultiplyAdds of floats.
constexpr i64 kTaskByteProducts = 4 * kTaskMultiplyAdds;
// To read and unpack a weight takes about as long as to multiply it with this many rows.
constexpr i64 kRowsOfUnpacking = 7;

// The quantised activations of several products. Products with the same activations, such as those with the gate and
// up matrices of an expert, share one copy.
class QuantizedRows {
 public:
  explicit QuantizedRows(const Pass& p) : p_(p) {}

  // Where the product's rows will be; quantize() writes them.
  const cpu::QuantizedChunk* add(const IntegerProduct& x) {
    for (const Activations& s : activations_)
      if (s.a.data == x.a.data && s.a.index == x.a.index && s.rows == x.rows && s.k == x.k &&
          cpu::same_quantization(s.type, x.type))
        return s.to;
    const i64 bytes = x.rows * cpu::dot_chunks(x.k) * static_cast<i64>(sizeof(cpu::QuantizedChunk));
    memory_.push_back(p_.alloc(1, bytes / 4));
    activations_.push_back({x.a, x.rows, x.k, x.type, reinterpret_cast<cpu::QuantizedChunk*>(memory_.back().data())});
    return activations_.back().to;
  }

  void quantize() const {
    struct RowTask {
      const Activations* activations;
      i64 begin, end;
    };
    std::vector<RowTask> tasks;
    i64 elements = 0;
    for (const Activations& s : activations_) {
      const i64 step = kTaskPackedElements / s.k + 1;
      for (i64 begin = 0; begin < s.rows; begin += step) tasks.push_back({&s, begin, std::min(s.rows, begin + step)});
      elements += s.rows * s.k;
    }
    const auto run = [&](i64 i, int) {
      const auto& [s, begin, end] = tasks[i];
      p_.kernels.block_dot.quantize(s->type, s->to, s->a, s->rows, s->k, begin, end);
    };
    if (elements >= 2 * kTaskPackedElements) return p_.pool.run(std::ssize(tasks), run);
    for (i64 i = 0; i < std::ssize(tasks); ++i) run(i, 0);
  }

 private:
  struct Activations {
    cpu::MatrixView a;
    i64 rows, k;
    DType type;  // of the weights that they will meet
    cpu::QuantizedChunk* to;
  };
  const Pass& p_;
  std::vector<Tensor> memory_;
  std::vector<Activations> activations_;
};

// Columns [begin, end) of a product's result.
struct ColumnTask {
  const cpu::BlockProduct* product;
  i64 begin, end;
};

}  // namespace

bool in_integers(const ProductNumerics& numerics, const WeightProduct& x) {
  return numerics.integer_blocks && x.direction == Direction::forward && x.into == Into::overwrite &&
         cpu::has_block_dot(x.w->dtype());
}

DotBlocks packed_blocks(const Pass& p, const Weight& w) {
  constexpr u8 kBlocks = 255;  // no format of the gemm kernels has this number
  const cpu::BlockDotKernels& kernels = p.kernels.block_dot;
  const i64 bytes = kernels.pack_bytes(w.dtype(), w.cols(), w.rows());
  if (bytes == 0) return {w.bytes()};
  const auto fill = [&](std::byte* to) {
    const i64 grain = round_up(kTaskPackedElements / w.cols() + 1, kernels.lanes);
    p.pool.ranges(w.rows(), grain, [&](i64 begin, i64 end, int) {
      kernels.pack(w.dtype(), to, w.bytes(), row_bytes(w.dtype(), w.cols()), w.cols(), w.rows(), begin, end);
    });
    release_file_pages(w);
  };
  return {w.pack({static_cast<u8>(p.kernels.level), kBlocks, false}, bytes, fill), true};
}

void multiply_integers(const Pass& p, std::span<const WeightProduct> products) {
  std::vector<IntegerProduct> all;
  for (const WeightProduct& x : products)
    if (x.rows > 0) {
      const DotBlocks blocks = x.may_pack && x.w->pack_is_due() ? packed_blocks(p, *x.w) : DotBlocks{x.w->bytes()};
      all.push_back({x.w->dtype(), blocks, x.w->rows(), x.w->cols(), x.a, x.rows, x.c, x.ldc});
    }
  multiply_integers(p, all);
}

void multiply_integers(const Pass& p, std::span<const IntegerProduct> products) {
  const cpu::BlockDotKernels& kernels = p.kernels.block_dot;
  QuantizedRows quantized(p);
  std::vector<cpu::BlockProduct> dots;
  i64 work = 0;
  for (const IntegerProduct& x : products) {
    if (x.rows == 0) continue;
    dots.push_back(
        {x.type, x.w.bytes, row_bytes(x.type, x.k), x.k, x.n, quantized.add(x), x.rows, x.c, x.ldc, x.w.packed});
    work += (x.rows + kRowsOfUnpacking) * x.n * x.k;
  }
  quantized.quantize();
  // Tasks are even, and each thread has several of them, because other programs may take a part of the cores.
  const i64 fair = std::max(work / (8 * p.pool.threads()), kTaskByteProducts);
  std::vector<ColumnTask> tasks;
  for (const cpu::BlockProduct& g : dots) {
    const i64 lanes = kernels.lanes,
              step = std::max<i64>(lanes, fair / ((g.rows + kRowsOfUnpacking) * g.k) / lanes * lanes);
    for (i64 begin = 0; begin < g.n; begin += step) tasks.push_back({&g, begin, std::min(g.n, begin + step)});
  }
  const i64 threads = tasks.size() > 1 ? p.pool.threads() : 1;
  const Tensor scratch = p.alloc(threads, (kernels.scratch_bytes + 63) / 64 * 16);
  p.pool.run(std::ssize(tasks), [&](i64 i, int worker) {
    const ColumnTask& t = tasks[i];
    kernels.multiply(*t.product, t.begin, t.end, reinterpret_cast<std::byte*>(scratch.row(worker)));
  });
}

}  // namespace r1
