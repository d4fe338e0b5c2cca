// Files made to break their readers (the tables are in tests/hostile/): each is refused with an error that names the
// file, the field and the numbers, without a crash and in bounded memory; each class has a sibling that loads.
//
// The bound is 16 times the file and 64 MiB. It is held against two figures, whichever is larger: heap by operator new,
// counted here (ours, the standard library's, nlohmann's, simdjson's), which sees what is allocated and never touched;
// and growth of the resident set as the kernel saw it, which sees malloc (PCRE2, utf8proc) and mappings. The sanitizers
// keep books of their own in the latter, so it is left out there.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>

#include "convert/convert.hpp"
#include "core/file.hpp"
#include "core/integer.hpp"
#include "formats/gguf.hpp"
#include "formats/jinja/jinja.hpp"
#include "formats/safetensors.hpp"
#include "hostile/gguf_cases.hpp"
#include "hostile/model_cases.hpp"
#include "hostile/safetensors_cases.hpp"
#include "hostile/template_cases.hpp"
#include "hostile/tokenizer_cases.hpp"
#include "model/model.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

// ---- heap, counted

namespace {

std::atomic<size_t> heap_now{0}, heap_worst{0};

void* counted(void* p) {
  if (!p) throw std::bad_alloc();
  const size_t now = heap_now.fetch_add(malloc_usable_size(p)) + malloc_usable_size(p);
  size_t worst = heap_worst.load();
  while (worst < now && !heap_worst.compare_exchange_weak(worst, now)) {
  }
  return p;
}
void released(void* p) {
  if (p) heap_now.fetch_sub(malloc_usable_size(p));
  std::free(p);
}

}  // namespace

void* operator new(size_t n) { return counted(std::malloc(n)); }
void* operator new(size_t n, std::align_val_t a) {
  const size_t align = static_cast<size_t>(a);
  return counted(std::aligned_alloc(align, r1::round_up(n, align)));
}
void operator delete(void* p) noexcept { released(p); }
void operator delete(void* p, size_t) noexcept { released(p); }
void operator delete(void* p, std::align_val_t) noexcept { released(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { released(p); }

namespace r1::hostile {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kResidentMeansUs = false;
#else
constexpr bool kResidentMeansUs = true;
#endif

// A line of /proc/self/status, bytes.
size_t status(std::string_view field) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(field)) return std::stoul(line.substr(field.size() + 1)) << 10;
  return 0;
}

size_t heap_before, resident_before;

}  // namespace

MemoryWatch::MemoryWatch() {
  std::ofstream("/proc/self/clear_refs") << "5";  // the high-water mark starts here
  resident_before = status("VmRSS");
  heap_before = heap_now, heap_worst = heap_now.load();
}

size_t MemoryWatch::worst() const {
  const size_t heap = heap_worst - heap_before, high = status("VmHWM");
  return kResidentMeansUs && high > resident_before ? std::max(heap, high - resident_before) : heap;
}

void put(const fs::path& path, std::string_view bytes) {
  fs::remove(path);  // overwriting would make ext4 flush the old file first
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

namespace {

// ---- how each kind is opened

template <class T>
Status status_of(const Result<T>& r) {
  if (!r) return tl::unexpected(r.error());
  return {};
}

// Everything in it is read once.
Status open_gguf(const fs::path& path) {
  const Gguf g = R1_TRY(Gguf::open(path));
  for (const std::string& key : g.keys()) R1_TRY(g.value(key));
  for (const auto& [name, tensor] : g.tensors())
    if (tensor.elements() < 1) return fail(Errc::corrupt, "{}: {} is empty", path.string(), name);
  return {};
}

Status open_safetensors(const fs::path& path) {
  const Safetensors file = R1_TRY(Safetensors::open(path));
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.elements() == 0) continue;
    std::vector<float> values(tensor.elements());
    read_rows(tensor, 0, tensor.elements() / tensor.cols(), values.data());
  }
  return {};
}

