#include "report/picture.hpp"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/file.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// Lengths are in units of which a picture has 800 by 450.
constexpr double kScale = 2, kWidth = kPictureWidth / kScale, kHeight = kPictureHeight / kScale;
constexpr double kLeft = 74, kRight = 26, kTop = 104, kBottom = 42;

struct Ink {
  double red, green, blue;
};
constexpr Ink ink(unsigned rgb) { return {(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0}; }
constexpr Ink kText = ink(0x16181d), kSoft = ink(0x5c626e), kFaint = ink(0x8a909b), kGrid = ink(0xe9e8e4);
// The colors of the page's light theme.
constexpr Ink kRunInks[] = {ink(0x2f6bff), ink(0xe8590c), ink(0x0f9d74), ink(0xa44bea),
                            ink(0xd6336c), ink(0xb88700), ink(0x0b94b8), ink(0x6b7280)};

struct SurfaceEnd {
  void operator()(cairo_surface_t* s) const { cairo_surface_destroy(s); }
};
struct CairoEnd {
  void operator()(cairo_t* c) const { cairo_destroy(c); }
};

const std::vector<double> kDashes[] = {{}, {7, 4}, {2, 3}, {9, 3, 2, 3}};

// A curve of the chart and how it is drawn. With one run each line has a color, with several each run has one.
struct Stroke {
  const Curve* curve;
  Ink color;
  std::vector<double> dash;
  size_t run;
};

std::vector<Stroke> strokes_of(const Chart& chart, std::span<const ReportRun> runs) {
  std::vector<Stroke> out;
  for (size_t r = 0; r < runs.size(); ++r)
    for (size_t l = 0; l < chart.lines.size(); ++l) {
      const auto found = runs[r].curves.find(chart.lines[l].figure);
      if (found == runs[r].curves.end()) continue;
      const bool alone = runs.size() == 1;
      out.push_back({&found->second, kRunInks[(alone ? l : r) % std::size(kRunInks)],
                     kDashes[alone ? 0 : l % std::size(kDashes)], r});
    }
  return out;
}

struct LegendEntry {
  std::string label;
  Ink color;
  std::vector<double> dash;
};

// The lines by their colors if there is one run, else the lines by their dashes and the runs by their colors.
std::vector<LegendEntry> legend_of(const Chart& chart, std::span<const ReportRun> runs) {
  std::vector<LegendEntry> out;
  const bool alone = runs.size() == 1;
  for (size_t l = 0; l < chart.lines.size() && (alone || chart.lines.size() > 1); ++l)
    out.push_back({chart.lines[l].label, alone ? kRunInks[l % std::size(kRunInks)] : kSoft,
                   kDashes[alone ? 0 : l % std::size(kDashes)]});
  for (size_t r = 0; r < runs.size() && !alone; ++r)
    out.push_back({runs[r].name, kRunInks[r % std::size(kRunInks)], {}});
  return out;
}

class Canvas {
 public:
  Canvas(cairo_t* c, Axis steps, Axis values) : c_(c), steps_(std::move(steps)), values_(std::move(values)) {}

  double x(double step) const {
    return kLeft + (step - steps_.low) / (steps_.high - steps_.low) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kHeight - kBottom - (value - values_.low) / (values_.high - values_.low) * (kHeight - kTop - kBottom);
  }
  void use(const Ink& color, double alpha = 1) { cairo_set_source_rgba(c_, color.red, color.green, color.blue, alpha); }

  double width_of(const std::string& text) {
    cairo_text_extents_t extents;
    cairo_text_extents(c_, text.c_str(), &extents);
    return extents.x_advance;
  }
  void font(double size, bool bold = false) {
    cairo_select_font_face(c_, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c_, size);
  }
  // `anchor` is the share of the text's width that lies to the left of x.
  void text(double at_x, double at_y, const std::string& text, double anchor = 0) {
    cairo_move_to(c_, at_x - anchor * width_of(text), at_y);
    cairo_show_text(c_, text.c_str());
  }

  void axes(ChartUnit unit) {
    cairo_set_line_width(c_, 1);
    font(12);
    for (const double tick : values_.ticks) {
      const double at = std::round(y(tick)) + 0.5;
      use(kGrid);
      cairo_move_to(c_, kLeft, at);
      cairo_line_to(c_, kWidth - kRight, at);
      cairo_stroke(c_);
      use(kFaint);
      text(kLeft - 10, at + 4, value_text(tick, unit), 1);
    }
    for (const double tick : steps_.ticks)
      text(x(tick), kHeight - kBottom + 22, value_text(tick, ChartUnit::plain), 0.5);
    text(kLeft - 10, kHeight - kBottom + 22, "step", 1);
  }

  // A long curve is faint, and its moving average is drawn over it, as on the page.
  void line(const Stroke& stroke) {
    if (stroke.curve->steps.size() > kLongCurve) line(*stroke.curve, stroke, 0.28);
    line(trend_of(*stroke.curve), stroke, 1);
  }

  // A line through the finite values. Where a value is missing there is a gap.
  void line(const Curve& whole, const Stroke& stroke, double alpha) {
    const Curve curve = thinned(whole, 1500);
    use(stroke.color, alpha);
    cairo_set_line_width(c_, alpha < 1 ? 1 : 1.9);
    cairo_set_line_join(c_, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(c_, stroke.dash.data(), static_cast<int>(stroke.dash.size()), 0);
    bool drawing = false;
    for (size_t i = 0; i < curve.steps.size(); ++i) {
      if (!std::isfinite(curve.values[i])) {
        drawing = false;
        continue;
      }
      const double at_x = x(curve.steps[i]), at_y = y(curve.values[i]);
      if (drawing) cairo_line_to(c_, at_x, at_y);
      else cairo_move_to(c_, at_x, at_y);
      drawing = true;
    }
    cairo_stroke(c_);
    cairo_set_dash(c_, nullptr, 0, 0);
    if (curve.steps.size() > 40) return;
    for (size_t i = 0; i < curve.steps.size(); ++i) {
      if (!std::isfinite(curve.values[i])) continue;
      cairo_arc(c_, x(curve.steps[i]), y(curve.values[i]), 2.6, 0, 2 * M_PI);
      cairo_fill(c_);
    }
  }

  void band(const Stroke& low, const Stroke& high) {
    const Curve a = thinned(*low.curve, 1500), b = thinned(*high.curve, 1500);
    use(low.color, 0.14);
    cairo_new_path(c_);  // a text leaves its end as the current point
    for (size_t i = 0; i < a.steps.size(); ++i)
      if (std::isfinite(a.values[i])) cairo_line_to(c_, x(a.steps[i]), y(a.values[i]));
    for (size_t i = b.steps.size(); i-- > 0;)
      if (std::isfinite(b.values[i])) cairo_line_to(c_, x(b.steps[i]), y(b.values[i]));
    cairo_close_path(c_);
    cairo_fill(c_);
  }

  // The legend, in at most one row: what does not fit is counted.
  void legend(std::span<const LegendEntry> entries) {
    font(12.5);
    double at = kLeft;
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::string label(utf8_prefix(entries[i].label, 60));
      const double width = 26 + width_of(label) + 22;
      if (at + width > kWidth - kRight - 60 && i > 0) {
        use(kSoft);
        text(at, 90, fmt::format("and {} more", entries.size() - i));
        return;
      }
      use(entries[i].color);
      cairo_set_line_width(c_, 2.6);
      cairo_set_dash(c_, entries[i].dash.data(), static_cast<int>(entries[i].dash.size()), 0);
      cairo_move_to(c_, at, 86);
      cairo_line_to(c_, at + 18, 86);
      cairo_stroke(c_);
      cairo_set_dash(c_, nullptr, 0, 0);
      use(kSoft);
      text(at + 26, 90, label);
      at += width;
    }
  }

 private:
  cairo_t* c_;
  Axis steps_, values_;
};

cairo_status_t append_bytes(void* out, const unsigned char* bytes, unsigned size) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

Result<std::string> chart_png(const Chart& chart, std::span<const ReportRun> runs) {
  const std::unique_ptr<cairo_surface_t, SurfaceEnd> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, kPictureWidth, kPictureHeight));
  const std::unique_ptr<cairo_t, CairoEnd> c(cairo_create(surface.get()));
  cairo_scale(c.get(), kScale, kScale);
  cairo_set_source_rgb(c.get(), 1, 1, 1);
  cairo_paint(c.get());

  const ChartRange range = range_of(chart, runs);
  Canvas canvas(c.get(), step_axis(range.first, range.last, 8), axis_of(range.low, range.high, chart.unit, 6));
  canvas.use(kText);
  canvas.font(20, true);
  canvas.text(kLeft, 40, chart.title);
  canvas.use(kSoft);
  canvas.font(12.5);
  canvas.text(kLeft, 61, chart.note);
  const std::vector<Stroke> strokes = strokes_of(chart, runs);
  canvas.legend(legend_of(chart, runs));
  canvas.axes(chart.unit);
  for (size_t i = 0; chart.band && i + 1 < strokes.size(); ++i)
    if (strokes[i].run == strokes[i + 1].run) canvas.band(strokes[i], strokes[i + 1]);
  for (const Stroke& stroke : strokes) canvas.line(stroke);

  std::string png;
  const cairo_status_t written = cairo_surface_write_to_png_stream(surface.get(), append_bytes, &png);
  if (cairo_status(c.get()) != CAIRO_STATUS_SUCCESS || written != CAIRO_STATUS_SUCCESS)
    return fail(Errc::exhausted, "{}: the picture cannot be drawn: {}", chart.title,
                cairo_status_to_string(written != CAIRO_STATUS_SUCCESS ? written : cairo_status(c.get())));
  return png;
}

Result<size_t> write_pictures(std::span<const ReportRun> runs, const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return fail(Errc::io, "{}: cannot create: {}", folder.string(), code.message());
  const std::vector<Chart> charts = charts_of(runs);
  for (const Chart& chart : charts) R1_TRY(write_file(folder / (chart.id + ".png"), R1_TRY(chart_png(chart, runs))));
  return charts.size();
}

}  // namespace r1
