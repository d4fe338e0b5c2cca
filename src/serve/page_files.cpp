#include "serve/page_files.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace r1 {
namespace {

// Nothing from outside, no script or style inside the markup, and DOM sinks for HTML take only what DOMPurify returns.
constexpr const char* kPagePolicy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify";

// Calls `matches` for each element of a list with commas until it returns true.
template <class Matches>
bool any_listed(std::string_view list, Matches matches) {
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    if (matches(trimmed(list.substr(begin, end - begin)))) return true;
    begin = end + 1;
  }
  return false;
}

// RFC 9110, section 12.5.3: "gzip;q=0" refuses the coding.
bool takes_gzip(const HttpRequest& request) {
  const std::string* const accepted = request.field("accept-encoding");
  return accepted && any_listed(*accepted, [](std::string_view coding) {
           const size_t semicolon = coding.find(';');
           const std::string_view name = trimmed(coding.substr(0, semicolon));
           if (name != "gzip" && name != "*") return false;
           if (semicolon == coding.npos) return true;
           const std::string_view weight = trimmed(coding.substr(semicolon + 1));
           return !weight.starts_with("q=0") || weight.find_first_of("123456789", 3) != weight.npos;
         });
}

bool has_current(const HttpRequest& request, std::string_view etag) {
  const std::string* const known = request.field("if-none-match");
  return known && any_listed(*known, [&](std::string_view tag) {
           if (tag.starts_with("W/")) tag.remove_prefix(2);
           return tag == "*" || tag == etag;
         });
}

}  // namespace

const PageFile* page_file(std::string_view path) {
  const auto files = page_files();
  const auto found = std::find_if(files.begin(), files.end(), [&](const PageFile& f) { return f.path == path; });
  return found == files.end() ? nullptr : &*found;
}

std::unique_ptr<Reply> page_reply(const PageFile& file, const HttpRequest& request) {
  HttpHead head{.content_type = std::string(file.content_type),
                .fields = {{"ETag", std::string(file.etag)},
                           {"Cache-Control", "no-cache"},
                           {"Vary", "Accept-Encoding"},
                           {"Content-Security-Policy", kPagePolicy},
                           {"X-Content-Type-Options", "nosniff"},
                           {"Referrer-Policy", "no-referrer"},
                           {"X-Frame-Options", "DENY"},
                           {"Cross-Origin-Opener-Policy", "same-origin"},
                           {"Cross-Origin-Resource-Policy", "same-origin"}}};
  if (has_current(request, file.etag)) {
    head.status = 304;
    head.content_type.clear();
    return whole_reply(std::move(head), {});
  }
  if (file.gzip.empty() || !takes_gzip(request)) return whole_reply(std::move(head), std::string(file.plain));
  head.fields.emplace_back("Content-Encoding", "gzip");
  return whole_reply(std::move(head), std::string(file.gzip));
}

}  // namespace r1
