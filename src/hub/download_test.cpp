// Fetching one file from servers that drop, stall, redirect and lie.
#include <gtest/gtest.h>

#include "hub/test_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

const std::string kWeights = "model.safetensors";

class Download : public HubTest {
 protected:
  const std::string& bytes() const { return hub_.large.at(kWeights); }
  std::string hash() const { return hash_of(HashKind::sha256, bytes()); }
  bool is_cdn(const TestRequest& r) const { return r.path == TestHub::cdn_path(kWeights); }
  i64 cdn_requests() const { return hub_.server.count(TestHub::cdn_path(kWeights)); }
  std::vector<i64> ranges() const {
    std::vector<i64> all;
    for (const TestRequest& r : hub_.server.requests())
      if (is_cdn(r)) all.push_back(r.range());
    return all;
  }
  // `answer` gives the first answers of the CDN; the later ones are right.
  void at_first(int times, std::function<void(const TestRequest&, TestConnection&)> answer) {
    hub_.mischief = [this, times, answer = std::move(answer)](const TestRequest& r, TestConnection& c) {
      if (!is_cdn(r) || cdn_requests() > times) return false;
      answer(r, c);
      return true;
    };
  }
  void always(std::function<void(const TestRequest&, TestConnection&)> answer) {
    at_first(1'000'000, std::move(answer));
  }
  void leave_partial(std::string_view content) {
    fs::create_directories(partial(kWeights).parent_path());
    ASSERT_TRUE(write_file(partial(kWeights), content));
  }
};

