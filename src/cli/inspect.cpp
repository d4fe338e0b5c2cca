// r1 inspect MODEL: what a model is, read from its headers without loading a weight. --check reads every weight once.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress_meter.hpp"
#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/utf8.hpp"
#include "hub/models.hpp"
#include "hub/select.hpp"
#include "model/gguf/config.hpp"
#include "model/stored_model.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// The tensors of a folder or a GGUF as stored, whether or not they make a model that can run.
struct StoredFiles {
  std::string format;
  std::vector<StoredTensor> tensors;
  std::map<std::string, std::string> unsupported;
  std::optional<Gguf> gguf;
  std::shared_ptr<const void> mapping;  // keeps the tensors' bytes
};

Result<StoredFiles> files_of(const fs::path& path) {
  StoredFiles f;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const Safetensors file = R1_TRY(Safetensors::open(path));
    f.format = "safetensors";
    for (const auto& [name, t] : file.tensors()) f.tensors.push_back(t);
    f.unsupported = file.unsupported();
    f.mapping = file.mapping();
    return f;
  }
  f.gguf = R1_TRY(Gguf::open(path));
  f.format = fmt::format("GGUF v{}{}", f.gguf->version(),
                         f.gguf->files() > 1 ? fmt::format(", {} files", f.gguf->files()) : "");
  for (const auto& [name, t] : f.gguf->tensors()) f.tensors.push_back(t);
  f.unsupported = {f.gguf->unsupported().begin(), f.gguf->unsupported().end()};
  f.mapping = f.gguf->mapping();
  return f;
}

struct TypeSum {
  i64 tensors = 0, elements = 0, bytes = 0;
};

Json types_json(const StoredFiles& f) {
  std::map<DType, TypeSum> sums;
  TypeSum all;
  for (const StoredTensor& t : f.tensors)
    for (TypeSum* s : {&sums[t.dtype], &all}) {
      ++s->tensors;
      s->elements += t.elements();
      s->bytes += static_cast<i64>(t.bytes.size() + t.scales.size());
    }
  const auto json = [](const TypeSum& s) {
    return Json::object({{"tensors", s.tensors}, {"elements", s.elements}, {"bytes", s.bytes}});
  };
  Json out = Json::object({});
  for (const auto& [type, s] : sums) out.set(name_of(type), json(s));
  return Json::object({{"by_type", out}, {"all", json(all)}});
}

// The model as its architecture's parser understands it. Errors: why the model cannot run.
Result<Json> model_json(const fs::path& path) {
  const StoredModel stored = R1_TRY(open_stored(path));
  const auto outline = R1_TRY(outline_of(stored));
  const ModelInfo& m = outline->info();
  const Json config = R1_TRY(parse_json(outline->config_json(DType::bf16), path.string()));
  return Json::object({{"architecture", m.architecture},
                       {"parameters", m.parameters},
                       {"active_parameters", m.active_parameters},
                       {"layers", m.layers},
                       {"hidden", m.hidden},
                       {"vocabulary", m.vocab},
                       {"context", m.context},
                       {"mtp_layers", m.mtp_layers},
                       {"config", config}});
}

Json id_json(const Tokenizer& t, std::optional<i32> id) {
  return id ? Json::object({{"id", *id}, {"text", t.bytes_of(*id)}}) : Json();
}

Json tokenizer_json(const Tokenizer& t) {
  i64 added = 0;
  for (i32 id = 0; id < t.size(); ++id) added += t.is_added(id);
  const Tokenizer::Roles& r = t.roles();
  Json ends;
  for (const i32 id : r.ends) ends.push(id_json(t, id));
  return Json::object({{"model", "byte-level BPE"},
                       {"pre", t.pre()},
                       {"tokens", t.size()},
                       {"added", added},
                       {"bos", id_json(t, r.bos)},
                       {"eos", id_json(t, r.eos)},
                       {"pad", id_json(t, r.pad)},
                       {"ends", ends},
                       {"add_bos", r.add_bos}});
}

bool has_tokenizer(const fs::path& path, const StoredFiles& f) {
  std::error_code ignored;
  return f.gguf ? f.gguf->holds("tokenizer.ggml.tokens") : fs::exists(path / kTokenizerFile, ignored);
}

std::vector<std::string> folder_notes(const fs::path& path, const StoredFiles& f) {
  std::vector<std::string> notes;
  std::error_code ignored;
  if (!fs::exists(path / kTokenizerFile, ignored)) notes.push_back("no tokenizer");
  if (!fs::exists(path / kGenerationFile, ignored))
    notes.push_back("no generation_config.json: R1's sampling (0.6, 0.95)");
  for (const auto& [name, type] : f.unsupported)
    notes.push_back(fmt::format("tensor {}: {}", name, unsupported_type(type)));
  if (const auto config = read_json(path / kConfigFile))
    for (const char* key : {"rope_parameters", "rope_scaling"})
      if (const Json* rope = config->find(key); rope && rope->find("attn_factor"))
        notes.push_back(fmt::format("{}.attn_factor {} is not used, as in transformers", key,
                                    rope->find("attn_factor")->describe()));
  return notes;
}

