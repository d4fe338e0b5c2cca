// Charts in a terminal, drawn with braille characters: every character holds two by four dots.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "report/charts.hpp"

namespace r1 {

struct TerminalStyle {
  int columns = 80, rows = 24;
  bool color = true;
  bool utf8 = true;  // without it dots are drawn as * and .
};

// The lines of the screen: a line about each run, then as many charts as fit, the most important ones first. There are
// exactly style.rows lines, of at most style.columns columns each.
std::vector<std::string> terminal_screen(std::span<const ReportRun> runs, const TerminalStyle& style);

// A line for each recorded step after `step`: "NAME  step 12 of 30  reward 0.31  ...".
std::vector<std::string> step_lines(const ReportRun& run, double step);

}  // namespace r1
