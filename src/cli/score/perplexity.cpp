// r1 perplexity: how surprised a model is by a text. The measure is llama.cpp's, so figures can be compared: the text
// is cut into windows of C tokens that do not overlap. Each is scored by itself, with bos as its first token if the
// tokenizer adds one. Only tokens C/2+1 .. C-1 of a window count, so that each has at least C/2 tokens before it.
#include <cmath>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/score/score_flags.hpp"
#include "cli/score/text_windows.hpp"
#include "core/file.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/json.hpp"
#include "hub/models.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

// Negative log-probabilities, summed.
struct NllSum {
  i64 n = 0;
  double nll = 0, squares = 0;

  void add(double x) { ++n, nll += x, squares += x * x; }
  double mean() const { return nll / static_cast<double>(n); }
  double perplexity() const { return std::exp(mean()); }
  // The perplexity's standard error, from the standard error of the mean.
  double standard_error() const {
    const double variance = squares / static_cast<double>(n) - mean() * mean();
    return n > 1 ? perplexity() * std::sqrt(std::max(variance, 0.0) / static_cast<double>(n - 1)) : 0;
  }
};

}  // namespace

Result<int> run_perplexity(const Args& args) {
  ScoreFlags scoring;
  std::string file;
  i64 context = 512;
  bool json = false;
  const auto flags = joined(scoring.flags(), {{"-f,--file", &file, "UTF-8 text", true},
                                              {"-c,--context", &context, "tokens of a window"},
                                              {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop =
          parse(args, "Perplexity of a text: exp of the mean of -log p over the second half of each window.", flags))
    return *stop;
  R1_TRY(scoring.check());
  if (context < 4) return fail(Errc::usage, "--context: {}, must be at least 4", context);
  const auto path = R1_TRY(find_model(scoring.model));
  const std::string text = R1_TRY(read_file(file));
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(path));
  const auto model = R1_TRY(open_model_within(path, scoring.memory));
  const Windows windows = R1_TRY(windows_of(tokenizer, text, context, file));
  ThreadPool pool(static_cast<int>(scoring.threads));
  const ScoreOptions options = scoring.options(*model, pool);

  const InterruptFlag interrupted;
  StatusLine line;
  NllSum sum;
  i64 done = 0;
  for (; done < windows.count() && !interrupted.raised(); ++done) {
    const std::vector<float> logprobs = R1_TRY(score(*model, windows.at(done), options));
    R1_TRY(check_finite(logprobs, path.string()));
    for (i64 t = context / 2 + 1; t < context; ++t) sum.add(-static_cast<double>(logprobs[t]));
    line.show(fmt::format("{}/{} windows  perplexity {:.4f}", done + 1, windows.count(), sum.perplexity()));
  }
  line.clear();
  if (sum.n == 0) return fail(Errc::interrupted, "interrupted before the first window was done");
  if (json) {
    fmt::print("{}\n", dump(Json::object({{"perplexity", sum.perplexity()},
                                          {"stderr", sum.standard_error()},
                                          {"nll", sum.mean()},
                                          {"tokens_scored", sum.n},
                                          {"windows", done},
                                          {"context", context},
                                          {"numerics", scoring.numerics},
                                          {"model", path.string()}})));
  } else {
    fmt::print("perplexity {:.4f} +- {:.4f} ({} tokens scored: the second half of {} windows of {}{})\n",
               sum.perplexity(), sum.standard_error(), sum.n, done, context,
               done < windows.count() ? fmt::format(" of {}", windows.count()) : "");
  }
  return interrupted.raised() ? kExitInterrupted : 0;
}

}  // namespace r1
