#include "train/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>

#include "core/file.hpp"
#include "core/text.hpp"
#include "train/config_fields.hpp"

// Only this file includes toml++, because its headers compile slowly.
#include <toml++/toml.h>

namespace r1 {
namespace {

template <class Config>
Result<const Field<Config>*> find_field(const std::vector<Field<Config>>& fields, std::string_view key,
                                        std::string_view where) {
  const Field<Config>* nearest = &fields.front();
  for (const auto& f : fields) {
    if (f.name == key) return &f;
    if (edit_distance(key, f.name) < edit_distance(key, nearest->name)) nearest = &f;
  }
  return fail(Errc::invalid_argument, "{}: unknown key \"{}\"; the most similar known key is \"{}\"", where, key,
              nearest->name);
}

// The absolute path, or `path` itself if the current folder cannot be determined.
std::filesystem::path made_absolute(const std::filesystem::path& path) {
  std::error_code code;
  auto whole = std::filesystem::absolute(path, code);
  return code ? path : whole;
}

// ---- setting one field -------------------------------------------------------------------------------------------

struct Value {
  std::variant<std::string, i64, double, bool> v;
};

// How the texts of a source become paths.
struct PathRules {
  std::filesystem::path base;  // relative paths start here; empty: they stay as they are
  const ModelFinder& find_model;
};

// The absolute path. Where a model is wanted and no such path exists, the text is the name of a model.
template <class Config>
Result<std::string> resolved(const Field<Config>& f, const std::string& text, std::string_view where,
                             const PathRules& rules) {
  std::filesystem::path path = text;
  if (!rules.base.empty() && path.is_relative()) path = made_absolute(rules.base / path).lexically_normal();
  if (f.kind != FieldKind::model || !rules.find_model) return path.string();
  std::error_code error;
  auto found = rules.find_model(std::filesystem::exists(path, error) ? path.string() : text);
  if (!found) return tl::unexpected(std::move(found).error().in(fmt::format("{}: {}", where, f.name)));
  return made_absolute(*found).lexically_normal().string();
}

std::string_view kind_of(const Value& value) {
  static constexpr std::string_view names[] = {"a string", "an integer", "a number", "true or false"};
  return names[value.v.index()];
}

template <class Config>
Status set_field(Config& config, const Field<Config>& f, Value value, std::string_view where, const PathRules& rules) {
  static constexpr std::string_view wanted[] = {"a string", "an integer", "a number", "true or false"};
  const auto* integer = std::get_if<i64>(&value.v);
  if (integer && std::holds_alternative<double Config::*>(f.member)) value.v = static_cast<double>(*integer);
  if (value.v.index() != f.member.index())
    return fail(Errc::invalid_argument, "{}: {} must be {}, not {}", where, f.name, wanted[f.member.index()],
                kind_of(value));
  if (auto* s = std::get_if<std::string>(&value.v)) {
    if (!f.choices.empty() && fmt::format("|{}|", f.choices).find(fmt::format("|{}|", *s)) == std::string::npos)
      return fail(Errc::invalid_argument, "{}: {} must be one of {}, not \"{}\"", where, f.name, f.choices, *s);
    if (f.kind != FieldKind::value && !s->empty()) *s = R1_TRY(resolved(f, *s, where, rules));
    config.*std::get<std::string Config::*>(f.member) = std::move(*s);
    return {};
  }
  if (const auto* b = std::get_if<bool>(&value.v)) {
    config.*std::get<bool Config::*>(f.member) = *b;
    return {};
  }
  const bool whole = std::holds_alternative<i64>(value.v);
  const double number = whole ? static_cast<double>(std::get<i64>(value.v)) : std::get<double>(value.v);
  if (!(number >= f.low && number <= f.high) || !std::isfinite(number))
    return fail(Errc::invalid_argument, "{}: {} = {} is outside [{}, {}]", where, f.name, number, f.low, f.high);
  if (whole) config.*std::get<i64 Config::*>(f.member) = std::get<i64>(value.v);
  else config.*std::get<double Config::*>(f.member) = number;
  return {};
}

// The value of an override, parsed as the field's type.
template <class Config>
Result<Value> read_text(const Field<Config>& f, const std::string& text, std::string_view where) {
  const char *begin = text.data(), *end = begin + text.size();
  if (std::holds_alternative<std::string Config::*>(f.member)) return Value{text};
  if (std::holds_alternative<bool Config::*>(f.member)) {
    if (text == "true" || text == "1") return Value{true};
    if (text == "false" || text == "0") return Value{false};
    return fail(Errc::invalid_argument, "{}: {} must be true or false, not \"{}\"", where, f.name, text);
  }
  if (std::holds_alternative<i64 Config::*>(f.member)) {
    i64 n = 0;
    const auto [at, error] = std::from_chars(begin, end, n);
    if (error == std::errc() && at == end && begin != end) return Value{n};
    return fail(Errc::invalid_argument, "{}: {} must be an integer, not \"{}\"", where, f.name, text);
  }
  double x = 0;
  const auto [at, error] = std::from_chars(begin, end, x);
  if (error == std::errc() && at == end && begin != end) return Value{x};
  return fail(Errc::invalid_argument, "{}: {} must be a number, not \"{}\"", where, f.name, text);
}

// ---- TOML --------------------------------------------------------------------------------------------------------

std::string where_is(std::string_view source, const toml::node& node) {
  return fmt::format("{}:{}", source, node.source().begin.line);
}

template <class Config>
Status read_table(Config& config, const std::vector<Field<Config>>& fields, const toml::table& table,
                  std::string_view source, const PathRules& rules, std::string_view except = {}) {
  for (const auto& [key, node] : table) {
    if (key.str() == except) continue;
    const std::string where = where_is(source, node);
    const auto* field = R1_TRY(find_field(fields, key.str(), where));
    Value value;
    if (const auto* s = node.as_string()) value.v = s->get();
    else if (const auto* i = node.as_integer()) value.v = static_cast<i64>(i->get());
    else if (const auto* d = node.as_floating_point()) value.v = d->get();
    else if (const auto* b = node.as_boolean()) value.v = b->get();
    else return fail(Errc::invalid_argument, "{}: {} must be a plain value, not a table or an array", where, key.str());
    R1_TRY(set_field(config, *field, std::move(value), where, rules));
  }
  return {};
}

Result<toml::table> parse_toml(std::string_view text, std::string_view source) {
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {  // the compiled library reports errors in no other way
    return fail(Errc::invalid_argument, "{}:{}: {}", source, error.source().begin.line, error.description());
  }
}

// Reads the tables [[key]], in order.
template <class Config>
Status read_tables(std::vector<Config>& out, std::string_view key, const std::vector<Field<Config>>& fields,
                   const toml::table& table, std::string_view source, const PathRules& rules) {
  const toml::node* node = table.get(key);
  if (!node) return {};
  const toml::array* tables = node->as_array();
  for (size_t i = 0; tables && i < tables->size(); ++i)
    if (!(*tables)[i].is_table()) tables = nullptr;
  if (!tables)
    return fail(Errc::invalid_argument, "{}: {} must be written as [[{}]] tables", where_is(source, *node), key, key);
  for (const toml::node& one : *tables) R1_TRY(read_table(out.emplace_back(), fields, *one.as_table(), source, rules));
  return {};
}

template <class Config>
Status override_field(Config& config, const std::vector<Field<Config>>& fields, std::string_view key,
                      const std::string& text, const std::string& where, const ModelFinder& find_model) {
  const auto* field = R1_TRY(find_field(fields, key, where));
  Value value = R1_TRY(read_text(*field, text, where));
  return set_field(config, *field, std::move(value), where, PathRules{made_absolute("."), find_model});
}

Status apply(TrainConfig& config, const Overrides& overrides, const ModelFinder& find_model) {
  for (const auto& [key, text] : overrides) {
    const std::string where = "--" + key;
    if (key.starts_with("data.")) {
      if (config.data.empty()) config.data.emplace_back();
      R1_TRY(
          override_field(config.data.front(), data_fields(), std::string_view(key).substr(5), text, where, find_model));
    } else {
      R1_TRY(override_field(config, train_fields(), key, text, where, find_model));
    }
  }
  return {};
}

Status check_together(const TrainConfig& c, std::string_view source) {
  const auto wrong = [&](std::string_view what) { return fail(Errc::invalid_argument, "{}: {}", source, what); };
  if (c.model.empty() == c.model_config.empty())
    return wrong(
        fmt::format("{} model (a model to start from, such as nano) and model_config (a config.json for random "
                    "weights): give one of them, in the file or as --model or --model_config",
                    c.model.empty() ? "without" : "with both"));
  if (c.model.empty() && c.tokenizer.empty())
    return wrong("model_config needs a tokenizer too: a model whose vocabulary is used, such as nano");
  if (c.out.empty()) return wrong("out is missing: the folder of the run (--out FOLDER)");
  if (c.lr_min > c.lr) return wrong(fmt::format("lr_min {} is above lr {}", c.lr_min, c.lr));
  if (c.data.empty()) return wrong("no data: add a [[data]] table with file or tasks");
  double total = 0;
  for (const DataSource& d : c.data) {
    if (d.file.empty() == d.tasks.empty()) return wrong("every [[data]] needs either file or tasks");
    total += d.weight;
  }
  return total > 0 ? Status{} : wrong("the weights of all [[data]] are 0");
}

Status check_together(const GrpoConfig& c, std::string_view source) {
  const auto wrong = [&](std::string_view what) { return fail(Errc::invalid_argument, "{}: {}", source, what); };
  if (c.model.empty()) return wrong("model is missing: a model to start from, such as nano (--model)");
  if (c.out.empty()) return wrong("out is missing: the folder of the run (--out FOLDER)");
  if (c.lr_min > c.lr) return wrong(fmt::format("lr_min {} is above lr {}", c.lr_min, c.lr));
  if (c.tasks.empty() == c.file.empty())
    return wrong(fmt::format("{} tasks and file: give one of them", c.tasks.empty() ? "without" : "with both"));
  if (c.updates > c.groups * c.group_size)
    return wrong(fmt::format("updates {} is more than the {} samples of a step", c.updates, c.groups * c.group_size));
  if (c.overlong_tokens == 0 || c.overlong_tokens > c.max_tokens)
    return wrong(fmt::format("overlong_tokens {} must be 1 to {}, which is max_tokens, or -1 for a fifth of it",
                             c.overlong_tokens, c.max_tokens));
  if (c.curriculum && c.tasks.empty()) return wrong("curriculum needs tasks: the rows of a file have no levels");
  return {};
}

// The rules of a stage by itself.
Status check_stage(const StageConfig& s, const std::function<tl::unexpected<Error>(std::string_view)>& wrong) {
  constexpr std::string_view kInNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (s.name.empty() || s.name.find_first_not_of(kInNames) != s.name.npos)
    return wrong("a name has letters, digits, _ and - only");
  if (s.name == "model" || s.name == "tokenizer") return wrong("the recipe has a folder of this name already");
  if (s.kind.empty()) return wrong("has no kind: pretrain, sft, grpo or sample");
  const bool pretrain = s.kind == "pretrain";
  if (pretrain && !s.from.empty()) return wrong("from: a stage of the kind pretrain begins with random weights");
  if (!pretrain && !s.config.empty()) return wrong("config: is for a stage of the kind pretrain");
  if (s.config.find('/') != s.config.npos) return wrong("config: names a file in the recipe's folder");
  return {};
}

// Checks the rules between the stages of a pipeline, and fills in `from` where it was left out.
Status connect_stages(PipelineConfig& c, std::string_view source) {
  if (c.stages.empty()) return fail(Errc::invalid_argument, "{}: no [[stage]]", source);
  for (size_t i = 0; i < c.stages.size(); ++i) {
    StageConfig& s = c.stages[i];
    const auto wrong = [&](std::string_view what) {
      return fail(Errc::invalid_argument, "{}: stage \"{}\": {}", source, s.name, what);
    };
    const auto earlier = std::span(c.stages).first(i);
    // An earlier stage of the trunk or of this stage's branch, by name.
    const auto find = [&](std::string_view name) -> const StageConfig* {
      const auto found = std::find_if(earlier.begin(), earlier.end(), [&](const StageConfig& e) {
        return e.name == name && (e.branch.empty() || e.branch == s.branch);
      });
      return found == earlier.end() ? nullptr : &*found;
    };
    R1_TRY(check_stage(s, wrong));
    if (std::any_of(earlier.begin(), earlier.end(), [&](const StageConfig& e) { return e.name == s.name; }))
      return wrong("the name is taken by an earlier stage");
    if (i == 0 && !s.branch.empty()) return wrong("the first stage is of the trunk, and has no branch");
    if (s.branch.empty() && (i == 0) != (s.kind == "pretrain"))
      return wrong("the first stage, and no other one of the trunk, is of the kind pretrain");
    if (s.branch.empty() && i > 0 && !c.stages[i - 1].branch.empty())
      return wrong("the stages of the trunk come before those of the branches");
    if (s.kind != "pretrain" && s.from.empty())
      for (const StageConfig& e : earlier)
        if (e.kind != "sample" && (e.branch.empty() || e.branch == s.branch)) s.from = e.name;
    if (const StageConfig* from = find(s.from); !s.from.empty() && (!from || from->kind == "sample"))
      return wrong(fmt::format("from: no earlier stage \"{}\" makes a model", s.from));
    const StageConfig* rows = find(s.rows);
    if (!s.rows.empty() && (s.kind != "sft" || !rows || rows->kind != "sample"))
      return wrong(
          fmt::format("rows: is for a stage of the kind sft, and names an earlier stage of the kind sample; "
                      "\"{}\" is none, or this stage is of the kind {}",
                      s.rows, s.kind));
    const bool last = std::ranges::none_of(std::span(c.stages).subspan(i + 1),
                                           [&](const StageConfig& later) { return later.branch == s.branch; });
    if (last && s.kind == "sample") return wrong("the last stage of the trunk and of each branch must make a model");
  }
  return {};
}

std::string toml_string(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += fmt::format("\\u{:04X}", c);
    else out += c;
  }
  return out + '"';
}

template <class Config>
std::string value_text(const Config& c, const Field<Config>& f) {
  if (const auto* s = std::get_if<std::string Config::*>(&f.member)) return toml_string(c.**s);
  if (const auto* i = std::get_if<i64 Config::*>(&f.member)) return fmt::format("{}", c.**i);
  if (const auto* b = std::get_if<bool Config::*>(&f.member)) return c.**b ? "true" : "false";
  std::string text = fmt::format("{}", c.*std::get<double Config::*>(f.member));  // shortest text with the same value
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <class Config>
std::string table_text(const Config& c, const std::vector<Field<Config>>& fields) {
  std::string out;
  for (const auto& f : fields) out += fmt::format("{} = {}\n", f.name, value_text(c, f));
  return out;
}

// The text that must be equal for a run to be resumed. Because runs may be moved, only the last part of a path counts,
// with or without a slash behind it.
template <class Config>
std::string compared_text(const Config& c, const Field<Config>& f) {
  if (f.kind == FieldKind::value) return value_text(c, f);
  const std::filesystem::path path = c.*std::get<std::string Config::*>(f.member);
  return toml_string((path.has_filename() ? path : path.parent_path()).filename().string());
}

template <class Config>
std::vector<KeyHelp> help_of(const std::vector<Field<Config>>& fields) {
  static constexpr std::string_view types[] = {"text", "integer", "number", "true|false"};
  std::vector<KeyHelp> keys;
  for (const auto& f : fields) {
    const std::string_view type = !f.choices.empty()           ? f.choices
                                  : f.kind == FieldKind::model ? "model"
                                  : f.kind == FieldKind::path  ? "path"
                                                               : types[f.member.index()];
    keys.push_back({std::string(f.name), std::string(type), value_text(Config{}, f), std::string(f.meaning)});
  }
  return keys;
}

template <class Config>
std::string difference(const Config& was, const Config& now, const std::vector<Field<Config>>& fields) {
  for (const auto& f : fields)
    if (f.bits && compared_text(was, f) != compared_text(now, f))
      return fmt::format("{} was {}, now {}", f.name, value_text(was, f), value_text(now, f));
  return {};
}

}  // namespace

Result<TrainConfig> parse_train_config(std::string_view text, std::string_view source, const Overrides& overrides,
                                       const std::string& base, const ModelFinder& find_model) {
  const toml::table table = R1_TRY(parse_toml(text, source));
  TrainConfig config;
  const PathRules rules{base, find_model};
  R1_TRY(read_table(config, train_fields(), table, source, rules, "data"));
  R1_TRY(read_tables(config.data, "data", data_fields(), table, source, rules));
  R1_TRY(apply(config, overrides, find_model));
  R1_TRY(check_together(config, source));
  return config;
}

Result<TrainConfig> load_train_config(const std::string& path, const Overrides& overrides,
                                      const ModelFinder& find_model) {
  const std::string text = R1_TRY(read_file(path));
  return parse_train_config(text, path, overrides, made_absolute(path).parent_path().string(), find_model);
}

Result<GrpoConfig> parse_grpo_config(std::string_view text, std::string_view source, const Overrides& overrides,
                                     const std::string& base, const ModelFinder& find_model) {
  const toml::table table = R1_TRY(parse_toml(text, source));
  GrpoConfig config;
  R1_TRY(read_table(config, grpo_fields(), table, source, PathRules{base, find_model}));
  for (const auto& [key, value] : overrides)
    R1_TRY(override_field(config, grpo_fields(), key, value, "--" + key, find_model));
  R1_TRY(check_together(config, source));
  return config;
}

Result<GrpoConfig> load_grpo_config(const std::string& path, const Overrides& overrides,
                                    const ModelFinder& find_model) {
  const std::string text = R1_TRY(read_file(path));
  return parse_grpo_config(text, path, overrides, made_absolute(path).parent_path().string(), find_model);
}

Result<VocabularyConfig> load_vocabulary_config(const std::string& path) {
  const std::string text = R1_TRY(read_file(path));
  const toml::table table = R1_TRY(parse_toml(text, path));
  VocabularyConfig config;
  R1_TRY(read_table(config, vocabulary_fields(), table, path, PathRules{{}, {}}));
  return config;
}

Result<SampleConfig> load_sample_config(const std::string& path) {
  const std::string text = R1_TRY(read_file(path));
  const toml::table table = R1_TRY(parse_toml(text, path));
  SampleConfig config;
  R1_TRY(read_table(config, sample_fields(), table, path, PathRules{{}, {}}));
  if (config.tasks.empty()) return fail(Errc::invalid_argument, "{}: without tasks: a mixture of problems", path);
  if (config.samples > 1 && config.temperature == 0)
    return fail(Errc::invalid_argument, "{}: at temperature 0 the {} samples of a problem would all be equal", path,
                config.samples);
  return config;
}

Result<PipelineConfig> load_pipeline_config(const std::string& path) {
  const std::string text = R1_TRY(read_file(path));
  const toml::table table = R1_TRY(parse_toml(text, path));
  PipelineConfig config;
  R1_TRY(read_table(config, pipeline_fields(), table, path, PathRules{{}, {}}, "stage"));
  R1_TRY(read_tables(config.stages, "stage", stage_fields(), table, path, PathRules{{}, {}}));
  R1_TRY(connect_stages(config, path));
  return config;
}

std::vector<KeyHelp> train_keys() { return help_of(train_fields()); }
std::vector<KeyHelp> grpo_keys() { return help_of(grpo_fields()); }
std::vector<KeyHelp> data_keys() { return help_of(data_fields()); }

std::string to_toml(const GrpoConfig& c) { return table_text(c, grpo_fields()); }

std::string to_toml(const TrainConfig& c) {
  std::string out = table_text(c, train_fields());
  for (const DataSource& d : c.data) out += "\n[[data]]\n" + table_text(d, data_fields());
  return out;
}

std::string first_difference(const GrpoConfig& was, const GrpoConfig& now) {
  return difference(was, now, grpo_fields());
}

std::string first_difference(const TrainConfig& was, const TrainConfig& now) {
  std::string found = difference(was, now, train_fields());
  if (!found.empty()) return found;
  if (was.data.size() != now.data.size())
    return fmt::format("[[data]]: {} sources, now {}", was.data.size(), now.data.size());
  for (size_t i = 0; i < was.data.size() && found.empty(); ++i) {
    found = difference(was.data[i], now.data[i], data_fields());
    if (!found.empty()) found = fmt::format("[[data]] {}: {}", i + 1, found);
  }
  return found;
}

}  // namespace r1
