// The lines of stories whose operation is a product or a quotient, and of those that count legs, days and so on.
#include "tasks/everyday/story_things.hpp"

namespace r1 {
namespace {

using Text = std::string_view;

// clang-format off
// Products.
constexpr Text kEach[] = {
    "{N} {+has} {a} boxes with {bO} each", "there are {a} bags with {bO} in each", "{N} {+buys} {a} packs of {bO}",
    "there are {a} rows with {bO} in each row", "each box has {bO} and there are {a} boxes",
    "one bag holds {bO}. there are {a} bags", "{a} children have {bO} each", "{N} {+gets} {bO} a day for {a} days",
    "{a} people each bring {bO}", "there are {bO} in a box. {N} {+has} {a} boxes", "each of {a} friends has {bO}",
    "{N} {+makes} {bO} every day for {a} days", "{a} boxes, {bO} in each", "{a} bags hold {bO} each",
    "there are {a} shelves with {bO} on each", "a pack has {bO}. {N} {+buys} {a} packs",
    "{N} {+gives} {bO} to each of {a} friends", "{N} {+has} {a} groups of {bO}", "{a} trays have {bO} each",
    "every week {N} {+gets} {bO}, for {a} weeks", "{N} {+puts} {bO} into each of {a} bags",
    "{N} {+sells} {bO} a week for {a} weeks", "{a} baskets contain {bO} each"};
constexpr Text kEachAsked[] = {
    "how many {O} are there", "how many {O} in total", "how many {O} altogether", "how many {O} is that",
    "how many in all", "how many are there in total", "what is the total", "how many {O} are there in all",
    "how many {O} together"};
constexpr Text kPrice[] = {
    "one {o} costs {b} dollars", "each {o} costs {b} dollars", "{O} cost {b} dollars each",
    "the price of one {o} is {b} dollars", "one {o} is {b} euros", "a single {o} costs {b} dollars",
    "{O} are {b} euros each", "{O} cost {b} dollars apiece"};
constexpr Text kPriceAsked[] = {
    "how much do {a} cost", "how much do {a} {O} cost", "how much are {a} {O}", "what do {a} cost",
    "what is the price of {a}", "how much {+does} {N} pay for {a}", "how much for {a}", "what would {a} {O} cost",
    "how much money is needed for {a}", "what is the cost of {a} {O}", "what do i pay for {a}"};
constexpr Text kBuysAt[] = {
    "{N} {+buys} {aO} for {b} dollars each", "{N} {+buys} {aO} at {b} euros each",
    "{N} bought {aO} for {b} dollars apiece", "{N} {+sells} {aO} for {b} dollars each", "{aO} at {b} dollars each"};
constexpr Text kCostAsked[] = {
    "how much is that", "how much is it in total", "what is the total", "how much money is that",
    "what is the total price", "how many dollars or euros is that"};
constexpr Text kTickets[] = {
    "a ticket costs {b} dollars", "one meal costs {b} dollars", "the entry is {b} euros per person",
    "a bus ride is {b} dollars each", "lunch costs {b} dollars per person", "each person pays {b} euros"};
constexpr Text kTicketsAsked[] = {
    "how much do {a} people pay", "what do {a} people pay together", "how much is it for {a} people",
    "how much for a group of {a}", "what is the price for {a} friends"};
constexpr Text kWage[] = {
    "{N} {+earns} {b} dollars an hour", "{N} {+makes} {b} dollars per hour", "{N} {+gets} {b} euros per hour",
    "{N} {+is} paid {b} dollars an hour"};
constexpr Text kWageAsked[] = {
    "how much {+does} {n} earn in {a} hours", "how much {+does} {n} make in {a} hours",
    "how much is that for {a} hours of work", "what {+does} {n} get for {a} hours", "how much money after {a} hours"};
constexpr Text kDaily[] = {
    "{N} {+reads} {b} pages a day", "{N} {+reads} {b} pages every day", "{N} {+reads} {b} pages per day",
    "every day {N} {+reads} {b} pages"};
constexpr Text kDailyAsked[] = {
    "how many pages {+does} {n} read in {a} days", "how many pages is that in {a} days", "how many pages in {a} days",
    "how much {+does} {n} read in {a} days"};
constexpr Text kSaving[] = {
    "{N} {+saves} {b} dollars a week", "{N} {+saves} {b} euros every week",
    "{N} {+gets} {b} dollars pocket money per week"};
constexpr Text kSavingAsked[] = {
    "how much is that in {a} weeks", "how much {+does} {n} have after {a} weeks", "how much money in {a} weeks"};
constexpr Text kTeams[] = {
    "there are {a} teams with {b} players each", "{a} teams of {b} players", "{a} cars with {b} people in each",
    "{a} tables with {b} people at each", "{a} rows of {b} people", "there are {a} groups of {b} people",
    "{a} classes with {b} students each", "{a} buses with {b} passengers each"};
constexpr Text kRecipe[] = {
    "one cake needs {b} eggs", "a recipe needs {b} eggs per cake", "for one cake {n} {+needs} {b} eggs",
    "a cake takes {b} eggs"};
constexpr Text kRecipeAsked[] = {
    "how many eggs for {a} cakes", "how many eggs do {a} cakes need", "how many eggs are needed for {a} cakes"};
constexpr Text kPerPerson[] = {
    "each person gets {bO}", "every guest eats {bO}", "we need {bO} per person", "every child gets {bO}",
    "{N} {+gives} {bO} to each child"};
constexpr Text kPerPersonAsked[] = {
    "how many {O} for {a} people", "how many {O} are needed for {a}", "how many for {a}",
    "how many {O} is that for {a} people"};

// Quotients.
constexpr Text kShare[] = {
    "{N} {+shares} {aO} among {b} friends", "{aO} are shared by {b} kids", "{aO} are divided among {b} children",
    "{b} people share {aO} equally", "{N} {+has} {aO} for {b} children", "{aO} for {b} people",
    "we share {aO} between {b} of us", "{b} friends share {aO}", "{N} {+gives} {aO} to {b} kids equally",
    "{N} {+divides} {aO} equally between {b} people", "{b} friends split {aO} equally",
    "{aO} are split between {b} friends", "{b} kids get {aO} together, all the same"};
constexpr Text kShareAsked[] = {
    "how many does each get", "how many {O} does each get", "how many {O} for each", "how many each",
    "how many {O} per person", "what does everyone get", "how many {O} does each one get",
    "how many does everyone get", "how many will each have"};
constexpr Text kPacked[] = {
    "{N} {+puts} {aO} into {b} boxes equally", "{aO} are put into {b} equal groups",
    "{aO} are in {b} boxes, the same number in each", "{N} {+packs} {aO} into {b} bags equally",
    "{aO} stand in {b} equal rows", "{b} equal packs have {aO} together"};
constexpr Text kPackedAsked[] = {
    "how many {O} are in each", "how many are in each", "how many in one", "how many {O} in each one",
    "how many each"};
constexpr Text kFit[] = {
    "{N} {+has} {aO} and {+puts} {b} in each box", "{b} {O} fit in a box. {N} {+has} {aO}",
    "{N} {+packs} {aO}, {b} per box", "{aO} are packed in boxes of {b}", "every box holds {bO} and there are {aO}"};
constexpr Text kBoxes[] = {
    "how many boxes are needed", "how many boxes are there", "how many boxes {+does} {n} need", "how many boxes"};
constexpr Text kCostTogether[] = {
    "{b} {O} cost {a} dollars", "{b} {O} cost {a} dollars together", "{N} {+pays} {a} dollars for {b} {O}",
    "{b} {O} are {a} euros", "{N} bought {b} {O} for {a} dollars", "the price of {b} {O} is {a} dollars"};
constexpr Text kOnePrice[] = {
    "how much is one", "how much does one {o} cost", "what does one cost", "what is the price of one {o}",
    "how much is each", "what is the price per {o}"};
constexpr Text kEarned[] = {
    "{N} earned {a} dollars in {b} hours", "{N} {+gets} {a} euros for {b} hours of work",
    "for {b} hours {N} {+gets} {a} dollars"};
constexpr Text kPerHour[] = {
    "how much is that per hour", "how much {+does} {n} earn per hour", "what is that per hour",
    "how much in one hour"};
constexpr Text kReadIn[] = {
    "{N} read {a} pages in {b} days", "{N} {+has} to read {a} pages in {b} days",
    "a book has {a} pages and {N} {+has} {b} days"};
constexpr Text kPerDay[] = {
    "how many pages is that per day", "how many pages a day", "how many pages per day", "how many pages each day"};
constexpr Text kInTeams[] = {
    "{a} kids make {b} equal teams", "{a} students are split into {b} groups",
    "a class of {a} is divided into {b} teams", "{a} players form {b} teams"};
constexpr Text kTeamSize[] = {
    "how many are in each team", "how many in each group", "how many are in one team", "how big is each team"};
constexpr Text kTeamsOf[] = {
    "{a} kids make teams of {b}", "{a} students work in groups of {b}", "{a} people sit at tables for {b}",
    "{a} people go by cars, {b} in each car"};
constexpr Text kHowManyTeams[] = {
    "how many groups are there", "how many are needed", "how many groups", "how many does that make"};
constexpr Text kBill[] = {
    "a meal costs {a} dollars and {b} friends share the bill", "{b} friends split a bill of {a} euros",
    "a taxi for {b} people costs {a} dollars", "{b} people pay {a} dollars together"};
constexpr Text kBillAsked[] = {
    "how much does each pay", "how much per person", "what does everyone pay", "how much is it for each",
    "how much each"};
constexpr Text kPieces[] = {
    "a ribbon of {a} cm is cut into {b} equal pieces", "{N} {+cuts} {a} meters of rope into {b} equal pieces",
    "a {a} cm board is cut in {b} equal parts"};
constexpr Text kPieceAsked[] = {
    "how long is each piece", "how long is one piece", "what is the length of one piece", "how long is each"};
constexpr Text kGroupPeople[] = {
    "how many people are there", "how many people in total", "how many are there together", "how many in all",
    "what is the total", "how many are there altogether"};
constexpr Text kHasTimes[] = {
    "{N} {+has} {aO}. {M} has {b} times as many", "{N} {+has} {aO} and {M} has {b} times as many"};
constexpr Text kHasTwice[] = {
    "{N} {+has} {aO}. {M} has twice as many", "{N} {+has} {aO} and {M} has double",
    "{N} {+has} {aO}, {M} has twice as many"};
constexpr Text kHasHalf[] = {"{N} {+has} {aO}. {M} has half as many", "{N} {+has} {aO} and {M} has half of that"};
constexpr Text kGroupOther[] = {
    "how many {O} does {M} have", "how many does {M} have", "what does {M} have", "how many {O} has {M}"};

// The usual stories come several times.
const Scene kGroupScenes[] = {
    {'*', kThings, kEach, kNone, kEachAsked}, {'*', kThings, kEach, kNone, kEachAsked},
    {'*', kThings, kEach, kNone, kEachAsked}, {'*', kThings, kEach, kNone, kEachAsked},
    {'*', kThings, kPrice, kNone, kPriceAsked}, {'*', kThings, kPrice, kNone, kPriceAsked},
    {'*', kThings, kBuysAt, kNone, kCostAsked}, {'*', kMoney, kTickets, kNone, kTicketsAsked},
    {'*', kMoney, kWage, kNone, kWageAsked}, {'*', kPages, kDaily, kNone, kDailyAsked},
    {'*', kMoney, kSaving, kNone, kSavingAsked}, {'*', kPeople, kTeams, kNone, kGroupPeople},
    {'*', kFood, kRecipe, kNone, kRecipeAsked}, {'*', kFood, kPerPerson, kNone, kPerPersonAsked},
    {'/', kThings, kShare, kNone, kShareAsked}, {'/', kThings, kShare, kNone, kShareAsked},
    {'/', kThings, kShare, kNone, kShareAsked}, {'/', kThings, kPacked, kNone, kPackedAsked},
    {'/', kThings, kFit, kNone, kBoxes}, {'/', kThings, kCostTogether, kNone, kOnePrice},
    {'/', kMoney, kEarned, kNone, kPerHour}, {'/', kPages, kReadIn, kNone, kPerDay},
    {'/', kPeople, kInTeams, kNone, kTeamSize}, {'/', kPeople, kTeamsOf, kNone, kHowManyTeams},
    {'/', kMoney, kBill, kNone, kBillAsked}, {'/', kLengths, kPieces, kNone, kPieceAsked},
    {'*', kThings, kHasTimes, kNone, kGroupOther}, {'*', kThings, kHasTwice, kNone, kGroupOther, true, 2},
    {'/', kThings, kHasHalf, kNone, kGroupOther, true, 2}};

constexpr Text kTimesNotes[] = {
    "{a} boxes, {bO} each, total", "{bO} per bag, {a} bags, how many", "{a} tickets at {b} dollars, total",
    "{aO}, {b} euros each, price", "{b} dollars per hour, {a} hours, pay", "{a} rows of {b} chairs, how many chairs",
    "{a} bags x {bO}", "{aO}, one costs {b}, total price", "{b} pages a day, {a} days, pages",
    "{a} packs of {bO}, how many {O}", "{a} friends with {bO} each, total", "{a} teams, {b} players each, players"};
constexpr Text kOverNotes[] = {
    "{aO}, {b} kids, how many each", "{aO} for {b} people, how many each", "{aO} in {b} boxes, per box",
    "earned {a} dollars in {b} hours, per hour", "{b} {O} cost {a} dollars, price of one", "{aO} shared by {b}, each",
    "share {aO} among {b} kids", "{aO}, {b} per box, how many boxes", "{a} kids, {b} teams, kids per team",
    "split {aO} between {b} people", "bill {a} dollars, {b} people, each pays", "{a} pages in {b} days, per day"};

constexpr Countable kCountables[] = {
    {"a dog", "dogs", "legs", 4, 20}, {"a cat", "cats", "legs", 4, 20}, {"a cow", "cows", "legs", 4, 20},
    {"a horse", "horses", "legs", 4, 20}, {"a sheep", "sheep", "legs", 4, 20}, {"a pig", "pigs", "legs", 4, 20},
    {"an elephant", "elephants", "legs", 4, 20}, {"a lion", "lions", "legs", 4, 20},
    {"a spider", "spiders", "legs", 8, 20}, {"a spider", "spiders", "legs", 8, 20},
    {"a spider", "spiders", "legs", 8, 20}, {"an octopus", "octopuses", "arms", 8, 20},
    {"an ant", "ants", "legs", 6, 20}, {"an insect", "insects", "legs", 6, 20}, {"a bee", "bees", "legs", 6, 20},
    {"a beetle", "beetles", "legs", 6, 20}, {"a chicken", "chickens", "legs", 2, 30},
    {"a bird", "birds", "legs", 2, 30}, {"a duck", "ducks", "legs", 2, 30}, {"a bird", "birds", "wings", 2, 30},
    {"a person", "people", "legs", 2, 30}, {"a human", "humans", "hands", 2, 30}, {"a cat", "cats", "ears", 2, 30},
    {"a dog", "dogs", "eyes", 2, 30}, {"a child", "children", "eyes", 2, 30}, {"a hand", "hands", "fingers", 5, 20},
    {"a foot", "feet", "toes", 5, 20}, {"a table", "tables", "legs", 4, 20}, {"a chair", "chairs", "legs", 4, 20},
    {"a car", "cars", "wheels", 4, 20}, {"a bike", "bikes", "wheels", 2, 30},
    {"a bicycle", "bicycles", "wheels", 2, 30}, {"a tricycle", "tricycles", "wheels", 3, 20},
    {"a triangle", "triangles", "sides", 3, 20}, {"a square", "squares", "corners", 4, 20},
    {"a hexagon", "hexagons", "sides", 6, 12}, {"a cube", "cubes", "faces", 6, 12},
    {"a week", "weeks", "days", 7, 20, true}, {"a week", "weeks", "days", 7, 20, true},
    {"a week", "weeks", "days", 7, 12, true}, {"a year", "years", "months", 12, 12, true},
    {"a year", "years", "months", 12, 9, true}, {"an hour", "hours", "minutes", 60, 9, true},
    {"an hour", "hours", "minutes", 60, 9, true}, {"a minute", "minutes", "seconds", 60, 9, true},
    {"a day", "days", "hours", 24, 9, true}, {"a dozen", "dozen", "eggs", 12, 9, true},
    {"a year", "years", "days", 365, 1, true}};
constexpr Text kCountLines[] = {
    "how many {P} do {n} {T} have", "how many {P} do {n} {T} have", "how many {P} do {n} {T} have in total",
    "how many {P} have {n} {T}", "{n} {T}, how many {P}", "{t} has {k} {P}. how many {P} do {n} {T} have",
    "if {t} has {k} {P}, how many {P} do {n} {T} have", "there are {n} {T}. how many {P} are there",
    "{n} {T} have how many {P}", "number of {P} of {n} {T}", "count the {P} of {n} {T}",
    "if i have {n} {T}, how many {P} is that", "{t} has {k} {P}, how many have {n}",
    "i see {n} {T}. how many {P} do i see", "how many {P} are on {n} {T} together", "total {P} of {n} {T}"};
constexpr Text kTimeLines[] = {
    "how many {P} are in {n} {T}", "how many {P} are in {n} {T}", "how many {P} in {n} {T}",
    "how many {P} are there in {n} {T}", "{n} {T} in {P}", "{n} {T} is how many {P}", "convert {n} {T} to {P}",
    "how many {P} are {n} {T}", "{n} {T} = how many {P}", "{t} has {k} {P}. how many {P} are {n} {T}",
    "how many {P} do {n} {T} have", "{n} {T}, how many {P}", "{n} {T} to {P}"};
constexpr Text kOneLines[] = {
    "how many {P} does {t} have", "how many {P} does {t} have", "how many {P} has {t}", "{t} has how many {P}",
    "number of {P} of {t}"};
constexpr Text kOneTimeLines[] = {
    "how many {P} are in {t}", "how many {P} in {t}", "how many {P} does {t} have", "{t} has how many {P}",
    "how many {P} are there in {t}"};
constexpr Text kBackLines[] = {
    "some {T} have {x} {P} together. how many {T} are there", "i count {x} {P} of {T}. how many {T} are there",
    "{x} {P}, how many {T}", "{t} has {k} {P}. how many {T} have {x} {P}", "how many {T} have {x} {P} together"};
constexpr Text kBackTimeLines[] = {
    "how many {T} are {x} {P}", "how many {T} are in {x} {P}", "{x} {P} in {T}", "{x} {P} is how many {T}",
    "convert {x} {P} to {T}", "{x} {P} to {T}", "{t} has {k} {P}. how many {T} are {x} {P}"};
// clang-format on

}  // namespace

std::span<const Scene> group_scenes() { return kGroupScenes; }
Lines product_notes() { return kTimesNotes; }
Lines quotient_notes() { return kOverNotes; }

std::span<const Countable> countables() { return kCountables; }
Lines count_lines(bool time) { return time ? Lines(kTimeLines) : Lines(kCountLines); }
Lines count_of_one(bool time) { return time ? Lines(kOneTimeLines) : Lines(kOneLines); }
Lines count_backwards(bool time) { return time ? Lines(kBackTimeLines) : Lines(kBackLines); }

}  // namespace r1
