// A number that is not finite stops a run before the update, and the run loses nothing. Pretraining and fine-tuning
// share this path; src/rl/grpo_test.cpp has the test of reinforcement learning.
#include <cmath>
#include <limits>

#include "train/run_case.hpp"
#include "train/training_run.hpp"

namespace r1 {
namespace {

struct NumericFault {
  const char* name;
  void (*put_into)(const Weight&);
};

constexpr NumericFault kNumericFaults[] = {
    {"a_weight_is_nan",
     [](const Weight& w) {
       w.f32()[1] = std::numeric_limits<float>::quiet_NaN();
       w.bump();
     }},
    // A step adds to the gradients, so these are in its sums, while its loss is finite.
    {"a_gradient_is_nan", [](const Weight& w) { w.grad()[1] = std::numeric_limits<float>::quiet_NaN(); }},
    {"a_gradient_is_infinite", [](const Weight& w) { w.grad()[1] = -std::numeric_limits<float>::infinity(); }}};

class NotFinite : public testing::TestWithParam<std::tuple<const char*, NumericFault>> {
 protected:
  TrainConfig config(const std::string& out) const {
    TrainConfig c = run_.config(out);
    if (std::get<0>(GetParam()) == std::string("chat")) {
      std::string rows;
      for (int i = 0; i < 60; ++i) rows += fmt::format("{{\"prompt\": \"{}?\", \"answer\": \"{}\"}}\n", i, i * i);
      RunCase::write(run_.folder() / "chats.jsonl", rows);
      c.data[0].file = (run_.folder() / "chats.jsonl").string(), c.data[0].format = "chat";
    }
    return c;
  }
  const RunCase run_;
};
INSTANTIATE_TEST_SUITE_P(Train, NotFinite,
                         testing::Combine(testing::Values("text", "chat"), testing::ValuesIn(kNumericFaults)),
                         [](const auto& i) {
                           return fmt::format("{}_{}", std::get<0>(i.param), std::get<1>(i.param).name);
                         });

TEST_P(NotFinite, TheErrorNamesStepTensorAndCheckpointAndTheSameCommandEndsInTheBitsOfAnUndisturbedRun) {
  value_of(train(config("whole")));
  const std::filesystem::path folder = run_.folder() / "broken", checkpoint = checkpoint_path(folder, 4);
  std::string weights, moments;
  {
    const TrainHooks hooks;
    TrainingRun training(config("broken"), hooks);
    ASSERT_TRUE(training.open());
    for (int step = 0; step < 5; ++step) ASSERT_TRUE(training.step());
    weights = text_of(checkpoint / "model.safetensors"), moments = text_of(checkpoint / "trainer.safetensors");
    const Weight& w = training.model().weights()[3];
    std::get<1>(GetParam()).put_into(w);
    const Status status = training.step();
    ASSERT_FALSE(status);
    for (const std::string& part :
         {std::string("step 6: loss "), w.name(), "the last good checkpoint is " + checkpoint.string()})
      EXPECT_NE(status.error().what.find(part), std::string::npos) << status.error().what;
  }
  EXPECT_TRUE(text_of(checkpoint / "model.safetensors") == weights);
  EXPECT_TRUE(text_of(checkpoint / "trainer.safetensors") == moments);
  EXPECT_EQ(metrics_of(folder).size(), 5u) << "the figures of the steps before";
  value_of(train(config("broken")));
  expect_same_end(run_.folder() / "whole", folder, 8);
}

}  // namespace
}  // namespace r1