Status open_template(const fs::path& path) {
  const FileMap file = R1_TRY(map_file(path));
  const auto t = R1_TRY(
      JinjaTemplate::parse({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path.string()));
  const Json message = Json::object({{"role", "user"}, {"content", "hi"}});
  return status_of(t.render(Json::object({{"messages", Json::array({message})}, {"bos_token", "<s>"}})));
}

const Kind kGguf{"m-00001-of-00002.gguf", [](const fs::path& f) { return open_gguf(f / "m-00001-of-00002.gguf"); }};
const Kind kSafetensors{"model.safetensors",
                        [](const fs::path& f) { return open_safetensors(f / "model.safetensors"); }};
const Kind kIndex{"model.safetensors.index.json", [](const fs::path& f) { return open_safetensors(f); }};
const Kind kTokenizer{"tokenizer.json", [](const fs::path& f) { return status_of(Tokenizer::open(f)); }};
const Kind kVocabulary{"v.gguf", [](const fs::path& f) { return status_of(Tokenizer::open(f / "v.gguf")); }};
const Kind kConfig{"config.json", [](const fs::path& f) { return status_of(open_model(f)); }};
const Kind kModel{"m.gguf", [](const fs::path& f) { return status_of(open_model(f / "m.gguf")); }};
const Kind kTemplate{"chat_template.jinja", [](const fs::path& f) { return open_template(f / "chat_template.jinja"); }};

// ---- the tables

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-hostile-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
    folder = root / "model";
    fs::create_directory(folder);
  }
  void TearDown() override { fs::remove_all(root); }
  Status opened(const Kind& kind, std::string_view bytes) const {
    put(folder / kind.file, bytes);
    return kind.open(folder);
  }
  fs::path root, folder;
};

using Param = std::pair<const Kind*, Case>;
class HostileFile : public Hostile, public testing::WithParamInterface<Param> {};

TEST_P(HostileFile, IsRefusedByNameFieldAndNumbersInBoundedMemoryOrLoadsIfWellFormed) {
  const auto& [kind, file] = GetParam();
  if (kind == &kIndex) put_shards(folder);
  if (file.besides) file.besides(folder);
  const MemoryWatch memory;
  const Status status = opened(*kind, file.bytes);
  const size_t worst = memory.worst();
  EXPECT_LE(worst, memory_limit(file.bytes.size()));
  if (file.says.empty()) {
    EXPECT_TRUE(status) << status.error().what;
    return;
  }
  ASSERT_FALSE(status) << "it loads";
  const std::string& what = status.error().what;
  EXPECT_NE(what.find(folder.string()), std::string::npos) << "which file? " << what;
  for (const std::string& part : file.says)
    EXPECT_NE(what.find(part), std::string::npos) << "no " << part << " in: " << what;
  EXPECT_EQ(what.find_first_of("\x1b\n\r"), std::string::npos) << "one line, nothing for the terminal to obey";
  EXPECT_LT(what.size(), 2000u);
}

std::vector<Param> of(const Kind& kind, std::initializer_list<std::vector<Case>> tables) {
  std::vector<Param> params;
  for (const auto& table : tables)
    for (const Case& c : table) params.emplace_back(&kind, c);
  return params;
}
std::string name_of_case(const testing::TestParamInfo<Param>& info) { return info.param.second.name; }

#define R1_HOSTILE(name, ...) \
  INSTANTIATE_TEST_SUITE_P(name, HostileFile, testing::ValuesIn(of(__VA_ARGS__)), name_of_case)
R1_HOSTILE(Gguf, kGguf, {gguf_header_cases(), gguf_metadata_cases(), gguf_tensor_cases()});
INSTANTIATE_TEST_SUITE_P(Split, HostileFile, testing::ValuesIn(of(kGguf, {gguf_split_cases()})), name_of_case);
R1_HOSTILE(Safetensors, kSafetensors, {safetensors_cases()});
R1_HOSTILE(Index, kIndex, {index_cases()});
R1_HOSTILE(Tokenizer, kTokenizer, {tokenizer_cases()});
R1_HOSTILE(Vocabulary, kVocabulary, {gguf_tokenizer_cases()});
R1_HOSTILE(Config, kConfig, {config_cases()});
R1_HOSTILE(Model, kModel, {gguf_model_cases()});
R1_HOSTILE(Template, kTemplate, {template_cases()});

// ---- every byte of a small file

