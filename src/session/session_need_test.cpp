#include "session/session_need.hpp"

#include <gtest/gtest.h>

#include "core/test_folder.hpp"
#include "core/threads/thread_pool.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

TEST(SessionNeed, IsKnownBeforeTheSessionIsOpened) {
  const TestFolder folder;
  write_test_session(folder.path());
  ThreadPool pool(1);
  for (const i64 context : {i64{0}, 2 * kPageTokens}) {
    const SessionOptions options{.context = context};
    const auto need = session_need(folder.path(), options, machine_memory());
    ASSERT_TRUE(need) << need.error().what;
    const auto session = Session::open(folder.path(), pool, options);
    ASSERT_TRUE(session) << session.error().what;
    EXPECT_EQ(need->context, session->engine().context());
    EXPECT_EQ(need->memory.dense + need->memory.experts, need_of(session->model(), WeightPlace::file).total());
    EXPECT_GE(need->memory.cache_tokens, need->context);
  }
  EXPECT_FALSE(session_need(folder.path() / "absent", {}, {}));
  const auto small = session_need(folder.path(), {.context = 2 * kPageTokens, .kv_bytes = 1}, {});
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, Errc::exhausted);
}

}  // namespace
}  // namespace r1
