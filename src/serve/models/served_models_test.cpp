#include "serve/models/served_models.hpp"

#include <gtest/gtest.h>

#include "core/test_folder.hpp"
#include "serve/test_server.hpp"
#include "session/numerics.hpp"
#include "session/session_need.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

using State = ServedModels::State;

const SessionOptions kSession{.context = 512, .max_sequences = 4};

i64 bytes_of_nano() {
  const auto need = session_need(ModelServer::nano(), kSession, machine_memory());
  R1_CHECK(need, "{}", need ? "" : need.error().what);
  return need->memory.total();
}

// As many copies of the model that ships as names.
std::vector<ServedModels::Entry> copies(std::initializer_list<const char*> names) {
  std::vector<ServedModels::Entry> out;
  for (const char* name : names) out.push_back({{.id = name}, ModelServer::nano()});
  return out;
}

std::vector<State> states(ServedModels& models) {
  std::vector<State> out;
  for (i64 i = 0; i < models.count(); ++i) out.push_back(models.view(i).state);
  return out;
}

TEST(ServedModels, TheIdleModelThatWasUsedLeastRecentlyLeaves) {
  ThreadPool pool(2);
  ServedModels models(copies({"a", "b", "c"}), pool, {.session = kSession, .budget = bytes_of_nano() * 5 / 2});
  EXPECT_EQ(states(models), std::vector<State>(3, State::unloaded));
  static_cast<void>(loaded_model(models, 0));
  static_cast<void>(loaded_model(models, 1));
  static_cast<void>(loaded_model(models, 0));
  static_cast<void>(loaded_model(models, 2));
  EXPECT_EQ(states(models), (std::vector{State::loaded, State::unloaded, State::loaded}));
  EXPECT_EQ(models.view(0).loads, 1);
}

TEST(ServedModels, AModelInUseStaysAndTheClaimWaits) {
  ThreadPool pool(2);
  ServedModels models(copies({"a", "b", "c"}), pool,
                      {.session = kSession, .budget = bytes_of_nano() * 5 / 2, .max_waiting = 1});
  const ServedModels::Lease first = loaded_model(models, 0);
  ServedModels::Lease second = loaded_model(models, 1);
  auto claim = models.claim(2, [] {});
  EXPECT_EQ(models.claim(2, [] {}), nullptr) << "too many wait";
  EXPECT_EQ(models.view(2).state, State::loading);
  EXPECT_FALSE(models.look(*claim).model);
  second.reset();
  while (models.view(2).state != State::loaded) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(models.look(*claim).model);
  EXPECT_EQ(states(models), (std::vector{State::loaded, State::unloaded, State::loaded}));
}

TEST(ServedModels, AModelThatTheBudgetDoesNotHoldAloneIsRefused) {
  ThreadPool pool(2);
  ServedModels models(copies({"a"}), pool, {.session = kSession, .budget = 1000});
  const auto claim = models.claim(0, [] {});
  std::optional<Error> failure;
  while (!(failure = models.look(*claim).failure)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_NE(failure->what.find("--memory"), std::string::npos) << failure->what;
  EXPECT_EQ(models.view(0).state, State::unloaded);
}

// What the cache of a loaded model takes.
i64 cache_bytes_of(ServedModels& models, i64 index) {
  const ServedModels::Lease model = loaded_model(models, index);
  const Session& session = model->session();
  return model->host().status().pages *
         cache_bytes(session.model(), serving_numerics(session.model(), {}), kPageTokens);
}

TEST(ServedModels, ACacheTakesNoMoreThanItsModelsShareOfTheBudget) {
  ThreadPool pool(2);
  const auto need = session_need(ModelServer::nano(), {}, {});
  ASSERT_TRUE(need);
  const i64 weights = need->memory.dense + need->memory.experts, sequence = need->memory.cache;
  // The share holds less than one sequence with room to spare, some, and all four.
  for (const i64 share : {weights + sequence, weights + 3 * sequence, weights + 1000 * sequence}) {
    ServedModels models(copies({"a", "b"}), pool, {.session = {.max_sequences = 4}, .budget = 2 * share});
    for (const i64 index : {0, 1}) {
      EXPECT_LE(cache_bytes_of(models, index), std::min(share - weights, 4 * sequence)) << share;
      EXPECT_GE(cache_bytes_of(models, index), std::min(share - weights, 4 * sequence) / 2) << share;
    }
    EXPECT_EQ(states(models), std::vector<State>(2, State::loaded));
  }
}

TEST(ServedModels, ExpertsBeyondTheBudgetLeaveRoomForAContext) {
  ThreadPool pool(2);
  const auto need = session_need(ModelServer::nano(), {}, {});
  ASSERT_TRUE(need);
  ASSERT_GT(need->memory.experts, 0);
  const i64 budget = need->memory.dense + need->memory.experts * 3 / 4;
  ServedModels models(copies({"a"}), pool, {.session = {.max_sequences = 4}, .budget = budget});
  const ServedModels::Lease model = loaded_model(models);
  // The cache may have a quarter of what the weights of every token leave.
  const i64 page = cache_bytes(model->session().model(), serving_numerics(model->session().model(), {}), kPageTokens);
  const i64 pages = std::min((budget - need->memory.dense) / 4 / page, need->context / kPageTokens);
  EXPECT_GT(pages, 1);
  EXPECT_GE(model->host().context(), pages * kPageTokens);
  EXPECT_LE(need->memory.dense + cache_bytes_of(models, 0), budget);
}

// What is wrong with loading the model with a budget; empty: nothing.
std::string refusal(i64 budget, i64 context) {
  ThreadPool pool(1);
  ServedModels models(copies({"a"}), pool, {.session = {.context = context, .max_sequences = 1}, .budget = budget});
  const auto claim = models.claim(0, [] {});
  for (;;) {
    const ServedModels::Seen seen = models.look(*claim);
    if (seen.failure) return seen.failure->what;
    if (seen.model) return "";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Between a budget that holds some of the experts and one that holds everything lie those that hold the experts, but
// not the cache as well.
TEST(ServedModels, AModelThatIsLoadedWithABudgetIsLoadedWithALargerOne) {
  const auto need = session_need(ModelServer::nano(), {}, {});
  ASSERT_TRUE(need);
  for (const i64 context : {0, 512, 1024}) {
    bool loaded = false;
    for (i64 twentieth = 4; twentieth <= 24; ++twentieth) {
      const i64 budget = need->memory.total() * twentieth / 20;
      const std::string why = refusal(budget, context);
      EXPECT_TRUE(why.empty() || !loaded) << "context " << context << ": " << why;
      loaded |= why.empty();
    }
    EXPECT_TRUE(loaded);
  }
}

// ---- over loopback

std::string chat(std::string_view model, std::string_view more = "") {
  return post_text(
      "/v1/chat/completions",
      fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"What is 3 + 4?"}}],"seed":7{}}})", model,
                  more));
}

