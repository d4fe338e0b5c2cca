// Clients that leave at random moments of their streams: nothing of their requests stays behind.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <random>
#include <thread>

#include "serve/test_server.hpp"

namespace r1 {
namespace {

// Waits for what the server does on threads of its own once a client has left.
template <class Holds>
bool becomes_true(Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return holds();
}

i64 open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

std::string stream_request(u64 seed, i64 tokens) {
  return post_text("/v1/chat/completions",
                   fmt::format(R"({{"messages":[{{"role":"user","content":"What is {} + 4?"}}],"stream":true,)"
                               R"("seed":{},"max_tokens":{}}})",
                               seed % 50, seed, tokens),
                   "Connection: close\r\n");
}

// Reads until so many bytes have come, or the end.
void read_bytes(const TestClient& client, i64 bytes) {
  char buffer[512];
  while (bytes > 0) {
    const ssize_t n = recv(client.socket(), buffer, std::min<size_t>(sizeof(buffer), static_cast<size_t>(bytes)), 0);
    if (n <= 0) return;
    bytes -= n;
  }
}

// The text of a whole answer that always has the same seed.
Json reference_answer() {
  const Json reply = json_of(model_server().ask(
      post_text("/v1/chat/completions",
                R"({"messages":[{"role":"user","content":"What is 17 + 25?"}],"seed":11,"max_tokens":60})")));
  return member_at(reply, {"choices", "0", "message"});
}

void run_streams_that_clients_leave(u64 count) {
  constexpr size_t kAtOnce = 6;  // more than the engine runs, so that some leave while they wait
  const EngineHost& host = model_server().model->host();
  const auto idle = [&] { return host.status().running + host.status().queued == 0; };
  const Json before = reference_answer();
  ASSERT_TRUE(becomes_true(idle));
  const HostStatus first = host.status();
  const i64 files = open_files();
  std::mt19937_64 random(7);
  struct Client {
    std::unique_ptr<TestClient> connection;
    i64 reads = 0;  // bytes, before it leaves
  };
  std::deque<Client> clients;
  const auto leave = [&](size_t at) {
    read_bytes(*clients[at].connection, clients[at].reads);
    clients.erase(clients.begin() + static_cast<i64>(at));
  };
  for (u64 i = 0; i < count; ++i) {
    auto connection = std::make_unique<TestClient>(model_server().server->port());
    ASSERT_TRUE(connection->connected()) << i;
    const std::string request = stream_request(i, static_cast<i64>(1 + random() % 24));
    const bool whole = random() % 16 != 0;
    connection->send(std::string_view(request).substr(0, whole ? request.size() : random() % request.size()));
    // An answer has up to some 6,000 bytes: nothing of it, a part, or all of it.
    clients.push_back({std::move(connection), !whole || random() % 4 == 0 ? 0 : static_cast<i64>(random() % 6000)});
    if (clients.size() == kAtOnce) leave(random() % kAtOnce);
  }
  while (!clients.empty()) leave(0);
  // Where a connection is gone, its request was handed to the engine before, or never will be.
  EXPECT_TRUE(becomes_true([&] { return open_files() <= files; })) << open_files() << " files, before " << files;
  ASSERT_TRUE(becomes_true(idle)) << host.status().running << " run, " << host.status().queued << " wait";
  const HostStatus last = host.status();
  EXPECT_EQ(last.broken, "");
  EXPECT_EQ(last.pages_in_use, first.pages_in_use);
  EXPECT_EQ(last.failed, first.failed);
  EXPECT_EQ(last.accepted - first.accepted, last.completed - first.completed + last.cancelled - first.cancelled);
  EXPECT_GT(last.cancelled, first.cancelled);
  EXPECT_GT(last.completed, first.completed);
  EXPECT_EQ(dump(reference_answer()), dump(before));
}

TEST(AbortedStreams, LeaveNothingBehind) { run_streams_that_clients_leave(60); }

TEST(AbortedStreams_slow, LeaveNothingBehind) { run_streams_that_clients_leave(10'000); }

}  // namespace
}  // namespace r1
