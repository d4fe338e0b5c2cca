// The source of a model's weights: a checkpoint, or random numbers. An architecture asks for each of its tensors once,
// by the published name. The tensors asked for are also those that saving the model writes.
//
// Errors are collected: a request for a tensor returns no error, and finish() returns the first error of all requests.
// Memory is allocated only after the checkpoint has confirmed a tensor's size, and after the first error every weight
// is empty, so a hostile config.json costs nothing.
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

  // [rows, cols]. f32 if the weights are trainable or the source has no stored form of the tensor (entry). Otherwise in
  // the stored type: in place, or a copy if the file has the rows in another order.
  Weight matrix(const std::string& name, i64 rows, i64 cols);
  // Vectors [1, n], always f32. Without a checkpoint they start at:
  Weight norm(const std::string& name, i64 n);    // one
  Weight offset(const std::string& name, i64 n);  // zero; the bias of a linear layer
  Weight bias(const std::string& name, i64 n);    // zero; the bias of a router, which no gradient trains
  // lm_head.weight, or the embedding if the config calls the two tied. A checkpoint may nevertheless have a head with
  // other bytes than the embedding: then, as in transformers 5, that is the head, and `tied` becomes false.
  Weight head(const Weight& embed, bool& tied);
  // One published tensor [heads·(a+b), cols] in which each head has a rows and then b rows → [heads·a, cols] and
  // [heads·b, cols], f32 or the checkpoint's plain type.
  std::pair<Weight, Weight> by_head(const std::string& name, i64 heads, i64 a, i64 b, i64 cols);

  bool failed() const { return !status_; }  // there was an error; further requests return empty weights

  // Whether the source has a tensor whose name begins with the given text. A source of random numbers has every tensor.
  virtual bool holds(const std::string&) const { return true; }
  // From now on, tensors whose names begin with the given text may stay unused. A second call replaces the text.
  virtual void ignore(std::string) {}

  // Errors: the first one of all requests; a tensor of the checkpoint that nobody asked for.
  Status finish();

  std::vector<Weight> weights;               // handed out so far, in order
  std::vector<CheckpointTensor> checkpoint;  // how they make up the published tensors

 protected:
  enum class Loading : u8 { frozen, trained, outline };  // outline: types and shapes are checked, no bytes are read
  explicit WeightSource(Loading loading) : loading_(loading) {}
  static Loading loading(Weights kind) { return kind == Weights::trainable ? Loading::trained : Loading::frozen; }
  // The tensor's elements as f32. Without a checkpoint those of a matrix are random and those of a vector `start`.
  virtual Status fill(const std::string& name, const std::vector<i64>& shape, float start, float* dst) = 0;
  // The stored form of the tensor; null if the source has none. On an error, such as a tensor that is missing or has
  // another shape, it calls note() and returns null.
  virtual const PublishedTensor* entry(const std::string& name, const std::vector<i64>& shape) = 0;
  virtual std::shared_ptr<const void> mapping() const { return nullptr; }
  virtual Status unused() const { return {}; }
  // Whether both tensors exist and have different bytes.
  virtual bool differ(const std::string&, const std::string&) const { return false; }
  void note(Status status);

 private:
  enum class Vector : u8 { trained, router_bias };
  Weight vector(const std::string& name, i64 n, float start, Vector use);
  Weight keep(Weight w);
  bool trainable() const { return loading_ == Loading::trained; }
  bool outline() const { return loading_ == Loading::outline; }
  Loading loading_;
  Status status_;
};

// normal(0, range). The numbers of a tensor depend on the seed and its name alone: further tensors do not change them.
std::unique_ptr<WeightSource> random_source(u64 seed, double range, Weights kind);
// f32 weights without bytes, of any shape.
std::unique_ptr<WeightSource> random_outline();
std::unique_ptr<WeightSource> checkpoint_source(Checkpoint checkpoint, Weights kind);
// Weights without bytes, with the checkpoint's types: for conversion and inspection.
std::unique_ptr<WeightSource> outline_source(Checkpoint checkpoint);

}  // namespace r1
