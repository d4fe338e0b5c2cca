// Chat templates: the part of Jinja that published templates use. They run as transformers runs them: with trim_blocks
// and lstrip_blocks, without autoescape. Values print as Python prints them, tojson is json.dumps, and indices count
// code points.
//
//   const JinjaTemplate t = R1_TRY(JinjaTemplate::parse(source, "tokenizer_config.json: chat_template"));
//   const Rendered prompt = R1_TRY(t.render(Json::object({{"messages", messages}, {"bos_token", bos}})));
//
// A template is a program from a stranger. It sees its variables and nothing else. Every run ends within the limits
// below, either with a result or with an Error that names the template, the line and the column.
#pragma once
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "formats/json.hpp"

namespace r1 {

inline constexpr i64 kTemplateBytes = 1 << 20;

struct JinjaLimits {
  size_t source = kTemplateBytes;
  size_t nodes = 1 << 18;    // of the syntax tree
  int parse_depth = 200;     // nesting of brackets, blocks and operators in the source
  int call_depth = 50;       // nesting of macro calls
  int run_depth = 1000;      // nesting of expressions under evaluation, over all macro calls
  int value_depth = 200;     // nesting of lists and dicts
  u64 steps = 1'000'000;     // rounds of loops, items of filters, calls
  u64 work = u64{1} << 31;   // bytes touched, plus 64 for each node evaluated; takes a second or two
  size_t range = 100'000;    // items of a range
  size_t repeat = 1 << 20;   // bytes of a repeated string or list
  size_t output = 16 << 20;  // bytes of the result
  size_t memory = 32 << 20;  // bytes of values alive at once, without the variables
};

// What a template printed. Text that came from the variables is marked, so that a control token written by a user stays
// ordinary text.
struct Rendered {
  struct Span {
    size_t end;       // a span begins where the previous one ends
    bool from_input;  // some of the span came from a variable that is not trusted
  };
  std::string text;
  std::vector<Span> spans;  // cover the whole text; neighbours differ in from_input
};

struct JinjaOptions {
  JinjaLimits limits{};
  // The strings of these variables count as the template's own text.
  std::vector<std::string> trusted{"bos_token", "eos_token", "pad_token", "unk_token"};
  std::optional<std::tm> now{};  // what strftime_now sees; the local time if empty
};

class JinjaTemplate {
 public:
  // `name` stands for the template in errors. Keeps a copy of the source.
  // Errors: a source that does not parse (Errc::corrupt), or that uses a part of Jinja that is not supported
  // (Errc::unsupported), or that exceeds a limit (Errc::exhausted).
  static Result<JinjaTemplate> parse(std::string_view source, std::string_view name, const JinjaLimits& limits = {});
  JinjaTemplate(JinjaTemplate&&) noexcept;
  JinjaTemplate& operator=(JinjaTemplate&&) noexcept;
  ~JinjaTemplate();

  // `variables` must be an object. Thread-safe.
  // Errors: Errc::invalid_argument for what the template raises itself with raise_exception, Errc::exhausted for an
  // exceeded limit, Errc::unsupported for an unknown filter or test, Errc::corrupt for every other failure.
  Result<Rendered> render(const Json& variables) const;
  Result<Rendered> render(const Json& variables, const JinjaOptions& options) const;
  const std::string& source() const;
  const std::string& name() const;

 private:
  struct Program;
  explicit JinjaTemplate(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
};

}  // namespace r1
