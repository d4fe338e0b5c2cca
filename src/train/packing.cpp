#include "train/packing.hpp"

#include <algorithm>

namespace r1 {
namespace {

void append(RecordedRoutes& m, const RecordedRoutes& d, i64 rows, i64 rows_so_far) {
  if (m.empty()) m.layers = d.layers, m.top_k = d.top_k;
  m.expert.insert(m.expert.end(), d.expert.begin(), d.expert.end());
  R1_CHECK(m.empty() || (m.per_row() == d.per_row() && std::ssize(m.expert) == rows_so_far * m.per_row()),
           "a document of {} rows has {} routes, its neighbours have {} per row", rows, d.expert.size(), m.per_row());
}

void append(MicroBatch& m, const Document& d) {
  const size_t n = d.tokens.size();
  m.batch.add_sequence(d.tokens);
  m.targets.insert(m.targets.end(), d.targets.begin(), d.targets.end());
  for (size_t i = 0; i < n; ++i) {
    m.next.push_back(d.tokens[std::min(i + 1, n - 1)]);
    m.mtp_targets.push_back(i + 1 < n ? d.targets[i + 1] : -1);
  }
  for (const auto& values :
       {std::pair(&m.weights, &d.weights), std::pair(&m.advantages, &d.advantages),
        std::pair(&m.old_logprobs, &d.old_logprobs), std::pair(&m.reference_logprobs, &d.reference_logprobs)}) {
    values.first->insert(values.first->end(), values.second->begin(), values.second->end());
    R1_CHECK(values.first->empty() || values.first->size() == m.targets.size(),
             "a document of {} rows has {} values of a kind that its neighbours have", n, values.second->size());
  }
  append(m.routes, d.routes, std::ssize(d.tokens), std::ssize(m.targets));
}

}  // namespace

std::vector<MicroBatch> pack(const std::vector<Document>& documents, i64 micro_batch_tokens) {
  std::vector<MicroBatch> out;
  for (const Document& d : documents) {
    if (out.empty() || out.back().batch.rows() + std::ssize(d.tokens) > micro_batch_tokens) out.emplace_back();
    append(out.back(), d);
  }
  return out;
}

Result<StepBatch> take_step(const Data& data, Split split, i64 first, i64 batch_tokens, i64 micro_batch_tokens) {
  // Without a limit this loop would not end if all samples are too long.
  constexpr i64 kMostSkipped = 100000;
  StepBatch step;
  std::vector<Document> documents;
  for (step.next = first;; ++step.next) {
    Document d = R1_TRY(data.document(split, step.next));
    const i64 n = std::ssize(d.tokens);
    if (n == 0) {
      if (++step.skipped > kMostSkipped)
        return fail(Errc::invalid_argument, "{} samples were skipped because they are longer than sequence_length",
                    kMostSkipped);
      continue;
    }
    if (!documents.empty() && step.tokens + n > batch_tokens) break;
    step.tokens += n;
    step.attention_pairs += n * (n + 1) / 2;
    for (const i32 t : d.targets) step.targets += t >= 0;
    documents.push_back(std::move(d));
  }
  step.sequences = std::ssize(documents);
  step.micro = pack(documents, micro_batch_tokens);
  return step;
}

}  // namespace r1
