#include "client/server_address.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

std::string base_of(std::string_view given) {
  const auto address = parse_server_address(given);
  EXPECT_TRUE(address) << (address ? "" : address.error().what);
  return address ? address->base : "";
}

std::string error_of(std::string_view given) {
  const auto address = parse_server_address(given);
  EXPECT_FALSE(address) << given << " became " << (address ? address->base : "");
  return address ? "" : address.error().what;
}

TEST(ServerAddress, EveryUsualFormMeansTheSameApi) {
  for (const char* given :
       {"127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1",
        "http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions", "127.0.0.1:8080/v1/models/",
        " HTTP://127.0.0.1:8080/v1//chat/completions\n"})
    EXPECT_EQ(base_of(given), "http://127.0.0.1:8080/v1") << given;
}

TEST(ServerAddress, AHostWithoutAPortIsEncrypted) {
  EXPECT_EQ(base_of("api.deepseek.com"), "https://api.deepseek.com/v1");
  EXPECT_EQ(base_of("API.DeepSeek.com:443"), "https://api.deepseek.com:443/v1");
  EXPECT_EQ(base_of("box:8443"), "http://box:8443/v1");
  EXPECT_EQ(base_of("http://api.deepseek.com"), "http://api.deepseek.com/v1");
  EXPECT_TRUE(parse_server_address("api.deepseek.com")->encrypted);
  EXPECT_FALSE(parse_server_address("box:80")->encrypted);
}

TEST(ServerAddress, AnotherPathIsTheApiItself) {
  EXPECT_EQ(base_of("https://openrouter.ai/api/v1"), "https://openrouter.ai/api/v1");
  EXPECT_EQ(base_of("https://host/V1beta/openai/"), "https://host/V1beta/openai");
  EXPECT_EQ(base_of("https://api.deepseek.com/chat/completions"), "https://api.deepseek.com");
}

TEST(ServerAddress, KnowsThisMachine) {
  for (const char* given : {"localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "a.localhost:1"})
    EXPECT_TRUE(parse_server_address(given)->loopback) << given;
  for (const char* given : {"localhost.example:1", "127.0.0.1.example:1", "[::2]:1", "box:1", "128.0.0.1:1"})
    EXPECT_FALSE(parse_server_address(given)->loopback) << given;
  EXPECT_EQ(base_of("[::1]:8080"), "http://[::1]:8080/v1");
  EXPECT_EQ(base_of("https://[2001:db8::1]"), "https://[2001:db8::1]/v1");
}

TEST(ServerAddress, WhatIsNoAddressIsRefused) {
  EXPECT_NE(error_of("ftp://host").find("https://"), std::string::npos);
  EXPECT_NE(error_of("http://").find("not a host"), std::string::npos);
  EXPECT_NE(error_of("").find("not a host"), std::string::npos);
  EXPECT_NE(error_of("a b:80").find("not a host"), std::string::npos);
  EXPECT_NE(error_of("host:80/a b").find("spaces"), std::string::npos);
  for (const char* port : {"host:", "host:0", "host:65536", "host:http", "host:-1"})
    EXPECT_NE(error_of(port).find("65535"), std::string::npos) << port;
  EXPECT_NE(error_of("http://host/v1?api-version=1").find("?"), std::string::npos);
  const std::string secret = error_of("http://me:secret@host/v1");
  EXPECT_EQ(secret.find("secret"), std::string::npos) << secret;
}

}  // namespace
}  // namespace r1