// Cut off after every `step`th byte. Only the last `may_lack` bytes are dispensable.
class HostileBytes : public Hostile {
 protected:
  void cut_anywhere(const Kind& kind, const std::string& whole, size_t may_lack, size_t step = 1) const {
    const MemoryWatch memory;
    ASSERT_TRUE(opened(kind, whole)) << opened(kind, whole).error().what;
    for (size_t n = 0; n + may_lack < whole.size(); n += step)
      ASSERT_FALSE(opened(kind, std::string_view(whole).substr(0, n)))
          << "whole though cut to " << n << " of " << whole.size();
    EXPECT_LE(memory.worst(), memory_limit(whole.size()));
  }
  // Any answer will do but a crash or a glutton's.
  void change_anywhere(const Kind& kind, const std::string& whole, size_t step = 1) const {
    const MemoryWatch memory;
    for (size_t n = 0; n < whole.size(); n += step)
      for (const char c : {'\0', '\xff', static_cast<char>(whole[n] ^ 1), static_cast<char>(whole[n] ^ 0x80)}) {
        std::string bytes = whole;
        bytes[n] = c;
        (void)opened(kind, bytes);
      }
    EXPECT_LE(memory.worst(), memory_limit(whole.size()));
  }
};

TEST_F(HostileBytes, OfAGguf) {
  const std::string whole = tiny_gguf().bytes();
  cut_anywhere(kGguf, whole, 32 - 20);  // the last tensor's padding: 20 of 32 bytes are its own
  change_anywhere(kGguf, whole);
}

TEST_F(HostileBytes, OfASafetensorsFile) {
  const std::string whole =
      safetensors("{" + entry("F32", "[1]", "[0,4]") + "," + entry("F8_E4M3", "[2,1]", "[4,6]", "u") + "," +
                      entry("F32", "[1,1]", "[6,10]", "u_scale_inv") + R"(, "__metadata__": {"a": "b"}})",
                  10);
  cut_anywhere(kSafetensors, whole, 0);
  change_anywhere(kSafetensors, whole);
}

TEST_F(HostileBytes, OfAnIndex) {
  put_shards(folder);
  const std::string whole = index_of(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  cut_anywhere(kIndex, whole, 0);
  change_anywhere(kIndex, whole);
}

TEST_F(HostileBytes, OfATokenizer) {
  const std::string whole = dump(test_tokenizer());
  cut_anywhere(kTokenizer, whole, 0, 3);
  change_anywhere(kTokenizer, whole, 11);
}

TEST_F(HostileBytes, OfAVocabulary) {
  const std::string whole = test_gguf_tokenizer().bytes();
  cut_anywhere(kVocabulary, whole, 0, 3);
  change_anywhere(kVocabulary, whole, 11);
}

TEST_F(HostileBytes, OfAConfig) {
  fs::copy_file(golden("llama") / "model.safetensors", folder / "model.safetensors");
  const std::string whole = dump(read_json(golden("llama") / "config.json").value());
  cut_anywhere(kConfig, whole, 0);
  change_anywhere(kConfig, whole, 3);
}

TEST_F(HostileBytes, OfAModelsMetadata) {
  const std::string whole = tiny_llama().bytes();
  change_anywhere(kModel, whole.substr(0, tiny_llama().header().size() + 64), 7);
}

TEST_F(HostileBytes, OfATemplate) {
  change_anywhere(kTemplate,
                  "{%- for m in messages if m.role != 'x' -%}{{ m['content'][:-1] | trim ~ 'é' }}{% endfor %}");
}

// ---- files that are none, or endless

TEST_F(Hostile, AChatTemplateThatIsNoFileOrTooLargeIsRefusedUnread) {
  const Tokenizer tokenizer = Tokenizer::parse(dump(test_tokenizer()), "test").value();
  const fs::path at = folder / "chat_template.jinja";
  const auto refused = [&](std::string_view says) {
    const MemoryWatch memory;
    const auto chat = ChatTemplate::open(folder, tokenizer);
    EXPECT_LE(memory.worst(), memory_limit(0));
    ASSERT_FALSE(chat);
    EXPECT_NE(chat.error().what.find(at.string()), std::string::npos) << chat.error().what;
    EXPECT_NE(chat.error().what.find(says), std::string::npos) << chat.error().what;
    fs::remove(at);
  };
  ASSERT_EQ(mkfifo(at.c_str(), 0600), 0);
  refused("not a regular file");
  fs::create_symlink("/dev/zero", at);
  refused("not a regular file");
  put(at, "x");
  fs::resize_file(at, u64{1} << 31);
  refused("2147483648 bytes, the limit is 1048576");
}

TEST_F(Hostile, ConversionReadsNoEndlessFileBesideTheWeights) {
  for (const char* file : {"config.json", "model.safetensors"}) fs::copy_file(golden("llama") / file, folder / file);
  fs::create_symlink("/dev/zero", folder / "chat_template.jinja");
  for (const fs::path& out : {root / "m.gguf", root / "out"}) {
    const Status status =
        out.extension() == ".gguf" ? convert_to_gguf(folder, out, {}) : convert_to_folder(folder, out, {});
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().what.find("chat_template.jinja: not a regular file"), std::string::npos)
        << status.error().what;
    EXPECT_FALSE(fs::exists(out));
  }
}

