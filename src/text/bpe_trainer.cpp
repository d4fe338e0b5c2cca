#include "text/bpe_trainer.hpp"

#include <algorithm>
#include <queue>

#include "text/tokenizer_json_writer.hpp"

namespace r1 {
namespace {

using Pair = std::pair<i32, i32>;

struct PairHash {
  size_t operator()(const Pair& p) const {
    const u64 k = u64{static_cast<u32>(p.first)} << 32 | static_cast<u32>(p.second);
    return (k ^ k >> 29) * 0x9E3779B97F4A7C15u >> 7;
  }
};

struct Word {
  std::vector<i32> symbols;
  i64 count;
};

struct Candidate {
  i64 count;
  Pair pair;
  bool operator<(const Candidate& o) const { return count != o.count ? count < o.count : pair > o.pair; }
};

// The words as they are merged, with the count of every pair kept up to date and the words it may be found in.
class Corpus {
 public:
  explicit Corpus(std::vector<Word> words) : words_(std::move(words)) {
    for (u32 w = 0; w < words_.size(); ++w) {
      const std::vector<i32>& s = words_[w].symbols;
      for (size_t i = 0; i + 1 < s.size(); ++i) change({s[i], s[i + 1]}, words_[w].count, w);
    }
    queue_changed();
  }

  // Returns the most frequent pair and its count. The count is 0 if no pair is left.
  Candidate most_frequent() {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      const i64 now = pairs_[top.pair].count;
      if (now == top.count && now > 0) return top;
      queue_.pop();
      if (now > 0 && now < top.count) queue_.push({now, top.pair});  // a count that grew was queued again when it grew
    }
    return {0, {}};
  }

  void merge(Pair pair, i32 result) {
    std::vector<u32> places = std::move(pairs_[pair].words);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const u32 w : places) merge_word(w, pair, result);
    pairs_.erase(pair);
    changed_.erase(std::remove(changed_.begin(), changed_.end(), pair), changed_.end());
    queue_changed();
  }

 private:
  struct Seen {
    i64 count = 0;
    std::vector<u32> words;  // may hold a word twice, and words that no longer have the pair
  };

  void change(Pair pair, i64 by, u32 word) {
    Seen& seen = pairs_[pair];
    seen.count += by;
    if (by < 0) return;
    if (seen.words.empty() || seen.words.back() != word) seen.words.push_back(word);
    changed_.push_back(pair);
  }

  void queue_changed() {
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    for (const Pair& pair : changed_) queue_.push({pairs_[pair].count, pair});
    changed_.clear();
  }

