#include "train/metrics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

tl::unexpected<Error> io_error(const std::filesystem::path& path, const char* doing) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, std::strerror(errno));
}

std::string line_of(const StepMetrics& m) {
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
  return dump(row) + "\n";
}

bool is_line_up_to(i64 step, std::string_view line) {
  const auto row = parse_json(line, "a line");
  const Json* of = row ? row->find("step") : nullptr;
  return of && of->integer() && *of->integer() <= step;
}

}  // namespace

Result<MetricsFile> MetricsFile::open(const std::filesystem::path& path, i64 step, i64 lines) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(path, "cannot open");
  MetricsFile file(path, fd, 0);
  const std::string text = R1_TRY(read_file(path));
  size_t kept = 0;
  for (size_t end; (end = text.find('\n', kept)) != text.npos; kept = end + 1, ++file.lines_)
    if (!is_line_up_to(step, std::string_view(text).substr(kept, end - kept))) break;
  if (file.lines_ < lines)
    return fail(Errc::corrupt,
                "{}: {} lines up to step {}, but {} when the checkpoint was saved: put the whole file back, or begin "
                "another run (another out) with the checkpoint as its model",
                path.string(), file.lines_, step, lines);
  const auto length = static_cast<off_t>(kept);
  if (ftruncate(fd, length) != 0 || lseek(fd, length, SEEK_SET) < 0) return io_error(path, "cannot truncate");
  R1_TRY(sync_folder(path.has_parent_path() ? path.parent_path() : "."));  // in case the file is new
  return file;
}

MetricsFile::MetricsFile(std::filesystem::path path, int fd, i64 lines)
    : path_(std::move(path)), fd_(fd), lines_(lines) {}

MetricsFile::MetricsFile(MetricsFile&& o) noexcept
    : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)), lines_(o.lines_) {}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) close(fd_);
}

Status MetricsFile::append(const StepMetrics& m) {
  const std::string line = line_of(m);
  for (size_t done = 0; done < line.size();) {
    const ssize_t n = write(fd_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path_, "cannot write");
    done += static_cast<size_t>(n);
  }
  ++lines_;
  return {};
}

Status MetricsFile::sync() { return fsync(fd_) == 0 ? Status{} : io_error(path_, "cannot sync"); }

}  // namespace r1
