// A fixture with a random model for the tests of this folder.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "eval/eval.hpp"
#include "kernels/cpu/kernels.hpp"
#include "session/test_session.hpp"

namespace r1 {

namespace fs = std::filesystem;

class EvalTest : public testing::Test {
 protected:
  Engine engine() {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool_, o.kv_tokens = 64 * 128;
    auto e = Engine::create(*model_, o);
    R1_CHECK(e, "{}", e ? "" : e.error().what);
    return std::move(*e);
  }
  // k completions of at most max_tokens tokens for each problem; the prompt goes in as it is.
  static EvalOptions options(i32 k, i64 max_tokens, const Tokenizer& tokenizer, Channel channel = Channel::answer) {
    EvalOptions o;
    o.k = k;
    o.request = [&tokenizer, max_tokens, channel](const Problem& p) -> Result<CompletionRequest> {
      CompletionRequest r;
      r.prompt = tokenizer.encode(p.prompt);
      r.max_tokens = max_tokens;
      r.channel = channel;
      return r;
    };
    return o;
  }

  const TestFolder temporary_;
  const fs::path folder_ = temporary_.path();
  ThreadPool pool_{1};
  std::unique_ptr<Model> model_ = test_model();
  Judge judge_ = *Judge::open({}, false);
};

}  // namespace r1
