#include "formats/safetensors.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "core/file.hpp"

namespace r1 {
namespace {

class SafetensorsTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& header, size_t data_bytes) const {
    const u64 n = header.size();
    std::string file(8, '\0');
    std::memcpy(file.data(), &n, 8);
    return raw(name, file + header + std::string(data_bytes, '\1'));
  }
  std::filesystem::path raw(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static std::string error_of(const std::filesystem::path& path) {
    const auto file = Safetensors::open(path);
    return file ? "no error" : file.error().what;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      fmt::format("r1-safetensors-{}-{}", getpid(), testing::UnitTest::GetInstance()->current_test_info()->name());
};

SafetensorsItem item(std::string name, DType dtype, std::vector<i64> shape, std::vector<float> values) {
  return {std::move(name), dtype, std::move(shape),
          [values](float* dst) { std::copy(values.begin(), values.end(), dst); }};
}

TEST_F(SafetensorsTest, ReadsBackWhatItWrote) {
  // The values have few mantissa bits, so bf16 (8 bits) and f16 (11 bits) hold them exactly.
  const std::vector<SafetensorsItem> items = {
      item("b", DType::bf16, {3}, {1.5f, -2.25f, 1024}), item("a", DType::f32, {2, 2}, {0.1f, -3, 4e30f, 0}),
      item("c", DType::f16, {1, 2}, {0.5f, -65504}), item("empty", DType::f32, {0, 4}, {}),
      item("scalar", DType::f32, {}, {7})};
  const auto path = folder_ / "model.safetensors";
  ASSERT_TRUE(write_safetensors(path, items, {{"format", "pt"}}));
  for (const auto& place : {path, folder_}) {
    const Safetensors file = Safetensors::open(place).value();
    EXPECT_EQ(file.metadata().at("format"), "pt");
    ASSERT_EQ(file.tensors().size(), items.size());
    for (const SafetensorsItem& i : items) {
      const StoredTensor& entry = file.tensors().at(i.name);
      EXPECT_EQ(entry.dtype, i.dtype);
      EXPECT_EQ(entry.shape, i.shape);
      std::vector<float> got(entry.elements()), want(got.size());
      to_f32(entry, got.data()), i.read(want.data());
      EXPECT_EQ(got, want) << i.name;
      const auto address = reinterpret_cast<std::uintptr_t>(entry.bytes.data());
      EXPECT_EQ(address % static_cast<size_t>(bytes_per_element(i.dtype)), 0u) << i.name << " is not aligned";
    }
  }
}

TEST_F(SafetensorsTest, AFailedWriteLeavesTheOldFile) {
  const auto path = folder_ / "model.safetensors";
  ASSERT_TRUE(write_safetensors(path, std::vector{item("a", DType::f32, {1}, {1})}, {}));
  const std::string before = read_file(path).value();
  const SafetensorsItem a = item("a", DType::f32, {1}, {2});
  EXPECT_FALSE(write_safetensors(path, std::vector{a, a}, {}));
  EXPECT_FALSE(write_safetensors(path, std::vector{item("a", DType::f32, {-1}, {})}, {}));
  EXPECT_EQ(read_file(path).value(), before);
}

TEST_F(SafetensorsTest, RefusesHeadersThatLie) {
  const auto with = [&](const std::string& entries, size_t bytes) { return error_of(write("t", entries, bytes)); };
  const auto tensor = [](const char* type, const char* shape, const char* offsets) {
    return fmt::format(R"({{"t": {{"dtype": "{}", "shape": {}, "data_offsets": {}}}}})", type, shape, offsets);
  };
  EXPECT_EQ(with(tensor("F32", "[1]", "[0,4]"), 4), "no error");
  const std::vector<std::tuple<std::string, size_t, const char*>> bad = {
      {tensor("F32", "[1]", "[0,4]"), 5, "tensors end at byte 4 of the data, the file has 5"},
      {tensor("F32", "[1]", "[0,4]"), 3, "outside the 3 data bytes"},
      {tensor("F32", "[1]", "[1,5]"), 5, "there is a hole before it"},
      {tensor("F32", "[1]", "[4,0]"), 8, "outside"},
      {tensor("F32", "[1]", "[-4,0]"), 8, "outside"},
      {tensor("F32", "[2]", "[0,4]"), 4, "needs 8 bytes, data_offsets give 4"},
      {tensor("F32", "[4611686018427387904, 4]", "[0,0]"), 0, "overflows"},
      {tensor("F32", "[4294967296, 4294967296]", "[0,0]"), 0, "overflows"},
      {tensor("F32", "[-1]", "[0,4]"), 4, "negative"},
      {tensor("F32", "[1.0]", "[0,4]"), 4, "shape: expected integers"},
      {tensor("F32", "1", "[0,4]"), 4, "shape: expected an array"},
      {tensor("F32", "[1]", "[0,4,4]"), 4, "data_offsets: expected 2"},
      {tensor("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "9 dimensions"},
      {tensor("I64", "[1]", "[0,9]"), 8, "outside the 8 data bytes"},
      {R"({"t": 3})", 0, "expected an object"},
      {R"({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0,4]},
           "u": {"dtype": "F32", "shape": [1], "data_offsets": [2,6]}})",
       6, "overlaps"},
      {R"({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0,4]},
           "t": {"dtype": "F32", "shape": [1], "data_offsets": [0,4]}})",
       4, "duplicate key"},
      {R"({"__metadata__": {"a": 1}})", 0, "__metadata__.a"},
      {R"( {})", 0, "does not start with {"},
      {"[]", 0, "does not start with {"},
      {"{", 0, "not JSON"},
  };
  for (const auto& [header, bytes, expected] : bad) {
    EXPECT_NE(with(header, bytes).find(expected), std::string::npos) << header << "\n" << with(header, bytes);
  }
}

