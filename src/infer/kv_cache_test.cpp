// Pages of the KV cache: which sequences hold them, which prompts find them again, and that all come back.
#include "infer/kv_cache.hpp"

#include <numeric>

#include "infer/test_model.hpp"

namespace r1 {
namespace {

constexpr KvLayout kLayout{.dtype = DType::f32, .layers = 2, .heads = 1, .nope = 2, .rope = 0, .v = 2};

KvCache cache_of(i64 pages) {
  auto cache = KvCache::create(kLayout, pages);
  R1_CHECK(cache, "{}", cache ? "" : cache.error().what);
  return std::move(*cache);
}
KvSequence opened(KvCache& cache, std::span<const i32> prompt, i64 tokens) {
  auto s = cache.open(prompt, tokens);
  EXPECT_TRUE(s) << (s ? "" : s.error().what);
  return s ? std::move(*s) : KvSequence{};
}
// Number of the prompt's tokens whose keys the cache already has. No page stays in use.
i64 cached(KvCache& cache, std::span<const i32> prompt) {
  KvSequence s = opened(cache, prompt, std::ssize(prompt));
  const i64 n = s.cached;
  cache.close(s);
  return n;
}
void compute_and_publish(KvCache& cache, std::span<const i32> prompt) {
  KvSequence s = opened(cache, prompt, std::ssize(prompt));
  cache.publish(s, prompt, std::ssize(prompt));
  cache.close(s);
}

TEST(KvCache, OnlyComputedPagesFullOfPromptArePublished) {
  const auto prompt = test_prompt(200, 1);  // three full pages and 8 tokens
  for (const auto& [computed, found] :
       {std::pair{i64{0}, 0}, {i64{63}, 0}, {i64{64}, 64}, {i64{127}, 64}, {i64{128}, 128}, {i64{200}, 192}}) {
    KvCache cache = cache_of(8);
    KvSequence s = opened(cache, prompt, 200);
    EXPECT_EQ(s.pages.size(), 4u);
    cache.publish(s, prompt, computed);
    EXPECT_EQ(cached(cache, prompt), found) << computed << " computed";
    cache.close(s);
    EXPECT_EQ(cache.pages_in_use(), 0);
    EXPECT_EQ(cache.pages_cached(), found / 64);
  }
}

TEST(KvCache, APageIsFoundOnlyBehindTheWholeBeginningThatItWasComputedAfter) {
  KvCache cache = cache_of(16);
  const auto prompt = test_prompt(200, 1);
  compute_and_publish(cache, prompt);
  auto changed = prompt;
  changed[3] = (changed[3] + 1) % static_cast<i32>(kTestVocab);
  EXPECT_EQ(cached(cache, changed), 0) << "pages 1 and 2 hold the same tokens after another beginning";
  changed = prompt;
  changed[100] = (changed[100] + 1) % static_cast<i32>(kTestVocab);
  EXPECT_EQ(cached(cache, changed), 64);
  EXPECT_EQ(cached(cache, std::span(prompt).first(128)), 64) << "the last token is always computed";
  EXPECT_EQ(cached(cache, std::span(prompt).first(129)), 128);
}

// Two first pages whose tokens differ and whose 64-bit hashes are equal, found by search.
TEST(KvCache, PromptsWhosePagesHaveEqualHashesAreToldApart) {
  std::vector<i32> a(65), b;
  std::iota(a.begin(), a.end(), 1);
  b = a;
  b[0] = 2, b[1] = 509872301, b[2] = 1716107707;
  KvCache cache = cache_of(8);
  compute_and_publish(cache, a);
  EXPECT_EQ(cached(cache, b), 0) << "those keys belong to other tokens";
  compute_and_publish(cache, b);
  EXPECT_EQ(cached(cache, a), 64) << "the page published first keeps its entry";
  EXPECT_EQ(cached(cache, b), 0);
  cache.set_version(1);
  EXPECT_EQ(cache.pages_free(), 8);
  compute_and_publish(cache, b);
  EXPECT_EQ(cached(cache, b), 64) << "with the first page gone its hash is free";
}

TEST(KvCache, APagePublishedBehindOneBeginningIsNotPublishedBehindAnother) {
  KvCache cache = cache_of(7);
  const auto prompt = test_prompt(129, 1);
  KvSequence first = opened(cache, prompt, 129), second = opened(cache, prompt, 129);
  cache.publish(first, prompt, 64);
  cache.publish(second, prompt, 129);  // its page 1, behind page 0 of the first sequence
  EXPECT_EQ(cached(cache, std::span(prompt).first(65)), 64);
  cache.close(first);
  KvSequence other = opened(cache, test_prompt(1, 2), 4 * 64);  // takes page 0 of the first sequence
  EXPECT_EQ(cache.pages_cached(), 0);
  cache.publish(second, prompt, 129);  // its page 0; its page 1 has an entry, to which no prompt leads any more
  cache.close(other);
  EXPECT_EQ(cached(cache, prompt), 64);
  cache.close(second);
  EXPECT_EQ(cache.pages_cached(), 2);
  cache.set_version(1);
  EXPECT_EQ(cache.pages_free(), 7);
}

TEST(KvCache, PagesAreSharedByReferenceAndComeBackWithTheLast) {
  KvCache cache = cache_of(8);
  const auto prompt = test_prompt(100, 1);
  KvSequence first = opened(cache, prompt, 150);
  EXPECT_EQ(cache.pages_in_use(), 3);
  KvSequence held = cache.hold(first, 100);
  EXPECT_EQ(held.pages, std::vector<i32>(first.pages.begin(), first.pages.begin() + 2));
  auto fork = cache.fork(held, 100, 150);
  ASSERT_TRUE(fork);
  EXPECT_EQ(fork->cached, 100);
  EXPECT_EQ(fork->pages[0], first.pages[0]);
  EXPECT_NE(fork->pages[1], first.pages[1]) << "the page in which they part is copied";
  EXPECT_EQ(cache.pages_in_use(), 5);
  cache.close(first);
  EXPECT_EQ(cache.pages_in_use(), 4) << "the prompt's two pages are still held";
  EXPECT_TRUE(first.pages.empty());
  cache.close(held);
  EXPECT_EQ(cache.pages_in_use(), 3);
  cache.close(*fork);
  EXPECT_EQ(cache.pages_in_use(), 0);
  EXPECT_EQ(cache.pages_free(), 8);
}

TEST(KvCache, AForkCopiesItsPartialPageInEveryLayer) {
  KvCache cache = cache_of(4);
  KvSequence first = opened(cache, test_prompt(70, 1), 70);
  const size_t bytes = static_cast<size_t>(kLayout.page_bytes());
  for (i64 layer = 0; layer < kLayout.layers; ++layer)
    for (size_t i = 0; i < bytes; ++i)
      cache.view().page(layer, first.pages[1])[i] = static_cast<std::byte>(i * 7 + static_cast<size_t>(layer));
  const auto fork = cache.fork(first, 70, 70);
  ASSERT_TRUE(fork);
  for (i64 layer = 0; layer < kLayout.layers; ++layer)
    EXPECT_EQ(0,
              std::memcmp(cache.view().page(layer, fork->pages[1]), cache.view().page(layer, first.pages[1]), bytes));
}

TEST(KvCache, RoomIsMadeByForgettingUnusedPagesLeastRecentlyUsedFirstAndFromTheEndOfAPrompt) {
  KvCache cache = cache_of(6);
  const auto a = test_prompt(129, 1), b = test_prompt(129, 2);
  compute_and_publish(cache, a);
  compute_and_publish(cache, b);
  EXPECT_EQ(cache.pages_cached(), 4);
  EXPECT_EQ(cached(cache, a), 128);                             // used again: b is the oldest now
  KvSequence taken = opened(cache, test_prompt(1, 3), 3 * 64);  // two pages are free
  EXPECT_EQ(cache.pages_cached(), 3);
  const auto refused = cache.open(test_prompt(1, 4), 4 * 64);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exhausted);
  EXPECT_NE(refused.error().what.find("4 pages wanted besides 0 to spare, 3 free of 6"), std::string::npos)
      << refused.error().what;
  EXPECT_EQ(cache.pages_cached(), 3) << "a refusal takes nothing";
  cache.close(taken);
  EXPECT_EQ(cached(cache, a), 128);
  EXPECT_EQ(cached(cache, b), 64);
}

TEST(KvCache, ASaltIsAnotherBeginning) {
  KvCache cache = cache_of(16);
  const auto prompt = test_prompt(200, 1);
  const auto found = [&](std::string_view salt) {
    auto s = cache.open(prompt, 200, 0, salt);
    EXPECT_TRUE(s);
    const i64 n = s->cached;
    cache.close(*s);
    return n;
  };
  KvSequence s = cache.open(prompt, 200, 0, "tenant").value();
  cache.publish(s, prompt, 200, "tenant");
  cache.close(s);
  EXPECT_EQ(found("tenant"), 192);
  EXPECT_EQ(found("tenants"), 0);
  EXPECT_EQ(found(""), 0);
  compute_and_publish(cache, prompt);
  EXPECT_EQ(found(""), 192);
  EXPECT_EQ(cache.pages_cached(), 6);
}

TEST(KvCache, APagePublishedAfterwardsIsAdoptedInPlaceOfABlankOne) {
  KvCache cache = cache_of(8);
  const auto prompt = test_prompt(129, 1);
  KvSequence first = opened(cache, prompt, 129), second = opened(cache, prompt, 129);
  EXPECT_FALSE(cache.adopt(second, prompt, 0));
  cache.publish(first, prompt, 64);
  EXPECT_TRUE(cache.adopt(second, prompt, 0));
  EXPECT_EQ(second.pages[0], first.pages[0]);
  EXPECT_FALSE(cache.adopt(second, prompt, 64));
  EXPECT_EQ(cache.pages_in_use(), 5);
  cache.publish(first, prompt, 129);
  EXPECT_FALSE(cache.adopt(second, std::span(prompt).first(128), 64)) << "the last token is always computed";
  EXPECT_TRUE(cache.adopt(second, prompt, 64));
  EXPECT_EQ(cache.pages_in_use(), 4);
  cache.close(first);
  cache.close(second);
  EXPECT_EQ(cache.pages_in_use(), 0);
  EXPECT_EQ(cache.pages_cached(), 2);
}

TEST(KvCache, NoMoreThanSoManyPagesAreKeptForNobody) {
  KvCache cache = KvCache::create(kLayout, 8, 3).value();
  compute_and_publish(cache, test_prompt(129, 1));
  compute_and_publish(cache, test_prompt(129, 2));
  EXPECT_EQ(cache.pages_cached(), 3);
  EXPECT_EQ(cached(cache, test_prompt(129, 2)), 128);
  EXPECT_EQ(cached(cache, test_prompt(129, 1)), 64) << "its end left first";
}

TEST(KvCache, ASequenceGrowsByPagesAndTakesNoneWhereTooFewAreFree) {
  KvCache cache = cache_of(4);
  compute_and_publish(cache, test_prompt(65, 1));
  EXPECT_FALSE(cache.open(test_prompt(10, 2), 10, 4)) << "three would be free, four are to be spared";
  EXPECT_EQ(cache.pages_cached(), 1) << "a refusal forgets nothing";
  auto s = cache.open(test_prompt(10, 2), 10, 3);
  ASSERT_TRUE(s);
  for (const auto& [tokens, pages] : {std::pair{i64{10}, 1}, {i64{64}, 1}, {i64{65}, 2}, {i64{200}, 4}, {i64{3}, 4}}) {
    EXPECT_TRUE(cache.grow(*s, tokens));
    EXPECT_EQ(std::ssize(s->pages), pages) << tokens << " tokens";
  }
  EXPECT_EQ(cache.pages_cached(), 0) << "the unused prefix made room";
  EXPECT_FALSE(cache.grow(*s, 257));
  EXPECT_EQ(s->pages.size(), 4u);
  cache.close(*s);
  EXPECT_EQ(cache.pages_free(), 4);
}

TEST(KvCache, AnotherVersionOfTheWeightsForgetsEveryPublishedPage) {
  KvCache cache = cache_of(8);
  const auto prompt = test_prompt(129, 1);
  cache.set_version(7);
  compute_and_publish(cache, prompt);
  cache.set_version(7);
  EXPECT_EQ(cached(cache, prompt), 128);
  cache.set_version(8);
  EXPECT_EQ(cached(cache, prompt), 0);
  EXPECT_EQ(cache.pages_free(), 8);
}

TEST(KvCache, BudgetsThatHoldNothingOrThatNoMachineHoldsAreRefused) {
  for (const i64 pages : {i64{0}, i64{-3}}) {
    const auto none = KvCache::create(kLayout, pages);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::invalid_argument);
    EXPECT_NE(none.error().what.find("2048 bytes"), std::string::npos) << none.error().what;
  }
  const auto endless = KvCache::create(kLayout, i64{1} << 31);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::exhausted);
}

}  // namespace
}  // namespace r1
