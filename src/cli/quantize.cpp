// r1 quantize MODEL -o OUT.gguf --type q4_k_m: a model's weights in fewer bits.
#include "convert/quantize_model.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "hub/models.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// The line on a terminal: how much, how fast, how long yet, and where it is.
class Progress {
 public:
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  void at(const std::string& tensor, i64 done, i64 all) {
    const auto now = Clock::now();
    if (!terminal_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now, shown_ = true;
    const double rate = static_cast<double>(done) / std::chrono::duration<double>(now - start_).count();
    const auto left = static_cast<i64>(static_cast<double>(all - done) / std::max(rate, 1.0));
    fmt::print(stderr, "\r\x1b[K{:3} %  {:.1f} of {:.1f} G weights  {:.0f} M/s  left {}m{:02}s  {}", 100 * done / all,
               static_cast<double>(done) * 1e-9, static_cast<double>(all) * 1e-9, rate * 1e-6, left / 60, left % 60,
               tensor);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now(), last_ = Clock::now();
};

void print(const std::string& out, const QuantizeResult& r) {
  const auto bits = [&](i64 bytes) { return 8 * static_cast<double>(bytes) / static_cast<double>(r.elements); };
  std::string types;
  for (size_t t = 0; t < r.tensors.size(); ++t)
    if (r.tensors[t])
      types += fmt::format("{}{} {}", types.empty() ? "" : ", ", r.tensors[t], name_of(static_cast<DType>(t)));
  fmt::print("{}: {} -> {}, {:.2f} -> {:.2f} bits per weight; tensors: {}\n", out, size_text(r.bytes_before),
             size_text(r.bytes_after), bits(r.bytes_before), bits(r.bytes_after), types);
}

}  // namespace

Result<int> run_quantize(const Args& args) {
  std::string in, out, type, importance;
  bool mtp = false, force = false;
  i64 threads = ThreadPool::default_threads();
  if (const auto stop =
          parse(args, "A model's weights in fewer bits, as a GGUF file.",
                {{"MODEL", &in, "folder, GGUF file (the first, where it is split) or name", true},
                 {"-o,--output", &out, "FILE.gguf", true},
                 {"--type", &type, fmt::format("{}", fmt::join(mix_names(), " ")), true},
                 {"--imatrix", &importance, "importance matrix (imatrix.dat or GGUF): which columns matter"},
                 {"--mtp", &mtp, "of a folder: keep the MTP module, as nextn.*"},
                 {"-t,--threads", &threads, "threads"},
                 {"--force", &force, "replace what OUT names"}}))
    return *stop;
  QuantizeOptions options;
  options.mix = R1_TRY(find_mix(type));
  options.mtp = mtp ? Mtp::include : Mtp::leave_out;
  ThreadPool pool(R1_TRY(thread_count(threads)));
  const fs::path from = R1_TRY(find_model(in));
  std::error_code ignored;
  if (fs::is_directory(out, ignored)) return fail(Errc::usage, "{}: a folder is in the way", out);
  if (fs::exists(out, ignored) && !force) return fail(Errc::usage, "{}: is there already; --force replaces it", out);

  std::optional<Imatrix> matrix;
  if (!importance.empty()) {
    matrix = R1_TRY(Imatrix::read(importance));
    options.importance = &*matrix;
    options.importance_name = fs::path(importance).filename().string();
  }
  const InterruptFlag interrupted;
  std::optional<Progress> progress(std::in_place);
  options.note = [](const std::string& line) { print_error("r1", line); };
  options.progress = [&](const std::string& tensor, i64 done, i64 all) -> Status {
    if (interrupted.raised()) return fail(Errc::interrupted, "interrupted; {} was not written", out);
    progress->at(tensor, done, all);
    return {};
  };
  const auto result = quantize_model(from, out, options, pool);
  progress.reset();
  if (!result) return tl::unexpected(result.error());
  print(out, *result);
  return 0;
}

}  // namespace r1
