#include "formats/json.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

Json parsed(std::string_view text) {
  auto json = parse_json(text, "t.json");
  EXPECT_TRUE(json) << (json ? "" : json.error().what);
  return json ? *json : Json();
}

std::string error_of(std::string_view text) {
  const auto json = parse_json(text, "t.json");
  return json ? "no error" : json.error().what;
}

TEST(Json, KeepsTheOrderOfKeysAndReadsBackWhatItWrote) {
  const std::string text = R"({"z": 1, "a": [true, null, -2.5, "x\ny\u00e9"], "m": {"k": {}}})";
  const Json json = parsed(text);
  EXPECT_EQ(dump(json), "{\"z\": 1, \"a\": [true, null, -2.5, \"x\\nyé\"], \"m\": {\"k\": {}}}");
  EXPECT_EQ(parsed(dump(json)), json);
  EXPECT_EQ(parsed(dump(json, 2)), json);
}

TEST(Json, WritesDoublesInTheShortestFormThatReadsBackToTheSameBits) {
  for (const double d : {0.1, 1.0, -0.0, 1e300, 5e-324, 1.0 / 3, 123456789012345680.0}) {
    const Json back = parsed(dump(Json(d)));
    EXPECT_EQ(std::bit_cast<u64>(back.number().value()), std::bit_cast<u64>(d)) << dump(Json(d));
    EXPECT_EQ(back.integer(), nullptr) << "a double must not come back as an integer: " << dump(Json(d));
  }
  EXPECT_EQ(dump(Json(0.1)), "0.1");
  EXPECT_EQ(dump(Json(std::numeric_limits<double>::quiet_NaN())), "null");
}

TEST(Json, KeepsIntegersOf64Bits) {
  EXPECT_EQ(*parsed("9223372036854775807").integer(), std::numeric_limits<i64>::max());
  EXPECT_EQ(*parsed("-9223372036854775808").integer(), std::numeric_limits<i64>::min());
  EXPECT_EQ(parsed("9223372036854775808").integer(), nullptr);
}

TEST(Json, RefusesWhatIsNotStrictJsonAndSaysWhere) {
  EXPECT_EQ(error_of(R"({"a": 1, "a": 2})"), "t.json: duplicate key \"a\"");
  EXPECT_NE(error_of("\"\xff\"").find("not UTF-8 at byte 1"), std::string::npos);
  EXPECT_NE(error_of("[1, x]").find("not JSON at byte 4"), std::string::npos) << error_of("[1, x]");
  for (const char* bad : {"", "{", "[1,]", "{\"a\":}", "1 2", "nul", "NaN", "1e999", "'a'", "// c\n1", "\"\\ud800\""}) {
    EXPECT_NE(error_of(bad), "no error") << bad;
  }
}

TEST(Json, LimitsNesting) {
  const auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(error_of(nested(64)), "no error");
  EXPECT_EQ(error_of(nested(65)), "t.json: nested deeper than 64");
  EXPECT_EQ(error_of(std::string(1000000, '[')), "t.json: nested deeper than 64");
}

// [0,0,...] would take forty bytes for every two. Lists of token ids have six bytes and more each and stay in the
// limit.
TEST(Json, RefusesTextThatWouldBecomeManyTimesItsSize) {
  const auto list_of = [](std::string_view item, size_t bytes) {
    std::string text = "[";
    while (text.size() < bytes) text += item;
    text.back() = ']';
    return text;
  };
  EXPECT_EQ(error_of(list_of("0,", 1 << 20)), "no error");
  EXPECT_EQ(error_of(list_of("12345,", 4 << 20)), "no error");
  EXPECT_NE(error_of(list_of("0,", 4 << 20)).find("4194305 bytes of JSON take more than 109051918 in memory"),
            std::string::npos);
  EXPECT_NE(error_of(list_of("[0],", 4 << 20)).find("too many small values"), std::string::npos);
}

TEST(Json, AFloatIsWrittenWithTheDigitsThatAFloatHas) {
  for (const float f : {0.1f, -13.490408f, 1e-6f, 3.4e38f, 1e-45f, 16777216.0f, 0.0f}) {
    const std::string text = dump(Json(f));
    EXPECT_LE(text.size(), 16u) << text;
    EXPECT_EQ(static_cast<float>(*parse_json(text, "text")->number()), f) << text;
  }
  EXPECT_EQ(dump(Json(0.1f)), "0.1");
  EXPECT_EQ(dump(Json(std::numeric_limits<float>::quiet_NaN())), "null");
}

TEST(Json, FindsAKeyGivenTwiceAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += fmt::format("\"{}\": 0, ", i * 7 % 1000);
  EXPECT_EQ(error_of(text + "\"x\": 1}"), "no error");
  EXPECT_EQ(error_of(text + "\"70\": 1}"), "t.json: duplicate key \"70\"");
}

TEST(Json, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
  EXPECT_EQ(dump(Json("a\xff\xe4\xb8")), "\"a\uFFFD\uFFFD\uFFFD\"");
}

TEST(JsonFields, ErrorsNameFileAndField) {
  const Json json = parsed(R"({"hidden_size": "x", "n": 0, "rope": {"factor": true}, "none": null})");
  const JsonFields fields = *JsonFields::of(json, "config.json");
  EXPECT_EQ(fields.positive("hidden_size").error().what,
            "config.json: hidden_size: expected a positive integer below 2^31, found \"x\"");
  EXPECT_EQ(fields.positive("n").error().what, "config.json: n: expected a positive integer below 2^31, found 0");
  EXPECT_EQ(fields.object("rope")->number("factor").error().what,
            "config.json: rope.factor: expected a number, found true");
  EXPECT_EQ(fields.string("gone").error().what, "config.json: gone: missing, expected a string");
  EXPECT_EQ(*fields.integer("none", 7), 7) << "null counts as absent";
  EXPECT_FALSE(JsonFields::of(Json(3), "x.json"));
}

TEST(Jsonl, NamesTheLineOfAnError) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("r1-jsonl-{}", getpid());
  std::ofstream(path) << "{\"a\": 1}\n\n  \r\n{\"a\": 2}\n{\"a\"}";
  std::vector<i64> lines, values;
  const Status status = for_each_jsonl(path, [&](i64 line, const Json& row) -> Status {
    lines.push_back(line), values.push_back(*row.find("a")->integer());
    return {};
  });
  std::filesystem::remove(path);
  EXPECT_EQ(lines, (std::vector<i64>{1, 4}));
  EXPECT_EQ(values, (std::vector<i64>{1, 2}));
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find(path.string() + ":5: not JSON"), std::string::npos) << status.error().what;
}

TEST(Json, DescriptionsAreCutBetweenCharacters) {
  std::string text = "a";
  for (int i = 0; i < 200; ++i) text += "é";
  for (const std::string& cut : {Json(text).describe(), shown(text), quoted_text(text)}) {
    EXPECT_EQ(first_invalid_utf8(cut), cut.size()) << cut;
    EXPECT_LE(cut.size(), 60u);
    EXPECT_TRUE(cut.starts_with("\"aé") && cut.ends_with("é...")) << cut;
  }
}

TEST(Json, AnIndentOfZeroWritesLinesWithoutSpaces) {
  EXPECT_EQ(dump(parsed(R"([1, {"a": 2}])"), 0), "[\n1,\n{\n\"a\": 2\n}\n]");
}

}  // namespace
}  // namespace r1
