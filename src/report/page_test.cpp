// The page: it loads nothing, and no text of a model or of a file can become part of its markup.
#include "report/page.hpp"

#include <regex>

#include "formats/json.hpp"
#include "report/assets.hpp"
#include "report/picture.hpp"
#include "report/test_runs.hpp"

namespace r1 {
namespace {

constexpr std::string_view kHostile =
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' <!--";

class Page : public ReportCase {
 protected:
  // A run whose every text is hostile.
  void put_hostile(const std::string& name) const {
    const Json text(kHostile);
    put(name + "/config.toml", fmt::format("steps = 2\ntasks = '{}'\n", kHostile));
    Json row = Json::object({{"step", 1}, {"reward", 0.5}, {"loss", 1.5}});
    row.set(kHostile, 3.5);
    put(name + "/metrics.jsonl", dump(row) + "\n");
    Json answer = Json::object({{"prompt", text}, {"kind", text}, {"verdict", text}, {"finish", "stop"}});
    answer.set("text", "<think>\n" + std::string(kHostile) + "</think>" + std::string(kHostile));
    put(name + "/samples/000001.jsonl", dump(answer) + "\n");
    put(name + "/samples/000002.jsonl", dump(answer) + "\n");
  }
  std::string page(std::initializer_list<const char*> names) const {
    const auto runs = read(names);
    EXPECT_TRUE(runs) << runs.error().what;
    return runs ? report_page(*runs) : "";
  }
};

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST_F(Page, HostileTextStaysText) {
  put_hostile("run");
  put_hostile("<img src=y>");
  for (const std::string& html : {page({"run"}), page({"run", "<img src=y>"})}) {
    ASSERT_FALSE(html.empty());
    EXPECT_EQ(count(html, "<script"), 3u);
    EXPECT_EQ(count(html, "</script>"), 3u);
    EXPECT_EQ(count(html, "<img"), 0u);
    EXPECT_EQ(count(html, "<!--"), 1u) << "the licence of uPlot";
    EXPECT_NE(html.find("&lt;/script&gt;&lt;script&gt;alert(1)"), html.npos) << "the answer is shown";
    const std::string_view markup = std::string_view(html).substr(0, html.find("id=\"data\""));
    EXPECT_EQ(count(markup, "\" onload"), 0u) << "a quote of the text ends no attribute";
    EXPECT_GT(count(markup, "&quot; onload"), 0u);
  }
}

TEST_F(Page, TheDataAreJsonThatReadsBack) {
  put_hostile("run");
  const std::string html = page({"run"});
  const std::string_view open = "id=\"data\">";
  const size_t begin = html.find(open) + open.size(), end = html.find("</script>", begin);
  const auto data = parse_json(html.substr(begin, end - begin), "data");
  ASSERT_TRUE(data) << data.error().what;
  const Json& run = data->find("runs")->array()->at(0);
  const Json* curve = run.find("curves")->find(kHostile);
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->array()->at(1).array()->at(0).number(), 3.5);
  EXPECT_EQ(json_in_script("[\"</script>&<!--\"]"), "[\"\\u003c/script\\u003e\\u0026\\u003c!--\"]");
}

TEST_F(Page, LoadsNothingAndItsPolicyAllowsNothingToLoad) {
  put_hostile("run");
  const std::string html = page({"run"});
  // What may load: attributes with addresses, url() and @import of styles, and the ways of scripts.
  const std::regex loads(R"re((src|href|srcset|action|data)\s*=\s*["']?\s*(https?:)?//|url\(|@import|fetch\(|)re"
                         R"re(XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|import\()re");
  const ReportAssets& a = report_assets();
  for (const std::string_view part : {std::string_view(html), a.page_js, a.page_css, a.uplot_js, a.uplot_css}) {
    std::match_results<std::string_view::const_iterator> found;
    EXPECT_FALSE(std::regex_search(part.begin(), part.end(), found, loads)) << found.str();
  }
  EXPECT_FALSE(std::regex_search(html, std::regex("\\son[a-z]+=\"|\\sstyle=|<link|<iframe|<object|<base")));
  const size_t at = html.find("http-equiv=\"Content-Security-Policy\"");
  ASSERT_NE(at, html.npos);
  const std::string policy = html.substr(at, html.find('>', at) - at);
  EXPECT_NE(policy.find("default-src 'none'"), policy.npos) << policy;
  EXPECT_EQ(policy.find("unsafe"), policy.npos) << policy;
  EXPECT_EQ(count(policy, "'sha256-"), 4u) << policy;
  EXPECT_LT(at, html.find("<script")) << "a policy holds for what comes after it";
}

TEST_F(Page, ShowsSeveralRunsWithTheSettingsThatDiffer) {
  put("a/metrics.jsonl", "{\"step\":1,\"loss\":3}\n");
  put("a/config.toml", "lr = 1\nseed = 1\n");
  put("b/metrics.jsonl", "{\"step\":1,\"loss\":2}\n");
  put("b/config.toml", "lr = 1\nseed = 2\n");
  const std::string html = page({"a", "b"});
  EXPECT_EQ(count(html, "class=\"chip\""), 2u);
  EXPECT_NE(html.find("<tr class=\"differs\"><th>seed</th><td>1</td><td>2</td>"), html.npos);
  EXPECT_NE(html.find("<tr><th>lr</th>"), html.npos);
}

TEST_F(Page, FoldsTheThinkingAndSaysWhenItDidNotEnd) {
  put("run/metrics.jsonl", "{\"step\":1,\"reward\":0}\n");
  put("run/samples/000001.jsonl",
      "{\"prompt\":\"p\",\"text\":\"<think>\\nhm</think>\\n\\n4\",\"tokens\":9,\"thinking_tokens\":2}\n"
      "{\"prompt\":\"q\",\"text\":\"<think>\\nand on\",\"tokens\":9,\"thinking_tokens\":9}\n");
  const std::string html = page({"run"});
  EXPECT_NE(html.find("<summary>Thinking, 2 tokens</summary><p class=\"thinking\">hm</p></details>"), html.npos);
  EXPECT_NE(html.find("<p class=\"answer\">4</p>"), html.npos);
  EXPECT_NE(html.find("The thinking did not end."), html.npos);
}

TEST_F(Page, PicturesArePngFilesOfTheirSize) {
  put("run/metrics.jsonl", "{\"step\":1,\"loss\":3,\"ratio_min\":null,\"ratio_max\":2}\n{\"step\":2,\"loss\":2}\n");
  const auto runs = read({"run"});
  ASSERT_TRUE(runs);
  const auto count_written = write_pictures(*runs, folder("png"));
  ASSERT_TRUE(count_written) << count_written.error().what;
  EXPECT_EQ(*count_written, 2u);
  for (const char* name : {"png/loss.png", "png/ratio.png"}) {
    const std::string png = read_file(folder(name)).value_or("");
    ASSERT_GT(png.size(), 1000u) << name;
    EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
    // The header's width and height: 1600 and 900, big-endian (PNG specification, 11.2.2).
    EXPECT_EQ(png.substr(16, 8), std::string("\0\0\x06\x40\0\0\x03\x84", 8)) << name;
  }
}

}  // namespace
}  // namespace r1
