// Chat templates that run without end, exceed a limit, are malformed, or try to reach files and Python's internals.
#pragma once
#include "core/file.hpp"
#include "formats/jinja/jinja.hpp"
#include "formats/test_hostile.hpp"

namespace r1::hostile {

// Parsed, and rendered once for a message.
inline const Kind kTemplate{
    "chat_template.jinja", [](const fs::path& folder) -> Status {
      const fs::path path = folder / "chat_template.jinja";
      const FileMap file = R1_TRY(map_file(path));
      const auto t = R1_TRY(
          JinjaTemplate::parse({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path.string()));
      const Json message = Json::object({{"role", "user"}, {"content", "hi"}});
      return status_of(t.render(Json::object({{"messages", Json::array({message})}, {"bos_token", "<s>"}})));
    }};

inline std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

inline std::vector<Case> template_cases() {
  const std::string deep_list =
      "{% set ns = namespace(x=[]) %}{% for i in range(300) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}";
  const std::string deep_dict =
      "{% set ns = namespace(x={}) %}{% for i in range(300) %}{% set ns.x = {'a': 1, 'b': ns.x} %}{% endfor %}{{ ns.x }}";
  return {
      {"template_well_formed", "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}", {}},
      {"template_empty", "", {}},
      {"template_range_of_a_billion", "{% for i in range(1000000000) %}x{% endfor %}", {"range", "1000000000"}},
      {"template_loops_in_loops",
       "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
       {"1000000"}},
      {"template_macro_calls_itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", {"deeper than 50"}},
      {"template_macros_call_each_other",
       "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
       {"deeper than 50"}},
      {"template_macro_tree",
       "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(45) }}",
       {"1000000"}},
      {"template_output_too_large", "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", {"16777216"}},
      {"template_string_repeated", "{{ 'x' * 1000000000 }}", {"1000000000", "1048576"}},
      {"template_list_repeated", "{{ [1, 2, 3] * 1000000000 }}", {"1000000000"}},
      {"template_doubles_a_string",
       "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
       {"bytes"}},
      {"template_doubles_a_list",
       "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
       {"bytes"}},
      {"template_list_in_itself", deep_list, {"deeper than 200"}},
      {"template_dict_in_itself", deep_dict, {"deeper than 200"}},
      {"template_joins_for_ever",
       "{% for i in range(99999) %}{{ range(99999) | join('x') | length }}{% endfor %}",
       {"limit"}},
      {"template_integer_overflows", "{{ 9223372036854775807 * 9223372036854775807 }}", {"64 bits"}},
      {"template_power_overflows", "{{ 9 ** 9 ** 9 }}", {"64 bits"}},
      {"template_divides_by_zero", "{{ 1 // 0 }}", {"division by zero"}},
      {"template_remainder_of_zero", "{{ 1 % 0 }}", {"division by zero"}},
      {"template_brackets_nested",
       "{{ " + repeat("(", 10'000) + "1" + repeat(")", 10'000) + " }}",
       {"deeper than 200"}},
      {"template_blocks_nested", repeat("{% if 1 %}", 10'000) + repeat("{% endif %}", 10'000), {"deeper than 200"}},
      {"template_negations_nested", "{{ " + repeat("not ", 10'000) + "1 }}", {"deeper than 200"}},
      {"template_minuses_nested", "{{ " + repeat("-", 10'000) + "1 }}", {"deeper than 200"}},
      {"template_source_too_large", std::string((1 << 20) + 1, 'x'), {"1048577", "1048576"}},
      {"template_without_its_end", "{% for m in messages %}x", {"ends where", "endfor"}},
      {"template_expression_cut_off", "{{ messages[", {"ends where"}},
      {"template_string_cut_off", "{{ 'abc }}", {"string without its end"}},
      {"template_comment_cut_off", "{# abc", {"comment without its end"}},
      {"template_end_of_nothing", "{% endfor %}", {"endfor"}},
      {"template_imports", "{% import 'os' as os %}", {"import"}},
      {"template_includes", "{% include '/etc/passwd' %}", {"include"}},
      {"template_extends", "{% extends 'x' %}", {"extends"}},
      {"template_reaches_for_classes", "{{ ''.__class__.__mro__[1].__subclasses__() }}", {"undefined"}},
      {"template_reaches_for_globals", "{{ range.__globals__['os'].system('id') }}", {"undefined"}},
      {"template_calls_text", "{{ 'x'() }}", {"cannot be called"}},
      {"template_calls_the_unknown", "{{ open('/etc/passwd') }}", {"open", "undefined"}},
      {"template_filter_unknown", "{{ 1 | system }}", {"system"}},
      {"template_attribute_of_undefined", "{{ nothing.at.all }}", {"undefined"}},
      {"template_raises", "{{ raise_exception('no such role') }}", {"no such role"}},
      {"template_not_utf8", "{{ '\xff\xfe' }}", {"UTF-8"}},
  };
}

}  // namespace r1::hostile