  // All pairs of the word are subtracted before the merge and added again after it. Words are short, so updating only
  // the changed pairs would gain little.
  void merge_word(u32 w, Pair pair, i32 result) {
    std::vector<i32>& s = words_[w].symbols;
    std::vector<i32> merged;
    for (size_t i = 0; i < s.size(); ++i) {
      const bool here = i + 1 < s.size() && s[i] == pair.first && s[i + 1] == pair.second;
      merged.push_back(here ? result : s[i]);
      i += here;
    }
    if (merged.size() == s.size()) return;
    for (size_t i = 0; i + 1 < s.size(); ++i) change({s[i], s[i + 1]}, -words_[w].count, w);
    s = std::move(merged);
    for (size_t i = 0; i + 1 < s.size(); ++i) change({s[i], s[i + 1]}, words_[w].count, w);
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, Seen, PairHash> pairs_;
  std::vector<Pair> changed_;
  std::priority_queue<Candidate> queue_;
};

std::vector<Word> as_symbols(const std::unordered_map<std::string, i64>& counts) {
  std::vector<Word> words;
  for (const auto& [text, count] : counts) {
    Word word{{}, count};
    for (const char c : text) word.symbols.push_back(static_cast<u8>(c));
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

BpeTrainer::BpeTrainer(BpeTrainOptions options) : options_(std::move(options)) {
  const Status added = pre_tokenizer_.add(kQwen2Pattern);
  R1_CHECK(added.has_value(), "{}", added.error().what);
  std::vector<AddedToken> cut_out;
  for (const std::string& content : options_.added_tokens) cut_out.push_back({.content = content, .id = 0});
  added_ = AddedTokens(std::move(cut_out));
}

void BpeTrainer::add(std::string_view text, i64 count) {
  const auto word = [&](std::string_view piece) { words_[std::string(piece)] += count; };
  added_.scan(
      text, [&](std::string_view part) { pre_tokenizer_.split(part, word); }, [](i32) {});
}

Result<BpeVocabulary> BpeTrainer::train() const {
  BpeVocabulary vocabulary{.tokens = {}, .merges = {}, .added_tokens = options_.added_tokens};
  std::unordered_map<std::string, i32> ids;
  const auto token = [&](std::string bytes) {
    const auto [it, made] = ids.try_emplace(bytes, static_cast<i32>(vocabulary.tokens.size()));
    if (made) vocabulary.tokens.push_back(std::move(bytes));
    return it->second;
  };
  for (int byte = 0; byte < 256; ++byte) token(std::string(1, static_cast<char>(byte)));
  if (options_.vocab_size < vocabulary.size()) {
    return fail(Errc::invalid_argument, "a vocabulary of {} tokens: 256 bytes and {} added tokens need {}",
                options_.vocab_size, options_.added_tokens.size(), vocabulary.size());
  }
  Corpus corpus(as_symbols(words_));
  while (vocabulary.size() < options_.vocab_size) {
    const Candidate best = corpus.most_frequent();
    if (best.count < std::max<i64>(options_.min_count, 1)) break;
    const auto [a, b] = best.pair;
    const i32 result = token(vocabulary.tokens[a] + vocabulary.tokens[b]);
    vocabulary.merges.push_back(best.pair);
    corpus.merge(best.pair, result);
  }
  return vocabulary;
}

std::string tokenizer_json(const BpeVocabulary& vocabulary) {
  const Json null;
  Json::Object vocab;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) vocab.emplace_back(to_alphabet(vocabulary.tokens[id]), id);
  const auto spelling = [&](i32 id) { return to_alphabet(vocabulary.tokens[id]); };
  Json::Array merges, added;
  for (const auto& [a, b] : vocabulary.merges) merges.emplace_back(spelling(a) + " " + spelling(b));
  for (size_t i = 0; i < vocabulary.added_tokens.size(); ++i) {
    added.push_back(Json::object({{"id", vocabulary.tokens.size() + i},
                                  {"content", vocabulary.added_tokens[i]},
                                  {"single_word", false},
                                  {"lstrip", false},
                                  {"rstrip", false},
                                  {"normalized", false},
                                  // Thinking marks must survive decoding with skip_special_tokens.
                                  {"special", vocabulary.added_tokens[i].find("think>") == std::string::npos}}));
  }
  const Json split = Json::object({{"type", "Split"},
                                   {"pattern", Json::object({{"Regex", kQwen2Pattern}})},
                                   {"behavior", "Isolated"},
                                   {"invert", false}});
  const auto byte_level = [](bool flag) {
    return Json::object(
        {{"type", "ByteLevel"}, {"add_prefix_space", flag}, {"trim_offsets", flag}, {"use_regex", flag}});
  };
  return dump(
      Json::object({{"version", "1.0"},
                    {"truncation", null},
                    {"padding", null},
                    {"added_tokens", std::move(added)},
                    {"normalizer", null},
                    {"pre_tokenizer",
                     Json::object({{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level(false)})}})},
                    {"post_processor", null},
                    {"decoder", byte_level(true)},
                    {"model", bpe_model_json(std::move(vocab), std::move(merges), false)}}),
      1);
}

std::string tokenizer_config_json(const TokenizerConfig& c) {
  Json json = Json::object({{"add_bos_token", false},
                            {"add_eos_token", false},
                            {"bos_token", c.bos_token},
                            {"clean_up_tokenization_spaces", false},
                            {"eos_token", c.eos_token},
                            {"pad_token", c.pad_token}});
  if (c.model_max_length > 0) json.set("model_max_length", c.model_max_length);
  if (!c.chat_template.empty()) json.set("chat_template", c.chat_template);
  json.set("tokenizer_class", "PreTrainedTokenizerFast");
  return dump(json, 2);
}

}  // namespace r1
