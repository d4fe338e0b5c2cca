#include "train/data.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/file.hpp"
#include "core/hash.hpp"
#include "core/philox.hpp"
#include "formats/json.hpp"
#include "text/chat.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

// What random numbers of Purpose::data are used for. Each use has streams of its own.
enum class RandomUse : u64 { blocks = 1, rows = 2, thinking = 3 };
u64 stream(RandomUse use, u64 index) { return static_cast<u64>(use) << 56 | index; }

enum class DocumentFormat { text, chat };
DocumentFormat format_of(const DataSource& d) {
  return d.format == "chat" ? DocumentFormat::chat : DocumentFormat::text;
}

// The numbers 0 to n-1 in a random order, which is different for every (use, index).
std::vector<i32> shuffled(i64 n, u64 seed, RandomUse use, u64 index) {
  std::vector<i32> order(n);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, Purpose::data, stream(use, index));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<u32>(i))]);
  return order;
}

// Turns texts into documents. Prompt and completion are encoded separately, as they are when the model answers.
class DocumentEncoder {
 public:
  static Result<DocumentEncoder> create(const Tokenizer& tokenizer, DocumentEnds ends, i64 sequence_length,
                                        DocumentFormat format) {
    if (format == DocumentFormat::chat && ends.eos < 0)
      return fail(Errc::unsupported, "format = \"chat\" needs a model with an end-of-sentence token");
    return DocumentEncoder(tokenizer, ends, sequence_length);
  }

  // A text that is too long is truncated, and then has no end-of-sentence token.
  Document text(std::string_view prompt, std::string_view completion, Tokenizer::Special special) const {
    std::vector<i32> tokens;
    if (ends_.bos >= 0) tokens.push_back(ends_.bos);
    append(tokens, prompt, special);
    append(tokens, completion, special);
    if (ends_.eos >= 0) tokens.push_back(ends_.eos);
    if (std::ssize(tokens) > sequence_length_) tokens.resize(sequence_length_);
    if (tokens.size() < 2) return {};
    return make_document(std::move(tokens), 0);
  }

  // A conversation and its completion in R1's template, with everything but the completion masked. A completion without
  // thinking follows the prompt that asks for no thinking, with the same tokens. A chat that is too long is skipped and
  // not truncated, because half an answer does not teach the model to end.
  Result<Document> chat(const std::vector<Message>& turns, std::string_view completion) const {
    constexpr std::string_view kOpening = "<think>\n";
    const bool opens = completion.starts_with(kOpening);
    const Think think = opens || completion.find(kEndThink) != completion.npos ? Think::on : Think::off;
    std::vector<i32> tokens = R1_TRY(encode_r1_chat(*tokenizer_, turns, GenerationPrompt::add, think));
    const auto masked = std::ssize(tokens);
    if (opens) completion.remove_prefix(kOpening.size());
    append(tokens, completion, Tokenizer::Special::recognise);
    tokens.push_back(ends_.eos);
    if (std::ssize(tokens) > sequence_length_) return Document{};
    return make_document(std::move(tokens), masked);
  }
  Result<Document> question(const std::string& prompt, std::string_view completion) const {
    return chat(std::vector<Message>{Message{"user", prompt}}, completion);
  }
  // Whether the document teaches to end a thinking.
  bool thinks(const Document& d) const {
    const auto end = tokenizer_->find(kEndThink);
    return end && std::find(d.targets.begin(), d.targets.end(), *end) != d.targets.end();
  }

 private:
  DocumentEncoder(const Tokenizer& tokenizer, DocumentEnds ends, i64 sequence_length)
      : tokenizer_(&tokenizer), ends_(ends), sequence_length_(sequence_length) {}
  void append(std::vector<i32>& tokens, std::string_view text, Tokenizer::Special special) const {
    const auto ids = tokenizer_->encode(text, special);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }

  const Tokenizer* tokenizer_;
  DocumentEnds ends_;
  i64 sequence_length_;
};

// One source of documents.
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<Document> document(Split split, i64 n) const = 0;  // the n-th document
  virtual u64 fingerprint(u64 before) const = 0;  // the hash `before`, continued with the source's file if it has one
  virtual std::string note() const { return ""; }
};

class TaskSource final : public Source {
 public:
  // Ends the thinking that the prompt of a chat has opened, without a trace.
  static constexpr std::string_view kNoTrace = "\n</think>\n\n";

  TaskSource(DocumentEncoder encoder, TaskMixture mixture, u64 seed, const DataSource& d)
      : encoder_(std::move(encoder)),
        mixture_(std::move(mixture)),
        seed_(seed),
        format_(format_of(d)),
        long_share_(d.long_share >= 0                      ? d.long_share
                    : format_of(d) == DocumentFormat::chat ? 1
                                                           : 0.34) {}

