#include "train/metrics.hpp"

namespace r1 {
namespace {

bool is_line_up_to(i64 step, std::string_view line) {
  const auto row = parse_json(line, "a line");
  const Json* of = row ? row->find("step") : nullptr;
  return of && of->integer() && *of->integer() <= step;
}

}  // namespace

Json metrics_row(const StepMetrics& m) {
  Json row = Json::object({{"step", m.step},
                           {"loss", m.loss},
                           {"mtp_loss", m.mtp_loss},
                           {"balance_loss", m.balance_loss},
                           {"lr", m.lr},
                           {"grad_norm", m.grad_norm},
                           {"load_max", m.load_max},
                           {"tokens", m.tokens},
                           {"targets", m.targets},
                           {"sequences", m.sequences},
                           {"skipped", m.skipped},
                           {"total_tokens", m.total_tokens}});
  if (m.validation_loss >= 0) row.set("validation_loss", m.validation_loss);
  for (const auto& [name, value] : m.more) row.set(name, value);
  row.set("time_step_s", m.time_step_s);
  row.set("time_tokens_per_s", m.time_tokens_per_s);
  row.set("time_gflops", m.time_gflops);
  return row;
}

Result<MetricsFile> MetricsFile::open(const std::filesystem::path& path, i64 step, i64 lines) {
  MetricsFile file(R1_TRY(AppendFile::open(path)));
  const std::string text = R1_TRY(read_file(path));
  size_t kept = 0;
  for (size_t end; (end = text.find('\n', kept)) != text.npos; kept = end + 1, ++file.lines_)
    if (!is_line_up_to(step, std::string_view(text).substr(kept, end - kept))) break;
  if (file.lines_ < lines)
    return fail(Errc::corrupt,
                "{}: {} lines up to step {}, but {} when the checkpoint was saved: put the whole file back, or begin "
                "another run (another out) with the checkpoint as its model",
                path.string(), file.lines_, step, lines);
  R1_TRY(file.file_.truncate(static_cast<i64>(kept)));
  return file;
}

Status MetricsFile::append(const StepMetrics& m) {
  R1_TRY(file_.append(dump(metrics_row(m)) + "\n"));
  ++lines_;
  return {};
}

}  // namespace r1
