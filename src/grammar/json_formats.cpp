#include "grammar/json_formats.hpp"

#include <fmt/format.h>

namespace r1 {
namespace {

// Formats as regular expressions. They allow no wrong text.
constexpr std::string_view kDate =
    "((\\d{4})-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))|"
    "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";
constexpr std::string_view kTime =
    "(([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d))";
}  // namespace

std::string json_format_regex(std::string_view format) {
  if (format == "date") return std::string(kDate);
  if (format == "time") return std::string(kTime);
  if (format == "date-time") return fmt::format("{}T{}", kDate, kTime);
  if (format == "uuid") return "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
  if (format == "ipv4") {
    const std::string byte = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    return byte + "(\\." + byte + "){3}";
  }
  if (format == "ipv6") return "([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}";
  const std::string label = "[a-z0-9]{1,12}(-[a-z0-9]{1,12})?";
  if (format == "hostname") return label + "(\\." + label + "){0,4}";
  if (format == "email") return "[a-z0-9_+-]{1,16}(\\.[a-z0-9_+-]{1,16})?@" + label + "(\\." + label + "){1,2}";
  return {};
}

}  // namespace r1
