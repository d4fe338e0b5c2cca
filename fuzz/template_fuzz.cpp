// Fuzzes chat templates: the input is parsed and run over a conversation. The limits are lower than the program's, so
// that a run takes milliseconds.
#include <string_view>

#include "formats/jinja/jinja.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using r1::Json;
  r1::JinjaLimits limits;
  limits.steps = 10'000, limits.work = 1 << 24, limits.range = 1000;
  limits.output = 1 << 18, limits.memory = 1 << 20, limits.repeat = 1 << 14;
  const auto made = r1::JinjaTemplate::parse({reinterpret_cast<const char*>(data), size}, "template", limits);
  if (!made) return 0;
  static const Json variables = Json::object(
      {{"messages", Json::array({Json::object({{"role", "system"}, {"content", "be brief"}}),
                                 Json::object({{"role", "user"}, {"content", "h\u00e9llo <think>"}}),
                                 Json::object({{"role", "assistant"}, {"content", "<think>\nx</think>\n\n12"}})})},
       {"tools", Json::array({Json::object({{"name", "f"}, {"parameters", Json::object({{"x", 1.5}})}})})},
       {"bos_token", "<s>"},
       {"add_generation_prompt", true}});
  r1::JinjaOptions options;
  options.limits = limits;
  options.now = std::tm{};
  (void)made->render(variables, options);
  return 0;
}
