#include "serve/page_files.hpp"

#include <gtest/gtest.h>

#include <map>

#include "serve/api.hpp"

namespace r1 {
namespace {

struct Got {
  HttpHead head;
  std::map<std::string, std::string> fields;
  std::string body;
};

Got got(std::unique_ptr<Reply> reply) {
  ReplyPart part = reply->next();
  Got out{.head = std::move(*part.head), .fields = {}, .body = std::move(part.body)};
  out.fields.insert(out.head.fields.begin(), out.head.fields.end());
  return out;
}

Got get(std::string_view path, HttpFields fields = {}) {
  const PageFile* const file = page_file(path);
  EXPECT_TRUE(file) << path;
  if (!file) return {};
  HttpRequest request;
  request.method = "GET", request.path = path, request.fields = std::move(fields);
  return got(page_reply(*file, request));
}

TEST(PageFiles, ThePageNamesOnlyFilesThatAreThere) {
  const std::string page = get("/").body;
  ASSERT_NE(page.find("<!doctype html>"), page.npos);
  int named = 0;
  for (const std::string_view attribute : {"src=\"", "href=\""})
    for (size_t at = page.find(attribute); at != page.npos; at = page.find(attribute, at + 1)) {
      const size_t begin = at + attribute.size();
      const std::string path = page.substr(begin, page.find('"', begin) - begin);
      EXPECT_TRUE(page_file(path)) << path;
      ++named;
    }
  EXPECT_GE(named, 2) << "a script and a style sheet";
}

TEST(PageFiles, AFileIsCompressedForThoseWhoTakeIt) {
  const std::string plain = get("/app.js").body;
  for (const char* accepted : {"gzip", "br;q=1.0, gzip;q=0.8", "deflate,  gzip", "*"}) {
    const Got packed = get("/app.js", {{"accept-encoding", accepted}});
    EXPECT_EQ(packed.fields.at("Content-Encoding"), "gzip") << accepted;
    EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
    EXPECT_LT(packed.body.size(), plain.size() / 2);
  }
  for (const char* accepted : {"", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"}) {
    const Got whole = get("/app.js", {{"accept-encoding", accepted}});
    EXPECT_FALSE(whole.fields.contains("Content-Encoding")) << accepted;
    EXPECT_EQ(whole.body, plain);
  }
}

TEST(PageFiles, AClientThatHasTheFileGetsStatus304) {
  const std::string etag = get("/app.js").fields.at("ETag");
  for (const std::string& known : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const Got answer = get("/app.js", {{"if-none-match", known}});
    EXPECT_EQ(answer.head.status, 304) << known;
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(get("/app.js", {{"if-none-match", "\"other\""}}).head.status, 200);
}

TEST(PageFiles, EveryFileForbidsWhatComesFromElsewhere) {
  for (const PageFile& file : page_files()) {
    const Got answer = get(file.path);
    EXPECT_EQ(answer.fields.at("X-Content-Type-Options"), "nosniff") << file.path;
    EXPECT_EQ(answer.fields.at("X-Frame-Options"), "DENY");
    EXPECT_EQ(answer.fields.at("Referrer-Policy"), "no-referrer");
    const std::string& policy = answer.fields.at("Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'self';")) << policy;
    EXPECT_EQ(policy.find("unsafe"), policy.npos) << policy;
    EXPECT_EQ(policy.find("http"), policy.npos) << policy;
    EXPECT_FALSE(file.content_type.empty());
  }
}

// The page must load before its user has given it a key, and may say nothing but its own text.
TEST(PageFiles, ThePageNeedsNoKeyAndNoModelButTheRightHost) {
  ApiKeys keys;
  ASSERT_TRUE(keys.load({}, "secret"));
  ApiOptions options;
  options.access.bound_address = "127.0.0.1";
  Api api(options, keys);
  const auto status = [&](std::string_view path, HttpFields fields, std::string method = "GET") {
    HttpRequest head;
    head.method = std::move(method), head.path = path, head.fields = std::move(fields);
    const auto refusal = api.refuse(head);
    return refusal ? refusal->next().head->status : 0;
  };
  EXPECT_EQ(status("/", {{"host", "127.0.0.1:8080"}}), 200);
  EXPECT_EQ(status("/app.css", {{"host", "localhost:8080"}}, "HEAD"), 200);
  EXPECT_EQ(status("/", {{"host", "evil.example"}}), 403);
  EXPECT_EQ(status("/", {{"host", "127.0.0.1"}, {"origin", "https://evil.example"}}), 403);
  EXPECT_EQ(status("/", {{"host", "127.0.0.1"}}, "POST"), 405);
  EXPECT_EQ(status("/app.jsx", {{"host", "127.0.0.1"}}), 404);
  EXPECT_EQ(status("/props", {{"host", "127.0.0.1"}}), 401);
}

}  // namespace
}  // namespace r1
