#include "serve/requests/fim_prompt.hpp"

#include <array>

namespace r1 {
namespace {

// Of DeepSeek, of Qwen, of StarCoder. The first stands before the prefix, the second before the suffix, the third
// before the middle.
constexpr std::array<std::string_view, 3> kFimMarks[] = {
    {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},
};

}  // namespace

ApiResult<std::vector<i32>> fim_prompt(const Tokenizer& tokenizer, std::string_view prefix, std::string_view suffix) {
  for (const auto& marks : kFimMarks) {
    const auto before = tokenizer.find(marks[0]), hole = tokenizer.find(marks[1]), middle = tokenizer.find(marks[2]);
    if (!before || !hole || !middle) continue;
    const Tokenizer::Roles& roles = tokenizer.roles();
    std::vector<i32> ids;
    if (roles.add_bos) ids.push_back(*roles.bos);
    const auto append = [&](i32 mark, std::string_view text) {
      ids.push_back(mark);
      const std::vector<i32> more = tokenizer.encode(text);
      ids.insert(ids.end(), more.begin(), more.end());
    };
    append(*before, prefix);
    append(*hole, suffix);
    ids.push_back(*middle);
    return ids;
  }
  return tl::unexpected(ApiError{
      400, "not_supported", "suffix: the vocabulary of this model has no tokens for filling in the middle", "suffix"});
}

}  // namespace r1
