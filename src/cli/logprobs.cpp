// r1 logprobs: exact scores of given tokens. Needs no tokenizer.
#include <charconv>
#include <cmath>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/session.hpp"
#include "core/byte_size.hpp"
#include "core/file.hpp"
#include "formats/json.hpp"
#include "infer/score.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

Result<std::vector<i32>> parse_tokens(const std::string& text) {
  if (text.empty()) return fail(Errc::usage, "--tokens: no ids; expected some like 1,2,3");
  std::vector<i32> ids;
  for (const char *at = text.data(), *end = at + text.size(); at != end;) {
    i32 id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error != std::errc() || (next != end && *next != ',') || (next != end && next + 1 == end))
      return fail(Errc::usage, "--tokens: expected ids like 1,2,3, found \"{}\"", std::string(at, end));
    ids.push_back(id);
    at = next == end ? end : next + 1;
  }
  return ids;
}

}  // namespace

Result<int> run_logprobs(const Args& args) {
  std::string model_name = "nano", tokens, logits_out, numerics_name = "exact";
  std::optional<std::string> memory;
  i64 threads = ThreadPool::default_threads();
  if (const auto stop =
          parse(args, "Log-probabilities of given tokens, each given those before it.",
                {{"-m,--model", &model_name, "model folder or name"},
                 {"--tokens", &tokens, "ids: 1,2,3", true},
                 {"--logits-out", &logits_out, "file for raw little-endian f32 logits [tokens, vocab]"},
                 {"--numerics", &numerics_name, "exact: activations and cache f32; serve: as serving computes"},
                 {"--memory", &memory, "keep at most so much of the routed experts in memory (8g)"},
                 {"-t,--threads", &threads, "threads"}}))
    return *stop;
  if (numerics_name != "exact" && numerics_name != "serve")
    return fail(Errc::usage, "--numerics: \"{}\", known: exact, serve", numerics_name);
  const int pool_threads = R1_TRY(thread_count(threads));
  const std::vector<i32> ids = R1_TRY(parse_tokens(tokens));
  const auto path = R1_TRY(find_model(model_name));
  const auto model = R1_TRY(open_model(path));
  if (memory) R1_TRY(model->limit_experts(R1_TRY(parse_bytes(*memory))));
  ThreadPool pool(pool_threads);
  ScoreOptions options;
  options.kernels = &cpu::active();
  options.pool = &pool;
  if (numerics_name == "serve") options.numerics = serving_numerics(*model);

  std::optional<AtomicFile> file;
  std::optional<InterruptFlag> interrupted;  // only where there is something to clean up
  if (!logits_out.empty()) {
    auto created = AtomicFile::create(logits_out);
    if (!created) return tl::unexpected(created.error());
    file.emplace(std::move(*created));
    interrupted.emplace();
    options.logits = [&](i64, std::span<const float> rows) -> Status {
      if (interrupted->raised()) return fail(Errc::interrupted, "interrupted; {} was not written", logits_out);
      return file->write(rows.data(), static_cast<i64>(rows.size_bytes()));
    };
  }
  const std::vector<float> logprobs = R1_TRY(score(*model, ids, options));
  if (file && interrupted->raised()) return fail(Errc::interrupted, "interrupted; {} was not written", logits_out);
  if (file) R1_TRY(file->commit());

  Json::Array values;
  for (const float p : logprobs) values.push_back(std::isnan(p) ? Json() : Json(p));
  const Json out = Json::object({{"tokens", Json::array_of(ids)}, {"logprobs", values}, {"model", path.string()}});
  fmt::print("{}\n", dump(out));
  return 0;
}

}  // namespace r1
