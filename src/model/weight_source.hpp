// Where a model's weights come from: a checkpoint or a random start. An architecture asks for its tensors by their
// published names, once; what was asked for is also the list of tensors that saving writes.
//
// Errors are collected: asking never fails, finish() does. Nothing is allocated before the checkpoint has confirmed its
// size, and after the first error every weight is empty: a hostile config.json costs nothing.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/weight.hpp"
#include "model/model.hpp"
#include "model/published.hpp"

namespace r1 {

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // [rows, cols]. f32 when trainable, else what the checkpoint holds: in place, or a copy where the file has the rows
  // in another order.
  Weight matrix(const std::string& name, i64 rows, i64 cols);
  // [1, n], always f32. norm: starts at one, trained. offset: of a linear layer, starts at zero, trained. bias: of a
  // router, starts at zero, never trained by gradient.
  Weight norm(const std::string& name, i64 n);
  Weight offset(const std::string& name, i64 n);
  Weight bias(const std::string& name, i64 n);
  // lm_head.weight. Where the config calls it tied it is the embedding, unless the checkpoint has a head of other
  // bytes: then that is the head, as in transformers 5, and `tied` becomes false.
  Weight head(const Weight& embed, bool& tied);
  // One published tensor [heads·(a+b), cols], each head's a rows before its b rows → [heads·a, cols], [heads·b, cols],
  // f32 or what plain type the checkpoint has.
  std::pair<Weight, Weight> by_head(const std::string& name, i64 heads, i64 a, i64 b, i64 cols);

  bool failed() const { return !status_; }  // asking for more is pointless

  // Is there a tensor whose name starts so? A random start has whatever is asked for.
  virtual bool holds(const std::string&) const { return true; }
  // Tensors whose names start so need not be asked for.
  virtual void ignore(std::string) {}

  // Err: the first thing that went wrong, a tensor of the checkpoint that nobody asked for included.
  Status finish();

  std::vector<Weight> weights;               // handed out so far, in order
  std::vector<CheckpointTensor> checkpoint;  // how they make up the published tensors

 protected:
  enum class Loading : u8 { frozen, trained, outline };  // outline: shapes and types are checked, nothing is read
  explicit WeightSource(Loading loading) : loading_(loading) {}
  // Elements as f32. A matrix starts random, a vector at `start`, where there is no checkpoint.
  virtual Status fill(const std::string& name, const std::vector<i64>& shape, float start, float* dst) = 0;
  // The tensor inside its checkpoint; null where there is none.
  virtual const PublishedTensor* entry(const std::string& name, const std::vector<i64>& shape) = 0;
  virtual std::shared_ptr<const void> mapping() const { return nullptr; }
  virtual Status unused() const { return {}; }
  // Are both there, with different bytes?
  virtual bool differ(const std::string&, const std::string&) const { return false; }
  void note(Status status);

 private:
  Weight vector(const std::string& name, i64 n, float start, bool trained);
  Weight keep(Weight w);
  bool trainable() const { return loading_ == Loading::trained; }
  bool outline() const { return loading_ == Loading::outline; }
  Loading loading_;
  Status status_;
};

// normal(0, range) by seed and name: another tensor more changes no other tensor's numbers.
std::unique_ptr<WeightSource> random_source(u64 seed, double range, bool trainable);
std::unique_ptr<WeightSource> checkpoint_source(Checkpoint checkpoint, bool trainable);
// Weights without bytes, of the checkpoint's types: what a model would be, for conversion and inspection.
std::unique_ptr<WeightSource> outline_source(Checkpoint checkpoint);

}  // namespace r1
