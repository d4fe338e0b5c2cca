// The things that stories are about.
#pragma once
#include "tasks/everyday/stories.hpp"

namespace r1 {

// clang-format off
inline constexpr Thing kThings[] = {
    {"apple", "apples"}, {"apple", "apples"}, {"apple", "apples"}, {"candy", "candies"}, {"book", "books"},
    {"pencil", "pencils"}, {"marble", "marbles"}, {"sticker", "stickers"}, {"cookie", "cookies"}, {"egg", "eggs"},
    {"orange", "oranges"}, {"coin", "coins"}, {"ball", "balls"}, {"flower", "flowers"}, {"card", "cards"},
    {"toy", "toys"}, {"stamp", "stamps"}, {"banana", "bananas"}, {"pen", "pens"}, {"cake", "cakes"},
    {"sweet", "sweets"}, {"shell", "shells"}, {"stone", "stones"}, {"car", "cars"}, {"balloon", "balloons"},
    {"ticket", "tickets"}, {"cup", "cups"}, {"key", "keys"}, {"pear", "pears"}, {"rose", "roses"},
    {"button", "buttons"}, {"muffin", "muffins"}, {"hat", "hats"}, {"lemon", "lemons"}, {"nut", "nuts"},
    {"chocolate", "chocolates"}, {"plum", "plums"}, {"doll", "dolls"}, {"photo", "photos"}, {"carrot", "carrots"},
    {"bottle", "bottles"}, {"shirt", "shirts"}, {"notebook", "notebooks"}, {"battery", "batteries"},
    {"screw", "screws"}, {"lollipop", "lollipops"}, {"crayon", "crayons"}, {"bead", "beads"}, {"donut", "donuts"},
    {"strawberry", "strawberries"}, {"brick", "bricks"}};
inline constexpr Thing kFood[] = {
    {"apple", "apples"}, {"cookie", "cookies"}, {"candy", "candies"}, {"banana", "bananas"}, {"egg", "eggs"},
    {"slice", "slices"}, {"cake", "cakes"}, {"cherry", "cherries"}, {"grape", "grapes"}, {"muffin", "muffins"},
    {"chocolate", "chocolates"}, {"sweet", "sweets"}, {"pancake", "pancakes"}, {"nut", "nuts"}, {"pear", "pears"},
    {"donut", "donuts"}, {"sandwich", "sandwiches"}, {"strawberry", "strawberries"}, {"orange", "oranges"}};
inline constexpr Thing kFragile[] = {
    {"egg", "eggs"}, {"egg", "eggs"}, {"cup", "cups"}, {"plate", "plates"}, {"glass", "glasses"}, {"vase", "vases"},
    {"bottle", "bottles"}, {"lamp", "lamps"}, {"toy", "toys"}, {"balloon", "balloons"}, {"pencil", "pencils"}};
inline constexpr Thing kPeople[] = {
    {"person", "people"}, {"person", "people"}, {"passenger", "passengers"}, {"kid", "kids"}, {"child", "children"},
    {"student", "students"}, {"tourist", "tourists"}, {"man", "men"}, {"woman", "women"}, {"pupil", "pupils"}};
inline constexpr Thing kGuests[] = {
    {"person", "people"}, {"guest", "guests"}, {"kid", "kids"}, {"child", "children"}, {"student", "students"},
    {"visitor", "visitors"}, {"player", "players"}, {"boy", "boys"}, {"girl", "girls"}, {"friend", "friends"}};
inline constexpr Thing kFlying[] = {
    {"bird", "birds"}, {"bird", "birds"}, {"bird", "birds"}, {"duck", "ducks"}, {"pigeon", "pigeons"},
    {"butterfly", "butterflies"}, {"sparrow", "sparrows"}, {"crow", "crows"}, {"bee", "bees"}, {"owl", "owls"}};
inline constexpr Thing kAnimals[] = {
    {"cow", "cows"}, {"sheep", "sheep"}, {"chicken", "chickens"}, {"dog", "dogs"}, {"cat", "cats"}, {"fish", "fish"},
    {"horse", "horses"}, {"pig", "pigs"}, {"rabbit", "rabbits"}, {"goat", "goats"}, {"duck", "ducks"}};
inline constexpr Thing kSeats[] = {
    {"seat", "seats"}, {"chair", "chairs"}, {"table", "tables"}, {"room", "rooms"}, {"bed", "beds"},
    {"parking space", "parking spaces"}, {"place", "places"}};
inline constexpr Thing kMoney[] = {
    {"dollar", "dollars"}, {"dollar", "dollars"}, {"dollar", "dollars"}, {"euro", "euros"}, {"euro", "euros"},
    {"pound", "pounds"}, {"coin", "coins"}, {"buck", "bucks"}, {"rupee", "rupees"}, {"cent", "cents"}};
inline constexpr Thing kYears[] = {{"year", "years"}};
inline constexpr Thing kDegrees[] = {{"degree", "degrees"}};
inline constexpr Thing kPages[] = {{"page", "pages"}};
inline constexpr Thing kPoints[] = {{"point", "points"}, {"point", "points"}, {"goal", "goals"}};
inline constexpr Thing kLengths[] = {
    {"meter", "meters"}, {"cm", "cm"}, {"km", "km"}, {"mile", "miles"}, {"inch", "inches"}, {"foot", "feet"}};
inline constexpr Thing kWays[] = {
    {"km", "km"}, {"km", "km"}, {"mile", "miles"}, {"mile", "miles"}, {"meter", "meters"},
    {"kilometer", "kilometers"}};
inline constexpr Thing kVolumes[] = {
    {"liter", "liters"}, {"liter", "liters"}, {"gallon", "gallons"}, {"glass", "glasses"}, {"cup", "cups"}};
inline constexpr Thing kTimes[] = {
    {"minute", "minutes"}, {"minute", "minutes"}, {"hour", "hours"}, {"day", "days"}, {"week", "weeks"}};
// clang-format on

inline constexpr std::string_view kNothing[] = {""};  // never shown
inline constexpr Lines kNone = Lines(kNothing).first(0);

}  // namespace r1
