#include "formats/model_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "core/file.hpp"
#include "formats/chat_templates.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class ModelFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-folder-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }
  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((folder / path).parent_path());
    ASSERT_TRUE(write_file(folder / path, text));
  }
  StoredChatTemplates templates() const {
    auto read = read_chat_templates(folder);
    EXPECT_TRUE(read) << read.error().what;
    return read.value_or(StoredChatTemplates{});
  }
  std::string error() const {
    const auto read = read_chat_templates(folder);
    return read ? "" : read.error().what;
  }
  fs::path folder;
};

TEST_F(ModelFolder, EveryFileHasItsRoleAndOthersHaveNone) {
  using Role = ModelFileRole;
  const std::pair<const char*, Role> kFiles[] = {{"config.json", Role::config},
                                                 {"model.safetensors", Role::weights},
                                                 {"model.safetensors.index.json", Role::weights},
                                                 {"model-00002-of-00163.safetensors", Role::weights},
                                                 {"tokenizer.json", Role::tokenizer},
                                                 {"tokenizer_config.json", Role::tokenizer},
                                                 {"special_tokens_map.json", Role::tokenizer},
                                                 {"added_tokens.json", Role::tokenizer},
                                                 {"vocab.json", Role::tokenizer},
                                                 {"merges.txt", Role::tokenizer},
                                                 {"tokenizer.model", Role::tokenizer},
                                                 {"chat_template.jinja", Role::chat_template},
                                                 {"chat_template.json", Role::chat_template},
                                                 {"additional_chat_templates/tool_use.jinja", Role::chat_template},
                                                 {"generation_config.json", Role::generation},
                                                 {"LICENSE", Role::licence},
                                                 {"LICENSE.txt", Role::licence},
                                                 {"README.md", Role::model_card}};
  for (const auto& [path, role] : kFiles) {
    EXPECT_EQ(model_file_role(path), std::optional(role)) << path;
    EXPECT_EQ(is_replaceable_model_file(path), role != Role::model_card) << path;
  }
  for (const char* path :
       {"", "notes.txt", "config.json.bak", "model-1-of-2.safetensors", "sub/config.json", "sub/LICENSE",
        "additional_chat_templates", "additional_chat_templates/.jinja", "additional_chat_templates/x.txt",
        "additional_chat_templates/a/b.jinja", "pytorch_model.bin"}) {
    EXPECT_FALSE(model_file_role(path)) << path;
    EXPECT_FALSE(is_replaceable_model_file(path)) << path;
  }
}

TEST_F(ModelFolder, CopiesTheFilesOfTheRolesByteForByteAndNoOthers) {
  for (const char* path : {"tokenizer.json", "merges.txt", "chat_template.jinja", "generation_config.json", "LICENSE",
                           "additional_chat_templates/tool_use.jinja", "additional_chat_templates/notes.txt",
                           "config.json", "README.md", "notes.txt"})
    write(std::string("from/") + path, path);
  fs::create_symlink("nothing", folder / "from/vocab.json");
  fs::create_directory(folder / "to");
  ASSERT_TRUE(copy_model_files(folder / "from", folder / "to", kCompanionRoles));
  const std::vector<std::string> copied =
      list_model_files(folder / "to",
                       {ModelFileRole::tokenizer, ModelFileRole::chat_template, ModelFileRole::generation,
                        ModelFileRole::licence, ModelFileRole::config, ModelFileRole::model_card})
          .value();
  EXPECT_EQ(copied, (std::vector<std::string>{"additional_chat_templates/tool_use.jinja", "chat_template.jinja",
                                              "generation_config.json", "merges.txt", "tokenizer.json"}));
  for (const std::string& path : copied) EXPECT_EQ(read_file(folder / "to" / path).value(), path);
  EXPECT_FALSE(fs::exists(folder / "to/additional_chat_templates/notes.txt"));
}

