#include "serve/http.hpp"

#include <algorithm>
#include <ctime>

namespace r1 {
namespace {

class WholeReply : public Reply {
 public:
  WholeReply(HttpHead head, std::string body) : part_{std::move(head), std::move(body), true} {}
  ReplyPart next() override { return std::move(part_); }

 private:
  ReplyPart part_;
};

}  // namespace

const std::string* HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

i64 HttpRequest::count(std::string_view name) const {
  return std::count_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return {};
}

std::unique_ptr<Reply> whole_reply(HttpHead head, std::string body) {
  return std::make_unique<WholeReply>(std::move(head), std::move(body));
}

std::string normal_path(std::string_view target) {
  std::string path;
  for (const char c : target.substr(0, target.find('?')))
    if (c != '/' || !path.ends_with('/')) path += c;
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string utc_time(i64 seconds) {
  const std::time_t time = seconds;
  std::tm parts;
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &parts))};
}

}  // namespace r1
