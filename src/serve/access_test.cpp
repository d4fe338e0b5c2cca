#include "serve/access.hpp"

#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

HttpRequest with(HttpFields fields) {
  HttpRequest request;
  request.fields = std::move(fields);
  return request;
}

TEST(Access, HostIsANumberALoopbackNameOrListed) {
  const AccessRules rules{"127.0.0.1", {"Models.Example"}};
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "localhost:1", "LocalHost", "a.localhost", "[::1]:8080",
                           "[::1]", "192.168.0.7:80", "models.example:8080"})
    EXPECT_TRUE(host_allowed(with({{"host", host}}), rules)) << host;
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "", "localhost:80:80",
        "localhost:", "localhost:8o", "[::1", "::1", "models.example.", "notlocalhost"})
    EXPECT_FALSE(host_allowed(with({{"host", host}}), rules)) << host;
  EXPECT_FALSE(host_allowed(with({{"host", "localhost"}, {"host", "localhost"}}), rules));
}

TEST(Access, AMissingHostIsForOldClientsOfThisMachine) {
  HttpRequest request;
  EXPECT_FALSE(host_allowed(request, {"127.0.0.1"}));
  request.http_1_0 = true;
  EXPECT_TRUE(host_allowed(request, {"127.0.0.1"}));
  EXPECT_FALSE(host_allowed(request, {"0.0.0.0"}));
}

TEST(Access, PagesOfThisMachineAndListedOnesMayCall) {
  const AccessRules rules{"127.0.0.1", {}, {"https://chat.example"}};
  const auto origin = [&](const char* value) {
    return origin_of(with({{"host", "192.168.0.7:8080"}, {"origin", value}}), rules);
  };
  EXPECT_EQ(origin_of({}, rules), Origin::none);
  EXPECT_EQ(origin("https://chat.example"), Origin::listed);
  for (const char* value :
       {"http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]", "http://192.168.0.7:8080"})
    EXPECT_EQ(origin(value), Origin::local) << value;
  for (const char* value :
       {"null", "", "https://evil.example", "http://chat.example", "https://chat.example.evil.example",
        "http://192.168.0.7:8081", "http://localhost.evil.example", "file://localhost"})
    EXPECT_EQ(origin(value), Origin::foreign) << value;
}

TEST(Access, AKeyComesInEitherField) {
  EXPECT_EQ(key_of(with({{"authorization", "Bearer abc"}})), "abc");
  EXPECT_EQ(key_of(with({{"authorization", "bearer abc"}})), "abc");
  EXPECT_EQ(key_of(with({{"x-api-key", "abc"}})), "abc");
  EXPECT_EQ(key_of(with({{"authorization", "Basic abc"}})), "");
  EXPECT_EQ(key_of({}), "");
}

TEST(ApiKeys, OnlyWholeKeysOfTheFileAndTheEnvironmentAreAccepted) {
  const TestFolder folder;
  const auto file = folder.path() / "keys";
  ASSERT_TRUE(write_file(file, "# users\nalpha\r\n\n  \nbeta"));
  ApiKeys keys;
  EXPECT_TRUE(keys.accepts("")) << "without keys everybody may ask";
  ASSERT_TRUE(keys.load(file, "gamma"));
  EXPECT_TRUE(keys.any());
  for (const char* key : {"alpha", "beta", "gamma"}) EXPECT_TRUE(keys.accepts(key)) << key;
  for (const char* key : {"", "alph", "alphaa", "ALPHA", "# users", "alpha\r"}) EXPECT_FALSE(keys.accepts(key)) << key;
}

TEST(ApiKeys, AFileThatIsWrongLeavesTheKeysAsTheyWere) {
  const TestFolder folder;
  const auto file = folder.path() / "keys";
  ApiKeys keys;
  ASSERT_TRUE(write_file(file, "alpha\n"));
  ASSERT_TRUE(keys.load(file, {}));
  for (const char* text : {"", "# none\n", "two words\n", "caf\xc3\xa9\n"}) {
    ASSERT_TRUE(write_file(file, text));
    const Status loaded = keys.load(file, {});
    ASSERT_FALSE(loaded) << text;
    EXPECT_NE(loaded.error().what.find(file.string()), std::string::npos) << loaded.error().what;
    EXPECT_TRUE(keys.accepts("alpha"));
  }
  EXPECT_FALSE(keys.load(folder.path() / "missing", {}));
  EXPECT_FALSE(keys.accepts("beta"));
}

}  // namespace
}  // namespace r1
