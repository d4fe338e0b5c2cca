// Files that are made to break their readers; their tables are src/*/test_*_cases.hpp. A reader must refuse each file
// with an error that names the file, the field and the numbers, without a crash and in bounded memory. For each class
// of broken files there is a similar well-formed file that must load.
//
// The memory bound is 16 times the size of the file plus 64 MiB. The larger of two figures must stay below it:
// - The heap that operator new hands out, counted in this file. It includes memory that is allocated and never touched.
// - The growth of the resident set, as the kernel measures it. It includes mappings and the memory of libraries that
//   call malloc (PCRE2, utf8proc). Not used under sanitizers, whose own data would count.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>

#include "convert/convert.hpp"
#include "core/file.hpp"
#include "core/integer.hpp"
#include "core/test_folder.hpp"
#include "formats/gguf.hpp"
#include "formats/jinja/jinja.hpp"
#include "formats/jinja/test_template_cases.hpp"
#include "formats/safetensors.hpp"
#include "formats/test_gguf_cases.hpp"
#include "formats/test_safetensors_cases.hpp"
#include "model/model.hpp"
#include "model/published.hpp"
#include "model/test_model_cases.hpp"
#include "text/chat_template.hpp"
#include "text/test_tokenizer_cases.hpp"
#include "text/tokenizer.hpp"

// ---- operator new that counts the heap

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
constexpr bool kUseResidentSet = false;
#else
constexpr bool kUseResidentSet = true;
#endif

// The value of a line of /proc/self/status, in bytes.
size_t status(std::string_view field) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(field)) return std::stoul(line.substr(field.size() + 1)) << 10;
  return 0;
}

// Measures the memory that is used after the watch is made: bytes above those at the start, at the worst moment.
class MemoryWatch {
 public:
  MemoryWatch() {
    std::ofstream("/proc/self/clear_refs") << "5";  // resets the kernel's high-water mark, VmHWM
    resident_before_ = status("VmRSS");
    heap_before_ = heap_now, heap_worst = heap_now.load();
  }
  size_t worst() const {
    const size_t heap = heap_worst - heap_before_, high = status("VmHWM");
    return kUseResidentSet && high > resident_before_ ? std::max(heap, high - resident_before_) : heap;
  }

 private:
  size_t heap_before_, resident_before_;
};

// The memory that a reader may use for a file of this size.
constexpr size_t memory_limit(size_t file_bytes) { return 16 * file_bytes + (size_t{64} << 20); }

// ---- kinds whose values are read, too

Status read_values(const fs::path& path) {
  const Safetensors file = R1_TRY(Safetensors::open(path));
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.bytes.empty()) continue;
    std::vector<float> values(tensor.elements());
    read_rows(tensor, 0, tensor.shape.empty() ? 1 : tensor.elements() / tensor.shape.back(), values.data());
  }
  return {};
}

const Kind kSafetensorsValues{kSafetensors.file, [](const fs::path& f) { return read_values(f / kSafetensors.file); }};
const Kind kIndexValues{kIndex.file, read_values};

// ---- the tables

TEST_P(HostileFile, IsRefusedWithFileFieldAndNumbersInBoundedMemoryOrLoadsIfWellFormed) {
  const auto& [kind, file] = GetParam();
  if (file.besides) file.besides(folder);
  const MemoryWatch memory;
  const Status status = opened(*kind, file.bytes);
  EXPECT_LE(memory.worst(), memory_limit(file.bytes.size()));
  expect_answer(file, status, folder);
}

R1_HOSTILE(Gguf, kGguf, {gguf_header_cases(), gguf_metadata_cases(), gguf_tensor_cases(), gguf_split_cases()});
R1_HOSTILE(Safetensors, kSafetensorsValues, {safetensors_cases()});
R1_HOSTILE(Index, kIndexValues, {index_cases()});
R1_HOSTILE(Tokenizer, kTokenizer, {tokenizer_cases()});
R1_HOSTILE(Vocabulary, kVocabulary, {gguf_tokenizer_cases()});
R1_HOSTILE(Config, kConfig, {config_cases()});
R1_HOSTILE(Model, kModel, {gguf_model_cases()});
R1_HOSTILE(Template, kTemplate, {template_cases()});