  Result<Document> document(Split split, i64 n) const override {
    const auto index = static_cast<u64>(n);
    const Problem problem = sample_problem(mixture_, split, seed_, index);
    const bool thinks = Random(seed_, Purpose::data, stream(RandomUse::thinking, index)).uniform() < long_share_;
    if (format_ == DocumentFormat::chat)
      return encoder_.chat(messages_of(problem),
                           thinks ? completion_of(problem) : std::string(kNoTrace) + problem.reply);
    return encoder_.text(conversation_text(problem) + "\n",
                         thinks ? "<think>\n" + completion_of(problem) : problem.reply, Tokenizer::Special::recognise);
  }
  u64 fingerprint(u64 before) const override { return before; }

 private:
  DocumentEncoder encoder_;
  TaskMixture mixture_;
  u64 seed_;
  DocumentFormat format_;
  double long_share_;
};

// A mapped JSONL file. open() checks every row. Training reads the rows in a new random order in each epoch.
class FileSource final : public Source {
 public:
  enum class HeldOutRows { none, every_50th };
  static Result<std::unique_ptr<Source>> open(DocumentEncoder encoder, const DataSource& d, u64 seed,
                                              HeldOutRows held_out) {
    auto source = std::unique_ptr<FileSource>(new FileSource(std::move(encoder), d, seed));
    source->map_ = R1_TRY(map_file(d.file));
    R1_TRY(source->index_rows(held_out));
    return source;
  }

  Result<Document> document(Split split, i64 n) const override {
    if (split == Split::test) return parse(held_out_[n % held_out_.size()]);
    const auto count = std::ssize(train_);
    if (n / count != epoch_) {
      epoch_ = n / count;
      order_ = shuffled(count, seed_, RandomUse::rows, static_cast<u64>(epoch_));
    }
    return parse(train_[order_[n % count]]);
  }
  u64 fingerprint(u64 before) const override { return fnv1a(map_.bytes, before ? before : kFnv1aStart); }
  std::string note() const override {
    if (format_of(d_) != DocumentFormat::chat || thinking_rows_ > 0) return "";
    return fmt::format(
        "{}: no answer of its {} rows has thinking (<think>...</think>), so the model learns to answer "
        "without; r1 problems --train --traces writes rows with thinking",
        d_.file, train_.size() + held_out_.size());
  }

 private:
  struct Row {
    size_t begin, size;
    i64 line;
  };
  FileSource(DocumentEncoder encoder, const DataSource& d, u64 seed)
      : encoder_(std::move(encoder)), d_(d), seed_(seed) {}

  std::string_view bytes(const Row& r) const {
    return {reinterpret_cast<const char*>(map_.bytes.data()) + r.begin, r.size};
  }

  Status index_rows(HeldOutRows held_out) {
    const bool validates = held_out == HeldOutRows::every_50th;
    std::vector<Row> rows;
    const auto* data = reinterpret_cast<const char*>(map_.bytes.data());
    const std::string_view all(data, map_.bytes.size());
    i64 line = 0;
    for (size_t begin = 0; begin < all.size(); ++line) {
      const size_t end = std::min(all.find('\n', begin), all.size());
      const Row row{begin, end - begin, line + 1};
      if (bytes(row).find_first_not_of(" \t\r") != std::string_view::npos) rows.push_back(row);
      begin = end + 1;
    }
    if (rows.empty()) return fail(Errc::corrupt, "{}: the file has no rows", d_.file);
    if (validates && std::ssize(rows) < kHeldOut)
      return fail(Errc::invalid_argument,
                  "{}: the file has {} rows, too few to hold out every {}th for validation; set validation_every = 0",
                  d_.file, rows.size(), kHeldOut);
    for (size_t i = 0; i < rows.size(); ++i) {
      thinking_rows_ += encoder_.thinks(R1_TRY(parse(rows[i])));
      (validates && i % kHeldOut == kHeldOut - 1 ? held_out_ : train_).push_back(rows[i]);
    }
    return {};
  }

  Result<Document> parse(const Row& r) const {
    const std::string where = fmt::format("{}:{}", d_.file, r.line);
    const Json json = R1_TRY(parse_json(bytes(r), where));
    const JsonFields fields = R1_TRY(JsonFields::of(json, where));
    const bool chat = format_of(d_) == DocumentFormat::chat;
    if (fields.has(d_.field_messages)) return messages(fields, where);
    if (fields.has(d_.field_prompt)) {
      const std::string prompt = R1_TRY(fields.string(d_.field_prompt));
      const std::string answer = R1_TRY(fields.string(d_.field_answer));
      if (chat) return encoder_.question(prompt, answer);
      return encoder_.text(prompt + "\n", answer, Tokenizer::Special::recognise);
    }
    if (chat) return fail(Errc::corrupt, "{}: a chat row needs {} or {}", where, d_.field_messages, d_.field_prompt);
    const std::string text = R1_TRY(fields.string(d_.field_text));
    return encoder_.text(text, "", Tokenizer::Special::as_text);
  }

