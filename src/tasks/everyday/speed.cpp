// The generator of speeds, and of the distances and times that belong to a speed. All results are whole numbers.
#include <algorithm>
#include <cctype>
#include <numeric>

#include "tasks/everyday/stories.hpp"

namespace r1 {
namespace {

struct Mover {
  std::string_view name, pronoun, noun;
};
struct Unit {
  std::string_view many, one, brief;  // "hours", "hour", "h"
};

// clang-format off
constexpr Mover kMovers[] = {
    {"a car", "it", "car"}, {"a car", "it", "car"}, {"a car", "it", "car"}, {"a train", "it", "train"},
    {"a train", "it", "train"}, {"a bus", "it", "bus"}, {"a cyclist", "he", "cyclist"}, {"a runner", "she", "runner"},
    {"a plane", "it", "plane"}, {"a boat", "it", "boat"}, {"a truck", "it", "truck"}, {"a bike", "it", "bike"},
    {"a horse", "it", "horse"}, {"Tom", "he", "tom"}, {"Anna", "she", "anna"}, {"my dad", "he", "dad"},
    {"a man", "he", "man"}, {"a driver", "she", "driver"}, {"a ship", "it", "ship"}, {"a snail", "it", "snail"},
    {"a dog", "it", "dog"}, {"a motorbike", "it", "motorbike"}, {"Peter", "he", "peter"}, {"the bus", "it", "bus"},
    {"the train", "it", "train"}, {"a rocket", "it", "rocket"}, {"a bird", "it", "bird"}, {"a robot", "it", "robot"},
    {"a tram", "it", "tram"}, {"a scooter", "it", "scooter"}, {"a swimmer", "she", "swimmer"},
    {"an athlete", "he", "athlete"}, {"my sister", "she", "sister"}, {"a girl", "she", "girl"},
    {"a cheetah", "it", "cheetah"}, {"a drone", "it", "drone"}, {"a taxi", "it", "taxi"}, {"a van", "it", "van"}};
constexpr std::string_view kMoves[] = {
    "drives", "travels", "goes", "covers", "moves", "makes", "does", "runs", "travelled", "went", "drove", "covered",
    "traveled", "moved", "needs to go", "has travelled"};
constexpr Unit kLengthUnits[] = {
    {"km", "km", "km"}, {"km", "km", "km"}, {"km", "km", "km"}, {"miles", "mile", "miles"}, {"miles", "mile", "mi"},
    {"kilometers", "kilometer", "km"}, {"kilometres", "kilometre", "km"}, {"meters", "meter", "m"}, {"m", "m", "m"},
    {"metres", "metre", "m"}, {"feet", "foot", "ft"}};
constexpr Unit kTimeUnits[] = {
    {"hours", "hour", "h"}, {"hours", "hour", "h"}, {"hours", "hour", "h"}, {"hours", "hour", "hours"},
    {"hrs", "hour", "hrs"}, {"h", "h", "h"}, {"seconds", "second", "s"}, {"seconds", "second", "sec"},
    {"minutes", "minute", "min"}, {"s", "s", "s"}};

constexpr std::string_view kSpeedTold[] = {
    "{w} {v} {d} in {D}", "{w} {v} {d} in {D}", "{w} {v} {d} in {D}", "in {D} {w} {v} {d}",
    "{w} {v} a distance of {d} in {D}", "{w} needs {D} for {d}", "{w} takes {D} to go {d}",
    "it takes {w} {D} to cover {d}", "{w} {v} {d}. it takes {D}", "{w} travels for {D} and covers {d}",
    "{w} was on the road for {D} and made {d}", "the distance is {d} and {w} needs {D}", "{w} moved {d} within {D}",
    "after {D} {w} has gone {d}", "{w} ran {d} and the clock shows {D}"};
constexpr std::string_view kSpeedAsked[] = {
    "how fast is {p}", "how fast was {p}", "what is the speed", "what is the speed", "what is its speed",
    "what is the average speed", "what is its average speed", "how fast", "how fast is that", "what was the speed",
    "speed", "how many {L} per {o} is that", "what is the speed in {l}/{t}", "what is the speed in {L} per {o}",
    "find the speed", "calculate the speed", "calculate the average speed", "speed = ?", "how fast was {p} going",
    "at what speed did {p} go", "how far did {p} get per {o}", "determine the speed", "give the speed", "velocity",
    "what is the velocity", "how many {l} per {o}", "how quick is that"};
constexpr std::string_view kSpeedQuestions[] = {
    "what is the speed if the distance is {d} and the time is {D}", "what is the speed if you go {d} in {D}",
    "how fast is {w} that {v} {d} in {D}", "what is the speed of {w} that {v} {d} in {D}",
    "if the distance is {d} and the time is {D}, what is the speed", "how fast do you go if you cover {d} in {D}",
    "what speed is {d} in {D}", "if i walk {d} in {D}, what is my speed", "i drove {d} in {D}, how fast was i",
    "what is the average speed for {d} in {D}", "if {w} {v} {d} in {D}, what is the speed",
    "if {w} {v} {d} in {D} how fast is {p}", "how fast must i go to make {d} in {D}",
    "what speed do i need for {d} in {D}", "how fast is {d} in {D}", "{d} in {D} is how fast",
    "{d} in {D}, how fast is that", "{d} in {D} is what speed", "how many {L} per {o} is {d} in {D}",
    "i ran {d} in {D}. what was my speed", "we drove {d} and it took {D}, what was our average speed",
    "at what speed does {w} go if {p} needs {D} for {d}", "my train takes {D} for {d}, how fast is it",
    "what's the velocity of {w} with {d} in {D}", "how fast did i go when i did {d} in {D}",
    "when {w} {v} {d} in {D}, what is the average speed", "with {d} in {D}, what is the speed in {l}/{t}"};
constexpr std::string_view kSpeedOrders[] = {
    "find the speed: {d} in {D}", "calculate the speed: {d} in {D}", "calculate the speed of {w}: {d} in {D}",
    "compute the speed for {d} in {D}", "work out the average speed for {d} in {D}",
    "find the speed of {w} that {v} {d} in {D}", "calculate how fast {w} is that {v} {d} in {D}",
    "give me the speed for {d} and {D}", "find the velocity: {d}, {D}", "calculate speed: {k}, {K}",
    "calculate speed, distance {k}, time {K}"};
constexpr std::string_view kSpeedNotes[] = {
    "{m} {k} {K} speed", "{m} {k} {K} speed", "{m}: {d}, {D}. {l}/{t}", "{m}: {d}, {D}. speed",
    "{m}: {d} in {D}, speed", "{m}, {k} in {K}, how fast", "speed: {k}, {K}", "speed for {d} in {D}",
    "find speed, distance {k}, time {K}", "{k} in {K} speed", "d={k}, t={K}, v", "d = {k}, t = {K}, find v",
    "distance {d}, time {D}, speed", "distance={a} time={b} speed", "distance: {k}; time: {K}; speed",
    "speed = distance/time, distance {a} time {b}", "speed = distance / time, {k} / {K}",
    "v = s/t with s={a} and t={b}", "v=s/t, s={a}, t={b}", "v = d/t with d = {a} and t = {b}", "v=d/t d={a} t={b}",
    "s={k} t={K} v", "s = {a}, t = {b}, v", "avg speed {k} {K}", "average speed {k} in {K}", "velocity: {d}, {D}",
    "{m} {k} {K} how fast", "{m} {k} {K} {l}/{t}", "{k} divided by {K}", "{k}/{K}", "{k} per {K}, speed",
    "i go {k} in {K}, speed", "time {K}, distance {k}, speed", "t={K}, d={k}, speed", "{m} speed with {k} and {K}",
    "speed if s = {k}, t = {K}"};

constexpr std::string_view kSpeedOfMinutes[] = {
    "{w} {v} {d} in {D}. what is the speed in {l}/{t}", "{d} in {D}, how many {L} per {o}", "{d} in {D} in {l}/{t}",
    "what is the speed in {L} per {o} if {w} {v} {d} in {D}", "{m} {k} {K}, {l}/{t}"};

constexpr std::string_view kDistanceQuestions[] = {
    "how far do you get in {D} at {S}", "how far does {w} go in {D} at {S}", "how far can i drive in {D} at {S}",
    "what distance does {w} cover in {D} at {S}", "how many {L} does {w} travel in {D} at {S}",
    "if {w} goes {S}, how far does {p} get in {D}", "if {w} travels at {S} for {D}, how far is that",
    "what is the distance at {S} for {D}", "how far is {D} at {S}", "what distance is {D} at {S}",
    "at {S}, how far in {D}", "{w} drives at {S} for {D}. how far does {p} go",
    "{w} moves with {S}. how far does {p} get in {D}", "{w} goes at {S} for {D}, what is the distance",
    "distance at {S} for {D}", "distance for {S} and {D}", "speed {S}, time {D}, distance", "{S} for {D}, how far",
    "{m} {S} {K} distance", "s = v*t with v={c} and t={b}", "distance = speed * time, speed {c}, time {b}",
    "v={c}, t={b}, distance", "how far at {S} in {D}", "{w} runs {S}, what distance after {D}"};
constexpr std::string_view kTimeQuestions[] = {
    "how long does it take to go {d} at {S}", "how long do i need for {d} at {S}", "how long for {d} at {S}",
    "{w} travels {d} at {S}. how long does it take", "how many {T} does {w} need for {d} at {S}",
    "time for {d} at {S}", "distance {d}, speed {S}, time", "t = s/v with s={a} and v={c}",
    "how much time does {w} need for {d} at {S}", "in how many {T} does {w} make {d} at {S}",
    "if {w} goes {S}, how long does {p} need for {d}", "how long will {d} take at {S}", "{m} {k} {S} how long",
    "it is {d} to town. how long does it take at {S}", "how long is a trip of {d} at {S}",
    "time = distance / speed, distance {a}, speed {c}"};
constexpr std::string_view kMarks[] = {
    "?", "?", "?", "?", "?", "", "", "", ".", " = ?", "??", " ?", " pls", "? thanks"};
// clang-format on

// A time that is a number of halves or tenths of its unit, or of minutes that are a part of an hour.
struct Duration {
  i64 digits, scale;  // the time is digits / scale
  std::string text;   // "2.5", or "half an hour" if it has its unit
  bool with_unit = false;
  std::string fact;  // how the time becomes `digits`: "2.5*2=5"
};

Duration whole_time(Random& r) {
  const i64 b = r.between(2, chance(r, 3) ? 12 : 6);
  return {b, 1, b <= 12 && chance(r, 15) ? number_in_words(b) : std::to_string(b), false, {}};
}

Duration broken_time(Random& r) {
  switch (r.below(8)) {
    case 0: return {1, 2, "half an hour", true, "0.5*2=1\n"};
    case 1: return {1, 2, chance(r, 2) ? "0.5 hours" : "1/2 hour", true, "0.5*2=1\n"};
    case 2: {
      static constexpr i64 kMinutes[] = {30, 30, 15, 20, 10};
      const i64 minutes = pick(r, kMinutes), parts = 60 / minutes;
      return {1, parts, std::to_string(minutes) + (chance(r, 2) ? " minutes" : " min"), true,
              put_in("{m}*{n}=60\n", {{"m", std::to_string(minutes)}, {"n", std::to_string(parts)}})};
    }
    case 3: {
      static constexpr i64 kTenths[] = {2, 4, 8, 12, 12, 16, 24};
      const i64 tenths = pick(r, kTenths);
      const std::string text = text_of({tenths, 1});
      return {tenths, 10, text, false, put_in("{t}*10={n}\n", {{"t", text}, {"n", std::to_string(tenths)}})};
    }
    default: {
      const i64 n = r.between(1, chance(r, 4) ? 12 : 4), halves = 2 * n + 1;
      const std::string text = std::to_string(n) + ".5";
      const std::string fact = put_in("{t}*2={n}\n", {{"t", text}, {"n", std::to_string(halves)}});
      if (n <= 4 && chance(r, 3))
        return {halves, 2, n == 1 && chance(r, 2) ? "an hour and a half" : number_in_words(n) + " and a half hours",
                true, fact};
      return {halves, 2, text, false, fact};
    }
  }
}

struct Trip {
  i64 distance, speed;
  Duration time;
  Mover mover;
  Unit length, unit;
};

Trip any_trip(Random& r) {
  Trip t{0,
         chance(r, 2) ? r.between(1, 20) * 5 : r.between(2, 120),
         chance(r, 6) ? broken_time(r) : whole_time(r),
         pick(r, kMovers),
         pick(r, kLengthUnits),
         pick(r, kTimeUnits)};
  if (t.time.scale > 1) {  // the distance must be whole
    const i64 step = std::max<i64>(1, t.time.scale / std::gcd(t.time.scale, t.time.digits));
    t.speed = (t.speed + step - 1) / step * step;
    if (t.time.with_unit) t.unit = kTimeUnits[0];
  }
  t.distance = t.speed * t.time.digits / t.time.scale;
  return t;
}

std::string speed_text(Random& r, const Trip& t, std::string_view shown) {
  if (t.length.brief == "mi" && t.unit.one == "hour" && chance(r, 2)) return std::string(shown).append(" mph");
  if (t.length.brief == "km" && t.unit.one == "hour" && chance(r, 6)) return std::string(shown).append(" kmh");
  static constexpr std::string_view kForms[] = {"{v} {l}/{t}", "{v} {l}/{t}", "{v}{l}/{t}", "{v} {L} per {o}",
                                                "{v} {L} an {o}"};
  std::string_view form = pick(r, kForms);
  if (form == kForms[4] && t.unit.one != "hour") form = kForms[3];
  return put_in(form,
                {{"v", shown}, {"l", t.length.brief}, {"t", t.unit.brief}, {"L", t.length.many}, {"o", t.unit.one}});
}

std::string filled(Random& r, const Trip& t, std::string_view pattern) {
  const std::string a = std::to_string(t.distance), c = std::to_string(t.speed);
  const std::string_view space = chance(r, 2) ? " " : "";
  const std::string duration = t.time.with_unit ? t.time.text : t.time.text + " " + std::string(t.unit.many);
  const std::string brief_way = a + std::string(space) + std::string(t.length.brief);
  const bool digit = std::isdigit(static_cast<unsigned char>(t.time.text.back())) != 0;
  const std::string brief_time =
      t.time.with_unit ? t.time.text : t.time.text + std::string(digit ? space : " ") + std::string(t.unit.brief);
  return put_in(pattern, {{"a", a},
                          {"b", t.time.text},
                          {"c", c},
                          {"d", a + " " + std::string(t.length.many)},
                          {"D", duration},
                          {"k", brief_way},
                          {"K", brief_time},
                          {"S", speed_text(r, t, c)},
                          {"w", t.mover.name},
                          {"p", t.mover.pronoun},
                          {"m", t.mover.noun},
                          {"v", pick(r, kMoves)},
                          {"L", t.length.many},
                          {"l", t.length.brief},
                          {"T", t.unit.many},
                          {"t", t.unit.brief},
                          {"o", t.unit.one}});
}

std::string ask_speed(Random& r, const Trip& t) {
  // Minutes that are a part of an hour: only a question that names the unit is clear.
  if (t.time.text.find("min") != t.time.text.npos)
    return as_typed(r, filled(r, t, pick(r, kSpeedOfMinutes)).append(pick(r, kMarks)));
  switch (r.below(8)) {
    case 0:
    case 1:
    case 2: {
      const std::string_view joint = chance(r, 4) ? ", " : ". ";
      const std::string asked = filled(r, t, pick(r, kSpeedAsked));
      const std::string text = filled(r, t, pick(r, kSpeedTold)).append(joint).append(asked);
      return as_typed(r, with_capitals(r, text).append(text.back() == '?' ? "" : pick(r, kMarks)));
    }
    case 3:
    case 4: return ask_whether(r, filled(r, t, pick(r, kSpeedQuestions)));
    case 5: return ask_to(r, filled(r, t, pick(r, kSpeedOrders)));
    default: {
      // A note with bare numbers cannot hold a time that has its own unit.
      std::string_view note = pick(r, kSpeedNotes);
      while (t.time.with_unit && note.find("{b}") != note.npos) note = pick(r, kSpeedNotes);
      return as_typed(r, filled(r, t, note).append(pick(r, kMarks)));
    }
  }
}

void write_speed(Draft& d, Random& r, const Trip& t) {
  d.trace += t.time.fact;
  const i64 scaled = t.time.scale == 1 ? t.distance : write_mul(d.trace, t.distance, t.time.scale);
  d.answer = std::to_string(t.time.digits == 1 ? scaled : write_exact_divide(d.trace, scaled, t.time.digits, r));
}

}  // namespace

// Four in five ask for the speed, the others for the distance or the time.
Draft draft_speed(Random& r, int) {
  Trip t = any_trip(r);
  Draft d;
  const u32 choice = r.below(10);
  if (choice < 2) {
    t.time = whole_time(r);
    if (choice == 1) t.speed = std::min<i64>(t.speed, 99);  // a divisor of two digits
    t.distance = t.speed * t.time.digits;
    if (choice == 0) d.answer = std::to_string(write_mul(d.trace, t.speed, t.time.digits));
    else d.answer = std::to_string(write_exact_divide(d.trace, t.distance, t.speed, r));
    if (choice == 0) contains_product(d, t.speed, t.time.digits);
    const std::string text = filled(r, t, choice == 0 ? pick(r, kDistanceQuestions) : pick(r, kTimeQuestions));
    d.prompt = chance(r, 3) ? ask_whether(r, text) : as_typed(r, text + std::string(pick(r, kMarks)));
  } else {
    write_speed(d, r, t);
    d.prompt = ask_speed(r, t);
  }
  d.content = put_in("speed {a} {b}", {{"a", std::to_string(t.distance)}, {"b", std::to_string(t.time.digits)}});
  return d;
}

}  // namespace r1