TEST_F(Download, ADroppedConnectionIsGoneOnFromWhereItBroke) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (!is_cdn(r) || r.range() > 200'000) return false;
    c.head(r.range() ? 206 : 200,
           {fmt::format("Content-Length: {}", bytes().size() - r.range()),
            fmt::format("Content-Range: bytes {}-{}/{}", r.range(), bytes().size() - 1, bytes().size())});
    c.send(bytes().substr(r.range(), 60'000));
    return true;
  };
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  // There are more drops than the allowed attempts in a row, but each attempt made progress. No byte was requested
  // twice.
  EXPECT_EQ(ranges(), (std::vector<i64>{0, 60'000, 120'000, 180'000, 240'000}));
}

TEST_F(Download, AServerThatNeverSendsMoreIsGivenUp) {
  always([&](const TestRequest& r, TestConnection& c) {
    c.head(r.range() ? 206 : 200,
           {fmt::format("Content-Length: {}", bytes().size() - r.range()),
            fmt::format("Content-Range: bytes {}-{}/{}", r.range(), bytes().size() - 1, bytes().size())});
    if (!r.range()) c.send(bytes().substr(0, 1000));
  });
  error_of({kWeights, "1000 of 300000 bytes", "tried 4 times"});
  EXPECT_EQ(fs::file_size(partial(kWeights)), 1000u) << "what has come stays";
}

TEST_F(Download, AStalledTransferIsGivenUpAndGoneOnWith) {
  stall_ = Milliseconds(250);
  at_first(1, [&](const TestRequest&, TestConnection& c) {
    c.head(200, {fmt::format("Content-Length: {}", bytes().size())});
    c.send(bytes().substr(0, 100'000));
    c.hang();
  });
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_NE(notices_.find("stalled"), std::string::npos) << notices_;
  EXPECT_EQ(ranges().at(1), 100'000);
}

TEST_F(Download, AServerThatNeverAnswersIsGivenUp) {
  stall_ = Milliseconds(250);
  always([](const TestRequest&, TestConnection& c) { c.hang(); });
  error_of({"stalled", "tried 4 times"});
}

TEST_F(Download, AServerThatKnowsNoRangesIsReadFromTheStart) {
  leave_partial(bytes().substr(0, 70'000));
  always([&](const TestRequest&, TestConnection& c) { c.answer(200, bytes()); });
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(cdn_requests(), 1);
}

TEST_F(Download, ARefusedRangeIsAskedForFromTheStart) {
  leave_partial(bytes().substr(0, 70'000));
  at_first(1, [](const TestRequest&, TestConnection& c) { c.answer(416, ""); });
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), (std::vector<i64>{70'000, 0}));
}

TEST_F(Download, WhatAnEarlierRunLeftIsNotAskedForAgain) {
  leave_partial(bytes().substr(0, 123'456));
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), std::vector<i64>{123'456});
}

TEST_F(Download, AnEarlierRunThatEndedBeforeTheRenameNeedsNoRequest) {
  leave_partial(bytes());
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(cdn_requests(), 0);
}

TEST_F(Download, APartialFileOfOtherBytesIsFoundByItsHashAndReplaced) {
  leave_partial(test_bytes(100'000, 7));
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), (std::vector<i64>{100'000, 0}));
}

TEST_F(Download, APartialFileLongerThanTheFileIsReplaced) {
  leave_partial(bytes() + "more");
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), std::vector<i64>{0});
}

TEST_F(Download, WrongBytesAreRefusedWithBothHashesAndNothingOfThemIsKept) {
  const std::string wrong = test_bytes(300'000, 2);
  always([&](const TestRequest& r, TestConnection& c) { TestHub::send_file(r, c, wrong, "x"); });
  error_of({kWeights, "SHA-256", hash(), hash_of(HashKind::sha256, wrong)});
  EXPECT_EQ(fs::file_size(partial(kWeights)), 0u);
  EXPECT_EQ(cdn_requests(), 2) << "once more, in case the wire was at fault";
}

TEST_F(Download, WrongBytesOfASmallFileAreRefusedByGitsHash) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path != hub_.path_of("tokenizer.json")) return false;
    c.answer(200, "[]");
    return true;
  };
  error_of({"tokenizer.json", "git blob id", hash_of(HashKind::git_blob, "{}"), hash_of(HashKind::git_blob, "[]")});
  EXPECT_FALSE(fs::exists(snapshot() / "tokenizer.json"));
}

TEST_F(Download, AnotherLengthThanListedIsRefusedWithBoth) {
  always([&](const TestRequest&, TestConnection& c) { c.answer(200, bytes().substr(1)); });
  error_of({"299999 bytes", "300000"});
}

TEST_F(Download, MoreBytesThanListedAreRefused) {
  always([&](const TestRequest&, TestConnection& c) {
    c.head(200);  // without Content-Length the body ends when the connection closes
    c.send(bytes() + "x");
  });
  error_of({kWeights, "more than the 300000 bytes"});
}

TEST_F(Download, FewerBytesThanListedAreAskedForAgain) {
  at_first(1, [&](const TestRequest&, TestConnection& c) {
    c.head(200);
    c.send(bytes().substr(0, 299'000));
  });
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), (std::vector<i64>{0, 299'000}));
}

TEST_F(Download, AContentRangeThatIsNotWhatWasAskedForStartsOver) {
  const std::string total = fmt::format("{}", bytes().size());
  for (const std::string range :
       {"bytes 99999-299999/300000", "bytes 100000-299999/300001", "bytes 100000-250000/300000", "bytes */300000",
        "items 100000-299999/300000", "bytes 100000-299999", "", "bytes 99999999999999999999-299999/300000",
        "bytes -100000-299999/300000"}) {
    leave_partial(bytes().substr(0, 100'000));
    always([&](const TestRequest& r, TestConnection& c) {
      if (!r.header("range")) return c.answer(200, bytes());
      c.head(206, {"Content-Range: " + range, fmt::format("Content-Length: {}", bytes().size() - 100'000)});
      c.send(bytes().substr(100'000));
    });
    ASSERT_TRUE(pull_now()) << range << ": " << notices_;
    expect_whole();
    fs::remove_all(cache_);
  }
  EXPECT_EQ(ranges(), (std::vector<i64>{100'000, 0, 100'000, 0, 100'000, 0, 100'000, 0, 100'000, 0, 100'000, 0, 100'000,
                                        0, 100'000, 0, 100'000, 0}));
}

TEST_F(Download, RangesThatAreAlwaysWrongEndInAnError) {
  always(
      [&](const TestRequest&, TestConnection& c) {  // answers 206 to a request without a range, and with another range
        c.head(206, {"Content-Range: bytes 5-299999/300000", "Content-Length: 299995"});
        c.send(bytes().substr(5));
      });
  error_of({"asked for bytes 0-299999/300000", "bytes 5-299999/300000"});
  EXPECT_LE(cdn_requests(), 4);
}

TEST_F(Download, AFileThatChangedBetweenTwoRangesIsReadFromTheStart) {
  // A server that honours If-Range sees another ETag and sends the whole file. A lying server sends the range of the
  // other file.
  for (const bool liar : {false, true}) {
    fs::remove_all(cache_);
    const i64 before = cdn_requests();
    hub_.mischief = [&, before, liar](const TestRequest& r, TestConnection& c) {
      if (!is_cdn(r)) return false;
      if (cdn_requests() == before + 1) {
        c.head(200, {"ETag: \"old\"", fmt::format("Content-Length: {}", bytes().size())});
        c.send(test_bytes(50'000, 9));
      } else if (cdn_requests() == before + 2) {
        EXPECT_EQ(r.header("if-range") ? *r.header("if-range") : "", "\"old\"");
        if (liar) TestHub::send_file(r, c, bytes(), "new");
        else c.answer(200, bytes(), {"ETag: \"new\""});
      } else {
        TestHub::send_file(r, c, bytes(), "new");
      }
      return true;
    };
    ASSERT_TRUE(pull_now()) << notices_;
    expect_whole();
    EXPECT_EQ(cdn_requests() - before, liar ? 3 : 2);
  }
}

TEST_F(Download, AHubThatNowNamesAnotherHashIsRefused) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path != hub_.path_of(kWeights)) return false;
    c.answer(302, "", {"Location: " + TestHub::cdn_path(kWeights), "X-Linked-ETag: \"" + std::string(64, 'e') + "\""});
    return true;
  };
  error_of({"now says its hash is eeee", hash()});
}

TEST_F(Download, AnEndlessRedirectIsAnError) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path.find("/cdn/") == r.path.npos) return false;
    c.answer(302, "", {"Location: " + r.path + "x"});
    return true;
  };
  error_of({"redirected more than 5 times"});
  EXPECT_LE(hub_.server.requests().size(), 12u);
}

TEST_F(Download, ARedirectToAnotherSchemeIsAnError) {
  for (const std::string to : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"}) {
    hub_.mischief = [this, to](const TestRequest& r, TestConnection& c) {
      if (r.path != hub_.path_of(kWeights)) return false;
      c.answer(302, "", {"Location: " + to});
      return true;
    };
    error_of({"no http or https address"});
  }
}

TEST_F(Download, ARedirectWithAnEndlessBodyIsFollowed) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path != hub_.path_of(kWeights)) return false;
    c.head(302, {"Location: " + TestHub::cdn_path(kWeights)});
    for (int i = 0; i < 1000; ++i) c.send(std::string(10'000, 'x'));
    return true;
  };
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
}

TEST_F(Download, TheTokenGoesToTheEndpointAndToNoOtherHostOrPort) {
  token_ = "hf_secret";
  TestServer other([&](const TestRequest& r, TestConnection& c) { TestHub::send_file(r, c, bytes(), "x"); });
  const std::string by_name = fmt::format("http://localhost:{}/cdn/{}", hub_.server.port(), kWeights);
  for (const std::string& to : {other.url() + "/elsewhere", by_name}) {
    fs::remove_all(cache_);
    hub_.mischief = [this, to](const TestRequest& r, TestConnection& c) {
      if (r.path != hub_.path_of(kWeights)) return false;
      c.answer(302, "", {"Location: " + to});
      return true;
    };
    ASSERT_TRUE(pull_now()) << notices_;
    expect_whole();
  }
  ASSERT_EQ(other.requests().size(), 1u);
  EXPECT_EQ(other.requests()[0].header("authorization"), nullptr) << "another port is another host";
  i64 with = 0;
  for (const TestRequest& r : hub_.server.requests()) {
    const std::string* sent = r.header("authorization");
    if (is_cdn(r)) EXPECT_EQ(sent, nullptr) << "reached by another name";
    else EXPECT_EQ(sent ? *sent : "", "Bearer hf_secret") << r.path;
    with += sent != nullptr;
  }
  EXPECT_EQ(with, 8) << "two pulls: a listing and three files each";
}

TEST_F(Download, ARedirectOnTheSameHostKeepsTheToken) {
  token_ = "hf_secret";
  ASSERT_TRUE(pull_now()) << notices_;
  for (const TestRequest& r : hub_.server.requests()) EXPECT_NE(r.header("authorization"), nullptr) << r.path;
}

TEST_F(Download, AnExpiredAddressIsAskedForAnew) {
  at_first(2, [](const TestRequest&, TestConnection& c) { c.answer(403, "expired"); });
  TestServer other([&](const TestRequest& r, TestConnection& c) {
    other.count("/cdn") > 2 ? TestHub::send_file(r, c, bytes(), "x") : c.answer(403, "expired");
  });
  hub_.mischief = [&](const TestRequest& r, TestConnection& c) {
    if (r.path != hub_.path_of(kWeights)) return false;
    c.answer(302, "", {"Location: " + other.url() + "/cdn"});
    return true;
  };
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(hub_.server.count(hub_.path_of(kWeights)), 3) << "by way of the hub each time";
}

TEST_F(Download, ServersInTroubleAreTriedAgainAndRefusalsAreNot) {
  for (const int status : {500, 502, 503, 429, 408}) {
    fs::remove_all(cache_);
    int times = 0;
    hub_.mischief = [&times, this, status](const TestRequest& r, TestConnection& c) {
      if (r.path != hub_.path_of(kWeights) || ++times > 3) return false;
      c.answer(status, "");
      return true;
    };
    ASSERT_TRUE(pull_now()) << status << notices_;
    expect_whole();
  }
  struct Refusal {
    int status;
    std::vector<std::string> headers;
    std::string token, word;
  };
  for (const auto& [status, headers, token, word] : std::vector<Refusal>{
           {401, {}, "", "set HF_TOKEN"},
           {401, {}, "hf_x", "not allowed"},
           {403, {"X-Error-Code: GatedRepo", "X-Error-Message: Access is \x1b[31mrestricted"}, "hf_x", "licence"},
           {404, {"X-Error-Code: EntryNotFound"}, "", "no such"},
           {418, {}, "", "418"}}) {
    fs::remove_all(cache_);
    token_ = token;
    int times = 0;
    hub_.mischief = [&times, this, status = status, headers = headers](const TestRequest& r, TestConnection& c) {
      if (r.path != hub_.path_of(kWeights)) return false;
      ++times;
      c.answer(status, "{}", headers);
      return true;
    };
    const std::string text = error_of({fmt::format("{}", status), word});
    EXPECT_EQ(text.find('\x1b'), text.npos) << "what a server says is not sent to the terminal as it is";
    EXPECT_EQ(times, 1) << status;
  }
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path == hub_.path_of(kWeights)) c.answer(500, "");
    return r.path == hub_.path_of(kWeights);
  };
  error_of({"500", "tried 4 times"});
}

TEST_F(Download, AServerThatAsksForALongPauseIsNotWaitedFor) {
  hub_.mischief = [this](const TestRequest& r, TestConnection& c) {
    if (r.path != hub_.path_of(kWeights)) return false;
    c.answer(429, "", {"Retry-After: 3600"});
    return true;
  };
  error_of({"429", "3600 s"});
}

TEST_F(Download, AServerThatAsksForAShortPauseGetsIt) {
  at_first(1, [](const TestRequest&, TestConnection& c) { c.answer(503, "", {"Retry-After: 1"}); });
  ASSERT_TRUE(pull_now());
  EXPECT_NE(notices_.find("trying again in 1 s"), std::string::npos) << notices_;
}

TEST_F(Download, HeadersWithoutEndAreRefused) {
  always([](const TestRequest&, TestConnection& c) {
    c.send("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; ++i) c.send(fmt::format("X-{}: {}\r\n", i, std::string(9000, 'x')));
  });
  error_of({"headers of more than"});
}

TEST_F(Download, AnInterruptKeepsWhatHasCome) {
  always([&](const TestRequest&, TestConnection& c) {
    c.head(200, {fmt::format("Content-Length: {}", bytes().size())});
    c.send(bytes().substr(0, 150'000));
    c.hang();
  });
  progress_ = [this](const PullProgress& p) {
    if (p.file.path == kWeights && p.done >= 150'000) stop_ = true;
  };
  const auto path = pull_now();
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, Errc::interrupted);
  EXPECT_EQ(fs::file_size(partial(kWeights)), 150'000u);
  EXPECT_FALSE(fs::exists(snapshot() / kWeights));

  stop_ = false, progress_ = {};
  hub_.mischief = nullptr;
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(ranges(), (std::vector<i64>{0, 150'000}));
}

TEST_F(Download, OneProcessAtATimeFetchesABlob) {
  const RepoCache cache(cache_, hub_.repo);
  ASSERT_TRUE(cache.make_folders());
  const RemoteFile file{kWeights, static_cast<i64>(bytes().size()), HashKind::sha256, hash()};
  {
    const auto lock = cache.lock(file);
    ASSERT_TRUE(lock);
    error_of({kWeights, "another process"});
    EXPECT_EQ(cdn_requests(), 0);
  }
  EXPECT_TRUE(pull_now()) << "the lock is gone with its holder";
}

TEST_F(Download, ALinkWhereThePartialFileBelongsIsNotWrittenThrough) {
  const fs::path victim = folder_ / "victim";
  ASSERT_TRUE(write_file(victim, "precious"));
  fs::create_directories(partial(kWeights).parent_path());
  fs::create_symlink(victim, partial(kWeights));
  error_of({".incomplete"});
  EXPECT_EQ(*read_file(victim), "precious");
}

TEST(Digest, NamesBytesAsShaAndGitDo) {
  EXPECT_EQ(hash_of(HashKind::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");                  // FIPS 180-2
  EXPECT_EQ(hash_of(HashKind::git_blob, "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");  // git hash-object
  EXPECT_TRUE(is_hash(HashKind::git_blob, "ce013625030ba8dba906f756967f9e9ca394464a"));
  EXPECT_FALSE(is_hash(HashKind::git_blob, "CE013625030ba8dba906f756967f9e9ca394464a"));
  EXPECT_FALSE(is_hash(HashKind::sha256, "../../../../../../../../../../../../../../../../../../etc/passwd"));
}

}  // namespace
}  // namespace r1
