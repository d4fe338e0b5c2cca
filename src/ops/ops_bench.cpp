// Every op, forward and backward, at the shapes of real models, beside the roof that this machine has for it.
//   ops_bench [--filter TEXT] [--seconds S] [--threads N] [--tokens N]
// Ops that move data are reported in GB/s. Their roof is a copy of as many bytes by the same threads, measured in this
// run, so shapes that fit a cache are compared with a copy in that cache. Ops that multiply are reported in GFLOP/s.
// Their roof is that of the unit that their products use. A time is the median of at least five runs. --filter keeps
// the lines whose op, model or type contains TEXT; --tokens sets the number of tokens of a pass, such as 1 for
// decoding.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "kernels/cpu/roof.hpp"
#include "ops/ops.hpp"
#include "ops/optimizer.hpp"

namespace r1 {
namespace {

struct Options {
  std::string filter;
  double seconds = 0.2;  // for one line
  int threads = ThreadPool::default_threads();
  i64 tokens = 0;  // of a pass; 0: as many as the model's line says
};

// The sizes of a model, and the tokens of a pass of it.
struct ModelSizes {
  const char* name;
  i64 tokens, sequence, hidden, heads, kv_heads, head, inner, vocab;
  MlaDims mla{};                      // heads 0: grouped queries
  RoutingConfig routing{};            // experts 0: a dense model
  i64 expert_inner = 0, experts = 0;  // `experts` of routing.experts that are multiplied, as far as memory goes
};

// models/nano; DeepSeek-R1-Distill-Qwen-1.5B; DeepSeek-R1 with an eighth of its vocabulary and two of its experts.
const ModelSizes kModels[] = {{.name = "nano",
                               .tokens = 2048,
                               .sequence = 256,
                               .hidden = 128,
                               .heads = 4,
                               .kv_heads = 4,
                               .head = 48,
                               .inner = 384,
                               .vocab = 512,
                               .mla = {4, 32, 16, 32, 64, 0.14f},
                               .routing = {.experts = 16, .top_k = 2},
                               .expert_inner = 96,
                               .experts = 16},
                              {.name = "1.5b",
                               .tokens = 512,
                               .sequence = 512,
                               .hidden = 1536,
                               .heads = 12,
                               .kv_heads = 2,
                               .head = 128,
                               .inner = 8960,
                               .vocab = 151936},
                              {.name = "r1",
                               .tokens = 256,
                               .sequence = 256,
                               .hidden = 7168,
                               .heads = 128,
                               .kv_heads = 128,
                               .head = 192,
                               .inner = 18432,
                               .vocab = 16160,
                               .mla = {128, 128, 64, 128, 512, 0.07f},
                               .routing = {.experts = 256, .top_k = 8, .groups = 8, .top_groups = 4, .scaling = 2.5f},
                               .expert_inner = 2048,
                               .experts = 2}};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The median of timed(), which returns seconds, over about `budget` seconds.
template <class F>
double median_seconds(double budget, F&& timed) {
  timed();  // fills the arena and the packs
  std::vector<double> times;
  const auto start = Clock::now();
  while (times.size() < 5 || (seconds_since(start) < budget && times.size() < 10'000)) times.push_back(timed());
  std::nth_element(times.begin(), times.begin() + std::ssize(times) / 2, times.end());
  return times[times.size() / 2];
}

// The work of one pass: floats that are read or written, or floating-point operations.
enum class Work : u8 { floats, operations };

// An op as a line of the table needs it.
struct Line {
  const char* op;
  const ModelSizes& model;
  std::string shape;
  Work work;
  i64 forward, backward;         // amounts of work; backward 0: the op has no backward pass
  std::vector<Tensor> inputs{};  // those that have gradients
  DType matmul = DType::f32;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), pool_(options.threads) {
    fmt::print("{} threads, level {}\n{:22}{:6}{:40}{:6}{:10}{:>12}{:>10} {:8}{:>9}{:>8}\n", pool_.threads(),
               kernels_.name, "op", "model", "shape", "type", "pass", "time", "rate", "unit", "roof", "share");
  }

  bool wanted(const char* op, const ModelSizes& m, DType matmul = DType::f32) const {
    return fmt::format("{} {} {}", op, m.name, name_of(matmul)).find(options_.filter) != std::string::npos;
  }

  Tensor tensor(i64 rows, i64 cols) {
    const Tensor t = arena_.alloc(rows, cols);
    fill(t.data(), t.size());
    return t;
  }
  static Weight weight(i64 rows, i64 cols) {
    const Weight w = Weight::zeros("w", rows, cols, true);
    fill(w.f32(), w.size());
    return w;
  }
  // Weights of this kind have half the memory of trainable ones and no gradient.
  static Weight frozen_bf16(i64 rows, i64 cols) {
    const auto halves = std::make_shared<std::vector<u16>>(rows * cols + 32);
    for (size_t i = 0; i < halves->size(); ++i) (*halves)[i] = static_cast<u16>(0x3c00 + i % 251);
    return Weight::frozen("w", DType::bf16, rows, cols, reinterpret_cast<const std::byte*>(halves->data()), {halves});
  }

  // Sets the batch: m.tokens tokens in sequences of m.sequence. Returns the number of pairs of a query and a key.
  i64 batch_of(const ModelSizes& m) {
    batch_ = Batch();
    i64 pairs = 0;
    for (i64 t = 0; t < m.tokens; t += m.sequence) {
      const i64 n = std::min(m.sequence, m.tokens - t);
      batch_.add_sequence(std::vector<i32>(n));
      pairs += n * (n + 1) / 2;
    }
    return pairs;
  }
  std::vector<i32> some(i64 n, i64 below) const {
    std::vector<i32> all(n);
    for (i64 i = 0; i < n; ++i) all[i] = static_cast<i32>(i * 7919 % below);
    return all;
  }
  Pass pass(DType matmul = DType::f32, Tape* tape = nullptr) {
    Pass p{.batch = batch_, .arena = arena_, .pool = pool_, .kernels = kernels_, .tape = tape};
    p.numerics.matmul = matmul;
    return p;
  }
  ThreadPool& pool() { return pool_; }
  const cpu::Kernels& kernels() const { return kernels_; }

  // op(p) runs the op and returns its result.
  template <class F>
  void run(const Line& line, F&& op) {
    print(line, "forward", line.forward, median_seconds(options_.seconds, [&] {
            Pass p = pass(line.matmul);
            const auto start = Clock::now();
            op(p);
            return seconds_since(start);
          }));
    if (line.backward == 0) return;
    print(line, "backward", line.backward, median_seconds(options_.seconds, [&] {
            Tape tape(arena_);
            Pass p = pass(line.matmul, &tape);
            const Tensor y = op(p);
            std::fill_n(tape.grads()[y].data(), y.size(), 0.01f);
            for (const Tensor& x : line.inputs) tape.grads()[x];  // filled with zeros before the clock starts
            const auto start = Clock::now();
            tape.backward();
            return seconds_since(start);
          }));
  }

  // A function that is no op and has no tape.
  template <class F>
  void run_plain(const Line& line, F&& f) {
    print(line, "step", line.forward, median_seconds(options_.seconds, [&] {
            const auto start = Clock::now();
            f();
            return seconds_since(start);
          }));
  }

 private:
  static void fill(float* x, i64 n) {
    for (i64 i = 0; i < n; ++i) x[i] = static_cast<float>(static_cast<u32>(i) * 2654435761u >> 16) / 65536.0f - 0.5f;
  }

  // GB/s of reading and writing when the threads copy half of `bytes` from one place to another.
  double copy_roof(i64 bytes) {
    double& roof = copy_roofs_[bytes];
    if (roof > 0) return roof;
    const i64 n = std::max<i64>(1, bytes / 8);
    const Tensor from = tensor(1, n), to = arena_.alloc(1, n);
    const double seconds = median_seconds(options_.seconds, [&] {
      const auto start = Clock::now();
      pool_.ranges(n, 32768, [&](i64 begin, i64 end, int) {
        std::memcpy(to.data() + begin, from.data() + begin, (end - begin) * sizeof(float));
      });
      return seconds_since(start);
    });
    return roof = 8e-9 * static_cast<double>(n) / seconds;
  }
  double multiply_roof(DType matmul) {
    double& roof = multiply_roofs_[matmul];
    if (roof == 0)
      roof = cpu::compute_roof(kernels_, pool_, matmul == DType::f32 ? cpu::Format::f32 : cpu::Format::bf16,
                               options_.seconds);
    return roof;
  }

  void print(const Line& line, const char* pass, i64 work, double seconds) {
    const bool moves = line.work == Work::floats;
    const double rate = (moves ? 4e-9 : 1e-9) * static_cast<double>(work) / seconds;
    const double roof = moves ? copy_roof(4 * work) : multiply_roof(line.matmul);
    fmt::print("{:22}{:6}{:40}{:6}{:10}{:9.1f} us{:10.1f} {:8}{:9.1f}{:7.0f}%\n", line.op, line.model.name, line.shape,
               name_of(line.matmul), pass, seconds * 1e6, rate, moves ? "GB/s" : "GFLOP/s", roof, 100 * rate / roof);
    std::fflush(stdout);
  }

  const Options& options_;
  const cpu::Kernels& kernels_ = cpu::active();
  ThreadPool pool_;
  Batch batch_;
  Arena arena_;
  std::map<i64, double> copy_roofs_;
  std::map<DType, double> multiply_roofs_;
};

// Lines of ops that treat every row alone. Amounts count each float that is read and each that is written; a backward
// pass reads and writes the gradients that it adds to.
void rows_in_rows_out(Bench& b, const ModelSizes& m) {
  const i64 rows = m.tokens, d = m.hidden, n = rows * d;
  const std::string shape = fmt::format("T {} d {}", rows, d);
  const auto line = [&](const char* op, i64 forward, i64 backward, std::vector<Tensor> inputs) {
    return Line{op, m, shape, Work::floats, forward, backward, std::move(inputs)};
  };
  const Tensor x = b.tensor(rows, d), y = b.tensor(rows, d);
  if (b.wanted("add", m)) b.run(line("add", 3 * n, 6 * n, {x, y}), [&](Pass& p) { return add(p, x, y); });
  if (b.wanted("add_bias", m)) {
    const Weight bias = b.weight(1, d);
    b.run(line("add_bias", 2 * n, 4 * n, {x}), [&](Pass& p) { return add_bias(p, x, bias); });
  }
  if (b.wanted("rms_norm", m)) {
    const Weight w = b.weight(1, d);
    b.run(line("rms_norm", 2 * n, 4 * n, {x}), [&](Pass& p) { return rms_norm(p, x, w, 1e-6f); });
  }
  if (constexpr i64 kHead = 128; d % kHead == 0 && b.wanted("rms_norm of heads", m)) {
    const Weight w = b.weight(1, kHead);
    b.run(line("rms_norm of heads", 2 * n, 4 * n, {x}), [&](Pass& p) { return rms_norm(p, x, w, 1e-6f, d / kHead); });
  }
  if (b.wanted("concat", m)) b.run(line("concat", 4 * n, 6 * n, {x, y}), [&](Pass& p) { return concat(p, x, y); });
  if (b.wanted("take_rows", m)) {
    const i64 count = (rows + 1) / 2;
    const std::vector<i32> taken = b.some(count, rows);
    b.run(line("take_rows", 2 * count * d, 3 * count * d, {x}), [&](Pass& p) { return take_rows(p, x, taken); });
  }
  if (b.wanted("embed", m)) {
    const Weight table = b.weight(std::min<i64>(m.vocab, 16160), d);
    const std::vector<i32> tokens = b.some(rows, table.rows());
    b.run(line("embed", 2 * n, 3 * n, {}), [&](Pass& p) { return embed(p, table, tokens); });
  }
  if (b.wanted("swiglu", m)) {
    const i64 f = m.inner;
    const Tensor gate = b.tensor(rows, f), up = b.tensor(rows, f);
    b.run({"swiglu", m, fmt::format("T {} f {}", rows, f), Work::floats, 3 * rows * f, 7 * rows * f, {gate, up}},
          [&](Pass& p) { return swiglu(p, gate, up); });
  }
}

// The features of all query heads, and those of them that are rotated.
void rotary(Bench& b, const ModelSizes& m) {
  const i64 rows = m.tokens, dim = m.mla.heads ? m.mla.rope : m.head, n = rows * m.heads * dim;
  Pass p = b.pass();
  const Tensor angles = rope_angles(p, {.dim = dim});
  if (b.wanted("rope_angles", m))
    b.run({"rope_angles", m, fmt::format("T {} dim {}", rows, dim), Work::floats, rows * dim, 0},
          [&](Pass& q) { return rope_angles(q, {.dim = dim}); });
  if (b.wanted("rope", m)) {
    const Tensor x = b.tensor(rows, m.heads * dim);
    const RopePairs pairs = m.mla.heads ? RopePairs::neighbours : RopePairs::halves;
    b.run({"rope",
           m,
           fmt::format("T {} heads {} dim {}", rows, m.heads, dim),
           Work::floats,
           2 * n + rows * dim,
           3 * n + rows * dim,
           {x}},
          [&](Pass& q) { return rope(q, x, m.heads, angles, pairs); });
  }
  if (m.mla.heads && b.wanted("split", m)) {
    const i64 all = rows * m.heads * (m.mla.nope + m.mla.rope);
    const Tensor x = b.tensor(rows, m.heads * (m.mla.nope + m.mla.rope));
    // The second result has no gradient here, so backward moves the nope part alone.
    b.run({"split",
           m,
           fmt::format("T {} heads {} of {} + {}", rows, m.heads, m.mla.nope, m.mla.rope),
           Work::floats,
           2 * all,
           3 * rows * m.heads * m.mla.nope,
           {x}},
          [&](Pass& q) { return split(q, x, m.heads, m.mla.nope, m.mla.rope)[0]; });
  }
}

void attention(Bench& b, const ModelSizes& m, i64 pairs) {
  const i64 rows = m.tokens;
  if (!m.mla.heads && b.wanted("attend", m)) {
    const AttendDims d{m.heads, m.kv_heads, m.head, 0.09f};
    const Tensor q = b.tensor(rows, m.heads * m.head), k = b.tensor(rows, m.kv_heads * m.head),
                 v = b.tensor(rows, m.kv_heads * m.head);
    const i64 forward = 2 * pairs * m.heads * 2 * m.head;
    // Backward computes the scores again and has four products of their size: 5 instead of 2.
    b.run({"attend",
           m,
           fmt::format("T {} heads {}/{} of {}", rows, m.heads, m.kv_heads, m.head),
           Work::operations,
           forward,
           forward * 5 / 2,
           {q, k, v}},
          [&](Pass& p) { return attend(p, 0, d, q, k, v); });
  }
  if (m.mla.heads && b.wanted("mla_attend", m)) {
    const MlaDims& d = m.mla;
    const Tensor q_c = b.tensor(rows, d.heads * d.nope), q_r = b.tensor(rows, d.heads * d.rope);
    const Tensor c = b.tensor(rows, d.kv_rank), k_r = b.tensor(rows, d.rope);
    const Weight w_uk = b.weight(d.heads * d.nope, d.kv_rank), w_uv = b.weight(d.heads * d.v, d.kv_rank);
    const i64 core = 2 * pairs * d.heads * (d.nope + d.rope + d.v);
    const i64 linears = 2 * rows * d.kv_rank * d.heads * (d.nope + d.v);
    b.run({"mla_attend",
           m,
           fmt::format("T {} heads {} of {}+{}, {}", rows, d.heads, d.nope, d.rope, d.v),
           Work::operations,
           core + linears,
           core * 5 / 2 + 2 * linears,
           {q_c, q_r, c, k_r}},
          [&](Pass& p) { return mla_attend(p, 0, d, q_c, q_r, c, k_r, w_uk, w_uv); });
  }
}

void products(Bench& b, const ModelSizes& m, DType matmul) {
  const i64 rows = m.tokens, d = m.hidden, out = m.mla.heads ? m.mla.kv_rank + m.mla.rope : m.inner;
  if (b.wanted("linear", m, matmul)) {
    const Tensor x = b.tensor(rows, d);
    const Weight w = b.weight(out, d);
    const i64 forward = 2 * rows * d * out;
    b.run({"linear",
           m,
           fmt::format("T {} in {} out {}", rows, d, out),
           Work::operations,
           forward,
           2 * forward,
           {x},
           matmul},
          [&](Pass& p) { return linear(p, x, w); });
  }
  if (b.wanted("linear_cross_entropy", m, matmul)) {
    const Tensor x = b.tensor(rows, d);
    const bool trained = m.vocab * d < 16 << 20;
    const Weight head = trained ? b.weight(m.vocab, d) : b.frozen_bf16(m.vocab, d);
    const std::vector<i32> targets = b.some(rows, m.vocab);
    const i64 forward = 2 * rows * d * m.vocab;
    // Backward computes the logits again; then dx and, for a head that is trained, dW.
    b.run({"linear_cross_entropy",
           m,
           fmt::format("T {} d {} vocab {}{}", rows, d, m.vocab, trained ? "" : " frozen"),
           Work::operations,
           forward,
           (trained ? 3 : 2) * forward,
           {x},
           matmul},
          [&](Pass& p) { return linear_cross_entropy(p, x, head, targets); });
  }
  if (m.experts && b.wanted("experts", m, matmul)) {
    const i64 f = m.expert_inner, top_k = std::min(m.routing.top_k, m.experts);
    std::vector<Expert> all;
    for (i64 e = 0; e < m.experts; ++e) all.push_back({b.weight(f, d), b.weight(f, d), b.weight(d, f)});
    Pass p = b.pass();
    const RoutingConfig c{.experts = m.experts, .top_k = top_k, .method = TopK::greedy};
    const Routing r = route(p, 0, b.tensor(rows, m.experts), {}, c);
    const Tensor x = b.tensor(rows, d);
    const i64 forward = 2 * rows * top_k * 3 * d * f;
    b.run({"experts",
           m,
           fmt::format("T {} d {} f {} E {} k {}", rows, d, f, m.experts, top_k),
           Work::operations,
           forward,
           2 * forward,
           {x, r.gates},
           matmul},
          [&](Pass& q) { return experts(q, x, r, all); });
  }
}

void routing(Bench& b, const ModelSizes& m) {
  if (!m.routing.experts || !b.wanted("route", m)) return;
  const i64 rows = m.tokens, e = m.routing.experts, k = m.routing.top_k;
  const Tensor logits = b.tensor(rows, e);
  const Weight bias = Weight::zeros("bias", 1, e, false);
  b.run({"route",
         m,
         fmt::format("T {} E {} k {} groups {}/{}", rows, e, k, m.routing.top_groups, m.routing.groups),
         Work::floats,
         2 * rows * e + 2 * rows * k,
         3 * rows * e + 2 * rows * k,
         {logits}},
        [&](Pass& p) { return route(p, 0, logits, bias, m.routing).gates; });
}

// The optimizer's step over one matrix of a model's feed-forward layer.
void optimizer(Bench& b, const ModelSizes& m) {
  if (!b.wanted("adamw_step", m) && !b.wanted("grad_sum_squares", m)) return;
  const Weight w = b.weight(m.hidden, std::min<i64>(m.inner, 4096));
  const Tensor moments = b.tensor(2, w.size());
  std::memset(moments.data(), 0, moments.size() * sizeof(float));
  const AdamWTarget target{w, moments.row(0), moments.row(1), true};
  const AdamW settings{.lr = 1e-3f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .weight_decay = 0.1f};
  const std::string shape = fmt::format("weights {} x {}", w.rows(), w.cols());
  // w, m, v and the gradient are read and written.
  if (b.wanted("adamw_step", m))
    b.run_plain({"adamw_step", m, shape, Work::floats, 8 * w.size(), 0}, [&] {
      adamw_step(b.pool(), b.kernels(), {&target, 1}, settings);
    });
  if (b.wanted("grad_sum_squares", m))
    b.run_plain({"grad_sum_squares", m, shape, Work::floats, w.size(), 0}, [&] {
      grad_sum_squares(b.pool(), b.kernels(), {&w, 1});
    });
}

void run_all(const Options& options) {
  Bench b(options);
  for (ModelSizes m : kModels) {
    if (options.tokens) m.tokens = options.tokens;
    const i64 pairs = b.batch_of(m);
    rows_in_rows_out(b, m);
    rotary(b, m);
    routing(b, m);
    for (const DType matmul : {DType::f32, DType::bf16}) products(b, m, matmul);
    attention(b, m, pairs);
    optimizer(b, m);
  }
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  r1::Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (i + 1 < argc && flag == "--filter") options.filter = argv[i + 1];
    else if (i + 1 < argc && flag == "--seconds") options.seconds = std::atof(argv[i + 1]);
    else if (i + 1 < argc && flag == "--threads") options.threads = std::max(1, std::atoi(argv[i + 1]));
    else if (i + 1 < argc && flag == "--tokens") options.tokens = std::max(1, std::atoi(argv[i + 1]));
    else return std::fprintf(stderr, "usage: ops_bench [--filter TEXT] [--seconds S] [--threads N] [--tokens N]\n"), 2;
  }
  r1::run_all(options);
}