std::string content(const TestAnswer& answer) {
  const Json text = member_at(json_of(answer), {"choices", "0", "message", "content"});
  return text.string() ? *text.string() : answer.body;
}

std::string status_of(const ModelServer& server, std::string_view name) {
  const Json models = member_at(json_of(server.ask(get_text("/v1/models"))), {"data"});
  for (const Json& model : *models.array())
    if (*model.find("id") == Json(name)) return *model.find("status")->string();
  return "";
}

TEST(ManyModels, OneIsLoadedWhenItIsFirstNamed) {
  const TestFolder folder;
  write_test_session(folder.path());
  std::vector<ServedModels::Entry> entries = copies({"a", "b"});
  entries[1].names.aliases = {"other"};
  entries.push_back({{.id = "random"}, folder.path()});
  ModelServer server(entries, ServedModels::Options{.session = kSession}, {});
  EXPECT_EQ(status_of(server, "a"), "loaded");
  EXPECT_EQ(status_of(server, "b"), "unloaded");
  EXPECT_EQ(member_at(json_of(server.ask(get_text("/props?model=b"))), {"status"}), Json("unloaded"));

  const TestAnswer answer = server.ask(chat("other"));
  EXPECT_EQ(member_at(json_of(answer), {"model"}), Json("other"));
  EXPECT_EQ(content(answer), content(server.ask(chat("a"))));
  EXPECT_EQ(status_of(server, "b"), "loaded");
  EXPECT_EQ(status_of(server, "random"), "unloaded");
  EXPECT_EQ(server.ask(chat("random", R"(,"max_tokens":4)")).status, 200);
  EXPECT_EQ(server.ask(chat("absent")).status, 404);
  EXPECT_EQ(server.ask(chat("")).status, 200) << "the first";
  EXPECT_EQ(member_at(json_of(server.ask(get_text("/props?model=random"))), {"status"}), Json("loaded"));
}

TEST(ManyModels, AnswersAreTheSameWhileOthersRun) {
  ModelServer server(copies({"a", "b"}), ServedModels::Options{.session = kSession}, {});
  const std::string alone = content(server.ask(chat("a")));
  std::vector<std::string> answers(8);
  std::vector<std::thread> clients;
  for (size_t i = 0; i < answers.size(); ++i)
    clients.emplace_back([&, i] { answers[i] = content(server.ask(chat(i % 2 ? "a" : "b"))); });
  for (std::thread& client : clients) client.join();
  for (const std::string& answer : answers) EXPECT_EQ(answer, alone);
}

TEST(ManyModels, OneThatCannotBeLoadedFailsAlone) {
  const TestFolder parent;
  const std::filesystem::path folder = parent.path() / "gone";
  std::filesystem::copy(ModelServer::nano(), folder);
  std::vector<ServedModels::Entry> entries = copies({"a"});
  entries.push_back({{.id = "late"}, folder});
  ModelServer server(entries, ServedModels::Options{.session = kSession}, {});
  std::filesystem::rename(folder, parent.path() / "away");
  for (const char* more : {"", R"(,"stream":false)"}) {
    const TestAnswer refused = server.ask(chat("late", more));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(member_at(json_of(refused), {"error", "code"}), Json("model_not_loaded"));
    EXPECT_NE(refused.body.find("the model late could not be loaded"), std::string::npos) << refused.body;
    EXPECT_EQ(refused.body.find(parent.path().string()), std::string::npos) << refused.body;
  }
  EXPECT_EQ(server.ask(chat("a")).status, 200);
  std::filesystem::rename(parent.path() / "away", folder);
  EXPECT_EQ(server.ask(chat("late")).status, 200) << "the next request tries again";
}

