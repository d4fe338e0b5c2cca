#include "formats/gguf.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/file.hpp"
#include "formats/test_gguf.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class GgufTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-gguf-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }
  Gguf opened(const TestGguf& file, const char* name = "t.gguf") const {
    EXPECT_TRUE(write_file(folder / name, file.bytes()));
    auto g = Gguf::open(folder / name);
    EXPECT_TRUE(g) << (g ? "" : g.error().what);
    return g.value();
  }
  std::string error_of(const std::string& bytes, const char* name = "t.gguf") const {
    EXPECT_TRUE(write_file(folder / name, bytes));
    const auto g = Gguf::open(folder / name);
    return g ? "no error" : g.error().what;
  }
  fs::path folder;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TensorItem item(std::string name, DType dtype, std::vector<i64> shape, std::string bytes) {
  return {std::move(name), dtype, std::move(shape),
          [bytes](const ByteSink& sink) { return sink(std::as_bytes(std::span(bytes))); }};
}

TEST_F(GgufTest, EveryTypeOfValueReadsAsWhatItHolds) {
  const Gguf g = opened(tiny_gguf());
  EXPECT_EQ(g.keys().front(), "general.architecture");
  EXPECT_EQ(g.keys().size(), 14u);
  EXPECT_EQ(*g.text("general.architecture"), "test");
  EXPECT_EQ(*g.integer("a.u8"), 200);
  EXPECT_EQ(*g.integer("a.i8"), -5);
  EXPECT_EQ(*g.integer("a.u16"), 60000);
  EXPECT_EQ(*g.integer("a.i16"), -3);
  EXPECT_EQ(*g.integer("a.u32"), 4'000'000'000);
  EXPECT_EQ(*g.integer("a.i32"), -7);
  EXPECT_EQ(*g.integer("a.u64"), i64{1} << 40);
  EXPECT_EQ(*g.integer("a.i64"), -9);
  EXPECT_EQ(*g.number("a.f32"), 0.5);
  EXPECT_EQ(*g.number("a.f64"), 0.25);
  EXPECT_EQ(*g.number("a.i32"), -7) << "an integer is a number";
  EXPECT_EQ(*g.flag("a.bool", false), true);
  EXPECT_EQ(*g.texts("a.texts"), (std::vector<std::string_view>{"x", "", "hello"}));
  EXPECT_EQ(*g.integers("a.numbers"), (std::vector<i64>{3, -4, 5}));
  EXPECT_EQ(*g.numbers("a.numbers"), (std::vector<double>{3, -4, 5}));
  EXPECT_EQ(*g.integers("a.u8"), std::vector<i64>{200}) << "a scalar is an array of one";
  EXPECT_EQ(g.count("a.numbers"), 3);
  EXPECT_EQ(g.count("a.u8"), 1);
  EXPECT_EQ(g.type("a.numbers"), GgufType::array);
  EXPECT_EQ(g.element("a.numbers"), GgufType::int32);
  EXPECT_EQ(*g.integer("gone", 4), 4);
  EXPECT_EQ(*g.text("gone", "x"), "x");
  EXPECT_EQ(*g.flag("gone", true), true);
}

TEST_F(GgufTest, AnErrorNamesFileKeyAndBothTypes) {
  const Gguf g = opened(tiny_gguf().pair("a.huge", kU64, le(~u64{0})));
  const std::string file = (folder / "t.gguf").string();
  EXPECT_EQ(g.integer("gone").error().what, file + ": gone: missing, expected an integer");
  EXPECT_EQ(g.integer("a.f32").error().what, file + ": a.f32: expected an integer, found f32");
  EXPECT_EQ(g.text("a.u8").error().what, file + ": a.u8: expected a string, found u8");
  EXPECT_EQ(g.texts("a.numbers").error().what,
            file + ": a.numbers: expected an array of strings, found an array of 3 x i32");
  EXPECT_EQ(g.numbers("a.texts").error().what, file + ": a.texts: expected numbers, found an array of 3 x string");
  EXPECT_EQ(g.integer("a.numbers").error().what, file + ": a.numbers: expected an integer, found an array of 3 x i32");
  EXPECT_EQ(g.integer("a.u8", 3).value(), 200);
  EXPECT_FALSE(g.integer("a.f32", 3)) << "a fallback is for what is missing, not for what is wrong";
  EXPECT_EQ(g.integer("a.huge").error().what, file + ": a.huge: 18446744073709551616 does not fit 63 bits");
}

TEST_F(GgufTest, TensorsHaveTheirShapeOutermostFirstAndTheirBytes) {
  const Gguf g = opened(tiny_gguf());
  const StoredTensor& e = g.tensors().at("token_embd.weight");
  EXPECT_EQ(e.dtype, DType::q8_0);
  EXPECT_EQ(e.shape, (std::vector<i64>{3, 32}));
  EXPECT_EQ(e.bytes.size(), 3u * 34);
  EXPECT_EQ(text_of(e.bytes)[60], 60);
  const StoredTensor& n = g.tensors().at("output_norm.weight");
  EXPECT_EQ(n.shape, std::vector<i64>{5});
  EXPECT_EQ(text_of(n.bytes).substr(0, 3), std::string("\0\1\2", 3));
}

TEST_F(GgufTest, VersionTwoAndOtherAlignmentsLoad) {
  TestGguf g = tiny_gguf();
  g.version = 2;
  EXPECT_EQ(opened(g).version(), 2);
  for (const u32 align : {8u, 64u, 4096u, 65536u}) {
    TestGguf aligned;
    aligned.alignment = align;
    aligned.number("general.alignment", align).tensor("a", {3}, kGgmlF32, 12).tensor("b", {2}, kGgmlF32, 8);
    const Gguf file = opened(aligned);
    EXPECT_EQ(file.alignment(), align);
    EXPECT_EQ(text_of(file.tensors().at("b").bytes)[7], 7);
  }
}

TEST_F(GgufTest, TheLastTensorsPaddingMayBeMissing) {
  std::string bytes = tiny_gguf().bytes();
  bytes.resize(bytes.size() - 12);
  EXPECT_EQ(error_of(bytes), "no error");
  bytes.pop_back();
  EXPECT_NE(error_of(bytes).find("output_norm.weight"), std::string::npos);
}

TEST_F(GgufTest, WithoutTensorsThereIsNoPadding) {
  EXPECT_EQ(error_of(TestGguf().text("k", "odd").bytes()), "no error");
  EXPECT_EQ(error_of(TestGguf().bytes()), "no error");
}

TEST_F(GgufTest, TypesOfTheFormatThatWeDoNotComputeWithAreSetAsideByName) {
  const Gguf g = opened(TestGguf().tensor("ids", {3}, 26, 12).tensor("w", {2}, kGgmlF32, 8));
  EXPECT_EQ(g.tensors().size(), 1u);
  EXPECT_EQ(g.unsupported().at("ids"), "I32");
}

// The sizes are those of ggml's blocks. A tensor of each type that is not computed with has exactly its bytes: one byte
// less is too few, and with as many the next tensor follows.
TEST_F(GgufTest, EveryTypeThatIsSetAsideHasItsSize) {
  const struct {
    i32 id;
    const char* name;
    i64 elements, bytes;
  } types[] = {{9, "Q8_1", 32, 36}, {24, "I8", 1, 1},  {25, "I16", 1, 2},     {26, "I32", 1, 4},
               {27, "I64", 1, 8},   {28, "F64", 1, 8}, {41, "Q1_0", 128, 18}, {42, "Q2_0", 64, 18}};
  for (const auto& [id, name, elements, bytes] : types) {
    const auto file = [&, n = elements, size = bytes, type = id](i64 less) {
      TestGguf g;
      return g.tensor("a", {32, n}, type, 32 * size).tensor("b", {32, n}, type, 32 * size - less).bytes();
    };
    std::string whole = file(0), less = file(0);
    ASSERT_EQ(error_of(whole), "no error") << name;
    EXPECT_EQ(Gguf::open(folder / "t.gguf")->unsupported().at("a"), name);
    less.pop_back();
    EXPECT_NE(error_of(less).find(fmt::format("{} bytes at {}", 32 * bytes, 32 * bytes)), std::string::npos)
        << name << ": " << error_of(less);
    if (elements > 1) {
      EXPECT_NE(error_of(TestGguf().tensor("a", {elements + 1}, id, 32).bytes()).find(name), std::string::npos) << name;
    }
  }
}

TEST_F(GgufTest, IntegersOfEveryTypeAreWrittenUpToTheLimitsOfTheirType) {
  constexpr i64 kLow = std::numeric_limits<i64>::min(), kHigh = std::numeric_limits<i64>::max();
  const struct {
    GgufType type;
    i64 low, high;
  } ranges[] = {{GgufType::uint8, 0, 255},
                {GgufType::int8, -128, 127},
                {GgufType::uint16, 0, 65'535},
                {GgufType::int16, -32'768, 32'767},
                {GgufType::uint32, 0, 4'294'967'295},
                {GgufType::int32, -2'147'483'648, 2'147'483'647},
                {GgufType::uint64, 0, kHigh},
                {GgufType::int64, kLow, kHigh},
                {GgufType::boolean, 0, 1}};
  const auto write = [&](GgufType type, std::vector<i64> values) {
    return write_gguf(folder / "t.gguf",
                      std::vector{std::pair(std::string("k"), GgufValue::of_integers(type, std::move(values)))}, {});
  };
  for (const auto& [type, low, high] : ranges) {
    const int t = static_cast<int>(type);
    ASSERT_TRUE(write(type, {low, high})) << t;
    EXPECT_EQ(*Gguf::open(folder / "t.gguf")->integers("k"), (std::vector<i64>{low, high})) << t;
    if (low > kLow) {
      EXPECT_FALSE(write(type, {low - 1})) << t;
    }
    if (high < kHigh) {
      EXPECT_FALSE(write(type, {high + 1})) << t;
    }
  }
}

TEST_F(GgufTest, AnIntegerAboveSixtyThreeBitsIsANumberButNoInteger) {
  const Gguf g = opened(TestGguf()
                            .pair("most", kU64, le(u64{0x7fffffffffffffff}))
                            .pair("more", kU64, le(u64{1} << 63))
                            .pair("true", kBool, le(u8{2})));
  EXPECT_EQ(*g.integer("most"), 0x7fffffffffffffff);
  EXPECT_FALSE(g.integer("more"));
  EXPECT_EQ(*g.number("more"), 0x1p63);
  EXPECT_EQ(*g.flag("true", false), true) << "any byte but 0";
}

TEST_F(GgufTest, WhatGgufCannotHoldIsRefusedByName) {
  const auto error = [&](std::vector<std::pair<std::string, GgufValue>> metadata, std::vector<TensorItem> items) {
    const Status done = write_gguf(folder / "t.gguf", metadata, items);
    return done ? std::string() : done.error().what;
  };
  const auto align = [&](GgufValue v) { return error({{"general.alignment", std::move(v)}}, {}); };
  EXPECT_EQ(align(GgufValue::of_u32(8)), "");
  EXPECT_EQ(align(GgufValue::of_u32(65'536)), "");
  for (const i64 n : {0, 4, 24, 131'072})
    EXPECT_NE(align(GgufValue::of_u32(n)).find(fmt::format("from 8 to 65536, found u32 {}", n)), std::string::npos)
        << n;
  EXPECT_NE(align(GgufValue::of_text("8")).find("found string"), std::string::npos);
  const auto twice = error({{"k", GgufValue::of_u32(1)}, {"k", GgufValue::of_u32(1)}}, {});
  EXPECT_NE(twice.find("key k is empty, too long or given twice"), std::string::npos) << twice;
  EXPECT_NE(error({{"", GgufValue::of_u32(1)}}, {}), "");
  const std::string bytes(64, 'x');
  EXPECT_EQ(error({}, {item("a", DType::f32, {2, 2, 2, 2}, bytes)}), "");
  EXPECT_NE(error({}, {item("a", DType::f32, {1, 2, 2, 2, 2}, bytes)}).find("1 to 4 sizes"), std::string::npos);
  EXPECT_NE(error({}, {item("a", DType::f32, {}, "1234")}).find("1 to 4 sizes"), std::string::npos);
  EXPECT_NE(error({}, {item("", DType::f32, {16}, bytes)}).find("a name of 0 bytes, expected 1 to 63"),
            std::string::npos);
  EXPECT_EQ(error({}, {item(std::string(63, 'n'), DType::f32, {16}, bytes)}), "");
}

TEST_F(GgufTest, WhatIsWrittenReadsBackTheSame) {
  const Gguf from = opened(tiny_gguf());
  std::vector<std::pair<std::string, GgufValue>> metadata;
  for (const std::string& key : from.keys()) metadata.emplace_back(key, from.value(key).value());
  std::vector<TensorItem> items;
  for (const char* name : {"token_embd.weight", "output_norm.weight"}) {
    const StoredTensor& t = from.tensors().at(name);
    items.push_back(item(name, t.dtype, t.shape, text_of(t.bytes)));
  }
  ASSERT_TRUE(write_gguf(folder / "again.gguf", metadata, items));
  EXPECT_EQ(read_file(folder / "again.gguf").value(), tiny_gguf().bytes()) << "byte for byte";
}

TEST_F(GgufTest, EveryDtypeOfGgufIsWrittenAndReadBack) {
  for (int t = 0; t < kDTypes; ++t) {
    const DType dtype = static_cast<DType>(t);
    const BlockShape block = block_of(dtype);
    const std::string bytes(6 * block.bytes, 'x');
    const Status done =
        write_gguf(folder / "t.gguf", {}, std::vector{item("w", dtype, {2, 3 * block.elements}, bytes)});
    if (dtype == DType::f8_e4m3) {
      EXPECT_NE(done.error().what.find("GGUF has no type f8_e4m3"), std::string::npos);
      continue;
    }
    ASSERT_TRUE(done) << name_of(dtype) << done.error().what;
    const auto g = Gguf::open(folder / "t.gguf");
    ASSERT_TRUE(g) << g.error().what;
    EXPECT_EQ(g->tensors().at("w").dtype, dtype);
    EXPECT_EQ(text_of(g->tensors().at("w").bytes), bytes);
  }
}

TEST_F(GgufTest, AKeyHasAtMost65535Bytes) {
  const auto write = [&](size_t length) {
    return write_gguf(folder / "t.gguf", std::vector{std::pair(std::string(length, 'k'), GgufValue::of_u32(7))},
                      std::vector{item("w", DType::f32, {1}, "abcd")});
  };
  ASSERT_TRUE(write(65'535));
  EXPECT_EQ(*Gguf::open(folder / "t.gguf").value().integer(std::string(65'535, 'k')), 7);
  EXPECT_FALSE(write(65'536));
}

TEST_F(GgufTest, ValuesMadeForWritingReadBack) {
  const std::vector<std::pair<std::string, GgufValue>> metadata = {
      {"general.alignment", GgufValue::of_u32(64)},
      {"n", GgufValue::of_u32(7)},
      {"f", GgufValue::of_f32(0.1)},
      {"b", GgufValue::of_bool(true)},
      {"t", GgufValue::of_text("é\n")},
      {"ts", GgufValue::of_texts({"a", "", "bc"})},
      {"is", GgufValue::of_integers(GgufType::int32, {-1, 2})},
      {"fs", GgufValue::of_numbers({0.5, std::numeric_limits<double>::infinity()})}};
  ASSERT_TRUE(write_gguf(folder / "t.gguf", metadata, std::vector{item("w", DType::f32, {1}, "abcd")}));
  const Gguf g = Gguf::open(folder / "t.gguf").value();
  EXPECT_EQ(g.alignment(), 64);
  EXPECT_EQ(*g.integer("n"), 7);
  EXPECT_EQ(*g.number("f"), static_cast<double>(0.1f));
  EXPECT_EQ(*g.text("t"), "é\n");
  EXPECT_EQ(g.texts("ts")->size(), 3u);
  EXPECT_EQ(*g.integers("is"), (std::vector<i64>{-1, 2}));
  EXPECT_TRUE(std::isinf(g.numbers("fs")->at(1)));
  const auto at = reinterpret_cast<std::uintptr_t>(g.tensors().at("w").bytes.data());
  EXPECT_EQ(at % 64, 0u) << "a mapping starts on a page, the data on its alignment";
}

TEST_F(GgufTest, AFailedWriteLeavesTheOldFileAndNothingElse) {
  const fs::path path = folder / "t.gguf";
  ASSERT_TRUE(write_gguf(path, {}, std::vector{item("a", DType::f32, {1}, "1234")}));
  const std::string before = read_file(path).value();
  const auto refused = [&](std::vector<TensorItem> items, const char* why) {
    const Status done = write_gguf(path, {}, items);
    ASSERT_FALSE(done) << why;
    EXPECT_NE(done.error().what.find(why), std::string::npos) << done.error().what;
    EXPECT_EQ(read_file(path).value(), before);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
  };
  const TensorItem a = item("a", DType::f32, {1}, "1234");
  refused({a, a}, "given twice");
  refused({item("a", DType::f32, {2}, "1234")}, "gave only 4 bytes, f32 [2] has 8");
  refused({item("a", DType::f32, {1}, "12345")}, "gave at least 5 bytes, f32 [1] has 4");
  refused({item("a", DType::q4_k, {2, 128}, "")}, "blocks of 256");
  refused({item("a", DType::f32, {2, 0}, "")}, "sizes above 0");
  refused({item(std::string(64, 'n'), DType::f32, {1}, "1234")}, "a name of 64 bytes");
  TensorItem stops = a;
  stops.write = [](const ByteSink& sink) -> Status {
    R1_TRY(sink(std::as_bytes(std::span("12", 2))));
    return fail(Errc::interrupted, "interrupted");
  };
  refused({stops}, "interrupted");
  const std::vector<std::pair<std::string, GgufValue>> wide = {{"k", GgufValue::of_u32(i64{1} << 32)}};
  EXPECT_NE(write_gguf(path, wide, {}).error().what.find("k: 4294967296 does not fit u32"), std::string::npos);
}

// ---- several files

class SplitGguf : public GgufTest {
 protected:
  // Three files with one tensor each; the first has the metadata.
  static TestGguf part(i64 k, i64 n = 3) {
    TestGguf g;
    if (k == 0) g.text("general.architecture", "test").pair("split.tensors.count", kI32, le(static_cast<i32>(n)));
    g.pair("split.no", kU16, le(static_cast<u16>(k))).pair("split.count", kU16, le(static_cast<u16>(n)));
    return g.tensor("w" + std::to_string(k), {2}, kGgmlF32, 8);
  }
  static std::string name(i64 k) { return fmt::format("m-{:05}-of-00003.gguf", k + 1); }
  void write(i64 k, const TestGguf& g) const { ASSERT_TRUE(write_file(folder / name(k), g.bytes())); }
  std::string error() const {
    const auto g = Gguf::open(folder / name(0));
    return g ? "no error" : g.error().what;
  }
  void SetUp() override {
    GgufTest::SetUp();
    for (i64 k = 0; k < 3; ++k) write(k, part(k));
  }
};

TEST_F(SplitGguf, AllFilesAreOne) {
  const Gguf g = Gguf::open(folder / name(0)).value();
  EXPECT_EQ(g.files(), 3);
  EXPECT_EQ(g.tensors().size(), 3u);
  EXPECT_EQ(*g.text("general.architecture"), "test");
  EXPECT_EQ(text_of(g.tensors().at("w2").bytes)[7], 7);
}

TEST_F(SplitGguf, FilesThatDoNotBelongTogetherAreRefused) {
  fs::remove(folder / name(1));
  EXPECT_NE(error().find(name(1) + ": cannot open"), std::string::npos) << error();
  write(1, part(2));
  EXPECT_NE(error().find("split.no 2 of split.count 3, expected 1 of 3"), std::string::npos) << error();
  write(1, part(1, 4));
  EXPECT_NE(error().find("split.no 1 of split.count 4, expected 1 of 3"), std::string::npos) << error();
  TestGguf twice = part(1);
  twice.info_bytes.clear(), twice.data.clear();
  write(1, twice.tensor("w0", {2}, kGgmlF32, 8));
  EXPECT_NE(error().find("tensor w0 is in two files"), std::string::npos) << error();
  write(1, part(1).tensor("more", {2}, kGgmlF32, 8));
  EXPECT_NE(error().find("split.tensors.count is 3, the 3 files have 4 tensors"), std::string::npos) << error();
  write(1, part(1));
  EXPECT_EQ(error(), "no error");
  const auto second = Gguf::open(folder / name(1));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("file 2 of 3: open the first"), std::string::npos) << second.error().what;
  fs::rename(folder / name(0), folder / "other.gguf");
  EXPECT_NE(Gguf::open(folder / "other.gguf").error().what.find("must end in -00001-of-00003.gguf"), std::string::npos);
}

// ---- published files

TEST(RealGguf, VocabulariesOfPublishedModelsRead) {
  const char* fixtures = std::getenv("R1_FIXTURES");
  if (!fixtures) GTEST_SKIP() << "R1_FIXTURES names no folder of fixtures";
  struct Expected {
    const char *name, *pre;
    i64 tokens, merges;
  };
  for (const Expected& e :
       {Expected{"ggml-vocab-deepseek-llm.gguf", "deepseek-llm", 102400, 99757},
        {"ggml-vocab-deepseek-coder.gguf", "deepseek-coder", 32256, 31757},
        {"reconstructed/ggml-vocab-qwen2.reconstructed.gguf", "qwen2", 151936, 151387},
        {"reconstructed/ggml-vocab-deepseek-r1-qwen.reconstructed.gguf", "deepseek-r1-qwen", 152064, 151387},
        {"reconstructed/ggml-vocab-llama-bpe.reconstructed.gguf", "llama-bpe", 128256, 280147}}) {
    const auto g = Gguf::open(fs::path(fixtures) / "vocab" / e.name);
    ASSERT_TRUE(g) << g.error().what;
    EXPECT_EQ(*g->text("tokenizer.ggml.model"), "gpt2");
    EXPECT_EQ(*g->text("tokenizer.ggml.pre"), e.pre);
    EXPECT_EQ(static_cast<i64>(g->texts("tokenizer.ggml.tokens")->size()), e.tokens);
    EXPECT_EQ(static_cast<i64>(g->integers("tokenizer.ggml.token_type")->size()), e.tokens);
    const auto merges = g->texts("tokenizer.ggml.merges").value();
    EXPECT_EQ(static_cast<i64>(merges.size()), e.merges);
    for (const std::string_view m : merges) ASSERT_NE(m.find(' '), std::string_view::npos) << m;
  }
}

}  // namespace
}  // namespace r1
