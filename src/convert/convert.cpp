#include "convert/convert.hpp"

#include <algorithm>

#include "convert/row_stream.hpp"
#include "core/file.hpp"
#include "formats/chat_templates.hpp"
#include "formats/generation_config.hpp"
#include "formats/model_folder.hpp"
#include "model/architectures.hpp"
#include "text/companion_files.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

DType type_of(const StoredModel& in, const ConvertOptions& options) {
  if (options.type) return *options.type;
  const auto embedding = in.tensors.tensors.find("model.embed_tokens.weight");
  return embedding != in.tensors.tensors.end() && is_plain(embedding->second.stored.dtype)
             ? embedding->second.stored.dtype
             : DType::bf16;
}

// Counts the bytes for options.progress.
struct ConvertProgress {
  const ConvertOptions& options;
  i64 done = 0, total = 0;
  std::function<Status(i64)> counter() {
    return [this](i64 bytes) -> Status {
      done += bytes;
      return options.progress ? options.progress(done, total) : Status();
    };
  }
};

// ---- to GGUF

bool holds(const GgufMetadata& metadata, std::string_view key) {
  return std::any_of(metadata.begin(), metadata.end(), [&](const auto& entry) { return entry.first == key; });
}

void add_sampling(const GenerationConfig& g, GgufMetadata& out) {
  out.emplace_back("general.sampling.temp", GgufValue::of_f32(g.do_sample ? g.temperature : 0));
  if (!g.do_sample) return;
  out.emplace_back("general.sampling.top_p", GgufValue::of_f32(g.top_p));
  GgufValue top_k;
  top_k.type = GgufType::int32, top_k.integer = g.top_k;
  if (g.top_k) out.emplace_back("general.sampling.top_k", top_k);
  if (g.min_p != 0) out.emplace_back("general.sampling.min_p", GgufValue::of_f32(g.min_p));
  if (g.repetition_penalty != 1)
    out.emplace_back("general.sampling.penalty_repeat", GgufValue::of_f32(g.repetition_penalty));
}

// Adds the ids that the tokenizer's keys lack, from config.json and generation_config.json. Of the ids that end an
// answer, the first becomes eos, the next two eot and eom.
Status add_ids(const Json& config, const GenerationConfig& g, GgufMetadata& out) {
  const JsonFields f = R1_TRY(JsonFields::of(config, "config.json"));
  const auto set = [&](const char* name, i64 id) {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
    if (!holds(out, key)) out.emplace_back(key, GgufValue::of_u32(id));
  };
  if (const i64 bos = R1_TRY(f.integer("bos_token_id", -1)); bos >= 0) set("bos", bos);
  std::vector<i64> ends = f.has("eos_token_id") ? R1_TRY(f.integers("eos_token_id")) : std::vector<i64>();
  for (const i64 id : g.eos_token_ids)
    if (std::find(ends.begin(), ends.end(), id) == ends.end()) ends.push_back(id);
  static constexpr const char* kEnds[] = {"eos", "eot", "eom"};
  for (size_t i = 0; i < std::min(ends.size(), std::size(kEnds)); ++i) set(kEnds[i], ends[i]);
  if (g.pad_token_id) set("padding", *g.pad_token_id);
  return {};
}

i64 file_type(DType type) { return type == DType::f32 ? 0 : type == DType::f16 ? 1 : 32; }  // llama.cpp's numbers

// Empty if the model has none.
Result<std::optional<Tokenizer>> tokenizer_of(const StoredModel& in, const fs::path& path) {
  std::error_code ignored;
  const bool stored = in.gguf ? in.gguf->holds("tokenizer.ggml.tokens") : fs::exists(path / kTokenizerFile, ignored);
  if (!stored) return std::optional<Tokenizer>();
  return in.gguf ? R1_TRY(Tokenizer::from_gguf(*in.gguf)) : R1_TRY(Tokenizer::open(path));
}

Result<GgufMetadata> metadata_for(const StoredModel& in, const fs::path& path, const Json& config, DType type,
                                  i64 mtp_layers) {
  const GenerationConfig generation = R1_TRY(read_generation_config(path));
  GgufMetadata hyper = R1_TRY(gguf_metadata(config, in.config_source, mtp_layers));
  const std::string architecture = hyper.front().first.substr(0, hyper.front().first.find('.'));
  fs::path named = path;
  if (!named.has_filename()) named = named.parent_path();  // of "folder/"
  std::string name = named.filename().string();
  if (in.gguf) name = R1_TRY(in.gguf->text("general.name", named.stem().string()));
  GgufMetadata out{{"general.architecture", GgufValue::of_text(architecture)},
                   {"general.type", GgufValue::of_text("model")},
                   {"general.name", GgufValue::of_text(std::move(name))},
                   {"general.file_type", GgufValue::of_u32(file_type(type))},
                   {"general.quantization_version", GgufValue::of_u32(2)}};
  add_sampling(generation, out);
  for (auto& entry : hyper) out.push_back(std::move(entry));
  if (const auto tokenizer = R1_TRY(tokenizer_of(in, path))) {
    const JsonFields f = R1_TRY(JsonFields::of(config, in.config_source));
    for (auto& entry : R1_TRY(tokenizer->to_gguf(R1_TRY(f.positive("vocab_size"))))) out.push_back(std::move(entry));
  }
  R1_TRY(add_ids(config, generation, out));
  const auto templates = in.gguf ? R1_TRY(chat_templates_of(*in.gguf)) : R1_TRY(read_chat_templates(path));
  for (auto& entry : to_gguf(templates)) out.push_back(std::move(entry));
  return out;
}

