// What a r1_model is.
#pragma once
#include "capi/r1.h"
#include "core/threads/thread_pool.hpp"
#include "session/engine_host.hpp"

struct r1_model {
  r1_model(std::unique_ptr<r1::ThreadPool> threads, r1::Session session);

  const r1::Tokenizer& tokenizer() const { return host.session().tokenizer(); }

  std::unique_ptr<r1::ThreadPool> pool;  // outlives the session
  r1::EngineHost host;
};
