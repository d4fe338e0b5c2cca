#include "ops/cpu/expert_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "core/file.hpp"
#include "core/integer.hpp"
#include "core/random_blocks.hpp"
#include "ops/op_test.hpp"

namespace r1 {
namespace {

constexpr i64 kLayers = 3, kExperts = 8, kSide = 256;

// Three layers of eight experts whose weights are in a mapped file.
class CachedExperts : public testing::Test {
 protected:
  void SetUp() override {
    const i64 matrix = kSide * row_bytes(DType::q8_0, kSide);
    std::vector<std::byte> bytes(kLayers * kExperts * 3 * matrix);
    RandomBlocks(5, 0.1).fill(DType::q8_0, bytes.data(), kLayers * kExperts * 3 * kSide * kSide);
    path_ = std::filesystem::temp_directory_path() / fmt::format("r1-expert-cache-{}", getpid());
    ASSERT_TRUE(write_file(path_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    auto map = map_file(path_);
    ASSERT_TRUE(map);
    const std::byte* at = map->bytes.data();
    const auto next = [&] {
      return Weight::frozen("w", DType::q8_0, kSide, kSide, std::exchange(at, at + matrix), {map->keep, map->bytes});
    };
    for (i64 l = 0; l < kLayers; ++l)
      for (i64 e = 0; e < kExperts; ++e) {
        const Weight gate = next(), up = next(), down = next();
        experts_[l].push_back({gate, up, down});
      }
    for (const auto& layer : experts_) spans_.emplace_back(layer);
    expert_bytes_ = 3 * matrix;
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // Runs five passes of `tokens` tokens through all layers, and returns the result of the last pass.
  Tensor run(OpTest& test, i64 tokens, ExpertCache* cache) {
    Pass p = test.pass();
    p.numerics.integer_blocks = true;
    RoutingConfig c;
    c.experts = kExperts, c.top_k = 2, c.method = TopK::greedy;
    Tensor x;
    for (u64 pass = 0; pass < 5; ++pass) {
      x = test.tensor(tokens, kSide, pass);
      for (size_t l = 0; l < kLayers; ++l) {
        const Routing r = route(p, 0, test.tensor(tokens, kExperts, 10 * pass + l), {}, c);
        x = experts(p, x, r, experts_[l], cache);
        EXPECT_LE(cache ? cache->resident() : 0, budget_);
      }
    }
    return x;
  }

  std::filesystem::path path_;
  std::vector<Expert> experts_[kLayers];
  std::vector<std::span<const Expert>> spans_;
  i64 expert_bytes_ = 0, budget_ = 0;
};

TEST_F(CachedExperts, ABudgetIsKeptAndDoesNotChangeBits) {
  for (const i64 tokens : {1, 40})
    for (const i64 budget : {2, 3, 7, 24}) {
      OpTest test(cpu::active(), 2);
      budget_ = budget * expert_bytes_;
      auto cache = ExpertCache::create(budget_, spans_);
      ASSERT_TRUE(cache) << cache.error().what;
      const Tensor want = run(test, tokens, nullptr), got = run(test, tokens, cache->get());
      EXPECT_TRUE(same_bits(want, got)) << tokens << " tokens, budget of " << budget << " experts";
      EXPECT_LE((*cache)->peak(), budget_);
      EXPECT_GE((*cache)->peak(), 2 * expert_bytes_) << "a token uses two experts at once";
      EXPECT_GT((*cache)->misses(), 0);
    }
}

TEST_F(CachedExperts, ExpertsThatFitTheBudgetAreReadOnce) {
  OpTest test(cpu::active(), 1);
  budget_ = kLayers * kExperts * expert_bytes_;
  auto cache = ExpertCache::create(budget_, spans_);
  ASSERT_TRUE(cache);
  run(test, 40, cache->get());
  EXPECT_EQ((*cache)->misses(), kLayers * kExperts);
  EXPECT_EQ((*cache)->hits(),
            4 * kLayers * kExperts);  // four more passes, in each of which 40 tokens choose all experts
  EXPECT_EQ((*cache)->resident(), budget_);
}

// A pack would be a second copy of an expert, outside the budget.
TEST_F(CachedExperts, ExpertsWithABudgetAreMultipliedWithoutPacks) {
  OpTest test(cpu::active(), 1);
  budget_ = kLayers * kExperts * expert_bytes_;
  auto cache = ExpertCache::create(budget_, spans_);
  ASSERT_TRUE(cache);
  const auto packed = [&] {
    i64 bytes = 0;
    for (const auto& layer : experts_)
      for (const Expert& e : layer) bytes += e.gate.pack_bytes() + e.up.pack_bytes() + e.down.pack_bytes();
    return bytes;
  };
  run(test, 40, cache->get());
  EXPECT_EQ(packed(), 0);
  const i64 of_one = test.pass().kernels.block_dot.pack_bytes(DType::q8_0, kSide, kSide);
  for (u64 product = 0; product < Weight::kProductsUntilPacked; ++product) run(test, 40, nullptr);
  EXPECT_EQ(packed(), kLayers * kExperts * 3 * of_one) << "without a budget every expert has its packs";
}

TEST_F(CachedExperts, ALayerKeepsTheMostRecentExpertsOfItsShare) {
  auto cache = ExpertCache::create(6 * expert_bytes_, spans_);  // two of each layer
  ASSERT_TRUE(cache);
  ExpertCache& c = **cache;
  const Expert* layer = experts_[0].data();
  c.fetch(layer, {1, 2, 5}, {});
  EXPECT_EQ(c.resident(), 3 * expert_bytes_);
  c.settle(layer);
  EXPECT_EQ(c.resident(), 2 * expert_bytes_);
  c.fetch(layer, {2, 5}, {});
  EXPECT_EQ(c.hits(), 2);
  c.fetch(layer, {1}, {});
  EXPECT_EQ(c.hits(), 2);
  EXPECT_EQ(c.misses(), 4);
}

// The file is mapped between two pieces of memory, to which eviction with its surroundings would reach.
TEST_F(CachedExperts, EvictionDropsNoPageOutsideTheMapping) {
  constexpr i64 kMemory = 128 << 10;
  const i64 bytes = kExperts * expert_bytes_, mapped = round_up(bytes, i64{sysconf(_SC_PAGESIZE)});
  const int fd = open(path_.c_str(), O_RDONLY);
  void* const all = mmap(nullptr, 2 * kMemory + mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_TRUE(fd >= 0 && all != MAP_FAILED);
  std::memset(all, 7, 2 * kMemory + mapped);
  auto* const memory = static_cast<std::byte*>(all);
  ASSERT_NE(mmap(memory + kMemory, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), MAP_FAILED);
  close(fd);
  const std::span<const std::byte> file(memory + kMemory, bytes);
  std::vector<Expert> layer;
  for (const std::byte* at = file.data(); at < file.data() + bytes; at += expert_bytes_) {
    const auto weight = [&](i64 i) {
      return Weight::frozen("w", DType::q8_0, kSide, kSide, at + i * expert_bytes_ / 3, {nullptr, file});
    };
    layer.push_back({weight(0), weight(1), weight(2)});
  }
  const std::span<const Expert> experts(layer);
  const auto cache = ExpertCache::create(2 * expert_bytes_, {&experts, 1});
  ASSERT_TRUE(cache);
  for (const i32 e : {0, 6, 0}) (*cache)->fetch(layer.data(), {e, e + 1}, {});  // evicts the first and the last
  EXPECT_EQ((*cache)->misses(), 6);
  for (i64 i = 0; i < kMemory; ++i) {
    ASSERT_EQ(memory[i], std::byte{7}) << i;
    ASSERT_EQ(memory[kMemory + mapped + i], std::byte{7}) << i;
  }
  munmap(all, 2 * kMemory + mapped);
}

TEST_F(CachedExperts, ManyExpertsAreCutIntoGroupsThatFitTwoAtATime) {
  auto cache = ExpertCache::create(6 * expert_bytes_, spans_);
  ASSERT_TRUE(cache);
  const Expert* layer = experts_[0].data();
  EXPECT_EQ((*cache)->groups(layer, {0, 3, 4, 7}).size(), 1u);
  const std::vector<std::vector<i32>> want{{0, 1, 2}, {3, 4, 5}, {6, 7}};
  EXPECT_EQ((*cache)->groups(layer, {0, 1, 2, 3, 4, 5, 6, 7}), want);
}

TEST_F(CachedExperts, ABudgetBelowTwoExpertsAndExpertsInMemoryAreRefused) {
  const auto small = ExpertCache::create(2 * expert_bytes_ - 1, spans_);
  ASSERT_FALSE(small);
  EXPECT_NE(small.error().what.find(std::to_string(2 * expert_bytes_)), std::string::npos) << small.error().what;
  const std::vector<Expert> own{
      {test_weight("gate", 8, 8, 1), test_weight("up", 8, 8, 2), test_weight("down", 8, 8, 3)}};
  const std::span<const Expert> layer(own);
  const auto refused = ExpertCache::create(1 << 20, {&layer, 1});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("gate does not lie in a mapped file"), std::string::npos) << refused.error().what;
}

}  // namespace
}  // namespace r1