TEST_F(SafetensorsTest, TypesItCannotReadAreSetAside) {
  const auto path = write("t", R"({"ids": {"dtype": "I64", "shape": [1], "data_offsets": [0,8]},
                                   "w": {"dtype": "F32", "shape": [1], "data_offsets": [8,12]}})",
                          12);
  const auto file = Safetensors::open(path);
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_EQ(file->tensors().size(), 1u);
  EXPECT_EQ(file->unsupported().at("ids"), "I64");
  EXPECT_EQ(unsupported_type("I64"), "element type I64 is not supported");
}

TEST_F(SafetensorsTest, RefusesAHeaderLengthBeyondTheFile) {
  EXPECT_NE(error_of(raw("short", "abc")).find("too short"), std::string::npos);
  EXPECT_NE(error_of(raw("empty", "")).find("too short"), std::string::npos);
  for (const u64 n : {u64{3}, u64{1} << 40, ~u64{0}, ~u64{0} - 7}) {
    std::string bytes(10, '{');
    std::memcpy(bytes.data(), &n, 8);
    EXPECT_NE(error_of(raw("t", bytes)).find("header claims"), std::string::npos) << n;
  }
}

TEST_F(SafetensorsTest, JoinsShardsAndRefusesWhatTheIndexCannotKeep) {
  ASSERT_TRUE(write_safetensors(folder_ / "m-1.safetensors", std::vector{item("a", DType::f32, {1}, {1})}, {}));
  ASSERT_TRUE(write_safetensors(folder_ / "m-2.safetensors", std::vector{item("b", DType::f32, {1}, {2})}, {}));
  const auto with = [&](const char* map) {
    raw("model.safetensors.index.json", fmt::format(R"({{"weight_map": {}}})", map));
    return error_of(folder_);
  };
  EXPECT_EQ(with(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})"), "no error");
  const Safetensors file = Safetensors::open(folder_).value();
  float b = 0;
  to_f32(file.tensors().at("b"), &b);
  EXPECT_EQ(b, 2);
  EXPECT_NE(with(R"({"a": "m-2.safetensors"})").find("tensor a should be in shard m-2"), std::string::npos);
  ASSERT_TRUE(write_safetensors(folder_ / "m-3.safetensors",
                                std::vector{item("b", DType::f32, {1}, {1}), item("c", DType::f32, {1}, {1})}, {}));
  EXPECT_NE(
      with(R"({"b": "m-3.safetensors"})").find("shard m-3.safetensors has 2 tensors, weight_map places 1 there: not c"),
      std::string::npos);
  EXPECT_NE(with("{}").find("expected tensors, found none"), std::string::npos);
  std::filesystem::remove(folder_ / "m-3.safetensors");
  EXPECT_NE(with(R"({"a": "m-3.safetensors"})").find("m-3.safetensors: cannot open"), std::string::npos);
  EXPECT_NE(with(R"({"a": 3})").find("expected a file name"), std::string::npos);
  for (const char* escape : {"../m-1.safetensors", "/etc/passwd", "..", "", "x/../m-1.safetensors"}) {
    const std::string error = with(fmt::format(R"({{"a": "{}"}})", escape).c_str());
    EXPECT_NE(error.find("is not the name of a file"), std::string::npos) << error;
  }
}

