// How fast a tokenizer opens, encodes and decodes, on one thread.
//   tokenizer_bench TOKENIZER [TEXT...]   TOKENIZER: a folder, tokenizer.json or .gguf; TEXT: files, or strings of
//   JSONL
// Prints the best of several runs in CPU time of this thread, which other processes disturb less than elapsed time.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class F>
double best_seconds(int runs, F&& f) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const double start = thread_seconds();
    f();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

Result<std::string> text_of(const std::filesystem::path& path) {
  if (path.extension() != ".jsonl") return read_file(path);
  std::string text;
  R1_TRY(for_each_jsonl(path, [&](i64, const Json& row) -> Status {
    for (const auto& [key, value] : row.object() ? *row.object() : Json::Object{}) {
      if (value.string()) text += *value.string() + "\n";
    }
    return {};
  }));
  return text;
}

void print_speed(const Tokenizer& tokenizer, const std::string& name, const std::string& text, int runs) {
  std::vector<i32> ids;
  std::string back;
  const double encode = best_seconds(runs, [&] { ids = tokenizer.encode(text, Tokenizer::Special::recognise); });
  const double decode = best_seconds(runs, [&] { back = tokenizer.decode(ids); });
  const double mb = 1e-6 * static_cast<double>(text.size());
  fmt::print("{:<32} {:8.3f} MB  {:8} tokens  encode {:7.1f} MB/s  decode {:7.1f} MB/s{}\n", name, mb, ids.size(),
             mb / encode, mb / decode, back == text ? "" : "  NOT THE SAME TEXT");
}

Result<int> run(int argc, char** argv) {
  if (argc < 2) return fail(Errc::usage, "tokenizer_bench TOKENIZER [TEXT...]");
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(argv[1]));
  const double load = best_seconds(5, [&] { R1_CHECK(Tokenizer::open(argv[1]).has_value(), "opened a moment ago"); });
  fmt::print("open {:.1f} ms, {} tokens, pre-tokenizer {}\n", 1e3 * load, tokenizer.size(),
             tokenizer.pre().empty() ? "by PCRE2" : tokenizer.pre());
  for (int i = 2; i < argc; ++i) {
    print_speed(tokenizer, std::filesystem::path(argv[i]).filename().string(), R1_TRY(text_of(argv[i])), 7);
  }
  std::string letters;
  for (u32 i = 0, random = 1; i < 1'000'000; ++i) {
    letters += static_cast<char>('a' + ((random = random * 1664525u + 1013904223u) >> 8) % 26);
  }
  print_speed(tokenizer, "one letter a million times", std::string(1'000'000, 'a'), 2);
  print_speed(tokenizer, "a million spaces", std::string(1'000'000, ' '), 2);
  print_speed(tokenizer, "a million random letters", letters, 2);
  return 0;
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  const auto done = r1::run(argc, argv);
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  return done ? *done : 1;
}