// Checks that every element is finite; a block whose scale is not finite has no finite element. Errors: the first
// element that is not finite.
Status check_numbers(const StoredFiles& f, const std::atomic<bool>& stop) {
  constexpr i64 kChunkElements = 2 << 20;
  std::vector<float> values;
  for (const StoredTensor& t : f.tensors) {
    const i64 cols = t.shape.empty() ? 1 : t.shape.back(), rows = cols ? t.elements() / cols : 0;
    const i64 chunk_rows = std::max<i64>(1, kChunkElements / std::max<i64>(cols, 1));
    for (i64 first = 0; first < rows; first += chunk_rows) {
      if (stop) return fail(Errc::interrupted, "interrupted; not all weights were read");
      const i64 count = std::min(chunk_rows, rows - first);
      values.resize(count * cols);
      read_rows(t, first, count, values.data());
      const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
      if (bad == values.end()) continue;
      const i64 at = bad - values.begin();
      return fail(Errc::corrupt, "tensor {} ({}): row {}, column {} is {}", t.name, name_of(t.dtype), first + at / cols,
                  at % cols, *bad);
    }
    release_pages(t.bytes);
  }
  return {};
}

i64 integer(const Json& j, const char* key) {
  return j.find(key) && j.find(key)->integer() ? *j.find(key)->integer() : 0;
}
// A string as it is printed for people.
std::string shown_text(const Json& j) { return printable(*j.string(), 400); }
std::string text(const Json& j, const char* key) {
  return j.find(key) && j.find(key)->string() ? shown_text(*j.find(key)) : "";
}

void print_tokenizer(const Json& t) {
  if (const Json* error = t.find("error")) return fmt::print("tokenizer    {}\n", shown_text(*error));
  fmt::print("tokenizer    {} ({}), {} tokens of which {} added\n", text(t, "model"),
             text(t, "pre").empty() ? "unnamed pattern" : text(t, "pre"), integer(t, "tokens"), integer(t, "added"));
  for (const char* role : {"bos", "eos", "pad"})
    if (const Json* id = t.find(role); id && !id->is_null())
      fmt::print("  {:<10} {} {}\n", role, integer(*id, "id"), text(*id, "text"));
}

void print_model(const Json& j) {
  fmt::print("{}\nformat       {}\n", text(j, "path"), text(j, "format"));
  if (const Json* m = j.find("model"); m && !m->is_null()) {
    fmt::print("architecture {}: {} layers of {}, vocabulary {}, context {}{}\n", text(*m, "architecture"),
               integer(*m, "layers"), integer(*m, "hidden"), integer(*m, "vocabulary"), integer(*m, "context"),
               integer(*m, "mtp_layers") ? ", MTP" : "");
    fmt::print("parameters   {}, {} active per token\n", count_text(integer(*m, "parameters")),
               count_text(integer(*m, "active_parameters")));
  } else {
    fmt::print("cannot run   {}\n", text(j, "error"));
  }
  const Json& weights = *j.find("weights");
  for (const auto& [type, s] : *weights.find("by_type")->object())
    fmt::print("{:<12} {:>5} tensors {:>10} {:>12}\n", type, integer(s, "tensors"), count_text(integer(s, "elements")),
               size_text(integer(s, "bytes")));
  const Json& all = *weights.find("all");
  fmt::print("{:<12} {:>5} tensors {:>10} {:>12}, {:.2f} bits per weight\n", "all", integer(all, "tensors"),
             count_text(integer(all, "elements")), size_text(integer(all, "bytes")),
             8.0 * static_cast<double>(integer(all, "bytes")) /
                 static_cast<double>(std::max<i64>(1, integer(all, "elements"))));
  if (const Json* t = j.find("tokenizer"); t && !t->is_null()) print_tokenizer(*t);
  if (const Json* t = j.find("chat_template"); t && !t->is_null()) fmt::print("chat         {}\n", shown_text(*t));
  for (const Json& note : *j.find("notes")->array()) fmt::print("note         {}\n", shown_text(note));
}

}  // namespace

Result<int> run_inspect(const Args& args) {
  std::string name;
  bool json = false, check = false;
  if (const auto stop =
          parse(args, "What a model is: architecture, sizes, types, tokenizer, chat template, and what is unusual.",
                {{"MODEL", &name, "folder, GGUF file (the first one of a split model) or name", true},
                 {"--json", &json, "one JSON object, with the whole configuration"},
                 {"--check", &check, "read every weight; exit code 1 if one is not finite"}}))
    return *stop;
  const fs::path path = R1_TRY(find_model(name));
  const StoredFiles files = R1_TRY(files_of(path));
  Json out = Json::object({{"path", path.string()}, {"format", files.format}, {"weights", types_json(files)}});
  auto model = model_json(path);
  out.set("model", model ? *model : Json());
  if (!model) out.set("error", model.error().what);
  if (has_tokenizer(path, files)) {
    const auto tokenizer = Tokenizer::open(path);
    out.set("tokenizer", tokenizer ? tokenizer_json(*tokenizer) : Json::object({{"error", tokenizer.error().what}}));
    if (tokenizer) {
      const auto chat = ChatTemplate::open(path, *tokenizer);
      out.set("chat_template", chat ? chat->describe() : chat.error().what);
    }
  }
  out.set("notes", Json::array_of(files.gguf ? gguf_notes(*files.gguf) : folder_notes(path, files)));
  Status checked;
  if (check) {
    const InterruptFlag interrupted;
    checked = check_numbers(files, interrupted.raised());
    if (!checked && checked.error().code == Errc::interrupted) return tl::unexpected(checked.error());
    out.set("check", checked ? "every weight is finite" : checked.error().what);
  }
  if (json) fmt::print("{}\n", dump(out, 2));
  else print_model(out);
  if (check && !json) fmt::print("check        {}\n", shown_text(*out.find("check")));
  return checked ? 0 : kExitFailed;
}

}  // namespace r1