TEST_F(SafetensorsTest, LinksOfAHuggingFaceCacheWorkAndLinksOutOfItDoNot) {
  namespace fs = std::filesystem;
  const fs::path model = folder_ / "models--a--b", snapshot = model / "snapshots/main",
                 outside = folder_ / "out.safetensors";
  fs::create_directories(snapshot), fs::create_directories(model / "blobs");
  ASSERT_TRUE(write_safetensors(model / "blobs/abc", std::vector{item("a", DType::f32, {1}, {1})}, {}));
  ASSERT_TRUE(write_safetensors(outside, std::vector{item("a", DType::f32, {1}, {1})}, {}));
  std::ofstream(snapshot / "model.safetensors.index.json") << R"({"weight_map": {"a": "m-1.safetensors"}})";
  fs::create_symlink("../../blobs/abc", snapshot / "m-1.safetensors");
  EXPECT_EQ(error_of(snapshot), "no error");
  fs::create_symlink(snapshot, folder_ / "by-link");
  EXPECT_EQ(error_of(folder_ / "by-link"), "no error") << "the model's own folder may be a link";
  fs::create_directories(folder_ / "blobs/ab");
  fs::rename(model / "blobs/abc", folder_ / "blobs/ab/abc");
  fs::create_symlink("../../blobs/ab/abc", model / "blobs/abc");
  EXPECT_EQ(error_of(snapshot), "no error") << "blobs that repositories of a cache share";
  for (const fs::path& target : {fs::path("../../../out.safetensors"), fs::canonical(outside)}) {
    fs::remove(snapshot / "m-1.safetensors");
    fs::create_symlink(target, snapshot / "m-1.safetensors");
    EXPECT_NE(error_of(snapshot).find("outside the model's folder"), std::string::npos) << error_of(snapshot);
  }
  fs::remove(snapshot / "m-1.safetensors");
  fs::create_symlink("m-1.safetensors", snapshot / "m-1.safetensors");
  EXPECT_NE(error_of(snapshot).find("m-1.safetensors: cannot open"), std::string::npos) << "a link to itself";
  // Without snapshots/ and blobs/ the repository is the model's folder.
  const fs::path plain = folder_ / "plain";
  fs::create_directories(plain);
  fs::copy_file(snapshot / "model.safetensors.index.json", plain / "model.safetensors.index.json");
  fs::create_symlink("../out.safetensors", plain / "m-1.safetensors");
  EXPECT_NE(error_of(plain).find("outside the model's folder"), std::string::npos) << error_of(plain);
}

// ---- FP8

TensorItem bytes_item(std::string name, DType dtype, std::vector<i64> shape, std::string bytes) {
  return {std::move(name), dtype, std::move(shape),
          [bytes](const ByteSink& sink) { return sink(std::as_bytes(std::span(bytes))); }};
}
std::string floats(const std::vector<float>& v) { return {reinterpret_cast<const char*>(v.data()), v.size() * 4}; }

TEST_F(SafetensorsTest, Fp8AndItsScalesAreOneTensor) {
  std::string bytes(130 * 200, '\x38');  // two blocks of 128 down, two across
  bytes[0] = '\x08', bytes[129 * 200] = '\x01';
  const std::vector<TensorItem> items = {bytes_item("w.weight", DType::f8_e4m3, {130, 200}, bytes),
                                         bytes_item("w.weight_scale_inv", DType::f32, {2, 2}, floats({2, 3, 5, 7})),
                                         bytes_item("n.weight", DType::f32, {1}, floats({4}))};
  ASSERT_TRUE(write_safetensors(folder_ / "model.safetensors", items, {}));
  const Safetensors file = Safetensors::open(folder_).value();
  EXPECT_EQ(file.tensors().size(), 2u) << "the scales are no tensor of their own";
  const StoredTensor& w = file.tensors().at("w.weight");
  EXPECT_EQ(w.dtype, DType::f8_e4m3);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(w.bytes.data()), w.bytes.size()), bytes);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(w.scales.data()), w.scales.size()), floats({2, 3, 5, 7}));
}

