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

TEST(Json, AnIndentPutsEveryMemberOnALineOfItsOwn) {
  EXPECT_EQ(
      dump(parsed(R"([1, {"a": [], "b": {}, "c": [2, "x"]}, null])"), 2),
      "[\n  1,\n  {\n    \"a\": [],\n    \"b\": {},\n    \"c\": [\n      2,\n      \"x\"\n    ]\n  },\n  null\n]");
  EXPECT_EQ(dump(parsed("[]"), 2), "[]");
}

TEST(Json, ControlCharactersQuotesAndBackslashesAreEscaped) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    const std::string want = c == '"'              ? "\\\""
                             : c == '\\'           ? "\\\\"
                             : c == '\n'           ? "\\n"
                             : c == '\r'           ? "\\r"
                             : c == '\t'           ? "\\t"
                             : c < 32 || c == 0x7f ? fmt::format("\\u{:04x}", c)
                                                   : text;
    EXPECT_EQ(dump(Json("a" + text + "b")), "\"a" + want + "b\"") << c;
    EXPECT_EQ(*parsed(dump(Json(text))).string(), text);
  }
}

TEST(Json, NumbersAreWrittenInTheirShortestForm) {
  EXPECT_EQ(dump(Json(1e300)), "1e+300");
  EXPECT_EQ(dump(Json(100000.0)), "1e+05");
  EXPECT_EQ(dump(Json(1000.0)), "1000.0");
  EXPECT_EQ(dump(Json(-0.5)), "-0.5");
  EXPECT_EQ(dump(Json(-0.0)), "-0.0");
  EXPECT_EQ(dump(Json(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(dump(Json(-std::numeric_limits<float>::infinity())), "null");
}

TEST(Json, MembersAndItemsAreAddedAndReplaced) {
  Json json;
  json.set("a", 1).set("b", 2).set("a", 3);
  EXPECT_EQ(dump(json), "{\"a\": 3, \"b\": 2}");
  EXPECT_EQ(json.find("c"), nullptr);
  EXPECT_EQ(*json.find("b")->integer(), 2);
  EXPECT_EQ(Json(3).find("a"), nullptr);
  Json list;
  list.push(1).push("x");
  EXPECT_EQ(dump(list), "[1, \"x\"]");
  EXPECT_EQ(*Json(3).number(), 3.0);
  EXPECT_EQ(*Json(2.5).number(), 2.5);
  EXPECT_FALSE(Json("3").number());
  EXPECT_FALSE(Json(1) == Json(1.0));
  EXPECT_FALSE(Json(1) == Json(2));
}

TEST(Json, ADescriptionHasSixtyBytesAtMost) {
  EXPECT_EQ(Json(std::string(58, 'a')).describe(), "\"" + std::string(58, 'a') + "\"");
  EXPECT_EQ(Json(std::string(59, 'a')).describe(), "\"" + std::string(56, 'a') + "...");
  EXPECT_EQ(parsed("[1, 2]").describe(), "an array of 2");
  EXPECT_EQ(parsed("{\"a\": 1}").describe(), "an object of 1 members");
}

TEST(Json, ANameIsShownAsItIsIfItIsShortAndPrintable) {
  for (const std::string& plain : {std::string("a"), std::string("!~"), std::string(128, 'n')})
    EXPECT_EQ(shown(plain), plain);
  for (const std::string& other : {std::string(), std::string("a b"), std::string("a\x7f"), std::string("é")})
    EXPECT_EQ(shown(other), quoted_text(other));
  EXPECT_EQ(shown(""), "\"\"");
  EXPECT_EQ(shown(std::string(129, 'n')), "\"" + std::string(56, 'n') + "...");
}

TEST(Json, AKeyGivenTwiceIsFoundWhereverItStandsInAnObjectOfAnySize) {
  for (int n = 1; n <= 12; ++n)
    for (int first = 0; first < n; ++first)
      for (int second = first; second < n; ++second) {
        std::string text;
        for (int i = 0; i < n; ++i) text += fmt::format("{}\"k{}\": 0", i ? "," : "{", i == second ? first : i);
        EXPECT_EQ(error_of(text + "}"),
                  first == second ? "no error" : fmt::format("t.json: duplicate key \"k{}\"", first))
            << text;
      }
}

TEST(Json, AnErrorShowsTheLastFortyBytesOfTheToken) {
  const std::string long_text = error_of("\"b" + std::string(60, 'a'));
  EXPECT_NE(long_text.find("after \"" + std::string(40, 'a') + "\""), std::string::npos) << long_text;
  EXPECT_NE(error_of("[tru]").find("at byte 4, after \"[tru]\""), std::string::npos) << error_of("[tru]");
  EXPECT_TRUE(error_of("").starts_with("t.json: not JSON at byte 0")) << error_of("");
  EXPECT_TRUE(error_of("x").starts_with("t.json: not JSON at byte 0")) << error_of("x");
}

// While a container closes, its values lie on the builder's stack and in the container. The limit is 48 MiB and 14
// times the text; a value takes 40 bytes, a block of memory 16 more than it holds.
TEST(Json, TheMemoryOfATreeIsCountedByteForByte) {
  ASSERT_EQ(sizeof(Json), 40u);
  const auto list_of = [](std::string_view item, size_t n) {
    std::string text = "[";
    for (size_t i = 0; i < n; ++i) text += item;
    text.back() = ']';
    return text;
  };
  constexpr size_t kBase = size_t{48} << 20;
  const size_t numbers = (kBase - 2) / (2 * 40 - 2 * 14), lists = (kBase - 2) / (40 + 16 + 40 + 40 - 4 * 14);
  EXPECT_EQ(error_of(list_of("0,", numbers)), "no error");
  EXPECT_NE(error_of(list_of("0,", numbers + 1)).find("too many small values"), std::string::npos);
  EXPECT_EQ(error_of(list_of("[0],", lists)), "no error");
  EXPECT_NE(error_of(list_of("[0],", lists + 1)).find("too many small values"), std::string::npos);
}

TEST(JsonFields, EveryKindOfFieldIsReadOrRefusedOrReplacedByItsFallback) {
  const Json json =
      parsed(R"({"b": true, "i": 5, "d": 2.5, "s": "x", "a": [1, 2], "o": {"p": {"q": 7}}, "m": [1, "x"]})");
  const JsonFields f = *JsonFields::of(json, "t");
  EXPECT_TRUE(*f.boolean("b"));
  EXPECT_FALSE(*f.boolean("none", false));
  EXPECT_EQ(f.boolean("i").error().what, "t: i: expected true or false, found 5");
  EXPECT_EQ(f.boolean("none").error().what, "t: none: missing, expected true or false");
  EXPECT_EQ(*f.integer("i"), 5);
  EXPECT_EQ(f.integer("d").error().what, "t: d: expected an integer, found 2.5");
  EXPECT_EQ(f.integer("none").error().what, "t: none: missing, expected an integer");
  EXPECT_EQ(*f.number("i"), 5);
  EXPECT_EQ(*f.number("d"), 2.5);
  EXPECT_EQ(*f.number("none", 1.5), 1.5);
  EXPECT_EQ(f.number("s").error().what, "t: s: expected a number, found \"x\"");
  EXPECT_EQ(*f.string("s"), "x");
  EXPECT_EQ(*f.string("none", "y"), "y");
  EXPECT_EQ(f.string("i").error().what, "t: i: expected a string, found 5");
  EXPECT_EQ((*f.array("a"))->size(), 2u);
  EXPECT_EQ(f.array("o").error().what, "t: o: expected an array, found an object of 1 members");
  EXPECT_EQ(f.array("none").error().what, "t: none: missing, expected an array");
  EXPECT_EQ(*f.integers("a"), (std::vector<i64>{1, 2}));
  EXPECT_EQ(*f.integers("i"), std::vector<i64>{5});
  EXPECT_EQ(f.integers("m").error().what, "t: m: expected integers, found \"x\"");
  EXPECT_EQ(*f.object("o")->object("p")->integer("q"), 7);
  EXPECT_EQ(f.object("o")->object("p")->integer("r").error().what, "t: o.p.r: missing, expected an integer");
  EXPECT_EQ(f.object("a").error().what, "t: a: expected an object, found an array of 2");
  EXPECT_EQ(f.object("none").error().what, "t: none: missing, expected an object");
  EXPECT_TRUE(f.has("b") && !f.has("none"));
}

TEST(JsonFields, LimitsOfAnIntegerAreTheLastAllowedValues) {
  const Json json = parsed(R"({"n": [1, 2147483647, 2147483648, 0, -3, 4]})");
  const auto with = [&](size_t i) { return Json::object({{"n", (*json.find("n")->array())[i]}}); };
  const Json one = with(0), most = with(1), more = with(2), none = with(3), low = with(4), high = with(5);
  const auto fields = [](const Json& j) { return *JsonFields::of(j, "t"); };
  EXPECT_EQ(*fields(one).positive("n"), 1);
  EXPECT_EQ(*fields(most).positive("n"), 2147483647);
  EXPECT_FALSE(fields(more).positive("n"));
  EXPECT_FALSE(fields(none).positive("n"));
  EXPECT_EQ(*fields(one).positive("m", 9), 9);
  EXPECT_EQ(fields(one).positive("m").error().what, "t: m: missing, expected a positive integer");
  EXPECT_EQ(*fields(low).integer_in("n", -3, 4), -3);
  EXPECT_EQ(*fields(high).integer_in("n", -3, 4), 4);
  EXPECT_EQ(fields(low).integer_in("n", -2, 4).error().what, "t: n: expected an integer from -2 to 4, found -3");
  EXPECT_EQ(fields(high).integer_in("n", -2, 3).error().what, "t: n: expected an integer from -2 to 3, found 4");
  EXPECT_EQ(*fields(one).integer_in("m", 2, 3, 9), 9);
}

TEST(Jsonl, AnErrorOfTheReaderNamesTheLineAndEndsTheReading) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("r1-jsonl-{}", getpid());
  std::ofstream(path) << "1\n2\n3\n";
  i64 calls = 0;
  const Status status = for_each_jsonl(path, [&](i64 line, const Json&) -> Status {
    ++calls;
    return line == 2 ? Status(fail(Errc::corrupt, "no")) : Status();
  });
  std::filesystem::remove(path);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, path.string() + ":2: no");
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace r1
