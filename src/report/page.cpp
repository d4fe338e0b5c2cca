#include "report/page.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "report/assets.hpp"
#include "report/charts.hpp"
#include "report/summary.hpp"

namespace r1 {
namespace {

constexpr size_t kMostPoints = 2000;  // of a curve: more than a wide screen has columns
constexpr size_t kMostPairs = 4;      // of sampled answers, per run

// ---- the frame ---------------------------------------------------------------------------------------------------

// A hash source of a content security policy for the text of an element.
std::string hash_source(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE], base64[EVP_MAX_MD_SIZE * 2];
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  R1_CHECK(done == 1, "SHA-256 is not available");
  const int length = EVP_EncodeBlock(base64, digest, static_cast<int>(size));
  return fmt::format("'sha256-{}'", std::string_view(reinterpret_cast<const char*>(base64), length));
}

std::string policy() {
  const ReportAssets& a = report_assets();
  return fmt::format("default-src 'none'; script-src {} {}; style-src {} {}; base-uri 'none'; form-action 'none'",
                     hash_source(a.uplot_js), hash_source(a.page_js), hash_source(a.uplot_css),
                     hash_source(a.page_css));
}

std::string title_of(std::span<const ReportRun> runs) {
  std::string out;
  for (size_t i = 0; i < runs.size() && i < 4; ++i) out += (i ? " · " : "") + runs[i].name;
  return runs.size() > 4 ? fmt::format("{} and {} more", out, runs.size() - 4) : out;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// "reinforcement-1" for the section "Reinforcement": an address within the page.
std::string anchor(std::string_view section) {
  std::string out;
  for (const char c : section) out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '-';
  return out;
}

std::string model_text(const ReportRun& run) {
  if (!run.model) return "";
  std::string out = value_text(static_cast<double>(run.model->parameters), ChartUnit::plain) + " parameters";
  return run.model->shape.empty() ? out : out + ", " + run.model->shape;
}

// ---- the summary -------------------------------------------------------------------------------------------------

// A small picture of a curve, 64 by 24.
std::string spark(const Curve& curve) {
  const Curve few = thinned(curve, 60);
  double low = INFINITY, high = -INFINITY;
  for (const double v : few.values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  const double first = few.steps.front(), span = few.steps.back() - first;
  if (!(high > low) || !(span > 0)) return "";
  std::string points;
  for (size_t i = 0; i < few.steps.size(); ++i)
    if (std::isfinite(few.values[i]))
      points += fmt::format("{:.1f},{:.1f} ", 64 * (few.steps[i] - first) / span,
                            24 - 24 * (few.values[i] - low) / (high - low));
  return fmt::format(
      "<svg class=\"spark\" viewBox=\"0 0 64 24\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<polyline points=\"{}\"/></svg>",
      trimmed(points));
}

std::string tile(std::string_view name, std::string_view value, std::string_view from,
                 const std::string& picture = "") {
  return fmt::format(
      "<div class=\"tile\"><div class=\"name\">{}</div><div class=\"value\">{}</div><div class=\"from\">{}</div>"
      "{}</div>\n",
      html_text(name), html_text(value), html_text(from), picture);
}

std::string tiles(const ReportRun& run) {
  std::string out = "<div class=\"tiles\">\n";
  for (const SummaryItem& item : summary_of(run)) {
    const bool moved = item.curve->steps.size() > 1;
    out += tile(item.name, value_text(item.last, item.unit),
                moved ? "began at " + value_text(item.first, item.unit) : "", spark(*item.curve));
  }
  if (const double tokens = total_tokens(run); std::isfinite(tokens))
    out += tile("Tokens", value_text(tokens, ChartUnit::tokens), "in all steps");
  if (const double seconds = total_seconds(run); std::isfinite(seconds))
    out += tile("Time", seconds_text(seconds), fmt::format("for {:.0f} steps", run.last_step));
  return out + "</div>\n";
}

std::string run_name(const ReportRun& run, size_t index) {
  return fmt::format("<span class=\"run-name\"><i class=\"dot run-{}\"></i>{}</span>", index % 8, html_text(run.name));
}

bool same_kind(std::span<const ReportRun> runs) {
  return std::all_of(runs.begin(), runs.end(), [&](const ReportRun& run) { return run.kind == runs[0].kind; });
}

// One row for each run.
std::string comparison(std::span<const ReportRun> runs) {
  std::vector<std::string> columns;
  for (const ReportRun& run : runs)
    for (const SummaryItem& item : summary_of(run))
      if (std::find(columns.begin(), columns.end(), item.name) == columns.end()) columns.push_back(item.name);
  const bool kinds = !same_kind(runs);
  std::string out = "<div class=\"scroll\"><table><thead><tr><th>Run</th>";
  out += fmt::format("{}<th class=\"num\">Steps</th>", kinds ? "<th>Kind</th>" : "");
  for (const std::string& column : columns) out += fmt::format("<th class=\"num\">{}</th>", column);
  out += "<th class=\"num\">Tokens</th><th class=\"num\">Time</th><th>Model</th></tr></thead>\n<tbody>\n";
  for (size_t r = 0; r < runs.size(); ++r) {
    const ReportRun& run = runs[r];
    out += fmt::format("<tr><th>{}</th>", run_name(run, r));
    if (kinds) out += fmt::format("<td>{}</td>", capitalised(run.kind));
    out += fmt::format("<td class=\"num\">{}</td>", steps_text(run));
    const auto items = summary_of(run);
    for (const std::string& column : columns) {
      const auto found = std::find_if(items.begin(), items.end(), [&](const auto& i) { return i.name == column; });
      out +=
          fmt::format("<td class=\"num\">{}</td>", found == items.end() ? "–" : value_text(found->last, found->unit));
    }
    out += fmt::format("<td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td></tr>\n",
                       value_text(total_tokens(run), ChartUnit::tokens), seconds_text(total_seconds(run)),
                       html_text(model_text(run)));
  }
  return out + "</tbody></table></div>\n";
}

std::string head(std::span<const ReportRun> runs) {
  std::string title = title_of(runs), lead;
  if (runs.size() == 1) {
    lead = capitalised(runs[0].kind) + ", step " + steps_text(runs[0]);
    if (const std::string model = model_text(runs[0]); !model.empty()) lead += ". " + model + ".";
  } else {
    lead = std::exchange(title, fmt::format("{} runs", runs.size()));
    if (same_kind(runs)) lead = capitalised(runs[0].kind) + ": " + lead;
  }
  std::string out = fmt::format(
      "<header class=\"head wrap\">\n<div class=\"brand\"><svg width=\"18\" height=\"18\" viewBox=\"0 0 18 18\" "
      "aria-hidden=\"true\"><path d=\"M1.5 15.5C6 15.5 6.5 3 16.5 2.5\" fill=\"none\" stroke=\"currentColor\" "
      "stroke-width=\"2.4\" stroke-linecap=\"round\"/></svg>r1 report</div>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n",
      html_text(title), html_text(lead));
  if (runs.size() == 1 && runs[0].planned_steps > 0)
    out += fmt::format(
        "<div class=\"progress\" role=\"img\" aria-label=\"{0:.0f} % of the steps are done\"><svg aria-hidden=\"true\">"
        "<rect width=\"{0:.1f}%\" height=\"100%\"/></svg></div>\n",
        std::min(100.0, 100 * runs[0].last_step / static_cast<double>(runs[0].planned_steps)));
  return out + "</header>\n";
}

// ---- charts ------------------------------------------------------------------------------------------------------

std::vector<std::string> sections_of(std::span<const Chart> charts) {
  std::vector<std::string> out;
  for (const Chart& chart : charts)
    if (out.empty() || out.back() != chart.section) out.push_back(chart.section);
  return out;
}

std::string bar(std::span<const ReportRun> runs, std::span<const Chart> charts) {
  std::string out = "<div class=\"bar\"><div class=\"wrap\">\n";
  if (runs.size() > 1) {
    out += "<div class=\"chips\" role=\"group\" aria-label=\"Runs\">\n";
    for (size_t r = 0; r < runs.size(); ++r)
      out += fmt::format(
          "<button class=\"chip\" type=\"button\" aria-pressed=\"true\" data-run=\"{}\" title=\"{}\">"
          "<i class=\"dot run-{}\"></i><span>{}</span></button>\n",
          r, html_text(runs[r].name), r % 8, html_text(runs[r].name));
    out += "</div>\n";
  } else {
    out += "<nav class=\"nav\" aria-label=\"Sections\">\n";
    for (const std::string& section : sections_of(charts))
      out += fmt::format("<a href=\"#{}\">{}</a>\n", anchor(section), section);
    if (!sample_pairs(runs[0], 1).empty()) out += "<a href=\"#answers\">Answers</a>\n";
    out += "<a href=\"#configuration\">Configuration</a>\n</nav>\n";
  }
  return out +
         "<label class=\"smooth\"><span class=\"word\">Smoothing</span>"
         "<input id=\"smoothing\" type=\"range\" min=\"0\" max=\"0.98\" step=\"0.02\" value=\"0\">"
         "<output id=\"smoothing-value\">0.00</output></label>\n</div></div>\n";
}

// The class that says how many of the grid's six columns the charts of a row take. Rows of three smaller charts are
// the rule; the last rows have two if one chart would be left alone.
const char* size_class(const Chart& chart, size_t index, size_t count) {
  if (chart.wide) return count == 1 ? " full" : " wide";
  if (count == 1) return " full";
  const size_t in_rows_of_two = count % 3 == 1 ? 4 : count % 3 == 2 ? 2 : 0;
  return index + in_rows_of_two >= count ? " half" : "";
}

std::string chart_sections(std::span<const Chart> charts) {
  std::string out;
  for (const std::string& section : sections_of(charts)) {
    out += fmt::format("<section id=\"{}\"><h2>{}</h2>\n<div class=\"charts\">\n", anchor(section), section);
    for (const bool wide : {true, false}) {
      std::vector<const Chart*> group;
      for (const Chart& chart : charts)
        if (chart.section == section && chart.wide == wide) group.push_back(&chart);
      for (size_t i = 0; i < group.size(); ++i)
        out += fmt::format(
            "<article class=\"card{}\" id=\"chart-{}\"><h3>{}<span class=\"at\"></span></h3>\n"
            "<p class=\"note\">{}</p>\n<div class=\"keys\"></div><div class=\"plot\"></div></article>\n",
            size_class(*group[i], i, group.size()), html_text(group[i]->id), html_text(group[i]->title),
            html_text(group[i]->note));
    }
    out += "</div></section>\n";
  }
  return out;
}

Json curve_json(const Curve& curve) {
  const Curve few = thinned(curve, kMostPoints);
  Json steps = Json::Array(), values = Json::Array();
  for (size_t i = 0; i < few.steps.size(); ++i) {
    steps.push(static_cast<i64>(few.steps[i]));
    values.push(static_cast<float>(few.values[i]));  // a picture needs no more than seven digits
  }
  return Json::array({std::move(steps), std::move(values)});
}

std::string data_json(std::span<const ReportRun> runs, std::span<const Chart> charts) {
  Json run_list = Json::Array(), chart_list = Json::Array();
  for (const ReportRun& run : runs) {
    Json curves = Json::object({});
    for (const Chart& chart : charts)
      for (const ChartLine& line : chart.lines)
        if (const auto found = run.curves.find(line.figure); found != run.curves.end())
          curves.set(line.figure, curve_json(found->second));
    run_list.push(Json::object({{"name", run.name}, {"curves", std::move(curves)}}));
  }
  for (const Chart& chart : charts) {
    Json lines = Json::Array();
    for (const ChartLine& line : chart.lines)
      lines.push(Json::object({{"figure", line.figure}, {"label", line.label}}));
    chart_list.push(Json::object(
        {{"id", chart.id}, {"unit", unit_name(chart.unit)}, {"band", chart.band}, {"lines", std::move(lines)}}));
  }
  return json_in_script(dump(Json::object({{"runs", std::move(run_list)}, {"charts", std::move(chart_list)}})));
}

// ---- answers -----------------------------------------------------------------------------------------------------

struct Answer {
  std::string_view thinking, answer;
  bool has_thinking = false, ended_thinking = true;
};

Answer parts_of(std::string_view text) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  const size_t close = text.find(kClose), open = text.find(kOpen);
  if (open == text.npos && close == text.npos) return {"", trimmed(text)};
  const size_t begin = open < close ? open + kOpen.size() : 0;
  if (close == text.npos) return {trimmed(text.substr(begin)), "", true, false};
  return {trimmed(text.substr(begin, close - begin)), trimmed(text.substr(close + kClose.size())), true, true};
}

std::string badge(const ReportSample& sample) {
  const char* const tone = !sample.reward ? "" : *sample.reward > 0 ? " good" : " bad";
  std::string verdict = sample.verdict;
  std::replace(verdict.begin(), verdict.end(), '_', ' ');
  if (verdict.empty()) verdict = "no verdict";
  return fmt::format("<span class=\"badge{}\">{}</span>", tone, html_text(capitalised(verdict)));
}

std::string side(std::string_view when, const ReportSample& sample, std::string_view problem) {
  const Answer parts = parts_of(sample.text);
  std::string out =
      fmt::format("<div class=\"side\"><div class=\"about\"><strong>{}</strong>{}<span>{} tokens{}</span>", when,
                  badge(sample), sample.tokens, sample.truncated ? ", truncated" : "");
  if (sample.reward) out += fmt::format("<span>reward {:.3g}</span>", *sample.reward);
  out += "</div>\n";
  if (!problem.empty()) out += fmt::format("<div class=\"problem-here\"><p>{}</p></div>\n", html_text(problem));
  if (parts.has_thinking)
    out += fmt::format("<details><summary>Thinking, {} tokens</summary><p class=\"thinking\">{}</p></details>\n",
                       sample.thinking_tokens, html_text(parts.thinking));
  if (!parts.answer.empty()) out += fmt::format("<p class=\"answer\">{}</p>", html_text(parts.answer));
  else
    out += fmt::format("<p class=\"answer none\">{}</p>",
                       parts.ended_thinking ? "No answer." : "The thinking did not end.");
  return out + "</div>\n";
}

std::string pair_html(const ReportRun& run, const SamplePair& pair) {
  const std::string before = fmt::format("Step {}", run.first->step), after = fmt::format("Step {}", run.last->step);
  const bool one_problem = pair.same_problem || !pair.after;
  std::string out = "<article class=\"pair\">\n";
  if (one_problem) out += fmt::format("<div class=\"problem\"><p>{}</p></div>\n", html_text(pair.before->prompt));
  out += fmt::format("<div class=\"sides{}\">\n", pair.after ? "" : " single");
  out += side(before, *pair.before, one_problem ? "" : pair.before->prompt);
  if (pair.after) out += side(after, *pair.after, one_problem ? "" : pair.after->prompt);
  return out + "</div></article>\n";
}

std::string answers(std::span<const ReportRun> runs) {
  std::string out;
  for (size_t r = 0; r < runs.size(); ++r) {
    const auto pairs = sample_pairs(runs[r], kMostPairs);
    if (pairs.empty()) continue;
    if (out.empty()) out = "<section id=\"answers\"><h2>Answers before and after</h2>\n";
    if (runs.size() > 1) out += fmt::format("<p class=\"hint\">{}</p>\n", run_name(runs[r], r));
    if (std::none_of(pairs.begin(), pairs.end(), [](const SamplePair& p) { return p.same_problem || !p.after; }))
      out += fmt::format(
          "<p class=\"hint\">Steps {} and {} drew answers to different problems, so these are problems of the same "
          "kind.</p>\n",
          runs[r].first->step, runs[r].last->step);
    for (const SamplePair& pair : pairs) out += pair_html(runs[r], pair);
  }
  return out.empty() ? out : out + "</section>\n";
}

// ---- the configuration -------------------------------------------------------------------------------------------

std::string_view setting(const ReportRun& run, std::string_view key) {
  for (const auto& [name, value] : run.config)
    if (name == key) return value;
  return "";
}

// A row for each key. Rows in which runs differ come first and are marked.
std::string configuration(std::span<const ReportRun> runs) {
  std::vector<std::string> keys;
  for (const ReportRun& run : runs)
    for (const auto& [key, value] : run.config)
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  const auto differs = [&](const std::string& key) {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const ReportRun& run) { return setting(run, key) != setting(runs[0], key); });
  };
  std::stable_partition(keys.begin(), keys.end(), differs);
  std::string out = "<section id=\"configuration\"><h2>Configuration</h2>\n";
  if (keys.empty()) return out + "<p class=\"hint\">There is no config.toml.</p></section>\n";
  out += "<div class=\"scroll\"><table class=\"config\">";
  if (runs.size() > 1) {
    out += "<thead><tr><th></th>";
    for (size_t r = 0; r < runs.size(); ++r) out += fmt::format("<td>{}</td>", run_name(runs[r], r));
    out += "</tr></thead>";
  }
  out += "\n<tbody>\n";
  for (const std::string& key : keys) {
    out += fmt::format("<tr{}><th>{}</th>", differs(key) ? " class=\"differs\"" : "", html_text(key));
    for (const ReportRun& run : runs) out += fmt::format("<td>{}</td>", html_text(setting(run, key)));
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

std::string foot(std::span<const ReportRun> runs) {
  std::string out = "<footer class=\"foot\">\n";
  for (const ReportRun& run : runs)
    out += fmt::format("<p>{}: {}</p>\n", html_text(run.name), html_text(valid_utf8(run.folder.string())));
  return out + "<p>Made by r1 " R1_VERSION ". The curves are drawn by uPlot.</p>\n</footer>\n";
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\0': out += "\xef\xbf\xbd"; break;  // HTML has no NUL
      default: out += c;
    }
  return out;
}

std::string json_in_script(std::string json) {
  std::string out;
  for (const char c : json) switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += c;
    }
  return out;
}

std::string report_page(std::span<const ReportRun> runs) {
  R1_CHECK(!runs.empty(), "a report of no runs");
  const std::vector<Chart> charts = charts_of(runs);
  const ReportAssets& a = report_assets();
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{} – r1 report</title>\n<style>{}</style>\n<style>{}</style>\n</head>\n<body>\n",
      policy(), html_text(title_of(runs)), a.uplot_css, a.page_css);
  out += head(runs) + "<div class=\"wrap\">\n";
  out += runs.size() == 1 ? tiles(runs[0]) : comparison(runs);
  out +=
      "<noscript><p class=\"noscript\">The curves need JavaScript. r1 report --png draws them as pictures.</p>"
      "</noscript>\n</div>\n";
  out += bar(runs, charts) + "<main class=\"wrap\">\n";
  out += chart_sections(charts) + answers(runs) + configuration(runs) + foot(runs) + "</main>\n";
  out += fmt::format("<script type=\"application/json\" id=\"data\">{}</script>\n", data_json(runs, charts));
  out += fmt::format("<!-- uPlot: {} -->\n", a.uplot_licence);
  return out + fmt::format("<script>{}</script>\n<script>{}</script>\n</body>\n</html>\n", a.uplot_js, a.page_js);
}

}  // namespace r1
