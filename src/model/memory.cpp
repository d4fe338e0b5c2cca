#include "model/memory.hpp"

#include <cctype>
#include <charconv>

#include "model/deepseek_v3.hpp"

namespace r1 {

Status limit_experts(Model& model, i64 bytes) {
  auto* const mixture = dynamic_cast<DeepseekV3*>(&model);
  if (!mixture) return fail(Errc::unsupported, "a budget for experts: {} has none", model.info().architecture);
  return mixture->limit_experts(bytes);
}

ExpertUse expert_use(const Model& model) {
  const auto* const mixture = dynamic_cast<const DeepseekV3*>(&model);
  if (!mixture || !mixture->expert_cache()) return {};
  const ExpertCache& c = *mixture->expert_cache();
  return {c.resident(), c.peak(), c.hits(), c.misses()};
}

Result<i64> parse_bytes(std::string_view text) {
  i64 n = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, n);
  const auto bad = [&] {
    return fail(Errc::usage, "\"{}\": expected bytes as 8g, 512m, 100k or a plain number", text);
  };
  if (error != std::errc() || n <= 0 || end - unit > 1) return bad();
  const std::string_view units = "kmgt";
  const size_t power =
      unit == end ? 0 : units.find(static_cast<char>(std::tolower(static_cast<unsigned char>(*unit)))) + 1;
  if (unit != end && power == 0) return bad();  // find's npos + 1
  for (size_t i = 0; i < power; ++i)
    if (__builtin_mul_overflow(n, i64{1024}, &n)) return bad();
  return n;
}

}  // namespace r1
