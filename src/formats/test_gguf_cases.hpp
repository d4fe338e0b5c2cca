// Broken GGUF files. The classes come from llama.cpp's tests/test-gguf.cpp and from reports of exploits against other
// readers: counts, lengths and products that wrap around. The tables also hold well-formed files that are almost equal.
#pragma once
#include "formats/gguf.hpp"
#include "formats/test_gguf.hpp"
#include "formats/test_hostile.hpp"

namespace r1::hostile {

// The first of several files; every metadata value in it is read once.
inline const Kind kGguf{"m-00001-of-00002.gguf", [](const fs::path& folder) -> Status {
                          const fs::path path = folder / "m-00001-of-00002.gguf";
                          const Gguf g = R1_TRY(Gguf::open(path));
                          for (const std::string& key : g.keys()) R1_TRY(g.value(key));
                          for (const auto& [name, tensor] : g.tensors())
                            if (tensor.elements() < 1)
                              return fail(Errc::corrupt, "{}: {} is empty", path.string(), name);
                          return {};
                        }};

constexpr u64 kHuge = ~u64{0}, kMost = u64{1} << 63;
constexpr i64 kLargest = 0x7fffffffffffffff;

inline TestGguf one_pair() { return TestGguf().number("n", 1); }
inline TestGguf one_tensor() { return TestGguf().number("n", 1).tensor("w", {2, 32}, kGgmlQ8_0, 68); }
// A file with one tensor of the given info and 64 bytes of data.
inline TestGguf with_info(std::string_view name, const std::vector<i64>& sides, i32 type, u64 offset) {
  TestGguf g;
  g.info(name, sides, type, offset).data.resize(64);
  return g;
}
inline std::string with_version(u32 version) {
  TestGguf g = one_tensor();
  g.version = version;
  return g.bytes();
}
inline std::string with_counts(std::optional<i64> tensors, std::optional<i64> pairs) {
  TestGguf g = one_tensor();
  g.tensors = tensors, g.pairs = pairs;
  return g.bytes();
}
inline std::string with_alignment(u32 n) { return TestGguf().number("general.alignment", n).bytes(); }
inline std::string raw_pair(std::string_view pair_bytes) {
  TestGguf g;
  g.pair_bytes.emplace_back(pair_bytes);
  return g.bytes();
}

inline std::vector<Case> gguf_header_cases() {
  return {
      {"gguf_well_formed", tiny_gguf().bytes(), {}},
      {"gguf_without_anything", TestGguf().bytes(), {}},
      {"gguf_empty_file", "", {"magic", "needs 4 bytes", "0 more"}},
      {"gguf_bad_magic", "GGUX" + one_pair().bytes().substr(4), {"not a GGUF file", "47 47 55 58", "47 47 55 46"}},
      {"gguf_magic_only", "GGUF", {"version", "needs 4 bytes", "0 more"}},
      {"gguf_version_0", with_version(0), {"version 0", "2 and 3"}},
      {"gguf_version_1", with_version(1), {"version 1", "2 and 3"}},
      {"gguf_version_of_the_future", with_version(4), {"version 4", "2 and 3"}},
      {"gguf_big_endian", with_version(0x03000000), {"0x3000000", "big-endian"}},
      {"gguf_tensor_count_negative", with_counts(-1, {}), {"tensor count", "-1", "1000000"}},
      {"gguf_tensor_count_largest", with_counts(kLargest, {}), {"tensor count", "9223372036854775807", "1000000"}},
      {"gguf_tensor_count_beyond_the_file", with_counts(1'000'000, {}), {"tensor 1 of 1000000"}},
      {"gguf_pair_count_negative", with_counts({}, -1), {"metadata count", "-1", "65536"}},
      {"gguf_pair_count_largest", with_counts({}, kLargest), {"metadata count", "9223372036854775807", "65536"}},
      {"gguf_pair_count_beyond_the_file", with_counts({}, 65'536), {"of 65536"}},
  };
}

inline std::vector<Case> gguf_metadata_cases() {
  const std::string token(65 << 10, 'x'), long_template((1 << 20) + 1, 'x');
  return {
      {"gguf_key_length_wraps", raw_pair(le(kHuge) + "n"), {"key 0 of 1", "18446744073709551615", "65535"}},
      {"gguf_key_too_long",
       raw_pair(le_text(std::string(65'536, 'k')) + le(kU8) + "x"),
       {"key 0 of 1", "65536", "65535"}},
      {"gguf_key_beyond_the_file", raw_pair(le(u64{100}) + "n"), {"key 0 of 1", "needs 100 bytes", "1 more"}},
      {"gguf_key_empty", raw_pair(le_text("") + le(kU8) + "x"), {"key 0 of 1", "empty"}},
      {"gguf_key_twice", one_pair().number("n", 2).bytes(), {"key n", "twice"}},
      {"gguf_value_type_unknown", raw_pair(le_text("n") + le(u32{13}) + "x"), {": n:", "type 13"}},
      {"gguf_value_type_huge", raw_pair(le_text("n") + le(~u32{0}) + "x"), {": n:", "type 4294967295"}},
      {"gguf_string_cut_off_inside_its_length",
       raw_pair(le_text("n") + le(kText) + "1234567"),
       {": n:", "needs 8 bytes", "7 more"}},
      {"gguf_string_of_no_bytes_at_the_end", raw_pair(le_text("n") + le(kText) + le(u64{0})), {}},
      {"gguf_string_in_array_cut_off_inside_its_length",
       TestGguf().array("n", kText, 2, le_text("abcdefgh") + "1234567").bytes(),
       {": n:", "needs 8 bytes", "7 more", "string 1 of 2"}},
      {"gguf_strings_that_end_with_the_file", TestGguf().texts("n", {"abc", ""}).bytes(), {}},
      {"gguf_array_that_ends_with_the_file", TestGguf().numbers("n", {1, 2}).bytes(), {}},
      {"gguf_template_of_the_longest_length",
       TestGguf().text("tokenizer.chat_template", std::string(1 << 20, 'x')).bytes(),
       {}},
      {"gguf_token_of_the_longest_length",
       TestGguf().texts("tokenizer.ggml.tokens", {std::string(64 << 10, 'x')}).bytes(),
       {}},
      {"gguf_alignment_largest", with_alignment(65'536), {}},
      {"gguf_alignment_beyond_the_largest", with_alignment(131'072), {"general.alignment", "found 131072"}},
      {"gguf_value_cut_off", raw_pair(le_text("n") + le(kU64) + "1234"), {": n:", "needs 8 bytes", "4 more"}},
      {"gguf_string_length_wraps",
       raw_pair(le_text("n") + le(kText) + le(kHuge)),
       {": n:", "18446744073709551615", "67108864"}},
      {"gguf_string_length_signed", raw_pair(le_text("n") + le(kText) + le(kMost)), {": n:", "9223372036854775808"}},
      {"gguf_string_beyond_the_file",
       raw_pair(le_text("n") + le(kText) + le(u64{67'108'864}) + "abc"),
       {": n:", "67108864", "3 more"}},
      {"gguf_template_too_long",
       TestGguf().text("tokenizer.chat_template", long_template).bytes(),
       {"tokenizer.chat_template", "1048577", "1048576"}},
      {"gguf_named_template_too_long",
       TestGguf().text("tokenizer.chat_template.tool_use", long_template).bytes(),
       {"tool_use", "1048577"}},
      {"gguf_array_count_wraps",
       raw_pair(le_text("n") + le(kArray) + le(kU64) + le(u64{1} << 61)),
       {": n:", "2305843009213693952", "67108864"}},
      {"gguf_array_count_largest",
       raw_pair(le_text("n") + le(kArray) + le(kU8) + le(kHuge)),
       {": n:", "18446744073709551615", "67108864"}},
      {"gguf_array_beyond_the_file",
       raw_pair(le_text("n") + le(kArray) + le(kU32) + le(u64{1000}) + "1234"),
       {": n:", "1000 elements", "4000 bytes", "4 more"}},
      {"gguf_array_of_arrays",
       raw_pair(le_text("n") + le(kArray) + le(kArray) + le(u64{1}) + le(kU8) + le(u64{0})),
       {": n:", "array of arrays"}},
      {"gguf_array_element_type_unknown",
       raw_pair(le_text("n") + le(kArray) + le(u32{99}) + le(u64{0})),
       {": n:", "element type 99"}},
      {"gguf_array_cut_off_before_its_count",
       raw_pair(le_text("n") + le(kArray) + le(kU8) + "123"),
       {": n:", "needs 8 bytes", "3 more"}},
      {"gguf_strings_more_than_the_file",
       raw_pair(le_text("n") + le(kArray) + le(kText) + le(u64{3}) + le_text("") + le_text("")),
       {": n:", "3 elements", "24 bytes", "16 more"}},
      {"gguf_string_in_array_beyond_the_file",
       TestGguf().array("n", kText, 2, le_text("abcdefgh") + le(u64{9}) + "x").bytes(),
       {": n:", "needs 9 bytes", "1 more", "string 1 of 2"}},
      {"gguf_string_in_array_wraps",
       TestGguf().array("n", kText, 1, le(kHuge - 7)).bytes(),
       {": n:", "18446744073709551608", "string 0 of 1"}},
      {"gguf_token_too_long",
       TestGguf().texts("tokenizer.ggml.tokens", {"a", token}).bytes(),
       {"tokenizer.ggml.tokens", "66560", "65536", "string 1 of 2"}},
      {"gguf_too_many_tokens",
       TestGguf().array("tokenizer.ggml.tokens", kText, 4'194'305, "").bytes(),
       {"tokenizer.ggml.tokens", "4194305", "4194304"}},
      {"gguf_too_many_merges",
       TestGguf().array("tokenizer.ggml.merges", kText, 8'388'609, "").bytes(),
       {"tokenizer.ggml.merges", "8388609", "8388608"}},
      {"gguf_alignment_8", with_alignment(8), {}},
      {"gguf_alignment_0", with_alignment(0), {"general.alignment", "found 0", "65536"}},
      {"gguf_alignment_no_power_of_two", with_alignment(48), {"general.alignment", "found 48"}},
      {"gguf_alignment_too_small", with_alignment(4), {"general.alignment", "from 8", "found 4"}},
      {"gguf_alignment_too_large", with_alignment(u32{1} << 31), {"general.alignment", "65536", "2147483648"}},
      {"gguf_alignment_as_u64",
       TestGguf().pair("general.alignment", kU64, le(u64{32})).bytes(),
       {"general.alignment", "u32", "u64"}},
      {"gguf_alignment_as_text",
       TestGguf().text("general.alignment", "32").bytes(),
       {"general.alignment", "u32", "string"}},
      {"gguf_key_of_control_characters",
       TestGguf().number("\x1b[31m", 1).number("\x1b[31m", 1).bytes(),
       {"\\u001b[31m", "twice"}},
  };
}

inline std::vector<Case> gguf_tensor_cases() {
  const std::string w = "tensor w";
  TestGguf overlap = one_tensor(), hole = one_tensor(), twice = one_tensor(), other_alignment, cut = one_tensor();
  overlap.info("v", {8}, kGgmlF32, 0).data.resize(256);
  hole.info("v", {8}, kGgmlF32, 128).data.resize(256);
  twice.tensor("w", {8}, kGgmlF32, 32);
  other_alignment.number("general.alignment", 64).tensor("a", {8}, kGgmlF32, 32).tensor("w", {8}, kGgmlF32, 32);
  cut.data.resize(67);
  std::string info_cut = TestGguf(one_tensor()).header();
  info_cut.pop_back();
  const std::string no_data = one_tensor().header();
  return {
      {"gguf_tensor_well_formed", one_tensor().bytes(), {}},
      {"gguf_tensor_name_too_long",
       with_info(std::string(64, 'n'), {8}, kGgmlF32, 0).bytes(),
       {"tensor 0 of 1", "64 bytes long", "63"}},
      {"gguf_tensor_name_of_63_bytes", with_info(std::string(63, 'n'), {8}, kGgmlF32, 0).bytes(), {}},
      {"gguf_tensor_name_empty", with_info("", {8}, kGgmlF32, 0).bytes(), {"tensor 0 of 1", "no name"}},
      {"gguf_tensor_name_twice", twice.bytes(), {w, "twice"}},
      {"gguf_tensor_without_dimensions", with_info("w", {}, kGgmlF32, 0).bytes(), {w, "0 dimensions", "1 to 4"}},
      {"gguf_tensor_of_4_dimensions", with_info("w", {2, 2, 2, 2}, kGgmlF32, 0).bytes(), {}},
      {"gguf_tensor_of_5_dimensions",
       with_info("w", {1, 1, 1, 1, 1}, kGgmlF32, 0).bytes(),
       {w, "5 dimensions", "1 to 4"}},
      {"gguf_tensor_side_0", with_info("w", {8, 0}, kGgmlF32, 0).bytes(), {w, "dimension 1 is 0"}},
      {"gguf_tensor_side_negative", with_info("w", {-8}, kGgmlF32, 0).bytes(), {w, "dimension 0 is -8"}},
      {"gguf_tensor_elements_wrap",
       with_info("w", {kLargest, 2}, kGgmlF32, 0).bytes(),
       {w, "[2,9223372036854775807]", "overflows"}},
      {"gguf_tensor_elements_wrap_to_0",
       with_info("w", {i64{1} << 32, i64{1} << 32}, kGgmlF32, 0).bytes(),
       {w, "[4294967296,4294967296]", "overflows"}},
      {"gguf_tensor_bytes_wrap",
       with_info("w", {i64{1} << 62}, kGgmlF32, 0).bytes(),
       {w, "[4611686018427387904]", "overflows"}},
      {"gguf_tensor_blocks_wrap", with_info("w", {i64{1} << 60, 8}, kGgmlQ8_0, 0).bytes(), {w, "Q8_0", "overflows"}},
      {"gguf_tensor_elements_wrap_where_bytes_do_not",
       with_info("w", {i64{1} << 40, i64{1} << 24}, 19, 0).bytes(),
       {w, "IQ1_S", "overflows"}},
      {"gguf_tensor_row_no_multiple_of_its_block",
       with_info("w", {33}, kGgmlQ8_0, 0).bytes(),
       {w, "shape [33]", "blocks of 32"}},
      {"gguf_tensor_type_removed_long_ago", with_info("w", {8}, 4, 0).bytes(), {w, "type 4", "Q4_2", "removed"}},
      {"gguf_tensor_type_removed_last", with_info("w", {8}, 38, 0).bytes(), {w, "type 38", "IQ4_NL_8_8", "removed"}},
      {"gguf_tensor_type_of_no_program", with_info("w", {8}, 99, 0).bytes(), {w, "type 99", "a newer r1 may know it"}},
      {"gguf_tensor_type_first_of_another_program",
       with_info("w", {8}, 100, 0).bytes(),
       {w, "type 100", "ik_llama.cpp"}},
      {"gguf_tensor_type_unknown", with_info("w", {8}, 43, 0).bytes(), {w, "type 43"}},
      {"gguf_tensor_type_negative", with_info("w", {8}, -1, 0).bytes(), {w, "type -1"}},
      {"gguf_tensor_type_removed", with_info("w", {8}, 31, 0).bytes(), {w, "type 31", "Q4_0_4_4", "removed"}},
      {"gguf_tensor_type_removed_32", with_info("w", {8}, 32, 0).bytes(), {w, "type 32", "Q4_0_4_8", "removed"}},
      {"gguf_tensor_type_removed_33", with_info("w", {8}, 33, 0).bytes(), {w, "type 33", "Q4_0_8_8", "removed"}},
      {"gguf_tensor_type_removed_36", with_info("w", {8}, 36, 0).bytes(), {w, "type 36", "IQ4_NL_4_4", "removed"}},
      {"gguf_tensor_type_removed_37", with_info("w", {8}, 37, 0).bytes(), {w, "type 37", "IQ4_NL_4_8", "removed"}},
      {"gguf_tensor_type_removed_38", with_info("w", {8}, 38, 0).bytes(), {w, "type 38", "IQ4_NL_8_8", "removed"}},
      {"gguf_tensor_type_of_another_program", with_info("w", {8}, 137, 0).bytes(), {w, "type 137", "ik_llama.cpp"}},
      {"gguf_tensor_offset_not_aligned", with_info("w", {8}, kGgmlF32, 8).bytes(), {w, "offset 8", "expected 0"}},
      {"gguf_tensor_offset_largest",
       with_info("w", {8}, kGgmlF32, kHuge - 31).bytes(),
       {w, "offset 18446744073709551584", "expected 0"}},
      {"gguf_tensor_beyond_the_file",
       with_info("w", {100}, kGgmlF32, 0).bytes(),
       {w, "400 bytes at 0", "64 bytes of data"}},
      {"gguf_tensors_overlap", overlap.bytes(), {"tensor v", "offset 0", "expected 96"}},
      {"gguf_tensors_leave_a_hole", hole.bytes(), {"tensor v", "offset 128", "expected 96"}},
      {"gguf_tensors_of_another_alignment", other_alignment.bytes(), {w, "offset 32", "expected 64", "aligned to 64"}},
      {"gguf_tensor_a_byte_short", cut.bytes(), {w, "68 bytes at 0", "67 bytes of data"}},
      {"gguf_tensor_info_cut_off", info_cut, {w, "needs 8 bytes", "7 more"}},
      {"gguf_tensor_data_missing", no_data, {"tensor data starts at byte 96", "the file has 82"}},
  };
}

inline std::vector<Case> gguf_split_cases() {
  const auto part = [](i64 number, u16 count, const char* tensor) {
    return TestGguf()
        .pair("split.no", kU16, le(static_cast<u16>(number)))
        .pair("split.count", kU16, le(count))
        .tensor(tensor, {8}, kGgmlF32, 32);
  };
  const auto first = [&](u16 count) { return part(0, count, "a"); };
  const auto second = [](TestGguf g) {
    return [bytes = g.bytes()](const fs::path& folder) { put(folder / "m-00002-of-00002.gguf", bytes); };
  };
  return {
      {"split_well_formed", first(2).bytes(), {}, second(part(1, 2, "b"))},
      {"split_file_missing", first(2).bytes(), {"m-00002-of-00002.gguf", "cannot open"}},
      {"split_file_is_a_folder",
       first(2).bytes(),
       {"m-00002-of-00002.gguf", "not a regular file"},
       [](const fs::path& folder) { fs::create_directory(folder / "m-00002-of-00002.gguf"); }},
      {"split_file_is_the_first_again", first(2).bytes(), {"split.no 0", "expected 1 of 2"}, second(part(0, 2, "b"))},
      {"split_file_of_another_count", first(2).bytes(), {"split.count 3", "expected 1 of 2"}, second(part(1, 3, "b"))},
      {"split_file_without_a_number",
       first(2).bytes(),
       {"split.no -1", "expected 1 of 2"},
       second(TestGguf().number("n", 1))},
      {"split_tensor_in_two_files", first(2).bytes(), {"tensor a", "two files"}, second(part(1, 2, "a"))},
      {"split_total_wrong",
       first(2).pair("split.tensors.count", kI32, le(i32{3})).bytes(),
       {"split.tensors.count is 3", "2 tensors"},
       second(part(1, 2, "b"))},
      {"split_count_beyond_the_limit", first(65'535).bytes(), {"split.count", "0 to 1000", "65535"}},
      {"split_count_is_text",
       TestGguf().text("split.count", "2").bytes(),
       {"split.count", "expected an integer", "string"}},
      {"split_count_negative", TestGguf().pair("split.count", kI32, le(i32{-2})).bytes(), {"split.count", "-2"}},
      {"split_count_against_the_name", first(3).bytes(), {"split.count is 3", "-00001-of-00003.gguf"}},
      {"split_opened_in_the_middle", part(1, 2, "a").bytes(), {"file 2 of 2", "open the first"}},
  };
}

}  // namespace r1::hostile
