// Broken safetensors files, and broken indexes of a folder of them.
#pragma once
#include <sys/stat.h>

#include <cstring>

#include "core/dtype.hpp"
#include "formats/safetensors.hpp"
#include "formats/test_hostile.hpp"

namespace r1::hostile {

inline const Kind kSafetensors{"model.safetensors", [](const fs::path& folder) {
                                 return status_of(Safetensors::open(folder / "model.safetensors"));
                               }};
inline const Kind kIndex{"model.safetensors.index.json",
                         [](const fs::path& folder) { return status_of(Safetensors::open(folder)); }};

inline std::string safetensors(std::string_view header, size_t data_bytes) {
  const u64 n = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &n, 8);
  return out.append(header).append(data_bytes, '\1');
}
inline std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets,
                         const char* name = "t") {
  return fmt::format(R"("{}": {{"dtype": "{}", "shape": {}, "data_offsets": {}}})", name, dtype, shape, offsets);
}
inline std::string one_entry(std::string_view dtype, std::string_view shape, std::string_view offsets,
                             size_t data_bytes) {
  return safetensors("{" + entry(dtype, shape, offsets) + "}", data_bytes);
}
inline std::string header_length(u64 n, std::string_view rest) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &n, 8);
  return out.append(rest);
}

inline std::vector<Case> safetensors_cases() {
  const std::string nested = R"({"t": )" + std::string(100, '[') + std::string(100, ']') + "}";
  return {
      {"safetensors_well_formed", one_entry("F32", "[1]", "[0,4]", 4), {}},
      {"safetensors_padded_header", safetensors("{" + entry("F32", "[1]", "[0,4]") + "}      ", 4), {}},
      {"safetensors_empty_file", "", {"0 bytes, too short"}},
      {"safetensors_shorter_than_a_length", "1234567", {"7 bytes, too short"}},
      {"safetensors_length_alone", "12345678", {"header claims 4050765991979987505 bytes, 0 follow"}},
      {"safetensors_header_beyond_the_file", header_length(100, "{}"), {"header claims 100 bytes", "2 follow"}},
      {"safetensors_header_length_wraps",
       header_length(~u64{0} - 7, "{}"),
       {"header claims 18446744073709551608 bytes", "2 follow"}},
      {"safetensors_header_above_the_limit", header_length(100'000'001, "{}"), {"100000001", "limit 100000000"}},
      {"safetensors_header_does_not_start_with_a_brace", safetensors(" {}", 0), {"does not start with {"}},
      {"safetensors_header_cut_off", safetensors(R"({"t": {"dtype")", 0), {"header", "not JSON at byte"}},
      {"safetensors_header_with_something_behind", safetensors("{} {}", 0), {"header", "not JSON at byte"}},
      {"safetensors_header_nested", safetensors(nested, 0), {"nested deeper than 64"}},
      {"safetensors_header_not_utf8", safetensors("{\"\xff\": 1}", 0), {"not UTF-8 at byte 2"}},
      {"safetensors_name_twice",
       safetensors("{" + entry("F32", "[1]", "[0,4]") + "," + entry("F32", "[1]", "[0,4]") + "}", 4),
       {"duplicate key \"t\""}},
      {"safetensors_name_too_long",
       safetensors("{" + entry("F32", "[1]", "[0,4]", std::string(4097, 'n').c_str()) + "}", 4),
       {"4097 bytes", "4096"}},
      {"safetensors_entry_no_object", safetensors(R"({"t": 3})", 0), {"tensor t", "expected an object, found 3"}},
      {"safetensors_dtype_missing",
       safetensors(R"({"t": {"shape": [1], "data_offsets": [0,4]}})", 4),
       {"tensor t", "dtype", "missing"}},
      {"safetensors_dtype_unknown", one_entry("F5", "[1]", "[0,4]", 4), {"tensor t", "dtype F5"}},
      {"safetensors_dtype_a_number",
       safetensors(R"({"t": {"dtype": 1, "shape": [1], "data_offsets": [0,4]}})", 4),
       {"dtype", "expected a string, found 1"}},
      {"safetensors_shape_missing",
       safetensors(R"({"t": {"dtype": "F32", "data_offsets": [0,4]}})", 4),
       {"tensor t", "shape", "missing"}},
      {"safetensors_shape_a_number", one_entry("F32", "1", "[0,4]", 4), {"tensor t", "shape", "expected an array"}},
      {"safetensors_shape_of_fractions",
       one_entry("F32", "[1.0]", "[0,4]", 4),
       {"tensor t", "shape", "expected integers, found 1.0"}},
      {"safetensors_shape_beyond_64_bits",
       one_entry("F32", "[18446744073709551616]", "[0,4]", 4),
       {"tensor t", "shape", "expected integers"}},
      {"safetensors_shape_negative", one_entry("F32", "[-1,-4]", "[0,4]", 4), {"tensor t", "[-1,-4]", "negative"}},
      {"safetensors_shape_wraps",
       one_entry("F32", "[4294967296,4294967296]", "[0,0]", 0),
       {"tensor t", "[4294967296,4294967296]", "overflows"}},
      {"safetensors_bytes_wrap", one_entry("F32", "[4611686018427387904]", "[0,0]", 0), {"tensor t", "overflows"}},
      {"safetensors_shape_of_9_sides",
       one_entry("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]", 4),
       {"tensor t", "9 dimensions", "at most 8"}},
      {"safetensors_shape_against_offsets",
       one_entry("F32", "[2]", "[0,4]", 4),
       {"tensor t", "F32 [2] needs 8 bytes", "give 4"}},
      {"safetensors_half_bytes", one_entry("F4", "[3]", "[0,1]", 1), {"tensor t", "needs 1.5 bytes", "give 1"}},
      {"safetensors_offsets_of_one",
       one_entry("F32", "[1]", "[4]", 4),
       {"tensor t", "data_offsets: expected 2, found 1"}},
      {"safetensors_offsets_negative", one_entry("F32", "[1]", "[-4,0]", 4), {"tensor t", "[-4,0]", "4 data bytes"}},
      {"safetensors_offsets_backwards", one_entry("F32", "[1]", "[4,0]", 4), {"tensor t", "[4,0]"}},
      {"safetensors_offsets_beyond_the_file",
       one_entry("F32", "[2]", "[0,8]", 4),
       {"tensor t", "[0,8]", "outside the 4 data bytes"}},
      {"safetensors_offsets_largest",
       one_entry("F32", "[1]", "[9223372036854775803,9223372036854775807]", 4),
       {"tensor t", "outside the 4 data bytes"}},
      {"safetensors_hole_before",
       one_entry("F32", "[1]", "[4,8]", 8),
       {"tensor t", "starts at byte 4", "expected 0", "hole"}},
      {"safetensors_overlap",
       safetensors("{" + entry("F32", "[1]", "[0,4]") + "," + entry("F32", "[1]", "[2,6]", "u") + "}", 6),
       {"tensor u", "starts at byte 2", "expected 4", "overlaps"}},
      {"safetensors_bytes_left_over", one_entry("F32", "[1]", "[0,4]", 5), {"end at byte 4", "has 5"}},
      {"safetensors_metadata_no_object", safetensors(R"({"__metadata__": 1})", 0), {"__metadata__"}},
      {"safetensors_metadata_no_text",
       safetensors(R"({"__metadata__": {"a": 1}})", 0),
       {"__metadata__.a", "expected a string"}},
      {"safetensors_fp8_without_scales",
       one_entry("F8_E4M3", "[2,2]", "[0,4]", 4),
       {"t_scale_inv", "missing", "F32 [1,1]", "[2,2]"}},
      {"safetensors_fp8_scales_of_another_shape",
       safetensors(
           "{" + entry("F8_E4M3", "[1,129]", "[0,129]") + "," + entry("F32", "[1,1]", "[129,133]", "t_scale_inv") + "}",
           133),
       {"t_scale_inv", "F32 [1,1]", "F32 [1,2]", "[1,129]"}},
      {"safetensors_fp8_scales_of_another_type",
       safetensors(
           "{" + entry("F8_E4M3", "[1,1]", "[0,1]") + "," + entry("BF16", "[1,1]", "[1,3]", "t_scale_inv") + "}", 3),
       {"t_scale_inv", "BF16 [1,1]", "F32 [1,1]"}},
      {"safetensors_fp8_vector", one_entry("F8_E4M3", "[4]", "[0,4]", 4), {"tensor t", "[4]", "2 dimensions"}},
  };
}