TEST_F(SafetensorsTest, Fp8WithoutFittingScalesIsRefused) {
  const auto with = [&](const char* scale_type, const char* shape, size_t n) {
    return error_of(write("t",
                          fmt::format(R"({{"w": {{"dtype": "F8_E4M3", "shape": [129,1], "data_offsets": [0,129]}},
                                 "w_scale_inv": {{"dtype": "{}", "shape": {}, "data_offsets": [129,{}]}}}})",
                                      scale_type, shape, 129 + n),
                          129 + n));
  };
  EXPECT_EQ(with("F32", "[2,1]", 8), "no error");
  EXPECT_NE(with("F32", "[1,2]", 8).find("w_scale_inv: F32 [1,2], expected F32 [2,1]: the scales of F8_E4M3 w [129,1]"),
            std::string::npos)
      << with("F32", "[1,2]", 8);
  EXPECT_NE(with("BF16", "[2,1]", 4).find("BF16 [2,1], expected F32 [2,1]"), std::string::npos);
  EXPECT_NE(with("F64", "[2,1]", 16).find("F64, expected F32 [2,1]"), std::string::npos);
  const auto alone = [&](const char* shape) {
    return error_of(
        write("t", fmt::format(R"({{"w": {{"dtype": "F8_E4M3", "shape": {}, "data_offsets": [0,8]}}}})", shape), 8));
  };
  EXPECT_NE(alone("[2,4]").find("w_scale_inv: missing, expected F32 [1,1]"), std::string::npos) << alone("[2,4]");
  EXPECT_NE(alone("[8]").find("F8_E4M3 of shape [8], expected 2 dimensions"), std::string::npos);
  EXPECT_FALSE(write_safetensors(folder_ / "u", std::vector{bytes_item("w", DType::f8_e4m3, {1, 1}, "x")}, {}));
}

// ---- writing

TEST_F(SafetensorsTest, AFolderIsCutIntoShardsThatItsIndexNames) {
  std::vector<TensorItem> items;
  for (int k = 0; k < 5; ++k)
    items.push_back(bytes_item(fmt::format("w{}", k), DType::f32, {3}, floats({1.f * k, 2.f * k, 3.f * k})));
  items[3] = bytes_item("w3", DType::f32, {10}, floats(std::vector<float>(10, 3)));  // larger than a shard
  std::filesystem::create_directories(folder_ / "cut"), std::filesystem::create_directories(folder_ / "whole");
  ASSERT_TRUE(write_safetensors_folder(folder_ / "cut", items, {{"format", "pt"}}, 24));
  ASSERT_TRUE(write_safetensors_folder(folder_ / "whole", items, {{"format", "pt"}}, 1 << 20));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cut/model-00004-of-00004.safetensors")) << "w0 w1, w2, w3, w4";
  EXPECT_TRUE(std::filesystem::exists(folder_ / "whole/model.safetensors"));
  const Safetensors cut = Safetensors::open(folder_ / "cut").value(),
                    whole = Safetensors::open(folder_ / "whole").value();
  ASSERT_EQ(cut.tensors().size(), 5u);
  for (const auto& [name, t] : whole.tensors()) {
    const StoredTensor& other = cut.tensors().at(name);
    EXPECT_EQ(other.shape, t.shape);
    EXPECT_TRUE(std::equal(t.bytes.begin(), t.bytes.end(), other.bytes.begin(), other.bytes.end())) << name;
  }
}

TEST_F(SafetensorsTest, ATensorIsWrittenInPiecesAndCounted) {
  TensorItem pieces{"w", DType::bf16, {1000, 1000}, {}};
  pieces.write = [](const ByteSink& sink) -> Status {
    std::vector<std::byte> some(16000);
    for (int i = 0; i < 125; ++i) {
      std::fill(some.begin(), some.end(), static_cast<std::byte>(i));
      R1_TRY(sink(some));
    }
    return {};
  };
  ASSERT_TRUE(write_safetensors(folder_ / "t", std::vector{pieces}, {}));
  const Safetensors file = Safetensors::open(folder_ / "t").value();
  EXPECT_EQ(file.tensors().at("w").bytes[2'000'000 - 1], std::byte{124});
  pieces.shape = {1000, 999};
  const Status more = write_safetensors(folder_ / "t", std::vector{pieces}, {});
  EXPECT_NE(more.error().what.find("gave at least 2000000 bytes, bf16 [1000,999] has 1998000"), std::string::npos);
}

TEST_F(SafetensorsTest, AFolderWithoutAModelSaysWhatWasLookedFor) {
  EXPECT_NE(error_of(folder_).find("looked for model.safetensors and model.safetensors.index.json"), std::string::npos);
}

