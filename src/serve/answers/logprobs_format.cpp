#include "serve/answers/logprobs_format.hpp"

#include <fmt/format.h>

#include <utility>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

Json entry(std::string_view bytes, double logprob) {
  Json list = Json::Array{};
  for (const unsigned char byte : bytes) list.push(static_cast<i64>(byte));
  return Json::object({{"token", valid_utf8(bytes)}, {"logprob", logprob}, {"bytes", std::move(list)}});
}

Json entry(const ShownToken& token) {
  Json top = Json::Array{};
  for (const auto& [bytes, logprob] : token.top) top.push(entry(bytes, logprob));
  Json out = entry(token.bytes, token.logprob);
  out.set("top_logprobs", std::move(top));
  return out;
}

// A token as a key. What is no text is shown as OpenAI does: "bytes:\xe2\x82".
std::string name_of_bytes(std::string_view bytes) {
  if (first_invalid_utf8(bytes) == bytes.size()) return std::string(bytes);
  std::string name = "bytes:";
  for (const unsigned char byte : bytes) name += fmt::format("\\x{:02x}", byte);
  return name;
}

// The number of characters in UTF-8: of bytes that begin one.
i64 count_characters(std::string_view text) {
  i64 count = 0;
  for (const unsigned char byte : text) count += (byte & 0xc0) != 0x80;
  return count;
}

}  // namespace

void ChatLogprobs::add(Channel channel, const std::vector<ShownToken>& tokens) {
  for (const ShownToken& token : tokens) (channel == Channel::thinking ? reasoning_ : content_).push_back(entry(token));
}

Json ChatLogprobs::take() {
  if (content_.empty() && reasoning_.empty()) return {};
  Json out = Json::object({{"content", std::exchange(content_, {})}, {"refusal", Json()}});
  if (!reasoning_.empty()) out.set("reasoning_content", std::exchange(reasoning_, {}));
  return out;
}

void TextLogprobs::add(const std::vector<ShownToken>& tokens) {
  for (const ShownToken& token : tokens) {
    const std::string name = name_of_bytes(token.bytes);
    tokens_.push_back(name);
    logprobs_.push_back(token.logprob);
    offsets_.push_back(characters_);
    Json top = Json::Object{};
    for (const auto& [bytes, logprob] : token.top)
      if (const std::string key = name_of_bytes(bytes); !top.find(key)) top.set(key, logprob);
    if (!top.find(name)) top.set(name, token.logprob);
    top_.push_back(std::move(top));
    characters_ += count_characters(text_.push(token.bytes));
  }
}

Json TextLogprobs::take() {
  if (tokens_.empty()) return {};
  return Json::object({{"tokens", std::exchange(tokens_, {})},
                       {"token_logprobs", std::exchange(logprobs_, {})},
                       {"top_logprobs", std::exchange(top_, {})},
                       {"text_offset", std::exchange(offsets_, {})}});
}

}  // namespace r1
