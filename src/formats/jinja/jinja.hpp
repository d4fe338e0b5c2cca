// Chat templates: the part of Jinja that real ones use, run as transformers runs it (trim_blocks, lstrip_blocks, no
// autoescape), on data only. Strings print as Python prints them, tojson is json.dumps, indices count code points.
//
//   const JinjaTemplate t = R1_TRY(JinjaTemplate::parse(source, "tokenizer_config.json: chat_template"));
//   const Rendered prompt = R1_TRY(t.render(Json::object({{"messages", messages}, {"bos_token", bos}})));
//
// A template is a stranger's program. It sees the variables and nothing else, and whatever it does ends, within the
// limits below, in a result or in an Error that names the template, the line and the column.
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
  size_t nodes = 1 << 18;    // of its syntax tree
  int parse_depth = 200;     // brackets, blocks and operators inside each other
  int call_depth = 50;       // macros calling macros
  int run_depth = 1000;      // expressions and blocks being evaluated inside each other, over all calls
  int value_depth = 200;     // lists in lists
  u64 steps = 1'000'000;     // rounds of loops, items of filters, calls
  u64 work = u64{1} << 31;   // bytes touched, 64 for each node evaluated: a second or two
  size_t range = 100'000;    // items of a range
  size_t repeat = 1 << 20;   // bytes of a repeated string or list
  size_t output = 16 << 20;  // bytes of the result
  size_t memory = 32 << 20;  // bytes of values alive at once, the variables aside
};

// What a template printed. Text that came from the variables is marked: control tokens written there are just text.
struct Rendered {
  struct Span {
    size_t end;       // it begins where the one before ends
    bool from_input;  // if any of it came from a variable that is not trusted
  };
  std::string text;
  std::vector<Span> spans;  // cover the text, neighbours differ
};

struct JinjaOptions {
  JinjaLimits limits{};
  // Variables whose strings count as the template's own.
  std::vector<std::string> trusted{"bos_token", "eos_token", "pad_token", "unk_token"};
  std::optional<std::tm> now{};  // what strftime_now sees; the local time if empty
};

class JinjaTemplate {
 public:
  // `name` is what errors call it. Keeps a copy of the source.
  static Result<JinjaTemplate> parse(std::string_view source, std::string_view name, const JinjaLimits& limits = {});
  JinjaTemplate(JinjaTemplate&&) noexcept;
  JinjaTemplate& operator=(JinjaTemplate&&) noexcept;
  ~JinjaTemplate();

  // `variables`: an object. Thread-safe. What the template raises itself is Errc::invalid_argument, its other failures
  // Errc::corrupt, limits Errc::exhausted.
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
