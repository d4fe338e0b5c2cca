// Training, conversion and quantisation keep the chat templates of a model, in whatever way its files store them.
#include <gtest/gtest.h>

#include "convert/convert.hpp"
#include "convert/quantize_model.hpp"
#include "formats/model_folder.hpp"
#include "text/chat_template.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlain = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}";
constexpr std::string_view kTools = "{{ bos_token }}tools {{ tools | length }}: {{ messages[0].content }}";

struct Storage {
  const char* name;
  bool has_tool_template;
  void (*write)(const fs::path& folder);
};
void PrintTo(const Storage& s, std::ostream* out) { *out << s.name; }

void write_config(const fs::path& folder, const char* file, Json chat_template) {
  RunCase::write(folder / file, dump(Json::object({{"chat_template", std::move(chat_template)}})));
}
Json named_templates() {
  return Json::array({Json::object({{"name", "tool_use"}, {"template", kTools}}),
                      Json::object({{"name", "default"}, {"template", kPlain}})});
}
void write_tool_template(const fs::path& folder) {
  fs::create_directory(folder / kTemplateFolder);
  RunCase::write(folder / kTemplateFolder / "tool_use.jinja", kTools);
}

const Storage kStorages[] = {
    {"string", false, [](const fs::path& f) { write_config(f, kTokenizerConfigFile, kPlain); }},
    {"list", true, [](const fs::path& f) { write_config(f, kTokenizerConfigFile, named_templates()); }},
    {"jinja", false, [](const fs::path& f) { RunCase::write(f / kTemplateFile, kPlain); }},
    {"processor", false, [](const fs::path& f) { write_config(f, kTemplateJsonFile, kPlain); }},
    {"additional", true,
     [](const fs::path& f) {
       RunCase::write(f / kTemplateFile, kPlain);
       write_tool_template(f);
     }},
    {"string_and_additional", true,
     [](const fs::path& f) {
       write_config(f, kTokenizerConfigFile, kPlain);
       write_tool_template(f);
     }},
};

class ChatTemplateIsCarried : public testing::TestWithParam<Storage> {
 protected:
  // A model folder that stores its templates in the way of the parameter.
  fs::path source() {
    const fs::path folder = run.folder() / "source";
    fs::create_directory(folder);
    EXPECT_TRUE(save_model(*run.model(), folder, DType::f32));
    fs::copy_file(run.folder() / "tokenizer/tokenizer.json", folder / kTokenizerFile);
    GetParam().write(folder);
    return folder;
  }
  // Expects prompts with and without tools to be those of the templates above.
  void expect_prompts(const fs::path& model) const {
    SCOPED_TRACE(model.string());
    const auto tokenizer = Tokenizer::open(model);
    ASSERT_TRUE(tokenizer) << tokenizer.error().what;
    const auto chat = ChatTemplate::open(model, *tokenizer);
    ASSERT_TRUE(chat) << chat.error().what;
    const std::vector<Message> messages{{"user", "hello"}};
    const auto ids = [&](const Json& tools) {
      return value_of(chat->encode(*tokenizer, {.messages = messages, .tools = tools})).ids;
    };
    const auto expected = [&](const char* text) {
      return tokenizer->encode(std::string(kBeginOfSentence) + text, Tokenizer::Special::recognise);
    };
    EXPECT_EQ(ids({}), expected("[user] hello"));
    const Json tools = Json::array({Json::object({{"type", "function"}})});
    EXPECT_EQ(ids(tools), expected(GetParam().has_tool_template ? "tools 1: hello" : "[user] hello"));
  }
  // The last checkpoint of a run of `steps` steps that starts from `model`, or continues an earlier run.
  fs::path train_from(const fs::path& model, const std::string& out, i64 steps) const {
    TrainConfig c = run.config(out, steps);
    c.model = model.string();
    c.model_config.clear(), c.tokenizer.clear();
    return value_of(train(c)).checkpoint;
  }
  fs::path to_gguf(const fs::path& model, const std::string& name) const {
    const Status done = convert_to_gguf(model, run.folder() / name, {});
    EXPECT_TRUE(done) << done.error().what;
    return run.folder() / name;
  }
  fs::path quantized(const fs::path& model, const std::string& name) const {
    ThreadPool pool(1);
    QuantizeOptions options;
    options.mix = value_of(find_mix("q8_0"));
    value_of(quantize_model(model, run.folder() / name, options, pool));
    return run.folder() / name;
  }
  RunCase run;
};

TEST_P(ChatTemplateIsCarried, ByTrainingConvertingAndQuantizing) {
  const fs::path folder = source();
  expect_prompts(folder);
  const fs::path checkpoint = train_from(folder, "run", 2);
  expect_prompts(checkpoint);
  fs::remove_all(folder);  // a resumed run takes the templates from its last checkpoint
  const fs::path later = train_from(folder, "run", 3);
  expect_prompts(later);

  const fs::path gguf = to_gguf(later, "m.gguf");
  expect_prompts(gguf);
  expect_prompts(to_gguf(gguf, "again.gguf"));
  expect_prompts(quantized(later, "q.gguf"));
  expect_prompts(quantized(gguf, "qq.gguf"));
  for (const fs::path& from : {gguf, later}) {
    const fs::path back = run.folder() / "back";
    const Status done = convert_to_folder(from, back, {});  // the second conversion replaces the folder of the first
    ASSERT_TRUE(done) << done.error().what;
    expect_prompts(back);
  }
}

TEST_P(ChatTemplateIsCarried, ByTrainingFromAGguf) {
  const fs::path gguf = to_gguf(source(), "m.gguf");
  const fs::path checkpoint = train_from(gguf, "run", 2);
  for (const char* file : {kTokenizerFile, kTokenizerConfigFile, kGenerationFile})
    EXPECT_TRUE(fs::exists(checkpoint / file)) << file;
  expect_prompts(checkpoint);
  fs::remove(gguf);
  expect_prompts(train_from(gguf, "run", 3));
}

INSTANTIATE_TEST_SUITE_P(Storage, ChatTemplateIsCarried, testing::ValuesIn(kStorages),
                         [](const auto& storage) { return std::string(storage.param.name); });

}  // namespace
}  // namespace r1
