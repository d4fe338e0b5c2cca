// r1 tokenize and r1 detokenize: bytes to token ids, and back.
#include <iostream>

#include "cli/commands.hpp"
#include "cli/prompt_input.hpp"
#include "formats/json.hpp"
#include "hub/models.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

void print_ids(const std::vector<i32>& ids) { fmt::print("[{}]\n", fmt::join(ids, ",")); }

Result<std::vector<i32>> ids_of(const Json& json, const Tokenizer& tokenizer) {
  if (!json.array()) return fail(Errc::corrupt, "stdin: expected an array of token ids, found {}", json.describe());
  std::vector<i32> ids;
  for (const Json& item : *json.array()) {
    const i64* id = item.integer();
    if (!id || *id < 0 || *id >= tokenizer.size())
      return fail(Errc::corrupt, "stdin: token id {} is not in the vocabulary of {}", item.describe(),
                  tokenizer.size());
    ids.push_back(static_cast<i32>(*id));
  }
  return ids;
}

}  // namespace

Result<int> run_tokenize(const Args& args) {
  std::string model = "nano";
  bool special = false, lines = false;
  if (const auto stop = parse(args, "Text on stdin to token ids on stdout.",
                              {{"-m,--model", &model, "model folder or name"},
                               {"--special", &special, "recognise added tokens, such as <think>, in the text"},
                               {"--lines", &lines, "each input line is a JSON string, each output line an array"}}))
    return *stop;
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(R1_TRY(find_model(model))));
  const auto mode = special ? Tokenizer::Special::recognise : Tokenizer::Special::user_defined;
  if (!lines) {
    print_ids(tokenizer.encode(R1_TRY(read_stdin()), mode));
    return 0;
  }
  i64 number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const Json text = R1_TRY(parse_json(line, fmt::format("stdin:{}", ++number)));
    if (!text.string())
      return fail(Errc::corrupt, "stdin:{}: expected a JSON string, found {}", number, text.describe());
    print_ids(tokenizer.encode(*text.string(), mode));
  }
  return 0;
}

Result<int> run_detokenize(const Args& args) {
  std::string model = "nano";
  bool lines = false;
  if (const auto stop = parse(args, "Token ids [1,2,3] on stdin to text on stdout, byte for byte.",
                              {{"-m,--model", &model, "model folder or name"},
                               {"--lines", &lines, "each input line is an array, each output line a JSON string"}}))
    return *stop;
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(R1_TRY(find_model(model))));
  if (!lines) {
    const std::string text =
        tokenizer.decode(R1_TRY(ids_of(R1_TRY(parse_json(R1_TRY(read_stdin()), "stdin")), tokenizer)));
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  i64 number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const Json ids = R1_TRY(parse_json(line, fmt::format("stdin:{}", ++number)));
    fmt::print("{}\n", dump(Json(tokenizer.decode(R1_TRY(ids_of(ids, tokenizer))))));
  }
  return 0;
}

}  // namespace r1
