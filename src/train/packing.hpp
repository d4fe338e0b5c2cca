// The documents of one optimizer step, packed into micro-batches. All denominators of the loss are known before the
// first forward pass.
#pragma once
#include <vector>

#include "core/batch.hpp"
#include "train/data.hpp"

namespace r1 {

// Each document is a sequence of the ragged batch: its positions start at 0, and it attends to no other document.
struct MicroBatch {
  Batch batch;
  std::vector<i32> targets;      // [T] the next token, or -1 for no loss
  std::vector<i32> next;         // [T] the next token, which MTP embeds; a last row repeats its own token
  std::vector<i32> mtp_targets;  // [T] the token after the next, or -1 for no loss
  // [T], or empty if the documents have none (Document):
  std::vector<float> weights, advantages, old_logprobs, reference_logprobs;
  RecordedRoutes routes;
};

struct StepBatch {
  std::vector<MicroBatch> micro;
  i64 tokens = 0, targets = 0, sequences = 0;
  i64 attention_pairs = 0;  // Σ over documents of n(n+1)/2, where n is the number of tokens
  i64 next = 0;             // the first sample that was not taken
  i64 skipped = 0;          // samples that were too long
};

// Packs the documents in order and starts a new micro-batch when the next document does not fit. A single document may
// exceed the limit.
std::vector<MicroBatch> pack(const std::vector<Document>& documents, i64 micro_batch_tokens);

// Takes samples from `first` on, at least one document, until the next one would exceed batch_tokens. Errors: a sample
// cannot be read, or very many samples in a row are too long.
Result<StepBatch> take_step(const Data& data, Split split, i64 first, i64 batch_tokens, i64 micro_batch_tokens);

}  // namespace r1
