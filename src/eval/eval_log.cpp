#include "eval/eval_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "core/file.hpp"
#include "core/hash.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

constexpr std::string_view kHeaderKey = "r1_eval";
constexpr i64 kVersion = 1;

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Result<std::optional<double>> optional_number(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return std::optional<double>();
  return std::optional(R1_TRY(fields.number(key)));
}

Result<LoggedCompletion> completion_of(const Json& line, const std::string& source, size_t problems, i32 k) {
  const JsonFields fields = R1_TRY(JsonFields::of(line, source));
  LoggedCompletion c;
  c.index = static_cast<size_t>(R1_TRY(fields.integer_in("index", 0, static_cast<i64>(problems) - 1)));
  c.sample = static_cast<i32>(R1_TRY(fields.integer_in("sample", 0, k - 1)));
  c.text = R1_TRY(fields.string("text"));
  c.finish = R1_TRY(fields.string("finish"));
  GradedCompletion& g = c.graded;
  const std::string verdict = R1_TRY(fields.string("verdict"));
  const auto kind = judgement_kind_named(verdict);
  if (!kind) return fail(Errc::corrupt, "{}: {} is no verdict", fields.where("verdict"), quoted_text(verdict));
  g.done = true;
  g.kind = *kind;
  g.parts = {R1_TRY(fields.number("format")), R1_TRY(optional_number(fields, "accuracy")),
             R1_TRY(optional_number(fields, "own_reward"))};
  g.truncated = c.finish == name_of(FinishReason::length);
  g.given = R1_TRY(fields.string("given"));
  g.detail = R1_TRY(fields.string("detail", ""));
  g.tokens = R1_TRY(fields.integer("tokens"));
  g.thinking_tokens = R1_TRY(fields.integer("thinking_tokens"));
  return c;
}

// The settings of a log and those of this command must be the same.
Status same_settings(const Json& header, const Json& settings, const std::string& path, std::string_view flag) {
  const Json* logged = header.find("settings");
  const Json* version = header.find(kHeaderKey);
  if (!logged || !logged->object() || !version || version->integer() == nullptr || *version->integer() != kVersion)
    return fail(Errc::invalid_argument, "{}: is not a log of r1 eval, and is not overwritten. Give {} another name",
                path, flag);
  const auto shown_value = [](const Json* value) { return value ? dump(*value) : std::string("nothing"); };
  for (const Json* side : {&settings, logged})
    for (const auto& [key, unused] : *side->object()) {
      const Json *there = logged->find(key), *here = settings.find(key);
      if (there && here && dump(*there) == dump(*here)) continue;
      return fail(
          Errc::invalid_argument,
          "{}: is the log of another evaluation: its {} is {}, here it is {}. Give the same, or {} another name", path,
          key, shown_value(there), shown_value(here), flag);
    }
  return {};
}

}  // namespace

std::string turn_text(bool opens_thinking, std::string_view text) {
  return fmt::format("{}{}", opens_thinking ? "<think>\n" : "", text);
}

Json log_header(const Json& settings) {
  return Json::object({{std::string(kHeaderKey), kVersion}, {"settings", settings}});
}

Json log_line(const LoggedCompletion& c, const Problem& p, u64 seed) {
  const GradedCompletion& g = c.graded;
  Json line = Json::object({{"index", c.index}, {"sample", c.sample}});
  if (!p.id.empty()) line.set("id", p.id);
  line.set("prompt", p.prompt);
  if (!p.kind.empty()) line.set("kind", p.kind);
  if (const auto expected = expected_answer(p.checker); !expected.empty()) line.set("answer", expected);
  line.set("given", g.given);
  line.set("verdict", name_of(g.kind));
  if (!g.detail.empty()) line.set("detail", g.detail);
  line.set("format", g.parts.format);
  line.set("accuracy", optional(g.parts.accuracy));
  if (g.parts.own) line.set("own_reward", *g.parts.own);
  line.set("tokens", g.tokens);
  line.set("thinking_tokens", g.thinking_tokens);
  line.set("finish", c.finish);
  line.set("seed", static_cast<i64>(seed));
  line.set("text", c.text);
  return line;
}

EvalLog::EvalLog(EvalLog&& o) noexcept
    : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)), found_(std::move(o.found_)) {}

