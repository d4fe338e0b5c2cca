#include "train/event_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/test_folder.hpp"
#include "train/test_events.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class EventFiles : public testing::Test {
 protected:
  void open(std::span<const Json> metrics) const {
    const auto opened = EventFile::open(path, metrics);
    ASSERT_TRUE(opened) << opened.error().what;
  }
  std::string text() const { return read_file(path).value(); }
  // After open(), the file must hold these metrics.
  void expect_rows(const std::vector<Json>& metrics) const {
    open(metrics);
    expect_events_of(metrics, events_in(path));
  }

  TestFolder folder;
  const fs::path path = folder.path() / "events";
  const std::vector<Json> rows = {Json::object({{"step", 10}, {"loss", 1.5}, {"tokens", 123456}}),
                                  Json::object({{"step", 20}, {"loss", 0.1}, {"time_step_s", 1e-3}}),
                                  Json::object({{"step", 300}, {"loss", -2.0}})};
};

TEST(Crc32c, HasTheValuesOfRfc3720) {
  std::string ascending(32, 0), descending(32, 0);
  std::iota(ascending.begin(), ascending.end(), char{0});
  std::copy(ascending.rbegin(), ascending.rend(), descending.begin());
  EXPECT_EQ(crc32c(std::string(32, 0)), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST_F(EventFiles, HoldAHeaderAndTheNumbersOfEveryRow) {
  auto events = EventFile::open(path, {});
  ASSERT_TRUE(events);
  for (const Json& row : rows) ASSERT_TRUE(events->append(row));
  const auto read = events_in(path);
  expect_events_of(rows, read);
  EXPECT_GT(read[0].wall_time, 1.7e9) << "seconds since 1970";
  EXPECT_EQ(read[2].scalars.at("loss"), 0.1f) << "rounded to f32";
  EXPECT_EQ(read[3].step, 300) << "a varint of two bytes";
}

TEST_F(EventFiles, LeaveOutWhatIsNoFiniteNumber) {
  auto events = EventFile::open(path, {});
  ASSERT_TRUE(events);
  const double inf = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(events->append(
      Json::object({{"step", 1}, {"nan", std::nan("")}, {"inf", inf}, {"text", "x"}, {"null", nullptr}, {"one", 1}})));
  EXPECT_EQ(events_in(path)[1].scalars, (std::map<std::string, float>{{"one", 1}}));
}

TEST_F(EventFiles, AreTruncatedToTheRowsThatARunKeeps) {
  open(rows);
  const std::string whole = text();
  open(std::span(rows).first(2));
  EXPECT_LT(text().size(), whole.size());
  EXPECT_TRUE(whole.starts_with(text())) << "the records that stay are not written again";
  expect_events_of({rows[0], rows[1]}, events_in(path));
}

// Whatever happened to the file, it holds every row once after open().
TEST_F(EventFiles, GetTheRowsBackThatTheyLack) {
  expect_rows(rows);
  const std::string whole = text();
  for (size_t kept = 0; kept < whole.size(); ++kept) {  // a process that is killed leaves a part of a record
    ASSERT_TRUE(write_file(path, whole.substr(0, kept)));
    expect_rows(rows);
    EXPECT_EQ(text().size(), whole.size());
  }
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(write_file(path, damaged));
    expect_rows(rows);
  }
  ASSERT_TRUE(write_file(path, whole + whole));
  expect_rows(rows);
  EXPECT_EQ(text(), whole);
  ASSERT_TRUE(write_file(path, "no events at all, but long enough for a record"));
  expect_rows(rows);
  expect_rows({rows[0], rows[2]});
}

TEST_F(EventFiles, HoldStepsOfOneAndOfTwoBytes) {
  std::vector<Json> steps;
  for (const i64 step : {0, 1, 127, 128, 129, 16383, 16384})
    steps.push_back(Json::object({{"step", step}, {"loss", 1.5}}));
  expect_rows(steps);
}

}  // namespace
}  // namespace r1