// ---- small files, cut or changed at every byte

class HostileBytes : public Hostile {
 protected:
  // Cuts the file after every `step`th byte. It may load only if nothing but some of its last `optional_bytes` is cut.
  void cut_anywhere(const Kind& kind, const std::string& whole, size_t optional_bytes, size_t step = 1) const {
    const MemoryWatch memory;
    ASSERT_TRUE(opened(kind, whole)) << opened(kind, whole).error().what;
    for (size_t n = 0; n + optional_bytes < whole.size(); n += step)
      ASSERT_FALSE(opened(kind, std::string_view(whole).substr(0, n)))
          << "loads after a cut to " << n << " of " << whole.size() << " bytes";
    EXPECT_LE(memory.worst(), memory_limit(whole.size()));
  }
  // Changes every `step`th byte. The reader may load or refuse the file, but must not crash or exceed the memory bound.
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

TEST_F(HostileBytes, ACutOrChangedGgufIsHandled) {
  const std::string whole = tiny_gguf().bytes();
  cut_anywhere(kGguf, whole, 32 - 20);  // the padding of the last tensor: 20 of its 32 bytes are data
  change_anywhere(kGguf, whole);
}

TEST_F(HostileBytes, ACutOrChangedSafetensorsFileIsHandled) {
  const std::string whole =
      safetensors("{" + entry("F32", "[1]", "[0,4]") + "," + entry("F8_E4M3", "[2,1]", "[4,6]", "u") + "," +
                      entry("F32", "[1,1]", "[6,10]", "u_scale_inv") + R"(, "__metadata__": {"a": "b"}})",
                  10);
  cut_anywhere(kSafetensorsValues, whole, 0);
  change_anywhere(kSafetensorsValues, whole);
}

TEST_F(HostileBytes, ACutOrChangedIndexIsHandled) {
  put_shards(folder);
  const std::string whole = index_of(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  cut_anywhere(kIndexValues, whole, 0);
  change_anywhere(kIndexValues, whole);
}

TEST_F(HostileBytes, ACutOrChangedTokenizerIsHandled) {
  const std::string whole = dump(test_tokenizer());
  cut_anywhere(kTokenizer, whole, 0, 3);
  change_anywhere(kTokenizer, whole, 11);
}

TEST_F(HostileBytes, ACutOrChangedGgufVocabularyIsHandled) {
  const std::string whole = test_gguf_tokenizer().bytes();
  cut_anywhere(kVocabulary, whole, 0, 3);
  change_anywhere(kVocabulary, whole, 11);
}

TEST_F(HostileBytes, ACutOrChangedConfigIsHandled) {
  fs::copy_file(golden("llama") / "model.safetensors", folder / "model.safetensors");
  const std::string whole = dump(read_json(golden("llama") / "config.json").value());
  cut_anywhere(kConfig, whole, 0);
  change_anywhere(kConfig, whole, 3);
}

TEST_F(HostileBytes, ChangedMetadataOfAModelIsHandled) {
  const std::string whole = tiny_llama().bytes();
  change_anywhere(kModel, whole.substr(0, tiny_llama().header().size() + 64), 7);
}

TEST_F(HostileBytes, AChangedTemplateIsHandled) {
  change_anywhere(kTemplate,
                  "{%- for m in messages if m.role != 'x' -%}{{ m['content'][:-1] | trim ~ 'é' }}{% endfor %}");
}

// ---- pipes, devices and very large files

TEST_F(Hostile, AChatTemplateThatIsTooLargeOrNotARegularFileIsRefusedUnread) {
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

TEST_F(Hostile, AConversionRefusesAnEndlessFileBesideTheWeights) {
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

// ---- many small entries, for which a reader's own data could become much larger than the file

class HostileCrowd : public Hostile {
 protected:
  void expect_bounded(const Kind& kind, const std::string& bytes) const {
    put(folder / kind.file, bytes);
    const MemoryWatch memory;
    (void)kind.open(folder);
    EXPECT_LE(memory.worst(), memory_limit(bytes.size()))
        << static_cast<double>(memory.worst()) / static_cast<double>(bytes.size());
  }
  static constexpr int kMany = 100'000;
};

TEST_F(HostileCrowd, ManyTensorsInAGgufTakeBoundedMemory) {
  TestGguf g;
  for (int i = 0; i < kMany; ++i) g.info(fmt::format("{:x}", i), {1}, kGgmlF32, static_cast<u64>(i) * 32);
  g.data.resize(32);  // too little data, an error that the reader finds after it has read all tensor infos
  expect_bounded(kGguf, g.bytes());
}

TEST_F(HostileCrowd, ManyValuesInAGgufTakeBoundedMemory) {
  TestGguf keys;
  for (int i = 0; i < 65'536; ++i) keys.pair(fmt::format("{:x}", i), kU8, "x");
  expect_bounded(kGguf, keys.bytes());
  expect_bounded(kGguf, TestGguf().array("n", kText, 1'000'000, std::string(8'000'000, '\0')).bytes());
  expect_bounded(kGguf, TestGguf().array("n", kU8, 8'000'000, std::string(8'000'000, '\1')).bytes());
}

TEST_F(HostileCrowd, ManyTensorsInASafetensorsFileTakeBoundedMemory) {
  std::string header = "{";
  for (int i = 0; i < kMany; ++i)
    header += fmt::format(R"({}"{:x}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", i ? "," : "", i);
  expect_bounded(kSafetensorsValues, safetensors(header + "}", 0));
}

TEST_F(HostileCrowd, ManyTensorsInAnIndexTakeBoundedMemory) {
  put_shards(folder);
  std::string map = "{";
  for (int i = 0; i < 2 * kMany; ++i) map += fmt::format(R"({}"{:x}":"m-1.safetensors")", i ? "," : "", i);
  expect_bounded(kIndexValues, index_of(map + "}"));
  map = "{";
  for (int i = 0; i < 2 * kMany; ++i) map += fmt::format(R"({}"{:x}":"{:x}")", i ? "," : "", i, i);
  expect_bounded(kIndexValues, index_of(map + "}"));
}

TEST_F(HostileCrowd, ManyTokensAndMergesTakeBoundedMemory) {
  std::string vocab = dump(test_vocabulary()), merges = "[";
  vocab.pop_back();
  for (int i = 0; i < kMany; ++i) vocab += fmt::format(R"(,"{:05x}":{})", i, 300 + i);
  for (int i = 0; i < kMany; ++i) merges += R"(["h","e"],)";
  merges.back() = ']';
  expect_bounded(kTokenizer, R"({"model": {"type": "BPE", "vocab": )" + vocab + R"(}, "merges": )" + merges +
                                 R"(}, "pre_tokenizer": )" + dump(byte_level()) + "}");
  std::vector<std::string> tokens = test_tokens();
  for (int i = 0; i < kMany; ++i) tokens.push_back(fmt::format("{:05x}", i));
  expect_bounded(kVocabulary, with_pair(with_pair(test_gguf_tokenizer(), "tokenizer.ggml.token_type", {}),
                                        "tokenizer.ggml.tokens", TestGguf().texts("tokenizer.ggml.tokens", tokens))
                                  .bytes());
}

TEST_F(HostileCrowd, ManyValuesInAConfigTakeBoundedMemory) {
  fs::copy_file(golden("llama") / "model.safetensors", folder / "model.safetensors");
  for (const char* item : {"0,", "[],", "\"\",", "[0],", "{},", "1.5e300,"}) {
    std::string text = R"({"model_type": "llama", "x": [)";
    while (text.size() < 4'000'000) text += item;
    text.back() = ']';
    expect_bounded(kConfig, text + "}");
  }
}

}  // namespace
}  // namespace r1::hostile