EvalLog::~EvalLog() {
  if (fd_ >= 0) close(fd_);
}

Result<EvalLog> EvalLog::open(const std::filesystem::path& path, const Json& settings, size_t problems, i32 k,
                              std::string_view flag) {
  const bool ordinary = !std::filesystem::exists(path) || std::filesystem::is_regular_file(path);
  const int fd = ::open(path.c_str(), (ordinary ? O_RDWR | O_CREAT : O_WRONLY) | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return fail(Errc::io, "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  EvalLog log(path, fd);
  if (!ordinary) {
    // What cannot be written is reported by the first append.
    [[maybe_unused]] const Status header = log.write_line(log_header(settings));
    return log;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::io, "{}: another evaluation is writing this log", path.string());
  R1_TRY(log.read(settings, problems, k, flag));
  return log;
}

Status EvalLog::read(const Json& settings, size_t problems, i32 k, std::string_view flag) {
  const std::string content = R1_TRY(read_file(path_, i64{1} << 40));
  const std::string header = dump(log_header(settings)) + "\n";
  const size_t whole = content.rfind('\n') + 1;  // npos + 1 is 0
  // A file without a single line is the beginning of a header, or none of our business.
  if (whole == 0 && !header.starts_with(content)) return same_settings(Json(), settings, path_.string(), flag);
  if (whole < content.size() && ftruncate(fd_, static_cast<off_t>(whole)) != 0)
    return fail(Errc::io, "{}: the unfinished last line cannot be removed: {}", path_.string(), std::strerror(errno));
  if (whole == 0) return write_line(log_header(settings));

  std::map<std::pair<size_t, i32>, LoggedCompletion> latest;
  std::string_view rest(content.data(), whole);
  for (i64 number = 1; !rest.empty(); ++number) {
    const size_t end = rest.find('\n');
    const std::string source = fmt::format("{}:{}", path_.string(), number);
    const auto line = parse_json(rest.substr(0, end), source);
    rest.remove_prefix(end + 1);
    if (number == 1) {
      R1_TRY(same_settings(line ? *line : Json(), settings, path_.string(), flag));
      continue;
    }
    if (!line) return tl::unexpected(line.error());
    LoggedCompletion c = R1_TRY(completion_of(*line, source, problems, k));
    const std::pair key(c.index, c.sample);
    latest.insert_or_assign(key, std::move(c));
  }
  for (auto& [key, c] : latest) found_.push_back(std::move(c));
  return {};
}

Status EvalLog::write_line(const Json& line) {
  const std::string text = dump(line) + "\n";
  for (size_t at = 0; at < text.size();) {
    const ssize_t n = write(fd_, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(Errc::io, "{}: writing failed: {}. The evaluation ended there", path_.string(), std::strerror(errno));
    at += static_cast<size_t>(n);
  }
  return {};
}

Status EvalLog::append(const LoggedCompletion& completion, const Problem& problem, u64 seed) {
  return write_line(log_line(completion, problem, seed));
}

Result<std::string> model_fingerprint(const std::filesystem::path& model) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  if (fs::is_directory(model)) {
    for (const auto& entry : fs::directory_iterator(model))
      for (const char* extension : {".safetensors", ".json", ".jinja", ".model"})
        if (entry.is_regular_file() && entry.path().extension() == extension) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(model);
  }
  u64 hash = kFnv1aStart;
  for (const fs::path& path : files) {
    const FileMap file = R1_TRY(map_file(path));
    hash = fnv1a(fmt::format("{} {} ", path.filename().string(), file.bytes.size()), hash);
    constexpr size_t kPlaces = 16, kBytes = 1 << 16;
    const size_t step = std::max(file.bytes.size() / kPlaces, kBytes);
    for (size_t at = 0; at < file.bytes.size(); at += step)
      hash = fnv1a(file.bytes.subspan(at, std::min(kBytes, file.bytes.size() - at)), hash);
  }
  return fmt::format("{:016x}", hash);
}

std::string problems_fingerprint(std::span<const Problem> problems) {
  u64 hash = kFnv1aStart;
  for (const Problem& p : problems) hash = fnv1a(dump(row_of(p)) + "\n", hash);
  return fmt::format("{:016x}", hash);
}

}  // namespace r1