TEST(ManyModels, OneWhoseFileIsCutFailsAndIsLoadedAgainWhenTheFileIsWhole) {
  const TestFolder parent;
  const std::filesystem::path folder = parent.path() / "cut", file = folder / "model.safetensors";
  std::filesystem::copy(ModelServer::nano(), folder);
  std::vector<ServedModels::Entry> entries = copies({"a"});
  entries.push_back({{.id = "cut"}, folder});
  ModelServer server(entries, ServedModels::Options{.session = kSession}, {});
  const std::string before = content(server.ask(chat("cut")));
  std::filesystem::resize_file(file, 0);
  const TestAnswer failed = server.ask(chat("cut"));
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(member_at(json_of(failed), {"error", "code"}), Json("model_failed"));
  EXPECT_NE(failed.body.find("the file model.safetensors was cut short"), std::string::npos) << failed.body;
  const TestAnswer refused = server.ask(chat("cut"));
  EXPECT_EQ(member_at(json_of(refused), {"error", "code"}), Json("model_not_loaded"));
  EXPECT_NE(refused.body.find("cut/model.safetensors"), std::string::npos) << refused.body;
  EXPECT_EQ(status_of(server, "cut"), "unloaded");
  EXPECT_EQ(content(server.ask(chat("a"))), before) << "other models go on";

  std::filesystem::remove_all(folder);
  EXPECT_EQ(server.ask(chat("cut")).status, 503);
  std::filesystem::copy(ModelServer::nano(), folder);
  EXPECT_EQ(content(server.ask(chat("cut"))), before);
  EXPECT_EQ(server.models.view(1).loads, 2);
}

// A server whose model "a" is in use, so that "b" has no room until `server.model` is released.
struct FullServer : ModelServer {
  FullServer()
      : ModelServer(copies({"a", "b"}), ServedModels::Options{.session = kSession, .budget = bytes_of_nano() * 3 / 2},
                    {}) {}
};

TEST(ManyModels, AStreamTellsThatItsModelIsBeingLoaded) {
  FullServer full;
  TestClient progress(full.server->port()), plain(full.server->port()), whole(full.server->port());
  progress.send(chat("b", R"(,"stream":true,"return_progress":true)"));
  EXPECT_TRUE(progress.read_text(R"("loading":{"model": "b", "progress": 0)"));
  plain.send(chat("b", R"(,"stream":true)"));
  whole.send(chat("b"));
  EXPECT_EQ(plain.read(true).status, 200) << "the head does not wait";
  EXPECT_EQ(full.ask(chat("a")).status, 200) << "others go on meanwhile";
  full.model.reset();
  EXPECT_EQ(whole.read().status, 200);
  for (TestClient* client : {&progress, &plain}) {
    EXPECT_TRUE(client->read_text("[DONE]"));
  }
  EXPECT_FALSE(plain.has_read("loading"));
  EXPECT_EQ(status_of(full, "a"), "unloaded");
}

TEST(ManyModels, TheEndpointOfARequestThatWaitedIsSlowWork) {
  FullServer full;
  HttpRequest request;
  request.id = "0", request.method = "POST", request.path = "/v1/chat/completions";
  request.body = R"({"model":"b","messages":[{"role":"user","content":"What is 3 + 4?"}]})";
  const std::unique_ptr<Reply> reply = full.api.answer(std::move(request), [] {});
  EXPECT_FALSE(reply->is_slow());
  EXPECT_FALSE(reply->next().end) << "it waits";
  full.model.reset();
  while (full.models.view(1).state != State::loaded) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(reply->is_slow());
  EXPECT_FALSE(reply->next().end) << "the model draws";
  EXPECT_FALSE(reply->is_slow());
}

TEST(ManyModels, AShutdownEndsThoseThatWait) {
  FullServer full;
  TestClient stream(full.server->port()), whole(full.server->port());
  stream.send(chat("b", R"(,"stream":true,"return_progress":true)"));
  EXPECT_TRUE(stream.read_text("loading"));
  whole.send(chat("b"));
  while (full.models.view(1).state != State::loading) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  full.models.drain();
  EXPECT_EQ(whole.read().status, 503);
  EXPECT_TRUE(stream.read_text("shutting_down"));
}

TEST(ManyModels, AWrongFieldIsRefusedBeforeTheModelIsLoaded) {
  FullServer full;
  EXPECT_EQ(full.ask(chat(std::string(257, 'b'))).status, 400);
  EXPECT_EQ(full.ask(chat("b", R"(,"stream":true,"top_p":2)")).status, 400);
}

}  // namespace
}  // namespace r1