// ---- many small things: where a reader's own books outgrow the file

class HostileCrowd : public Hostile {
 protected:
  void bounded(const Kind& kind, const std::string& bytes) const {
    put(folder / kind.file, bytes);
    const MemoryWatch memory;
    (void)kind.open(folder);
    EXPECT_LE(memory.worst(), memory_limit(bytes.size()))
        << static_cast<double>(memory.worst()) / static_cast<double>(bytes.size());
  }
  static constexpr int kMany = 100'000;
};

TEST_F(HostileCrowd, OfTensorsInAGguf) {
  TestGguf g;
  for (int i = 0; i < kMany; ++i) g.info(fmt::format("{:x}", i), {1}, kGgmlF32, static_cast<u64>(i) * 32);
  g.data.resize(32);  // the first error comes after all have been read
  bounded(kGguf, g.bytes());
}

TEST_F(HostileCrowd, OfValuesInAGguf) {
  TestGguf keys;
  for (int i = 0; i < 65'536; ++i) keys.pair(fmt::format("{:x}", i), kU8, "x");
  bounded(kGguf, keys.bytes());
  bounded(kGguf, TestGguf().array("n", kText, 1'000'000, std::string(8'000'000, '\0')).bytes());
  bounded(kGguf, TestGguf().array("n", kU8, 8'000'000, std::string(8'000'000, '\1')).bytes());
}

TEST_F(HostileCrowd, OfTensorsInASafetensorsFile) {
  std::string header = "{";
  for (int i = 0; i < kMany; ++i)
    header += fmt::format(R"({}"{:x}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", i ? "," : "", i);
  bounded(kSafetensors, safetensors(header + "}", 0));
}

TEST_F(HostileCrowd, OfTensorsInAnIndex) {
  put_shards(folder);
  std::string map = "{";
  for (int i = 0; i < 2 * kMany; ++i) map += fmt::format(R"({}"{:x}":"m-1.safetensors")", i ? "," : "", i);
  bounded(kIndex, index_of(map + "}"));
  map = "{";
  for (int i = 0; i < 2 * kMany; ++i) map += fmt::format(R"({}"{:x}":"{:x}")", i ? "," : "", i, i);
  bounded(kIndex, index_of(map + "}"));
}

TEST_F(HostileCrowd, OfTokensAndMerges) {
  std::string vocab = dump(test_vocabulary()), merges = "[";
  vocab.pop_back();
  for (int i = 0; i < kMany; ++i) vocab += fmt::format(R"(,"{:05x}":{})", i, 300 + i);
  for (int i = 0; i < kMany; ++i) merges += R"(["h","e"],)";
  merges.back() = ']';
  bounded(kTokenizer, R"({"model": {"type": "BPE", "vocab": )" + vocab + R"(}, "merges": )" + merges +
                          R"(}, "pre_tokenizer": )" + dump(byte_level()) + "}");
  std::vector<std::string> tokens = test_tokens();
  for (int i = 0; i < kMany; ++i) tokens.push_back(fmt::format("{:05x}", i));
  bounded(kVocabulary, with_pair(with_pair(test_gguf_tokenizer(), "tokenizer.ggml.token_type", {}),
                                 "tokenizer.ggml.tokens", TestGguf().texts("tokenizer.ggml.tokens", tokens))
                           .bytes());
}

TEST_F(HostileCrowd, OfValuesInAConfig) {
  fs::copy_file(golden("llama") / "model.safetensors", folder / "model.safetensors");
  for (const char* item : {"0,", "[],", "\"\",", "[0],", "{},", "1.5e300,"}) {
    std::string text = R"({"model_type": "llama", "x": [)";
    while (text.size() < 4'000'000) text += item;
    text.back() = ']';
    bounded(kConfig, text + "}");
  }
}

}  // namespace
}  // namespace r1::hostile
