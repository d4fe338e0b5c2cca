#include "core/byte_size.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(ByteSize, ANumberMayHaveOneUnitAndOtherTextsAreErrors) {
  const auto bytes = [](std::string_view text) { return parse_bytes(text).value_or(-1); };
  EXPECT_EQ(bytes("8g"), i64{8} << 30);
  EXPECT_EQ(bytes("512M"), i64{512} << 20);
  EXPECT_EQ(bytes("3k"), 3072);
  EXPECT_EQ(bytes("2T"), i64{2} << 40);
  EXPECT_EQ(bytes("1000000"), 1000000);
  for (const char* bad : {"", "g", "8gb", "-1", "0", "8 g", "8x", "9999999999g", "99999999999999999999"})
    EXPECT_EQ(bytes(bad), -1) << bad;
}

}  // namespace
}  // namespace r1
