#include "formats/jinja/jinja.hpp"

#include <algorithm>

#include "formats/jinja/interpreter.hpp"
#include "formats/utf8.hpp"

namespace r1 {

struct JinjaTemplate::Program {
  std::string original, source, name;  // original: as given; source: with normalised line ends, as it runs
  jinja::Block block;                  // points into `source`
};

namespace {

Error placed(Error error, std::string_view name, std::string_view source, size_t byte) {
  const auto [line, column] = jinja::place_of(source, byte);
  return std::move(error).in(fmt::format("{}: line {}, column {}", name, line, column));
}

}  // namespace

JinjaTemplate::JinjaTemplate(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
JinjaTemplate::JinjaTemplate(JinjaTemplate&&) noexcept = default;
JinjaTemplate& JinjaTemplate::operator=(JinjaTemplate&&) noexcept = default;
JinjaTemplate::~JinjaTemplate() = default;

Result<JinjaTemplate> JinjaTemplate::parse(std::string_view source, std::string_view name, const JinjaLimits& limits) {
  if (source.size() > limits.source)
    return fail(Errc::exhausted, "{}: a template of {} bytes, at most {}", name, source.size(), limits.source);
  if (const size_t bad = first_invalid_utf8(source); bad < source.size())
    return fail(Errc::corrupt, "{}: not UTF-8 at byte {}", name, bad);
  auto program = std::make_shared<Program>();
  program->original = source;
  program->source = jinja::normalized_source(source);
  program->name = name;
  auto block = jinja::parse_template(program->source, limits);
  if (!block) return tl::unexpected(placed(std::move(block.error().error), name, program->source, block.error().at));
  program->block = std::move(*block);
  return JinjaTemplate(std::move(program));
}

const std::string& JinjaTemplate::source() const { return program_->original; }
const std::string& JinjaTemplate::name() const { return program_->name; }

Result<Rendered> JinjaTemplate::render(const Json& variables) const { return render(variables, {}); }

Result<Rendered> JinjaTemplate::render(const Json& variables, const JinjaOptions& options) const {
  const Json::Object* members = variables.object();
  if (!members)
    return fail(Errc::invalid_argument, "{}: variables: expected an object, found {}", name(), variables.describe());
  std::vector<std::pair<std::string_view, jinja::Value>> values;
  for (const auto& [key, value] : *members) {
    const bool trusted = std::find(options.trusted.begin(), options.trusted.end(), key) != options.trusted.end();
    auto converted = jinja::from_json(nullptr, value, !trusted);
    if (!converted) return tl::unexpected(std::move(converted).error().in(fmt::format("{}: variable {}", name(), key)));
    values.emplace_back(key, std::move(*converted));
  }
  jinja::Interpreter interp(options, std::move(values));
  if (auto status = interp.render(program_->block); !status)
    return tl::unexpected(placed(std::move(status).error(), name(), program_->source, interp.failed_at()));
  Rendered out;
  jinja::Text text = interp.take_output();
  text.for_each_run([&](size_t, size_t end, bool marked) { out.spans.push_back({end, marked}); });
  out.text = text.take();
  return out;
}

}  // namespace r1
