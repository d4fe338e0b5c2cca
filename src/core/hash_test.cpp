#include "core/hash.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

// The 64-bit vectors of draft-eastlake-fnv, appendix C.
TEST(Hash, Fnv1aGivesThePublishedVectors) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("b"), 0xaf63df4c8601f1a5u);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

TEST(Hash, Fnv1aCanBeContinuedWithMoreBytes) {
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
  constexpr std::string_view kText = "foob\xe4r";
  EXPECT_EQ(fnv1a(std::as_bytes(std::span(kText))), fnv1a(kText));
}

}  // namespace
}  // namespace r1
