// r1 imatrix: how much each column of a model's matrices matters on a text, for r1 quantize --imatrix.
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/score/score_flags.hpp"
#include "cli/score/text_windows.hpp"
#include "convert/importance.hpp"
#include "core/file.hpp"
#include "core/terminal/status_line.hpp"
#include "hub/models.hpp"

namespace r1 {

Result<int> run_imatrix(const Args& args) {
  ScoreFlags scoring;
  std::string text_file, out;
  i64 context = 512, chunks = 0;
  bool force = false;
  const auto flags =
      joined(scoring.flags(), {{"-f,--file", &text_file, "UTF-8 text, like those that will be asked", true},
                               {"-o,--output", &out, "FILE.gguf", true},
                               {"-c,--context", &context, "tokens of a window"},
                               {"--chunks", &chunks, "use only this many windows of the text (0: all)"},
                               {"--force", &force, "replace OUT"}});
  if (const auto stop =
          parse(args, "Importance matrix of a model on a text, in llama.cpp's GGUF format, for r1 quantize --imatrix.",
                flags))
    return *stop;
  R1_TRY(scoring.check());
  if (context < 2) return fail(Errc::usage, "--context: {}, must be at least 2", context);
  if (chunks < 0) return fail(Errc::usage, "--chunks: {}, must not be negative", chunks);
  std::error_code ignored;
  if (std::filesystem::exists(out, ignored) && !force)
    return fail(Errc::usage, "{}: is there already; --force replaces it", out);
  const auto path = R1_TRY(find_model(scoring.model));
  const std::string text = R1_TRY(read_file(text_file));
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(path));
  const auto model = R1_TRY(open_model_within(path, scoring.memory));
  const Windows windows = R1_TRY(windows_of(tokenizer, text, context, text_file));
  const i64 count = chunks ? std::min(chunks, windows.count()) : windows.count();
  ThreadPool pool(static_cast<int>(scoring.threads));
  ImportanceCollector collector(*model);
  ScoreOptions options = scoring.options(*model, pool);
  options.products = &collector;

  const InterruptFlag interrupted;
  StatusLine line;
  for (i64 done = 0; done < count; ++done) {
    R1_TRY(check_finite(R1_TRY(score(*model, windows.at(done), options)), path.string()));
    line.show(fmt::format("{}/{} windows", done + 1, count));
    if (interrupted.raised())
      return fail(Errc::interrupted, "interrupted after {} of {} windows; {} was not written", done + 1, count, out);
  }
  line.clear();
  const MeasuredImatrix file{collector.tensors(), text_file, count, context};
  R1_TRY(write_imatrix(out, file));
  fmt::print("{}: {} tensors, {} windows of {} tokens\n", out, file.tensors.size(), count, context);
  return 0;
}

}  // namespace r1
