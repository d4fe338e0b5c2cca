#include "serve/http.hpp"

#include <algorithm>

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

}  // namespace r1
