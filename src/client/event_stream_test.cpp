#include "client/event_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace r1 {
namespace {

using Events = std::vector<std::string>;

Events events_of(const std::vector<std::string_view>& pieces) {
  EventStream stream("a server");
  Events out;
  for (const std::string_view piece : pieces)
    EXPECT_TRUE(stream.push(piece, [&](std::string_view data) {
      out.emplace_back(data);
      return Status();
    }));
  return out;
}

TEST(EventStream, APieceMayEndAnywhere) {
  const std::string text =
      "\xef\xbb\xbf"
      "data: {\"a\": 1}\n\n: comment\n\nevent: x\r\nid: 7\r\nretry: 3\r\ndata:two\r\n\r\ndata: three\rdata: 3\r\r"
      "data: é\n\ndata: [DONE]\n\n";
  const Events wanted{"{\"a\": 1}", "two", "three\n3", "é", "[DONE]"};
  EXPECT_EQ(events_of({text}), wanted);
  for (size_t first = 0; first <= text.size(); ++first)
    for (size_t second = first; second <= text.size(); ++second) {
      const std::string_view all = text;
      ASSERT_EQ(events_of({all.substr(0, first), all.substr(first, second - first), all.substr(second)}), wanted)
          << "cut at " << first << " and " << second;
    }
}

TEST(EventStream, LinesOfDataAreJoinedByLineEnds) {
  EXPECT_EQ(events_of({"data: a\ndata: b\ndata\ndata:  c\n\n"}), (Events{"a\nb\n\n c"}));
  EXPECT_EQ(events_of({"data\n\n"}), (Events{""}));
}

TEST(EventStream, OnlyDataMakesAnEvent) {
  EXPECT_EQ(events_of({": keep-alive\n\n: keep-alive\n\n"}), Events());
  EXPECT_EQ(events_of({"event: ping\n\nid: 1\n\ndatas: a\n\n data: b\n\nDATA: c\n\n"}), Events());
  EXPECT_EQ(events_of({": a\ndata: b\n: c\nevent: d\n\n"}), (Events{"b"}));
}

TEST(EventStream, AnEventThatTheEndCutsIsLeftOut) {
  EXPECT_EQ(events_of({"data: a\n\ndata: b"}), (Events{"a"}));
  EXPECT_EQ(events_of({"data: a\n\ndata: b\n"}), (Events{"a"}));
  EXPECT_EQ(events_of({"data: a\r\n\r"}), (Events{"a"})) << "a CR alone ends a line";
}

TEST(EventStream, AnErrorOfTheReaderStopsIt) {
  EventStream stream("a server");
  int seen = 0;
  const Status status = stream.push("data: a\n\ndata: b\n\n", [&](std::string_view) -> Status {
    ++seen;
    return fail(Errc::corrupt, "enough");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "enough");
  EXPECT_EQ(seen, 1);
}

TEST(EventStream, ALineAndAnEventHaveALimit) {
  const auto nothing = [](std::string_view) { return Status(); };
  const std::string most(EventStream::kMostBytes - 6, 'x');
  EventStream fits("a server");
  EXPECT_TRUE(fits.push("data: " + most + "\n\n", nothing));
  EventStream line("a server");
  EXPECT_TRUE(line.push("data: " + most, nothing));
  EXPECT_FALSE(line.push("x", nothing));
  EventStream event("a server");
  EXPECT_TRUE(event.push("data: " + most + "\n", nothing));
  const Status status = event.push("data: " + most + "\n", nothing);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("4194304"), std::string::npos) << status.error().what;
}

}  // namespace
}  // namespace r1
