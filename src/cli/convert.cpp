// r1 convert IN -o OUT: a Hugging Face folder to GGUF, a GGUF to a folder, or either to itself in another type.
#include "convert/convert.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "core/file.hpp"
#include "formats/model_folder.hpp"
#include "hub/models.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The line on a terminal: how much of how much, how fast, how long yet.
class Progress {
 public:
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  void at(i64 done, i64 total) {
    total_ = total;
    const auto now = Clock::now();
    if (!terminal_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now, shown_ = true;
    const double seconds = std::chrono::duration<double>(now - start_).count(),
                 rate = static_cast<double>(done) / seconds;
    const auto left = static_cast<i64>(static_cast<double>(total - done) / std::max(rate, 1.0));
    fmt::print(stderr, "\r\x1b[K{:3} %  {} of {}  {}/s  left {}m{:02}s", total ? 100 * done / total : 100,
               size_text(done), size_text(total), size_text(static_cast<i64>(rate)), left / 60, left % 60);
    std::fflush(stderr);
  }
  i64 total() const { return total_; }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  i64 total_ = 0;
  Clock::time_point start_ = Clock::now(), last_ = Clock::now();
};

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
          args, "A Hugging Face folder to a GGUF file, or the reverse; OUT says which by ending in .gguf.",
          {{"MODEL", &in, "folder, GGUF file (the first, where it is split) or name", true},
           {"-o,--output", &out, "FILE.gguf, or a folder", true},
           {"--type", &type, "of matrices: f32, f16, bf16 (default: as the embedding is, else bf16)"},
           {"--mtp", &mtp, "GGUF: keep the MTP module, as nextn.* (llama.cpp before 2026 cannot read it)"},
           {"--shard-size", &shard, "folder: GB of a safetensors file at most"},
           {"--force", &force, "replace what OUT names: a file, or a folder that holds a model and nothing else"}}))
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
    if (const Status may = check_replaceable(to, is_replaceable_model_file); !may) return fail(Errc::usage, "{}", may.error().what);

  const InterruptFlag interrupted;
  Progress progress;
  options.progress = [&](i64 done, i64 total) -> Status {
    if (interrupted.raised()) return fail(Errc::interrupted, "interrupted; {} was not written", out);
    progress.at(done, total);
    return {};
  };
  R1_TRY(gguf ? convert_to_gguf(from, to, options) : convert_to_folder(from, to, options));
  fmt::print(stderr, "{}{}: {} of weights\n", isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "", out,
             size_text(progress.total()));
  return 0;
}

}  // namespace r1