// The divisors of Llama 3's rope as a tensor.
TensorItem divisors_item(std::vector<float> divisors) {
  const i64 n = std::ssize(divisors);
  return {"rope_freqs.weight", DType::f32, {n}, [divisors = std::move(divisors)](const ByteSink& sink) {
            return sink(std::as_bytes(std::span(divisors)));
          }};
}

// ---- to a folder

Status write_companions(const fs::path& from, const fs::path& to, const ModelInfo& info) {
  const SentenceTokens tokens{info.bos < 0 ? std::nullopt : std::optional<i64>(info.bos),
                              {info.eos.begin(), info.eos.end()}};
  R1_TRY(copy_companion_files(from, to, tokens));
  std::error_code ignored;
  return fs::is_directory(from, ignored) ? copy_model_files(from, to, {ModelFileRole::licence}) : Status();
}

// The tensor of the new file whose rows `rows` gives.
TensorItem item_of(RowStream rows, std::vector<i64> shape, ConvertProgress& progress) {
  progress.total += rows.rows * row_bytes(rows.type, rows.cols);
  rows.written = progress.counter();
  return {rows.name, rows.type, std::move(shape),
          [rows = std::move(rows)](const ByteSink& sink) { return stream_rows(rows, sink); }};
}

}  // namespace

Result<GgufPlan> plan_gguf(const fs::path& in, const ConvertOptions& options) {
  GgufPlan plan;
  plan.model = R1_TRY(open_stored(in));
  const StoredModel& model = plan.model;
  const auto outline = R1_TRY(outline_of(model));  // checks that every tensor is there and has its shape
  plan.type = type_of(model, options);
  const Json config = R1_TRY(parse_json(outline->config_json(plan.type), model.config_source));
  const Architecture* const architecture = R1_TRY(architecture_of(config, model.config_source));
  const GgufDims dims = R1_TRY(architecture->gguf_dims(config, model.config_source));
  plan.tensors = R1_TRY(gguf_tensors(model.tensors, dims, options.mtp));
  const bool mtp = std::any_of(plan.tensors.begin(), plan.tensors.end(),
                               [](const GgufTensor& t) { return t.name.ends_with("nextn.eh_proj.weight"); });
  plan.metadata = R1_TRY(metadata_for(model, in, config, plan.type, mtp ? dims.mtp_layers : 0));
  plan.divisors = R1_TRY(rope_divisors(config, model.config_source));
  return plan;
}

Status convert_to_gguf(const fs::path& in, const fs::path& out, const ConvertOptions& options) {
  GgufPlan plan = R1_TRY(plan_gguf(in, options));
  ConvertProgress progress{options};
  std::vector<TensorItem> items;
  if (!plan.divisors.empty()) items.push_back(divisors_item(std::move(plan.divisors)));
  for (const GgufTensor& t : plan.tensors) {
    const bool in_order = t.rows == GgufTensor::Rows::in_order || t.rows == GgufTensor::Rows::stacked;
    RowStream rows{.name = t.name,
                   .type = t.exact ? DType::f32 : plan.type,
                   .rows = t.row_count(),
                   .cols = t.cols(),
                   .read = [&t](i64 first, i64 count, float* dst) { read_rows(t, first, count, dst); },
                   .from = t.parts,
                   .in_order = in_order};
    items.push_back(item_of(std::move(rows), t.shape, progress));
  }
  return write_gguf(out, plan.metadata, items);
}

Status convert_to_folder(const fs::path& in, const fs::path& out, const ConvertOptions& options) {
  const StoredModel model = R1_TRY(open_stored(in));
  const auto outline = R1_TRY(outline_of(model));
  const DType type = type_of(model, options);

  ConvertProgress progress{options};
  std::vector<TensorItem> items;
  for (const CheckpointTensor& c : outline->checkpoint()) {
    const PublishedTensor& t = model.tensors.tensors.find(c.name)->second;
    RowStream rows{.name = c.name,
                   .type = c.exact ? DType::f32 : type,
                   .rows = t.rows(),
                   .cols = t.cols(),
                   .read = [&t](i64 first, i64 count, float* dst) { read_rows(t, first, count, dst); },
                   .from = {&t},
                   .in_order = true};
    items.push_back(item_of(std::move(rows), c.shape, progress));
  }
  return publish_folder(out, is_replaceable_model_file, [&](const fs::path& folder) -> Status {
    R1_TRY(write_safetensors_folder(folder, items, {{"format", "pt"}}, options.shard_bytes));
    R1_TRY(write_companions(in, folder, outline->info()));
    return write_file(folder / kConfigFile, outline->config_json(type));
  });
}

}  // namespace r1
