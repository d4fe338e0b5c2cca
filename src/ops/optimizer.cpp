#include "ops/optimizer.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "core/math.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

// Elements of a piece: 128 KiB of each array. A piece is a task, and a sum of squares is formed for each piece.
constexpr i64 kPieceElements = 32768;

struct GradientPiece {
  size_t target;
  i64 begin, count;
};

std::vector<GradientPiece> cut(size_t targets, const std::function<i64(size_t)>& size_of) {
  std::vector<GradientPiece> pieces;
  for (size_t i = 0; i < targets; ++i)
    for (i64 begin = 0, n = size_of(i); begin < n; begin += kPieceElements)
      pieces.push_back({i, begin, std::min(kPieceElements, n - begin)});
  return pieces;
}

}  // namespace

void adamw_step(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const AdamWTarget> targets, const AdamW& h) {
  // In double, because 1 - beta^step loses most of its digits in f32.
  const auto correction = [&](float beta) {
    return static_cast<float>(beta > 0 ? 1.0 - exact_pow(static_cast<double>(beta), static_cast<double>(h.step)) : 1.0);
  };
  const float bias1 = correction(h.beta1), bias2 = correction(h.beta2);
  const auto pieces = cut(targets.size(), [&](size_t i) { return targets[i].weight.size(); });
  pool.run(std::ssize(pieces), [&](i64 task, int) {
    const GradientPiece& piece = pieces[task];
    const AdamWTarget& t = targets[piece.target];
    float* g = t.weight.grad() + piece.begin;
    kernels.elementwise.adamw(t.weight.f32() + piece.begin, t.m + piece.begin, t.v + piece.begin, g, piece.count, h.lr,
                              h.beta1, h.beta2, h.eps, t.decay ? h.weight_decay : 0.0f, bias1, bias2, h.grad_scale);
    std::memset(g, 0, piece.count * sizeof(float));
  });
  for (const AdamWTarget& t : targets) t.weight.bump();
}

double grad_sum_squares(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const Weight> weights) {
  const auto pieces = cut(weights.size(), [&](size_t i) { return weights[i].trainable() ? weights[i].size() : 0; });
  std::vector<double> sums(pieces.size());
  pool.run(std::ssize(pieces), [&](i64 task, int) {
    const GradientPiece& piece = pieces[task];
    sums[task] = kernels.elementwise.sum_of_squares(weights[piece.target].grad() + piece.begin, piece.count);
  });
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

}  // namespace r1