TEST_F(SafetensorsTest, TheIndexNamesTheBytesAndTheShardOfEveryTensor) {
  std::vector<TensorItem> items;
  for (const auto& [name, n] : {std::pair("b", 3), {"a", 3}, {"large", 10}, {"empty", 0}, {"c", 1}})
    items.push_back(bytes_item(name, DType::f32, {n}, floats(std::vector<float>(n, 1))));
  ASSERT_TRUE(write_safetensors_folder(folder_, items, {}, 24));
  EXPECT_EQ(read_file(folder_ / "model.safetensors.index.json").value(),
            "{\n  \"metadata\": {\n    \"total_size\": 68\n  },\n  \"weight_map\": {\n"
            "    \"a\": \"model-00001-of-00003.safetensors\",\n    \"b\": \"model-00001-of-00003.safetensors\",\n"
            "    \"c\": \"model-00003-of-00003.safetensors\",\n    \"empty\": \"model-00002-of-00003.safetensors\",\n"
            "    \"large\": \"model-00002-of-00003.safetensors\"\n  }\n}\n")
      << "two tensors fill a shard of 24 bytes; one without bytes fits everywhere";
  EXPECT_EQ(Safetensors::open(folder_)->tensors().size(), 5u);
}

TEST_F(SafetensorsTest, TheDataBeginOnACacheLineBehindAsFewSpacesAsPossible) {
  for (size_t length = 1; length < 70; ++length) {
    ASSERT_TRUE(
        write_safetensors(folder_ / "t", std::vector{item(std::string(length, 'n'), DType::f32, {1}, {1})}, {}));
    const std::string bytes = read_file(folder_ / "t").value();
    u64 header = 0;
    std::memcpy(&header, bytes.data(), 8);
    EXPECT_EQ((8 + header) % 64, 0u) << length;
    EXPECT_EQ(bytes.size(), 8 + header + 4);
    EXPECT_LT(bytes.size() - 4 - bytes.find_last_not_of(' ', bytes.size() - 5), 65u) << length;
  }
}

// Small tensors are collected before they are written; one of more than a megabyte is written directly.
TEST_F(SafetensorsTest, TensorsAroundAMegabyteAreWrittenInTheirOrder) {
  std::vector<SafetensorsItem> items;
  float next = 0;
  for (const i64 n : {3, 262144, 5, 262143, 262145, 700000, 1, 130000, 132144, 1}) {
    std::vector<float> values(n);
    for (float& v : values) v = next++;
    items.push_back(item(fmt::format("w{}", items.size()), DType::f32, {n}, values));
  }
  ASSERT_TRUE(write_safetensors(folder_ / "t", items, {}));
  const Safetensors file = Safetensors::open(folder_ / "t").value();
  for (const SafetensorsItem& i : items) {
    const StoredTensor& entry = file.tensors().at(i.name);
    std::vector<float> got(entry.elements()), want(got.size());
    to_f32(entry, got.data()), i.read(want.data());
    EXPECT_TRUE(got == want) << i.name;
  }
}

TEST_F(SafetensorsTest, ASourceThatGivesTooFewOrTooManyBytesIsRefusedWithBothNumbers) {
  const auto error = [&](const std::vector<size_t>& pieces) {
    TensorItem item{"w", DType::bf16, {5, 2}, {}};
    item.write = [&](const ByteSink& sink) -> Status {
      for (const size_t n : pieces) R1_TRY(sink(std::vector<std::byte>(n)));
      return {};
    };
    const Status written = write_safetensors(folder_ / "t", std::vector{item}, {});
    return written ? "" : written.error().what;
  };
  EXPECT_EQ(error({20}), "");
  EXPECT_EQ(error({8, 0, 12}), "");
  EXPECT_EQ(error({8, 11}), "tensor w: its source gave only 19 bytes, bf16 [5,2] has 20");
  EXPECT_EQ(error({}), "tensor w: its source gave only 0 bytes, bf16 [5,2] has 20");
  EXPECT_EQ(error({8, 13}), "tensor w: its source gave at least 21 bytes, bf16 [5,2] has 20");
}

TEST_F(SafetensorsTest, NamesThatAreReservedOrTakenAndTypesThatTheFormatLacksAreRefused) {
  const auto error = [&](const std::vector<TensorItem>& items) {
    const Status written = write_safetensors(folder_ / "t", items, {});
    return written ? "" : written.error().what;
  };
  const TensorItem a = bytes_item("a", DType::f32, {1}, floats({1}));
  TensorItem nameless = a, reserved = a;
  nameless.name = "", reserved.name = "__metadata__";
  EXPECT_EQ(error({a}), "");
  EXPECT_NE(error({a, a}).find("tensor a: the name is reserved or given twice"), std::string::npos);
  EXPECT_NE(error({nameless}).find("the name is reserved"), std::string::npos);
  EXPECT_NE(error({reserved}).find("tensor __metadata__: the name is reserved"), std::string::npos);
  EXPECT_NE(error({bytes_item("q", DType::q8_0, {32}, std::string(34, 'x'))}).find("safetensors has no type q8_0"),
            std::string::npos);
}

}  // namespace
}  // namespace r1
