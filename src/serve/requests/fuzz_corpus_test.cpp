// The inputs of the fuzz targets `request` and `head` once more, over loopback.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.hpp"
#include "serve/test_server.hpp"

namespace r1 {
namespace {

// The files in fuzz/corpus/KIND, each split behind its first line.
std::vector<std::pair<std::string, std::string>> corpus_of(const char* kind) {
  std::vector<std::pair<std::string, std::string>> inputs;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(R1_SOURCE_DIR) / "fuzz/corpus" / kind)) {
    const auto text = read_file(entry.path());
    EXPECT_TRUE(text) << text.error().what;
    if (!text) continue;
    const size_t line = std::min(text->find('\n'), text->size());
    inputs.emplace_back(text->substr(0, line), text->substr(std::min(line + 1, text->size())));
  }
  return inputs;
}

std::string usual_answer() {
  const TestAnswer answer = model_server().ask(
      post_text("/v1/chat/completions", R"({"messages":[{"role":"user","content":"What is 3 + 4?"}],"seed":1})"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return dump(member_at(json_of(answer), {"choices", "0"}));
}

TEST(FuzzCorpus, RequestsHaveAWholeAnswerAndTheNextAnswerIsTheUsualOne) {
  const std::string usual = usual_answer();
  const auto inputs = corpus_of("request");
  EXPECT_GE(inputs.size(), 8u);
  int answered = 0;
  for (const auto& [path, body] : inputs) {
    const TestAnswer answer = model_server().ask(post_text(path, body));
    EXPECT_TRUE(answer.complete) << path;
    EXPECT_LT(answer.status, 500) << path << ": " << answer.body;
    answered += answer.status == 200;
  }
  EXPECT_GE(answered, 6);
  EXPECT_EQ(usual_answer(), usual);
}

TEST(FuzzCorpus, HeadsHaveAnAnswer) {
  const auto inputs = corpus_of("head");
  EXPECT_GE(inputs.size(), 3u);
  for (const auto& [target, fields] : inputs) {
    std::string lines;  // with the line ends of HTTP
    for (const char c : fields)
      if (c == '\n') lines += "\r\n";
      else lines += c;
    while (lines.ends_with("\r\n\r\n")) lines.resize(lines.size() - 2);
    const TestAnswer answer =
        model_server().ask(fmt::format("GET {} HTTP/1.1\r\n{}Connection: close\r\n\r\n", target, lines));
    EXPECT_GE(answer.status, 200) << target;
    EXPECT_LT(answer.status, 500) << target;
  }
}

}  // namespace
}  // namespace r1
