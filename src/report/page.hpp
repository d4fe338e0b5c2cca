// The page of a report: one HTML file that holds everything it needs and loads nothing.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "report/run_files.hpp"

namespace r1 {

// The page that compares the runs, which must not be empty. Its content security policy allows only the script and the
// styles of this program, by their hashes, so text of a model or of a configuration cannot run or load anything.
std::string report_page(std::span<const ReportRun> runs);

// Text as HTML shows it, inside an element or inside a quoted attribute.
std::string html_text(std::string_view text);
// JSON as it may stand in a <script> element: no byte of it can end the element.
std::string json_in_script(std::string json);

}  // namespace r1
