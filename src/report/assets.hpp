// The files of assets/ as the build put them into the program.
#pragma once
#include <string_view>

namespace r1 {

struct ReportAssets {
  std::string_view page_css, page_js, uplot_css, uplot_js, uplot_licence;
};
const ReportAssets& report_assets();

}  // namespace r1
