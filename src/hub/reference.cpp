#include "hub/reference.hpp"

#include <algorithm>

#include "hub/family.hpp"
#include "hub/listing.hpp"

namespace r1 {
namespace {

constexpr std::string_view kForm =
    "expected ORG/NAME[:FILE], for instance unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF:Q4_K_M, or a short name such as "
    "deepseek-r1:1.5b (r1 models --available lists them)";

// Removes `head` from the front; false if `text` does not begin with it.
bool consume(std::string_view& text, std::string_view head) {
  if (!text.starts_with(head)) return false;
  text.remove_prefix(head.size());
  return true;
}

// The part up to the next slash, which is removed with it.
std::string next_part(std::string_view& path) {
  const size_t end = std::min(path.find('/'), path.size());
  std::string part(path.substr(0, end));
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

// The path of an address on the hub; false for an address elsewhere.
bool consume_host(std::string_view& text, std::string_view endpoint) {
  if (!endpoint.empty() && consume(text, endpoint) && consume(text, "/")) return true;
  for (const std::string_view scheme : {"https://", "http://", ""})
    for (const std::string_view host : {"huggingface.co/", "www.huggingface.co/", "hf.co/"}) {
      std::string_view rest = text;
      if (consume(rest, scheme) && consume(rest, host)) return text = rest, true;
    }
  return false;
}

}  // namespace

Result<ModelReference> parse_reference(std::string_view text, std::string_view endpoint) {
  if (const FamilyModel* m = find_in_family(text))
    return ModelReference{std::string(m->repo), std::string(m->quant), ""};
  std::string_view path = text;
  ModelReference r;
  if (consume_host(path, endpoint)) {
    path = path.substr(0, path.find_first_of("?#"));
    const std::string org = next_part(path), name = next_part(path);
    r.repo = org + "/" + name;
    if (const size_t colon = r.repo.find(':'); colon != r.repo.npos) {
      r.file = r.repo.substr(colon + 1);
      r.repo.resize(colon);
    } else if (const std::string view = next_part(path); view == "tree" || view == "blob" || view == "resolve") {
      r.revision = next_part(path);
      if (view != "tree") r.file = path;
    } else if (!view.empty()) {
      return fail(Errc::usage, "\"{}\": {}", text, kForm);
    }
  } else if (text.find("://") != text.npos) {
    return fail(Errc::usage, "\"{}\" is an address outside of the hub {}: {}", text, endpoint, kForm);
  } else {
    const size_t colon = text.find(':');
    r.repo = text.substr(0, colon);
    if (colon != text.npos) r.file = text.substr(colon + 1);
    if (r.repo.find('/') == r.repo.npos) return fail(Errc::usage, "\"{}\" names no repository: {}", text, kForm);
  }
  R1_TRY(check_repo(r.repo));
  return r;
}

}  // namespace r1
