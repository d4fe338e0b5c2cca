// r1 report RUN...: the curves of training runs as a page, as pictures, or in the terminal.
#include "cli/commands.hpp"
#include "cli/live_report.hpp"
#include "core/file.hpp"
#include "report/page.hpp"
#include "report/picture.hpp"

namespace r1 {

namespace fs = std::filesystem;

Result<int> run_report(const Args& args) {
  std::vector<std::string> words;
  std::string page, pictures;
  bool live = false;
  if (const auto stop = parse(
          args,
          "The curves of training runs as one HTML page that needs nothing else. Several runs are drawn over each "
          "other.",
          {{"RUN", &words, "folders that r1 train --out made", true},
           {"-o,--output", &page, "the page [RUN/report.html; report.html for several runs]"},
           {"--png", &pictures, "also draw every chart as a PNG file in this folder"},
           {"--live", &live, "draw the curves in the terminal while the runs go on, until q; no page"}}))
    return *stop;
  if (live && !(page.empty() && pictures.empty()))
    return fail(Errc::usage, "report: --live writes no file, so {} does not go with it", page.empty() ? "--png" : "-o");
  const std::vector<fs::path> folders(words.begin(), words.end());
  if (live) return follow_runs(folders);

  const std::vector<ReportRun> runs = R1_TRY(read_runs(folders));
  const fs::path file = !page.empty()         ? fs::path(page)
                        : folders.size() == 1 ? folders[0] / "report.html"
                                              : "report.html";
  R1_TRY(write_file(file, report_page(runs)));
  fmt::print("{}\n", file.string());
  if (pictures.empty()) return 0;
  const size_t count = R1_TRY(write_pictures(runs, pictures));
  fmt::print("{}\n", pictures);
  fmt::print(stderr, "{} pictures\n", count);
  return 0;
}

}  // namespace r1
