// r1 logprobs: exact scores of given tokens. The model needs no tokenizer.
#include <charconv>
#include <cmath>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/score/score_flags.hpp"
#include "core/file.hpp"
#include "formats/json.hpp"
#include "hub/models.hpp"

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
  ScoreFlags scoring;
  std::string tokens, logits_out;
  const auto flags =
      joined(scoring.flags(), {{"--tokens", &tokens, "ids: 1,2,3", true},
                               {"--logits-out", &logits_out,
                                "file for the raw little-endian f32 logits [tokens, vocabulary] (default: none)"}});
  if (const auto stop = parse(args, "Log-probabilities of given tokens, each given the tokens before it.", flags))
    return *stop;
  R1_TRY(scoring.check());
  const std::vector<i32> ids = R1_TRY(parse_tokens(tokens));
  const auto path = R1_TRY(find_model(scoring.model));
  const auto model = R1_TRY(open_model_within(path, scoring.memory));
  ThreadPool pool(static_cast<int>(scoring.threads));
  ScoreOptions options = scoring.options(*model, pool);

  std::optional<AtomicFile> file;
  std::optional<InterruptFlag> interrupted;  // without a file there is nothing to clean up
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
  R1_TRY(check_finite(logprobs, path.string()));
  if (file && interrupted->raised()) return fail(Errc::interrupted, "interrupted; {} was not written", logits_out);
  if (file) R1_TRY(file->commit());

  Json::Array values;
  for (const float p : logprobs) values.push_back(std::isnan(p) ? Json() : Json(p));
  const Json out = Json::object({{"tokens", Json::array_of(ids)}, {"logprobs", values}, {"model", path.string()}});
  fmt::print("{}\n", dump(out));
  return 0;
}

}  // namespace r1
