// r1 quantize MODEL -o OUT.gguf --type q4_k_m: a model's weights in fewer bits.
#include "convert/quantize_model.hpp"

#include <optional>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress_meter.hpp"
#include "hub/models.hpp"
#include "hub/select.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

void print(const std::string& out, const QuantizeResult& r) {
  const auto bits = [&](i64 bytes) { return 8 * static_cast<double>(bytes) / static_cast<double>(r.elements); };
  std::string types;
  for (size_t t = 0; t < r.tensors.size(); ++t)
    if (r.tensors[t])
      types += fmt::format("{}{} {}", types.empty() ? "" : ", ", r.tensors[t], name_of(static_cast<DType>(t)));
  fmt::print("{}: {} -> {}, {:.2f} -> {:.2f} bits per weight; tensors: {}\n", out, size_text(r.bytes_before),
             size_text(r.bytes_after), bits(r.bytes_before), bits(r.bytes_after), types);
  if (r.replaced > 0)
    fmt::print(stderr,
               "{} tensor{} got another type than the mix asks for, because the block of that type does not divide the "
               "rows: for instance {} instead of {} for rows of {}\n",
               r.replaced, r.replaced == 1 ? "" : "s", name_of(r.given), name_of(r.wanted), r.row);
}

}  // namespace

Result<int> run_quantize(const Args& args) {
  std::string in, out, type, importance;
  bool mtp = false, force = false;
  i64 threads = ThreadPool::default_threads();
  if (const auto stop =
          parse(args, "A model's weights in fewer bits, as a GGUF file.",
                {{"MODEL", &in, "folder, GGUF file (the first one of a split model) or name", true},
                 {"-o,--output", &out, "FILE.gguf", true},
                 {"--type", &type, fmt::format("{}", fmt::join(mix_names(), " ")), true},
                 {"--imatrix", &importance,
                  "importance matrix (imatrix.dat or GGUF): how much each column matters (default: none)"},
                 {"--mtp", &mtp, "from a folder: keep the MTP module, as nextn.*"},
                 {"-t,--threads", &threads, "threads (default: all cores)"},
                 {"--force", &force, "replace OUT"}}))
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
  std::optional<ProgressMeter> meter(count_text);
  options.note = [](const std::string& line) { print_error("r1", line); };
  options.progress = [&](const std::string& tensor, i64 done, i64 all) -> Status {
    if (interrupted.raised()) return fail(Errc::interrupted, "interrupted; {} was not written", out);
    meter->show(done, all, tensor);
    return {};
  };
  const auto result = quantize_model(from, out, options, pool);
  meter.reset();
  if (!result) return tl::unexpected(result.error());
  print(out, *result);
  return 0;
}

}  // namespace r1
