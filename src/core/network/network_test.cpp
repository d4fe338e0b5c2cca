#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/network/api_keys.hpp"
#include "core/network/local_host.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

TEST(LocalHost, IsKnownByAddressAndByName) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost", "a.localhost"})
    EXPECT_TRUE(is_local_host(host)) << host;
  for (const char* host : {"128.0.0.1", "::2", "127.0.0.1.example", "localhost.example", "notlocalhost", ""})
    EXPECT_FALSE(is_local_host(host)) << host;
  EXPECT_FALSE(is_loopback("localhost")) << "a name";
}

TEST(ApiKeyFile, HasOneKeyPerLine) {
  const TestFolder folder;
  const auto file = folder.path() / "keys";
  ASSERT_TRUE(write_file(file, "# users\n\n alpha \r\n#no\nbeta"));
  const auto keys = read_api_keys(file);
  ASSERT_TRUE(keys) << keys.error().what;
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(keys->at(0).key, "alpha");
  EXPECT_EQ(keys->at(0).line, 3);
  EXPECT_EQ(keys->at(1).key, "beta");
  EXPECT_EQ(keys->at(1).line, 5);
  for (const char* none : {"", "\n# only a comment\n"}) {
    ASSERT_TRUE(write_file(file, none));
    const auto read = read_api_keys(file);
    ASSERT_FALSE(read) << none;
    EXPECT_NE(read.error().what.find("no API key"), std::string::npos) << read.error().what;
  }
}

TEST(ApiKey, FitsIntoAHeader) {
  EXPECT_TRUE(check_api_key("sk-~!", "here"));
  for (const char* wrong : {"a b", "a\n", "a\x7f", "sch\xc3\xb6n"}) {
    const Status checked = check_api_key(wrong, "here");
    ASSERT_FALSE(checked) << wrong;
    EXPECT_TRUE(checked.error().what.starts_with("here: ")) << checked.error().what;
  }
}

}  // namespace
}  // namespace r1
