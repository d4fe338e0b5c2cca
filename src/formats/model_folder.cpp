#include "formats/model_folder.hpp"

#include <algorithm>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

struct NamedRole {
  std::string_view name;
  ModelFileRole role;
};
constexpr NamedRole kNamedRoles[] = {
    {kConfigFile, ModelFileRole::config},
    {kWeightsFile, ModelFileRole::weights},
    {kWeightsIndexFile, ModelFileRole::weights},
    {kTokenizerFile, ModelFileRole::tokenizer},
    {kTokenizerConfigFile, ModelFileRole::tokenizer},
    {"special_tokens_map.json", ModelFileRole::tokenizer},
    {"added_tokens.json", ModelFileRole::tokenizer},
    {"vocab.json", ModelFileRole::tokenizer},
    {"vocab.txt", ModelFileRole::tokenizer},
    {"merges.txt", ModelFileRole::tokenizer},
    {"tokenizer.model", ModelFileRole::tokenizer},
    {kTemplateFile, ModelFileRole::chat_template},
    {kTemplateJsonFile, ModelFileRole::chat_template},
    {kGenerationFile, ModelFileRole::generation},
    {"README.md", ModelFileRole::model_card},
};

bool is_shard(std::string_view name) {
  std::string shape(name);
  for (char& c : shape) c = c >= '0' && c <= '9' ? '0' : c;
  return shape == "model-00000-of-00000.safetensors";
}

// NAME.jinja, where NAME is not empty.
bool is_named_template(std::string_view name) {
  constexpr std::string_view kExtension = ".jinja";
  return name.size() > kExtension.size() && name.ends_with(kExtension);
}

// Adds the names of the files in `folder`, each behind `prefix`, that have one of the roles.
Status add_files(const fs::path& folder, const std::string& prefix, std::initializer_list<ModelFileRole> roles,
                 std::vector<std::string>& out) {
  std::error_code code, ignored;
  const size_t before = out.size();
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const std::string path = prefix + it->path().filename().string();
    const auto role = model_file_role(path);
    const bool wanted = role && std::find(roles.begin(), roles.end(), *role) != roles.end();
    if (!wanted || !fs::exists(it->path(), ignored)) continue;  // a link to nothing does not exist
    out.push_back(path);
    if (!prefix.empty() && out.size() - before > kMaxTemplateFiles)
      return fail(Errc::corrupt, "{}: holds more than {} chat templates", folder.string(), kMaxTemplateFiles);
  }
  return code ? fail(Errc::io, "{}: cannot list: {}", folder.string(), code.message()) : Status{};
}

}  // namespace

std::optional<ModelFileRole> model_file_role(std::string_view path) {
  if (const size_t slash = path.find('/'); slash != path.npos) {
    const std::string_view name = path.substr(slash + 1);
    const bool named = path.substr(0, slash) == kTemplateFolder && name.find('/') == name.npos;
    return named && is_named_template(name) ? std::optional(ModelFileRole::chat_template) : std::nullopt;
  }
  for (const auto& [name, role] : kNamedRoles)
    if (path == name) return role;
  if (is_shard(path)) return ModelFileRole::weights;
  if (path.starts_with("LICENSE")) return ModelFileRole::licence;
  return std::nullopt;
}

bool is_replaceable_model_file(std::string_view path) {
  const auto role = model_file_role(path);
  return role && *role != ModelFileRole::model_card;
}

Result<std::vector<std::string>> list_model_files(const fs::path& folder, std::initializer_list<ModelFileRole> roles) {
  std::vector<std::string> files;
  std::error_code ignored;
  R1_TRY(add_files(folder, "", roles, files));
  if (const fs::path named = folder / kTemplateFolder; fs::is_directory(named, ignored))
    R1_TRY(add_files(named, fmt::format("{}/", kTemplateFolder), roles, files));
  std::sort(files.begin(), files.end());
  return files;
}

Status copy_model_files(const fs::path& from, const fs::path& to, std::initializer_list<ModelFileRole> roles) {
  for (const std::string& path : R1_TRY(list_model_files(from, roles))) {
    std::error_code code;
    fs::create_directories((to / path).parent_path(), code);
    if (code) return fail(Errc::io, "{}: cannot create: {}", (to / path).parent_path().string(), code.message());
    R1_TRY(write_file(to / path, R1_TRY(read_regular_file(from / path, kLargeJson))));
  }
  return {};
}

}  // namespace r1
