// Fuzzes what the server makes of a request's head once Boost.Beast has split it: the first line of the input is the
// target, each further line a field.
#include <algorithm>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/text.hpp"
#include "serve/access.hpp"
#include "serve/http.hpp"

namespace {

std::string_view take_until(std::string_view& text, char end) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace r1;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  HttpRequest request;
  const std::string_view target = take_until(text, '\n');
  request.path = normal_path(target);
  if (const size_t mark = target.find('?'); mark != target.npos) request.query = target.substr(mark + 1);
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const std::string name = lower_case(take_until(line, ':'));
    request.fields.emplace_back(name, line.substr(std::min(line.find_first_not_of(' '), line.size())));
  }
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    const AccessRules rules{.bound_address = address, .hosts = {"example.org"}, .origins = {"https://example.org"}};
    // A name that is not listed must not pass, whatever stands in front of it.
    if (host_allowed(request, rules) && request.count("host") == 1)
      R1_CHECK(!request.field("host")->ends_with("attacker.org"), "{} passes", *request.field("host"));
    (void)origin_of(request, rules);
  }
  (void)key_of(request);
  (void)request.parameter("after");
  return 0;
}
