// Documents for training. Sample i is a pure function of (seed, i): the order is the same on every machine, and a
// resumed run needs only the counter.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "tasks/tasks.hpp"
#include "train/config.hpp"

namespace r1 {

class Tokenizer;

struct Document {
  std::vector<i32> tokens;   // ends with end-of-sentence where it was not cut
  std::vector<i32> targets;  // the next token of every row, -1 where no loss is wanted; the last row is -1
};

// Targets of a document whose first `masked` tokens are a prompt: predictions of those are not trained.
Document make_document(std::vector<i32> tokens, i64 masked);

class Data {
 public:
  virtual ~Data() = default;
  // An empty document: sample i was left out, being too long. Split::test is held out for validation: other problems
  // of the generators, every kHeldOut-th row of a file. Not thread-safe.
  virtual Result<Document> document(Split split, i64 i) const = 0;
  // Of all bytes of the files it reads, in order; 0: there are none.
  virtual u64 fingerprint() const = 0;
};

inline constexpr i64 kHeldOut = 50;  // only when the run validates

// Ids a document is framed with; -1: the model has none.
struct DocumentEnds {
  i32 bos = -1, eos = -1;
};

// The sources of the configuration, mixed by weight. The tokenizer must outlive the result.
Result<std::unique_ptr<Data>> open_data(const TrainConfig& config, const Tokenizer& tokenizer, DocumentEnds ends);

}  // namespace r1