// ---- an index and its shards

inline std::string index_of(std::string_view map) {
  return fmt::format(R"({{"metadata": {{"total_size": 8}}, "weight_map": {}}})", map);
}

// What lies beside every index: two shards with the tensors a and b, and files that the links of some cases lead to.
inline void put_shards(const fs::path& folder) {
  put(folder / "m-1.safetensors", safetensors("{" + entry("F32", "[1]", "[0,4]", "a") + "}", 4));
  put(folder / "m-2.safetensors", safetensors("{" + entry("F32", "[1]", "[0,4]", "b") + "}", 4));
}

inline std::vector<Case> index_cases() {
  const auto escapes = [](const char* name, const char* shard) {
    return Case{name,
                index_of(fmt::format(R"({{"a": "{}"}})", shard)),
                {"weight_map.a", "not the name of a file in the same folder"}};
  };
  const std::string link = index_of(R"({"a": "link"})");
  const auto linked = [](const char* target) {
    return [target](const fs::path& folder) {
      put(folder.parent_path() / "outside.safetensors", safetensors("{" + entry("F32", "[1]", "[0,4]", "a") + "}", 4));
      fs::create_symlink(target, folder / "link");
    };
  };
  const auto links_to_outside = [](const fs::path& folder) {
    put(folder.parent_path() / "outside.safetensors", "");
    fs::create_symlink(fs::canonical(folder.parent_path()) / "outside.safetensors", folder / "link");
  };
  std::vector<Case> cases = {
      {"index_well_formed", index_of(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})"), {}},
      {"index_without_total_size", R"({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}})", {}},
      {"index_link_inside", link, {}, linked("m-1.safetensors")},
      {"index_empty_file", "", {"not JSON"}},
      {"index_cut_off", R"({"weight_map": {"a": )", {"not JSON at byte"}},
      {"index_an_array", "[]", {"expected an object, found an array"}},
      {"index_without_weight_map", R"({"metadata": {}})", {"weight_map", "missing"}},
      {"index_weight_map_an_array",
       index_of(R"(["m-1.safetensors"])"),
       {"weight_map", "expected an object, found an array of 1"}},
      {"index_weight_map_empty", index_of("{}"), {"weight_map", "found none"}},
      {"index_tensor_twice", index_of(R"({"a": "m-1.safetensors", "a": "m-2.safetensors"})"), {"duplicate key \"a\""}},
      {"index_nested", R"({"weight_map": )" + std::string(1'000'000, '['), {"nested deeper than 64"}},
      {"index_shard_a_number", index_of(R"({"a": 1})"), {"weight_map.a", "expected a file name, found 1"}},
      escapes("index_shard_one_up", "../m-1.safetensors"),
      escapes("index_shard_absolute", "/etc/passwd"),
      escapes("index_shard_below", "x/m-1.safetensors"),
      escapes("index_shard_there_and_back", "x/../m-1.safetensors"),
      escapes("index_shard_parent", ".."),
      escapes("index_shard_itself", "."),
      escapes("index_shard_empty", ""),
      escapes("index_shard_backslash", "..\\\\m-1.safetensors"),
      escapes("index_shard_with_a_nul", "m-1.safetensors\\u0000.txt"),
      {"index_shard_missing", index_of(R"({"a": "m-9.safetensors"})"), {"m-9.safetensors", "cannot open"}},
      {"index_shard_is_the_index",
       index_of(R"({"a": "model.safetensors.index.json"})"),
       {"model.safetensors.index.json", "header claims"}},
      {"index_shard_is_a_folder",
       index_of(R"({"a": "folder"})"),
       {"folder", "not a regular file"},
       [](const fs::path& f) { fs::create_directory(f / "folder"); }},
      {"index_shard_is_a_pipe",
       index_of(R"({"a": "pipe"})"),
       {"pipe", "not a regular file"},
       [](const fs::path& f) { mkfifo((f / "pipe").c_str(), 0600); }},
      {"index_tensor_not_in_its_shard",
       index_of(R"({"b": "m-1.safetensors"})"),
       {"tensor b", "shard m-1.safetensors", "lacks it"}},
      {"index_tensor_in_another_shard",
       index_of(R"({"a": "m-2.safetensors", "b": "m-1.safetensors"})"),
       {"tensor", "lacks it"}},
      {"index_without_a_tensor_of_the_shard",
       index_of(R"({"a": "two"})"),
       {"shard two has 2 tensors", "weight_map places 1", "not z"},
       [](const fs::path& f) {
         put(f / "two",
             safetensors("{" + entry("F32", "[1]", "[0,4]", "a") + "," + entry("F32", "[1]", "[4,8]", "z") + "}", 8));
       }},
      {"index_link_one_up",
       link,
       {"link", "outside the model's folder", "outside.safetensors"},
       linked("../outside.safetensors")},
      {"index_link_absolute", link, {"link", "outside the model's folder", "outside.safetensors"}, links_to_outside},
      {"index_link_over_a_link",
       link,
       {"link", "outside the model's folder"},
       [](const fs::path& f) {
         put(f.parent_path() / "outside.safetensors", "");
         fs::create_symlink("..", f / "up");
         fs::create_symlink("up/outside.safetensors", f / "link");
       }},
      {"index_link_to_itself",
       link,
       {"link", "cannot open"},
       [](const fs::path& f) { fs::create_symlink("link", f / "link"); }},
      {"index_link_to_a_device",
       link,
       {"link", "outside the model's folder", "/dev/zero"},
       [](const fs::path& f) { fs::create_symlink("/dev/zero", f / "link"); }},
      {"index_link_to_nothing",
       link,
       {"link", "cannot open"},
       [](const fs::path& f) { fs::create_symlink("nothing", f / "link"); }},
      {"index_link_to_blobs_of_no_cache",
       link,
       {"link", "outside the model's folder"},
       [](const fs::path& f) {
         fs::create_directories(f.parent_path() / "blobs");
         put(f.parent_path() / "blobs/a", "");
         fs::create_symlink("../blobs/a", f / "link");
       }},
  };
  for (Case& c : cases)
    c.besides = [own = c.besides](const fs::path& folder) {
      put_shards(folder);
      if (own) own(folder);
    };
  return cases;
}

}  // namespace r1::hostile