  // The last turn must be the assistant's; it is what the model learns. Thinking in earlier turns is dropped, as it is
  // when the model answers.
  Result<Document> messages(const JsonFields& fields, const std::string& where) const {
    if (format_of(d_) != DocumentFormat::chat)
      return fail(Errc::invalid_argument, "{}: a row with {} needs format = \"chat\"", where, d_.field_messages);
    std::vector<Message> turns;
    for (const Json& turn : *R1_TRY(fields.array(d_.field_messages))) {
      const JsonFields f = R1_TRY(JsonFields::of(turn, where));
      std::string role = R1_TRY(f.string("role")), content = R1_TRY(f.string("content"));
      turns.push_back({std::move(role), std::move(content)});
    }
    if (turns.size() < 2 || turns.back().role != "assistant")
      return fail(Errc::corrupt, "{}: {} must have at least two turns and end with the assistant's", where,
                  d_.field_messages);
    const std::string completion = std::move(turns.back().content);
    turns.pop_back();
    auto document = encoder_.chat(turns, completion);
    if (!document) return tl::unexpected(std::move(document).error().in(where));
    return document;
  }

  DocumentEncoder encoder_;
  DataSource d_;
  u64 seed_;
  FileMap map_;
  std::vector<Row> train_, held_out_;
  i64 thinking_rows_ = 0;
  mutable i64 epoch_ = -1;  // the epoch of order_
  mutable std::vector<i32> order_;
};

// The samples of all sources, mixed in blocks. Each block has exactly the share of every source, in a random order.
class MixedData final : public Data {
 public:
  static constexpr i64 kBlock = 1024;
  static Result<std::unique_ptr<Data>> create(std::vector<std::unique_ptr<Source>> sources,
                                              const std::vector<double>& weights, u64 seed) {
    auto data = std::unique_ptr<MixedData>(new MixedData(std::move(sources), seed));
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i];
      const i64 before = data->begin_.back(), end = std::llround(sum / total * kBlock);
      if (weights[i] > 0 && end == before)
        return fail(Errc::invalid_argument,
                    "[[data]] {}: weight {} of {} gives none of {} documents; raise it or set it to 0", i + 1,
                    weights[i], total, kBlock);
      data->begin_.push_back(end);
    }
    return data;
  }

  Result<Document> document(Split split, i64 i) const override {
    if (sources_.size() == 1) return sources_[0]->document(split, i);
    const i64 block = i / kBlock;
    if (block != block_) {
      block_ = block;
      order_ = shuffled(kBlock, seed_, RandomUse::blocks, static_cast<u64>(block));
    }
    const i64 slot = order_[i % kBlock];
    size_t s = 0;
    while (slot >= begin_[s + 1]) ++s;
    return sources_[s]->document(split, block * (begin_[s + 1] - begin_[s]) + slot - begin_[s]);
  }

  u64 fingerprint() const override {
    u64 h = 0;
    for (const auto& source : sources_) h = source->fingerprint(h);
    return h;
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    for (const auto& source : sources_)
      if (std::string line = source->note(); !line.empty()) all.push_back(std::move(line));
    return all;
  }

 private:
  MixedData(std::vector<std::unique_ptr<Source>> sources, u64 seed) : sources_(std::move(sources)), seed_(seed) {}

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<i64> begin_{0};  // [sources + 1] source s owns the slots begin_[s] to begin_[s + 1] of a block
  u64 seed_;
  mutable i64 block_ = -1;
  mutable std::vector<i32> order_;
};

}  // namespace

Document make_document(std::vector<i32> tokens, i64 masked) {
  Document d{std::move(tokens), {}};
  d.targets.assign(d.tokens.begin() + 1, d.tokens.end());
  d.targets.push_back(-1);
  for (i64 i = 0; i + 1 < masked; ++i) d.targets[i] = -1;
  return d;
}

Result<std::unique_ptr<Data>> open_data(const TrainConfig& config, const Tokenizer& tokenizer, DocumentEnds ends) {
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<double> weights;
  for (size_t i = 0; i < config.data.size(); ++i) {
    const DataSource& d = config.data[i];
    // Every source has its own seed, so that two generator sources do not give the same problems.
    const u64 seed = static_cast<u64>(config.seed) + (static_cast<u64>(i) << 32);
    DocumentEncoder encoder = R1_TRY(DocumentEncoder::create(tokenizer, ends, config.sequence_length, format_of(d)));
    weights.push_back(d.weight);
    if (d.file.empty()) {
      TaskMixture mixture = R1_TRY(parse_mixture(d.tasks));
      sources.push_back(std::make_unique<TaskSource>(std::move(encoder), std::move(mixture), seed, d));
    } else {
      const auto held_out =
          config.validation_every > 0 ? FileSource::HeldOutRows::every_50th : FileSource::HeldOutRows::none;
      sources.push_back(R1_TRY(FileSource::open(std::move(encoder), d, seed, held_out)));
    }
  }
  return MixedData::create(std::move(sources), weights, static_cast<u64>(config.seed));
}

}  // namespace r1
