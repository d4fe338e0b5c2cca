// r1 sample: rejection sampling. Several answers to every problem; the right ones become conversations for r1 train
// sft.
#include "eval/sampling.hpp"

#include "cli/commands.hpp"
#include "cli/eval/evaluation_flags.hpp"
#include "cli/interrupt.hpp"
#include "core/file.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

struct SelectionFlags {
  SelectionRules rules;
  std::string prefer = "any", language;

  std::vector<Flag> flags() {
    return {{"--keep", &rules.keep, "most kept answers of a prompt (0: all)"},
            {"--prefer", &prefer, "which answers of a prompt are taken first: any, short or long"},
            {"--longest", &rules.longest, "do not keep answers of more tokens (0: any that end)"},
            {"--language", &language, "keep answers in this language: english or chinese (default: any)"},
            {"--language-share", &rules.language_share, "least share of an answer's words that are in it"},
            {"--repetition", &rules.repetition, "most runs of 8 words that an answer repeats, as a share of its runs"},
            {"--similarity", &rules.similarity,
             "answers of a prompt with this share of common runs of 4 words are duplicates (0: keep duplicates)"}};
  }
  Status finish() {
    if (prefer == "short") rules.prefer = Prefer::shorter;
    else if (prefer == "long") rules.prefer = Prefer::longer;
    else if (prefer != "any") return fail(Errc::usage, "--prefer {}: expected any, short or long", shown(prefer));
    if (language == "english") rules.language = Language::english;
    else if (language == "chinese") rules.language = Language::chinese;
    else if (!language.empty()) return fail(Errc::usage, "--language {}: expected english or chinese", shown(language));
    if (rules.keep < 0 || rules.longest < 0)
      return fail(Errc::usage, "--keep {}, --longest {}: must not be negative", rules.keep, rules.longest);
    for (const auto& [name, share] : {std::pair{"--language-share", rules.language_share},
                                      {"--repetition", rules.repetition},
                                      {"--similarity", rules.similarity}})
      if (!(share >= 0 && share <= 1)) return fail(Errc::usage, "{}: {}, must be from 0 to 1", name, share);
    return {};
  }
};

// Where the decisions go if nobody says: ROWS.decisions.jsonl for ROWS.jsonl.
fs::path decisions_beside(const fs::path& out) {
  fs::path path = out;
  const std::string stem = out.extension() == ".jsonl" ? out.stem().string() : out.filename().string();
  path.replace_filename(stem + ".decisions.jsonl");
  return path;
}

// Before anything is generated: the files can be written, and none that this command did not write would be lost.
Status check_files(const fs::path& out, const fs::path& decisions) {
  if (fs::exists(decisions) && !fs::is_regular_file(decisions))
    return fail(Errc::usage, "--decisions {}: must be an ordinary file, because the command goes on from it",
                decisions.string());
  if (fs::is_regular_file(out) && !fs::exists(decisions))
    return fail(
        Errc::usage,
        "--out {}: the file exists, and {} does not, so this command did not write it; remove it or give another name",
        out.string(), decisions.string());
  [[maybe_unused]] const AtomicFile writable = R1_TRY(AtomicFile::create(out));  // is removed again
  return {};
}

void print_summary(const SamplingResult& r) {
  const auto count = [&](Decision d) { return r.decisions[static_cast<size_t>(d)]; };
  std::string reasons;
  for (size_t i = 0; i < kDecisions; ++i)
    if (const auto d = static_cast<Decision>(i); d != Decision::kept && count(d) > 0)
      reasons += fmt::format("{}{} {}", reasons.empty() ? "; not kept: " : ", ", name_of(d), count(d));
  fmt::print(stderr, "{} prompts, {} samples, {} verified, {} kept{}\n", r.prompts, r.samples, r.verified,
             count(Decision::kept), reasons);
}

}  // namespace

Result<int> run_sample(const Args& args) {
  EvaluationFlags evaluation;
  evaluation.k = 8, evaluation.n = 100;
  SelectionFlags selection;
  std::string out, decisions;
  const auto flags = joined(
      joined(evaluation.flags(), selection.flags()),
      {{"-o,--out", &out, "JSONL file of the kept conversations, for r1 train sft", true},
       {"--decisions", &decisions,
        "JSONL file: every sample with its verdict and the decision on it; the same command goes on from it (default: "
        "OUT with .decisions.jsonl)"}});
  if (const auto stop = parse(args, "Rejection sampling: right answers of a model as conversations.", flags))
    return *stop;
  R1_TRY(evaluation.check("sample"));
  evaluation.generation.sample_if_greedy = evaluation.k > 1;
  R1_TRY(selection.finish());
  const fs::path log = decisions.empty() ? decisions_beside(out) : fs::path(decisions);
  R1_TRY(check_files(out, log));
  const ProblemFile file = R1_TRY(evaluation.problems(Split::train));
  Judge judge = R1_TRY(evaluation.judge(file.problems));
  ThreadPool pool(static_cast<int>(evaluation.generation.threads));
  Session session = R1_TRY(open_session(evaluation.generation, pool, evaluation.batch));
  EvalOptions options = R1_TRY(evaluation.options(session));
  options.log = log, options.log_flag = "--decisions";
  options.settings = R1_TRY(evaluation.settings(session, file.problems));
  const InterruptFlag interrupted;
  options.stop = &interrupted.raised();
  StatusLine line;
  options.progress = [&](const EvalProgress& p) { line.show(status_text(p)); };
  const SamplingResult result = R1_TRY(
      sample_conversations(session.engine(), session.tokenizer(), file.problems, judge, options, selection.rules, out));
  line.end();
  if (result.evaluation.failure) return tl::unexpected(*result.evaluation.failure);
  if (result.evaluation.interrupted) {
    fmt::print(stderr, "interrupted; the samples so far are in {}, and the same command goes on\n", log.string());
    return kExitInterrupted;
  }
  print_summary(result);
  if (result.evaluation.unchecked() > 0)
    fmt::print(stderr, "{} samples could not be judged; the same command judges them again: {}\n",
               result.evaluation.unchecked(), printable(result.evaluation.unchecked_detail, 400));
  return 0;
}

}  // namespace r1
