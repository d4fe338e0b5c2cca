// Charts as PNG pictures, drawn by Cairo.
#pragma once
#include <filesystem>
#include <span>
#include <string>

#include "report/charts.hpp"

namespace r1 {

inline constexpr int kPictureWidth = 1600, kPictureHeight = 900;  // pixels

// The bytes of a PNG file of kPictureWidth by kPictureHeight. Errors: Cairo has no memory.
Result<std::string> chart_png(const Chart& chart, std::span<const ReportRun> runs);

// Writes every chart as FOLDER/ID.png and makes the folder if it does not exist. Returns how many pictures there are.
// Errors: the folder or a file cannot be written.
Result<size_t> write_pictures(std::span<const ReportRun> runs, const std::filesystem::path& folder);

}  // namespace r1
