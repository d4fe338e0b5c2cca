// One optimizer step's documents, packed into micro-batches. All denominators are known before the first forward.
#pragma once
#include <vector>

#include "core/batch.hpp"
#include "train/data.hpp"

namespace r1 {

// Documents are separate sequences of the ragged batch: positions restart, attention never crosses.
struct MicroBatch {
  Batch batch;
  std::vector<i32> targets;      // [T] next token, -1: no loss
  std::vector<i32> next;         // [T] the token MTP embeds; a document's last row has none and takes its own
  std::vector<i32> mtp_targets;  // [T] the token after next, -1: no loss
};

struct StepBatch {
  std::vector<MicroBatch> micro;
  i64 tokens = 0, targets = 0, sequences = 0;
  i64 attention_pairs = 0;  // Σ over documents of n(n+1)/2
  i64 next = 0;             // the first sample not taken
  i64 skipped = 0;          // samples left out on the way
};

// In order, a new micro-batch whenever the next document does not fit. A document alone may exceed the limit.
std::vector<MicroBatch> pack(const std::vector<Document>& documents, i64 micro_batch_tokens);

// Takes samples from `first` on until the next one would exceed batch_tokens; at least one document.
Result<StepBatch> take_step(const Data& data, Split split, i64 first, i64 batch_tokens, i64 micro_batch_tokens);

}  // namespace r1
