#include "formats/chat_templates.hpp"

#include <algorithm>

#include "core/file.hpp"
#include "formats/jinja/jinja.hpp"
#include "formats/model_folder.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr const char *kKey = "tokenizer.chat_template", *kNamesKey = "tokenizer.chat_templates";
constexpr std::string_view kNamedPrefix = "tokenizer.chat_template.";

// The value of "chat_template": a string, or a list of {"name", "template"}.
Result<StoredChatTemplates> templates_in(const Json& value, const std::string& where) {
  StoredChatTemplates out{.text = {}, .origin = where, .named = {}};
  const Json::Array* list = value.array();
  if (!list) {
    if (!value.string()) return fail(Errc::corrupt, "{}: expected a string, found {}", where, value.describe());
    out.text = *value.string();
    return out;
  }
  for (const Json& entry : *list) {
    const JsonFields fields = R1_TRY(JsonFields::of(entry, where));
    const std::string name = R1_TRY(fields.string("name")), text = R1_TRY(fields.string("template"));
    if (name == "default" || out.text.empty()) out.text = text;
    if (name != "default") out.named[name] = text;
  }
  return out;
}

Result<StoredChatTemplates> default_in(const fs::path& folder) {
  std::error_code ignored;
  if (const fs::path file = folder / kTemplateFile; fs::exists(file, ignored))
    return StoredChatTemplates{R1_TRY(read_regular_file(file, kTemplateBytes)), file.string(), {}};
  for (const char* name : {kTokenizerConfigFile, kTemplateJsonFile}) {
    const fs::path file = folder / name;
    if (!fs::exists(file, ignored)) continue;
    const Json config = R1_TRY(read_json(file));
    const Json* value = config.find("chat_template");
    if (value && !value->is_null()) return templates_in(*value, file.string() + ": chat_template");
  }
  return StoredChatTemplates{};
}

std::string gguf_name(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) c = '_';
  return out;
}

}  // namespace

Result<StoredChatTemplates> read_chat_templates(const fs::path& folder) {
  StoredChatTemplates out = R1_TRY(default_in(folder));
  for (const std::string& path : R1_TRY(list_model_files(folder, {ModelFileRole::chat_template}))) {
    if (!path.starts_with(kTemplateFolder)) continue;
    const fs::path file = folder / path;
    std::string text = R1_TRY(read_regular_file(file, kTemplateBytes));
    if (out.empty()) out.text = text, out.origin = file.string();
    out.named[file.stem().string()] = std::move(text);
  }
  return out;
}

Result<StoredChatTemplates> chat_templates_of(const Gguf& file) {
  StoredChatTemplates out;
  const auto origin = [&](std::string_view key) { return fmt::format("{}: {}", file.path(), key); };
  if (file.holds(kKey)) out.text = R1_TRY(file.text(kKey)), out.origin = origin(kKey);
  for (const std::string& key : file.keys()) {
    if (!key.starts_with(kNamedPrefix) || key.size() == kNamedPrefix.size()) continue;
    if (out.named.size() == kMaxTemplateFiles)
      return fail(Errc::corrupt, "{}: more than {} chat templates", file.path(), kMaxTemplateFiles);
    std::string text = R1_TRY(file.text(key));
    if (out.empty()) out.text = text, out.origin = origin(key);
    out.named[key.substr(kNamedPrefix.size())] = std::move(text);
  }
  return out;
}

Json to_json(const StoredChatTemplates& templates) {
  if (templates.empty()) return {};
  if (templates.named.empty()) return templates.text;
  Json list = Json::array({Json::object({{"name", "default"}, {"template", templates.text}})});
  for (const auto& [name, text] : templates.named) list.push(Json::object({{"name", name}, {"template", text}}));
  return list;
}

std::vector<std::pair<std::string, GgufValue>> to_gguf(const StoredChatTemplates& templates) {
  std::vector<std::pair<std::string, GgufValue>> out;
  if (templates.empty()) return out;
  out.emplace_back(kKey, GgufValue::of_text(templates.text));
  std::map<std::string, const std::string*> named;
  for (const auto& [name, text] : templates.named)
    if (!name.empty()) named.emplace(gguf_name(name), &text);
  if (named.empty()) return out;
  std::vector<std::string> names;
  for (const auto& [name, text] : named) names.push_back(name);
  out.emplace_back(kNamesKey, GgufValue::of_texts(names));
  for (const auto& [name, text] : named) out.emplace_back(std::string(kNamedPrefix) + name, GgufValue::of_text(*text));
  return out;
}

}  // namespace r1