TEST_F(ModelFolder, AFileThatIsNoRegularFileIsNotCopied) {
  fs::create_directory(folder / "to");
  fs::create_symlink("/dev/zero", folder / "tokenizer.json");
  const Status copied = copy_model_files(folder, folder / "to", kCompanionRoles);
  ASSERT_FALSE(copied);
  EXPECT_NE(copied.error().what.find("tokenizer.json: not a regular file"), std::string::npos) << copied.error().what;
}

TEST_F(ModelFolder, FindsTemplatesWhereverTheyAreStored) {
  EXPECT_TRUE(templates().empty());
  write("chat_template.json", R"({"chat_template": "of a processor"})");
  EXPECT_EQ(templates().text, "of a processor");
  write("tokenizer_config.json", R"({"chat_template": null})");
  EXPECT_EQ(templates().text, "of a processor");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "r"},
      {"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]})");
  EXPECT_EQ(templates().text, "d");
  EXPECT_EQ(templates().named, (std::map<std::string, std::string>{{"rag", "r"}, {"tool_use", "t"}}));
  write("additional_chat_templates/tool_use.jinja", "newer");
  EXPECT_EQ(templates().named, (std::map<std::string, std::string>{{"rag", "r"}, {"tool_use", "newer"}}));
  write("chat_template.jinja", "");
  EXPECT_EQ(templates().text, "") << "an empty template is a template";
  EXPECT_FALSE(templates().empty());
  EXPECT_EQ(templates().named, (std::map<std::string, std::string>{{"tool_use", "newer"}}));
}

TEST_F(ModelFolder, WithoutADefaultTheFirstNamedTemplateIsTheDefault) {
  write("additional_chat_templates/b.jinja", "b");
  write("additional_chat_templates/a.jinja", "a");
  EXPECT_EQ(templates().text, "a");
  EXPECT_EQ(templates().origin, (folder / "additional_chat_templates/a.jinja").string());
}

TEST_F(ModelFolder, ATemplateThatCannotBeReadIsAnErrorThatNamesTheFile) {
  write("additional_chat_templates/a.jinja", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(error(), (folder / "additional_chat_templates/a.jinja").string() +
                         ": the file has 1048577 bytes, the limit is 1048576");
  fs::remove(folder / "additional_chat_templates/a.jinja");
  for (size_t i = 0; i <= kMaxTemplateFiles; ++i) write(fmt::format("additional_chat_templates/{}.jinja", i), "x");
  EXPECT_EQ(error(), (folder / "additional_chat_templates").string() + ": holds more than 64 chat templates");
}

TEST_F(ModelFolder, TemplatesComeBackFromBothTheirForms) {
  const StoredChatTemplates all{"d", "here", {{"tool_use", "t"}, {"my-rag", "r"}}};
  write("tokenizer_config.json", dump(Json::object({{"chat_template", to_json(all)}})));
  EXPECT_EQ(templates().text, "d");
  EXPECT_EQ(templates().named, all.named);
  EXPECT_EQ(to_json(StoredChatTemplates{"d", "here", {}}), Json("d"));
  EXPECT_TRUE(to_json(StoredChatTemplates{}).is_null());
  EXPECT_TRUE(to_gguf(StoredChatTemplates{}).empty());

  ASSERT_TRUE(write_gguf(folder / "m.gguf", to_gguf(all), {}));
  const Gguf file = Gguf::open(folder / "m.gguf").value();
  const StoredChatTemplates back = chat_templates_of(file).value();
  EXPECT_EQ(back.text, "d");
  EXPECT_EQ(back.origin, (folder / "m.gguf").string() + ": tokenizer.chat_template");
  EXPECT_EQ(back.named, (std::map<std::string, std::string>{{"my_rag", "r"}, {"tool_use", "t"}}));
  EXPECT_EQ(file.texts("tokenizer.chat_templates").value(), (std::vector<std::string_view>{"my_rag", "tool_use"}));
}

}  // namespace
}  // namespace r1
