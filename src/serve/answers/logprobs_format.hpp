// Log-probabilities in the forms of OpenAI's API.
#pragma once
#include <vector>

#include "formats/json.hpp"
#include "serve/answers/shown_tokens.hpp"

namespace r1 {

// Of /v1/chat/completions: "content" has the tokens of the answer, DeepSeek's "reasoning_content" those of the
// thinking.
class ChatLogprobs {
 public:
  void add(Channel channel, const std::vector<ShownToken>& tokens);
  Json take();  // what was added since the last call; null if nothing was

 private:
  Json::Array content_, reasoning_;
};

// Of /v1/completions: lists of the tokens, their log-probabilities, the likeliest tokens in their place, and where each
// token begins in the text, in characters.
class TextLogprobs {
 public:
  void add(const std::vector<ShownToken>& tokens);
  Json take();

 private:
  Json::Array tokens_, logprobs_, top_, offsets_;
  Utf8Stream text_;
  i64 characters_ = 0;  // of the tokens so far
};

}  // namespace r1
