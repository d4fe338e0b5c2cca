// r1 convert IN -o OUT: a Hugging Face folder to GGUF, a GGUF to a folder, or either to another type.
#include "convert/convert.hpp"

#include <optional>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress_meter.hpp"
#include "core/file.hpp"
#include "formats/model_folder.hpp"
#include "hub/models.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

Result<std::optional<DType>> type_named(const std::string& name) {
  if (name.empty()) return std::optional<DType>();
  for (const DType t : {DType::f32, DType::bf16, DType::f16})
    if (name == name_of(t)) return std::optional(t);
  return fail(Errc::usage, "--type: \"{}\", known: f32, f16, bf16 (blocks: convert first, then r1 quantize)", name);
}

}  // namespace

Result<int> run_convert(const Args& args) {
  std::string in, out, type;
  bool mtp = false, force = false;
  double shard = 4;
  if (const auto stop = parse(
          args, "A Hugging Face folder to a GGUF file, or the reverse. OUT is a GGUF file if its name ends in .gguf.",
          {{"MODEL", &in, "folder, GGUF file (the first one of a split model) or name", true},
           {"-o,--output", &out, "FILE.gguf, or a folder", true},
           {"--type", &type, "type of matrices: f32, f16, bf16 (default: the embedding's, else bf16)"},
           {"--mtp", &mtp, "to GGUF: keep the MTP module, as nextn.* (llama.cpp before 2026 cannot read it)"},
           {"--shard-size", &shard, "to a folder: most GB of one safetensors file"},
           {"--force", &force, "replace OUT: a file, or a folder that holds a model and nothing else"}}))
    return *stop;
  ConvertOptions options;
  options.type = R1_TRY(type_named(type));
  options.mtp = mtp ? Mtp::include : Mtp::leave_out;
  if (!(shard > 0) || shard > 1e6) return fail(Errc::usage, "--shard-size: {}, must be above 0", shard);
  options.shard_bytes = static_cast<i64>(shard * 1e9);
  const fs::path from = R1_TRY(find_model(in)), to = out;
  std::error_code ignored;
  if (fs::exists(to, ignored) && !force) return fail(Errc::usage, "{}: is there already; --force replaces it", out);
  const bool gguf = to.extension() == ".gguf";
  if (fs::exists(to, ignored) && fs::is_directory(to, ignored) == gguf)
    return fail(Errc::usage, "{}: a {} is in the way", out, gguf ? "folder" : "file");
  if (fs::is_directory(to, ignored))
    if (const Status may = check_replaceable(to, is_replaceable_model_file); !may)
      return fail(Errc::usage, "{}", may.error().what);

  const InterruptFlag interrupted;
  i64 bytes = 0;
  std::optional<ProgressMeter> meter(size_text);
  options.progress = [&](i64 done, i64 total) -> Status {
    if (interrupted.raised()) return fail(Errc::interrupted, "interrupted; {} was not written", out);
    bytes = total;
    meter->show(done, total);
    return {};
  };
  R1_TRY(gguf ? convert_to_gguf(from, to, options) : convert_to_folder(from, to, options));
  meter.reset();
  fmt::print(stderr, "{}: {} of weights\n", out, size_text(bytes));
  return 0;
}

}  // namespace r1
