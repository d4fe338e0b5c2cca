// Documents for training. Sample i is a pure function of (seed, i), so the order is the same on every machine, and a
// resumed run needs only the number of its next sample.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "core/pass.hpp"
#include "tasks/tasks.hpp"
#include "train/config.hpp"

namespace r1 {

class Tokenizer;

struct Document {
  std::vector<i32> tokens;   // the last one is the end-of-sentence token, unless the document was truncated
  std::vector<i32> targets;  // the next token of every row, or -1 for a row without a loss; the last row has -1
  // Further inputs of a loss. Each is empty or has a value for every row: the row's weight, its advantage, and the
  // log-probability of its target when the target was drawn and under a reference model.
  std::vector<float> weights{}, advantages{}, old_logprobs{}, reference_logprobs{};
  RecordedRoutes routes{};  // empty, or with a row for every token: the experts that the routers must use
};

// Makes a document of these tokens. The first `masked` tokens are a prompt, which the model does not learn: no row has
// them as its target.
Document make_document(std::vector<i32> tokens, i64 masked);

class Data {
 public:
  virtual ~Data() = default;
  // Returns sample i, or an empty document if the sample is too long. The samples of Split::test are held out for
  // validation: the generators' test problems, and every kHeldOut-th row of a file. Not thread-safe.
  virtual Result<Document> document(Split split, i64 i) const = 0;
  // A hash of all bytes of the files that the data comes from, in order; 0 if there are no files.
  virtual u64 fingerprint() const = 0;
  // What a person should know about the files before the training begins, a line each.
  virtual std::vector<std::string> notes() const = 0;
};

inline constexpr i64 kHeldOut = 50;  // a run without validation trains on all rows

// The ids that begin and end a document; -1 if the model has none.
struct DocumentEnds {
  i32 bos = -1, eos = -1;
};

// Opens the sources of the configuration, mixed by weight. The tokenizer must outlive the result. Errors: a file cannot
// be read or has a broken row, or a weight is too small for a single document.
Result<std::unique_ptr<Data>> open_data(const TrainConfig& config, const Tokenizer& tokenizer, DocumentEnds ends);

}  // namespace r1
