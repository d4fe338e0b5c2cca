// r1 verify FILE.jsonl: compares answers and prints a verdict for every row.
#include "verify/verify.hpp"

#include "cli/commands.hpp"
#include "tasks/verify_rows.hpp"

namespace r1 {
namespace {

struct Counts {
  i64 rows = 0, equal = 0, different = 0, no_answer = 0, unreadable = 0, broken = 0, labelled = 0, agreed = 0;
};

Json verdict_line(const VerifyRow& row, i64 line, const Verification& v, bool explain) {
  Json out = Json::object({{"id", row.id.is_null() ? Json(line) : row.id}});
  if (v.verdict == Verdict::unreadable_gold) out.set("equal", nullptr);
  else out.set("equal", v.verdict == Verdict::equal);
  if (explain && v.verdict != Verdict::unreadable_gold) {
    out.set("found", v.verdict == Verdict::no_answer ? Json() : Json(v.found));
    out.set("by", v.verdict == Verdict::no_answer ? Json() : Json(name_of(v.rule)));
  }
  return out;
}

}  // namespace

Result<int> run_verify(const Args& args) {
  std::string file;
  bool explain = false;
  if (const auto stop =
          parse(args,
                "Whether answers are right: for every row {\"gold\",\"pred\"} of a JSONL file a line with "
                "its \"id\" and \"equal\" on stdout, a summary on stderr. docs/verify.md has the rules.",
                {{"FILE", &file, "JSONL rows; also read: id, mode, options, equal", true},
                 {"--explain", &explain, "add the answer that was found, and by which rule"}}))
    return *stop;
  Counts n;
  R1_TRY(for_each_jsonl(file, [&](i64 line, Json json) -> Status {
    ++n.rows;
    const std::string source = fmt::format("{}:{}", file, line);
    const auto row = verify_row_of(json, source);
    if (!row) {
      ++n.broken;
      print_error("r1 verify", row.error().what + "; the row is skipped");
      return {};
    }
    const Verification v = verify_answer(row->gold, row->given, row->options);
    switch (v.verdict) {
      case Verdict::equal: ++n.equal; break;
      case Verdict::different: ++n.different; break;
      case Verdict::no_answer: ++n.no_answer; break;
      case Verdict::unreadable_gold:
        ++n.unreadable;
        print_error("r1 verify", fmt::format("{}: gold: {} cannot be read as an answer; the row is not scored", source,
                                             quoted_text(row->gold)));
        break;
    }
    if (row->label && v.verdict != Verdict::unreadable_gold) {
      ++n.labelled;
      n.agreed += *row->label == (v.verdict == Verdict::equal);
    }
    fmt::print("{}\n", dump(verdict_line(*row, line, v, explain)));
    return {};
  }));
  if (n.rows == 0) return fail(Errc::invalid_argument, "{}: the file has no rows", file);
  std::string summary =
      fmt::format("{} rows: {} equal, {} different, {} without an answer", n.rows, n.equal, n.different, n.no_answer);
  if (n.unreadable > 0) summary += fmt::format(", {} not scored because gold cannot be read", n.unreadable);
  if (n.broken > 0) summary += fmt::format(", {} skipped because they are broken", n.broken);
  if (n.labelled > 0)
    summary += fmt::format("; {} of {} verdicts are those that the rows expect", n.agreed, n.labelled);
  fmt::print(stderr, "{}\n", summary);
  return n.broken > 0 ? kExitFailed : 0;
}

}  // namespace r1
