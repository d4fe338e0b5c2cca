// The lines of stories whose operation is a sum or a difference.
#include "tasks/everyday/story_things.hpp"

namespace r1 {
namespace {

using Text = std::string_view;

// clang-format off
// Something is gained.
constexpr Text kHad[] = {
    "{N} {+has} {aO}", "{N} {+has} {aO}", "{N} {+has} {aO}", "{N} had {aO}", "{N} had {aO}", "{N} {+owns} {aO}",
    "{N} {+starts} with {aO}", "{N} {+has} got {aO}", "{N} collected {aO}", "{N} {+has} {aO} in a box",
    "{N} already {+has} {aO}", "{N} bought {aO}", "{N} {+has} {aO} at home", "{N} got {aO}", "{N} {+holds} {aO}"};
constexpr Text kGain[] = {
    "{n} {+buys} {b} more", "{n} {+buys} {b} more", "{n} {+gets} {b} more", "{n} {+gets} {b} more",
    "{n} {+finds} {b} more", "{n} {+gets} another {b}", "{M} gives {me} {b} more", "a friend gives {me} {b}",
    "{n} {+receives} {b} more", "{n} {+wins} {b}", "{n} bought {b} more", "{n} found {b} more", "{n} {+adds} {b}",
    "{n} {+is} given {b} more", "{M} brings {b} more", "{n} {+collects} {b} more", "{n} {+buys} {bO} more",
    "{n} got {b} for {my} birthday", "grandma gives {me} {b} more", "{n} {+picks} up {b} more",
    "{n} {+gets} {b} extra", "{M} gave {me} {b}"};
constexpr Text kNow[] = {
    "how many {O} {+does} {N} have now", "how many {O} {+does} {n} have", "how many {+does} {n} have now",
    "how many {O} {+does} {n} have now", "how many {+does} {N} have", "how many {O} are there now",
    "how many is that", "how many {O} {+does} {n} have in total", "how many {O} {+does} {N} have altogether",
    "how many in total", "how many {O} {+does} {n} have in all", "what is the total number of {O}",
    "how many {O} in all", "how many now"};
constexpr Text kThere[] = {
    "there are {aO} on the table", "there are {aO} in a box", "there were {aO} in the basket", "{aO} are in a bag",
    "a shop has {aO}", "a box has {aO}", "a box contains {aO}", "i see {aO}", "we see {aO} on a shelf",
    "{aO} lie on the floor", "in a jar there are {aO}", "there are {aO}", "there were {aO}"};
constexpr Text kAdded[] = {
    "{b} more are added", "someone brings {b} more", "{M} puts in {b} more", "we add {b} more", "{b} more are put in",
    "i add {b}", "{M} adds {bO}", "another {b} are added", "{M} brings {b} more"};
constexpr Text kNowThere[] = {
    "how many {O} are there now", "how many are there now", "how many {O} in total", "how many {O} altogether",
    "how many {O} are there in all", "how many now", "what is the total", "how many {O} are there altogether"};

// Something is lost.
constexpr Text kLoss[] = {
    "{n} {+gives} {b} away", "{n} {+gives} {b} to {M}", "{n} {+gives} {b} to a friend", "{n} {+loses} {b}",
    "{n} {+loses} {b} of them", "{n} {+sells} {b}", "{n} {+sells} {b} of them", "{n} gave {b} to {M}", "{n} lost {b}",
    "{n} sold {b}", "{n} gave away {b}", "{n} {+throws} {b} away", "{n} {+uses} {b}", "{M} takes {b}",
    "{M} took {b} of them", "{b} get lost", "{b} are stolen", "{n} {+lends} {b} to {M}", "{b} of them disappear",
    "{n} used {b} of them", "{n} {+donates} {b}", "{n} {+trades} away {b}", "someone steals {b}"};
constexpr Text kEaten[] = {
    "{n} {+eats} {b}", "{n} {+eats} {b}", "{n} ate {b}", "{n} {+eats} {b} of them", "{M} eats {b} of them",
    "the dog eats {b}", "{n} ate {b} for lunch", "{b} are eaten", "{M} ate {b}", "{n} {+has} eaten {b}"};
constexpr Text kLeft[] = {
    "how many {O} are left", "how many {O} are left", "how many are left", "how many are left",
    "how many {O} {+does} {n} have left", "how many {O} {+does} {N} have left", "how many {+does} {n} have left",
    "how many {+does} {n} still have", "how many remain", "how many {O} remain", "how many {O} {+does} {n} have now",
    "what is left", "how many {O} {+does} {N} still have", "how many left", "how many {O} are still there"};
constexpr Text kTaken[] = {
    "{b} are taken away", "{M} takes {b}", "someone takes {b}", "{M} takes {b} away", "{b} are sold", "we use {b}",
    "{b} get lost", "i take {b} away", "{b} of them are removed", "{M} buys {b} of them", "{b} go missing",
    "{b} are gone", "{b} are thrown away"};
constexpr Text kLeftThere[] = {
    "how many {O} are left", "how many are left", "how many are left", "how many remain", "how many {O} remain",
    "how many {O} are still there", "what is left", "how many {O} are there now", "how many left",
    "how many {O} left"};
constexpr Text kBroken[] = {
    "{b} break", "{b} of them broke", "{b} are broken", "{n} {+breaks} {b}", "{n} broke {b}", "{b} of them break",
    "{b} fall down and break", "{M} breaks {b}"};
constexpr Text kWhole[] = {
    "how many are left", "how many {O} are left", "how many are not broken", "how many {O} are still whole",
    "how many {O} are still good", "how many good ones are left", "how many {O} are not broken"};

// People and animals come and go.
constexpr Text kOnBus[] = {
    "there are {aO} on a bus", "there are {aO} on the bus", "a bus has {aO}", "a bus carries {aO}",
    "{aO} are on a train", "{aO} ride on a bus", "{aO} are sitting in a bus", "there were {aO} on a tram",
    "a train has {aO} on board", "a bus starts with {aO}"};
constexpr Text kGetOn[] = {
    "{b} more get on", "at the next stop {b} get on", "{b} get on", "at a stop {b} more get in", "another {b} get on",
    "{b} more people get on", "{b} people enter"};
constexpr Text kGetOff[] = {
    "{b} get off", "at the next stop {b} get off", "{b} get off at the station", "{b} of them leave", "{b} got off",
    "{b} of them get out", "{b} people exit"};
constexpr Text kOnBusNow[] = {
    "how many are on it now", "how many {O} are there now", "how many {O} are on board now", "how many now",
    "how many people are there now", "what is the number of {O} now"};
constexpr Text kOnBusLeft[] = {
    "how many are left", "how many {O} are left", "how many {O} are still on it", "how many stay on",
    "how many remain", "how many {O} are there now", "how many people are left"};
constexpr Text kAtParty[] = {
    "there are {aO} at a party", "{aO} are in a room", "there are {aO} in a class", "{aO} are in the pool",
    "{aO} are playing in the park", "{aO} are waiting in line", "{aO} are in the library",
    "there were {aO} in a shop"};
constexpr Text kCome[] = {
    "{b} more come", "{b} more join", "{b} more arrive", "another {b} come", "{b} more show up", "{b} new ones come",
    "{b} more came"};
constexpr Text kGo[] = {
    "{b} leave", "{b} go home", "{b} of them go away", "{b} of them leave", "{b} went home", "{b} have to go"};
constexpr Text kInTree[] = {
    "there are {aO} in a tree", "{aO} sit on a wire", "{aO} are on a roof", "{aO} are in the garden",
    "there were {aO} on a branch", "{aO} sit in a tree", "i see {aO} on a fence"};
constexpr Text kLand[] = {"{b} more come", "{b} more land there", "another {b} join them", "{b} more fly in"};
constexpr Text kFlyAway[] = {
    "{b} fly away", "{b} fly away", "{b} of them fly off", "{b} flew away", "{b} leave",
    "{b} get scared and fly away"};
constexpr Text kOnFarm[] = {
    "a farmer has {aO}", "there are {aO} on a farm", "a farm has {aO}", "{N} {+has} {aO}", "{aO} live on a farm"};
constexpr Text kBorn[] = {"{b} more are born", "{b} are born", "{b} more are bought", "{b} babies are born"};
constexpr Text kRunAway[] = {"{b} run away", "{b} are sold", "{b} die", "{b} escape"};

// Two amounts.
constexpr Text kTwo[] = {
    "{N} {+has} {aO} and {M} has {b} {O}", "{N} {+has} {aO} and {M} has {b}", "{N} {+has} {aO}, {M} has {b}",
    "there are {aO} in one box and {b} in another", "there are {a} red and {b} blue {O}",
    "{N} {+has} {a} big and {b} small {O}", "{N} found {aO} on Monday and {b} on Tuesday",
    "a shop sold {aO} yesterday and {b} today", "{N} bought {aO} and {M} bought {b}",
    "one bag has {aO} and the other has {b}", "{N} {+makes} {aO} in the morning and {b} in the evening",
    "there are {a} new and {b} old {O}", "{N} collected {aO} and {M} {b}"};
constexpr Text kTogether[] = {
    "how many {O} in total", "how many {O} are there together", "how many {O} altogether", "how many in all",
    "how many {O} is that in total", "how many {O} are there", "what is the total", "how many {O} are there in all",
    "how many {O} is that together"};
constexpr Text kCompared[] = {
    "{N} {+has} {aO} and {M} has {b}", "{N} {+has} {aO}, {M} has {b}", "{N} {+has} {aO}. {M} has {b} {O}",
    "{N} bought {aO} and {M} bought {b}", "{N} found {aO} but {M} found only {b}", "{N} got {aO} and {M} got {b}"};
constexpr Text kDifference[] = {
    "how many more {O} {+does} {N} have than {M}", "how many more {+does} {N} have", "what is the difference",
    "how many fewer {O} does {M} have", "how many less does {M} have", "how many more {+does} {N} have than {M}",
    "how many more {O} {+does} {n} have", "how many does {M} need to have as many as {N}",
    "by how many {+does} {N} have more"};
constexpr Text kHasMore[] = {
    "{N} {+has} {aO}. {M} has {b} more", "{N} {+has} {aO} and {M} has {b} more",
    "{N} {+has} {aO}, {M} has {b} more than {me}"};
constexpr Text kHasFewer[] = {
    "{N} {+has} {aO}. {M} has {b} fewer", "{N} {+has} {aO} and {M} has {b} less",
    "{N} {+has} {aO}, {M} has {b} fewer than {me}"};
constexpr Text kSumOther[] = {
    "how many {O} does {M} have", "how many does {M} have", "what does {M} have", "how many {O} has {M}"};
constexpr Text kKinds[] = {
    "there are {a} boys and {b} girls", "a class has {a} boys and {b} girls", "{a} men and {b} women are there",
    "{a} adults and {b} kids are on a boat", "in a group there are {a} boys and {b} girls"};
constexpr Text kSumPeople[] = {
    "how many people are there", "how many people in total", "how many are there together", "how many in all",
    "what is the total", "how many are there altogether"};
constexpr Text kPets[] = {
    "there are {a} cats and {b} dogs", "{N} {+has} {a} cats and {b} dogs", "a farmer has {a} cows and {b} sheep",
    "{N} {+sees} {a} horses and {b} pigs", "a zoo has {a} lions and {b} monkeys"};
constexpr Text kAllAnimals[] = {
    "how many animals are there", "how many animals in total", "how many animals is that",
    "how many animals altogether", "what is the total number of animals", "how many animals"};

// Ages, temperatures, money, pages, ways, times.
constexpr Text kAge[] = {
    "{N} {+is} {a} years old", "{N} {+is} {a} years old", "{N} {+is} {a}", "{N} {+is} now {a}",
    "today {N} {+is} {a} years old"};
constexpr Text kAgeLater[] = {
    "how old will {n} be in {b} years", "what will be {my} age in {b} years",
    "how old will {N} be {b} years from now", "how old will {n} be after {b} years",
    "in {b} years how old will {N} be"};
constexpr Text kAgeEarlier[] = {
    "how old {+was} {n} {b} years ago", "what was {my} age {b} years ago", "{b} years ago, how old {+was} {N}",
    "how old {+was} {N} {b} years ago"};
constexpr Text kOlder[] = {
    "{N} {+is} {a} years old. {M} is {b} years older", "{N} {+is} {a} and {M} is {b} years older",
    "{N} {+is} {a}, {M} is {b} years older than {me}"};
constexpr Text kYounger[] = {
    "{N} {+is} {a} years old. {M} is {b} years younger", "{N} {+is} {a} and {M} is {b} years younger",
    "{N} {+is} {a}, {M} is {b} years younger than {me}"};
constexpr Text kAgeOther[] = {"how old is {M}", "how old is {M}", "what is the age of {M}", "what age is {M}"};
constexpr Text kAges[] = {
    "{N} {+is} {a} years old and {M} is {b}", "{N} {+is} {a} and {M} is {b} years old", "{N} {+is} {a}, {M} is {b}"};
constexpr Text kAgeDifference[] = {
    "how much older {+is} {N}", "how many years older {+is} {N} than {M}", "how much younger is {M}",
    "what is the age difference", "how many years younger is {M}", "by how many years {+is} {N} older"};
constexpr Text kWarm[] = {
    "it is {aO}", "the temperature is {aO}", "it was {aO} in the morning", "the water is at {aO}",
    "outside it is {aO}"};
constexpr Text kRises[] = {
    "it rises by {bO}", "it gets {bO} warmer", "it goes up {bO}", "the temperature rises by {b}",
    "it increases by {bO}"};
constexpr Text kFalls[] = {
    "it falls by {bO}", "it gets {bO} colder", "it drops {bO}", "the temperature goes down by {b}",
    "it cools by {bO}"};
constexpr Text kWarmNow[] = {
    "what is the temperature now", "how warm is it now", "how many degrees is it now", "what temperature is it",
    "what is it now"};
constexpr Text kHasMoney[] = {
    "{N} {+has} {aO}", "{N} had {aO}", "{N} {+has} {aO} in {my} wallet", "{N} saved {aO}",
    "{N} {+has} {aO} in the bank"};
constexpr Text kSpends[] = {
    "{n} {+spends} {b}", "{n} {+spends} {bO}", "{n} {+buys} a toy for {b}", "{n} {+pays} {bO} for lunch",
    "{n} spent {b}", "{n} {+buys} a book for {bO}", "{n} {+gives} {bO} to {M}", "{n} lost {bO}", "{n} {+pays} {b}"};
constexpr Text kEarns[] = {
    "{n} {+earns} {b} more", "{n} {+gets} {bO} from {M}", "{n} {+earns} {bO}", "{n} {+saves} {b} more",
    "{n} {+finds} {bO}", "{n} {+gets} {b} as a gift", "{M} gives {me} {bO}", "{n} {+is} paid {bO}"};
constexpr Text kMoneyLeft[] = {
    "how much money {+does} {n} have left", "how much is left", "how many {O} are left",
    "how much {+does} {n} have left", "how much money is left", "how many {O} {+does} {N} have now"};
constexpr Text kMoneyNow[] = {
    "how much money {+does} {n} have now", "how much {+does} {n} have now", "how many {O} {+does} {N} have",
    "how much money is that", "how many {O} {+does} {n} have now", "how much is it in total"};
constexpr Text kPays[] = {
    "{N} {+pays} with {aO} for something that costs {b}", "the bill is {bO} and {N} {+pays} with {aO}",
    "a toy costs {bO}. {N} {+gives} {aO}", "{N} {+buys} lunch for {b} and {+pays} with {aO}",
    "something costs {bO} and {n} {+pays} {a}"};
constexpr Text kChange[] = {
    "how much change {+does} {n} get", "how much is the change", "what is the change",
    "how much {+does} {n} get back", "how many {O} {+does} {n} get back"};
constexpr Text kWas[] = {
    "the price was {aO}. it is now {bO} cheaper", "a jacket costs {aO} and is reduced by {bO}",
    "a game costs {aO} but there is a discount of {bO}"};
constexpr Text kNewPrice[] = {
    "what is the new price", "how much does it cost now", "what is the price now", "how much is it now"};
constexpr Text kCosts[] = {
    "a pen costs {a} and a book costs {bO}", "a burger is {aO} and a drink is {b}",
    "the soup costs {aO} and the pizza {b}", "{N} {+pays} {aO} for a shirt and {b} for a hat",
    "one ticket is {aO}, the other {b}"};
constexpr Text kCostsTotal[] = {
    "how much is that together", "how much is it in total", "what is the total price", "how much do both cost",
    "what do they cost together", "how much altogether"};
constexpr Text kNeeds[] = {
    "{N} {+needs} {aO} and {+has} {b}", "{N} {+needs} {aO} but {+has} only {b}",
    "{N} {+wants} {aO} and already {+has} {b}", "a toy costs {aO} and {N} {+has} {b}",
    "{N} {+wants} to collect {aO} and {+has} {b}"};
constexpr Text kMissing[] = {
    "how many more {+does} {n} need", "how many {O} are missing", "how many more {O} {+does} {n} need",
    "how many are missing", "how many more"};
constexpr Text kBook[] = {
    "a book has {aO}. {N} read {b}", "a book has {aO} and {N} already read {b}",
    "{N} {+has} to read {aO} and read {b} of them"};
constexpr Text kToRead[] = {
    "how many {O} are left", "how many {O} are left to read", "how many pages remain",
    "how many more pages are there to read"};
constexpr Text kReads[] = {
    "{N} read {aO} yesterday and {b} today", "{N} read {aO} on Monday and {b} on Tuesday",
    "{N} {+reads} {aO} and then {b} more"};
constexpr Text kScored[] = {
    "{N} scored {aO} in the first game and {b} in the second", "team A has {aO} and team B has {b}",
    "{N} got {aO} and then {b} more"};
constexpr Text kWent[] = {
    "{N} walked {aO} in the morning and {b} in the afternoon", "{N} ran {aO} on Monday and {b} on Tuesday",
    "{N} {+drives} {aO} and then {b} more", "{N} cycled {aO} and walked {bO}"};
constexpr Text kHowFar[] = {
    "how far is that in total", "how many {O} is that", "how many {O} in total", "what is the total distance"};
constexpr Text kTrip[] = {
    "the way is {aO}. {N} already walked {b}", "a trip is {aO} long and {N} drove {b}",
    "{N} {+has} to go {aO} and went {b}", "it is {aO} to school and {N} walked {b}"};
constexpr Text kStillToGo[] = {
    "how many {O} are left", "how far is it still", "how many {O} to go", "how much is left",
    "what distance remains"};
constexpr Text kRibbon[] = {
    "a ribbon is {aO} long", "{N} {+has} a rope of {aO}", "a board is {aO} long", "a wire is {aO} long",
    "a string measures {aO}"};
constexpr Text kCutOff[] = {"{n} {+cuts} off {b}", "{bO} are cut off", "{n} {+cuts} off {bO}", "{M} cuts off {bO}"};
constexpr Text kLengthLeft[] = {
    "how long is the rest", "how much is left", "how many {O} are left", "how long is it now", "what length remains"};
constexpr Text kTank[] = {
    "a tank has {aO}", "a tank holds {aO} of water", "a bucket has {aO} of water", "there are {aO} of milk"};
constexpr Text kDrunk[] = {
    "{bO} are used", "{N} {+drinks} {b}", "{bO} leak out", "{N} {+pours} out {bO}", "{b} are gone"};
constexpr Text kFilled[] = {
    "{bO} are poured in", "{N} {+adds} {bO}", "{bO} more are added", "{N} {+pours} in {b} more"};
constexpr Text kVolumeNow[] = {
    "how many {O} are in it now", "how much is there now", "how many {O} are there", "how many {O} now"};
constexpr Text kVolumeLeft[] = {
    "how much is left", "how many {O} are left", "how many {O} remain", "how many {O} are still there"};
constexpr Text kRoom[] = {
    "a bus has {aO} and {b} are taken", "there are {aO} and {b} are occupied", "a hall has {aO}, {b} are taken",
    "{b} of {aO} are taken", "a place has {aO} and {b} are in use"};
constexpr Text kFree[] = {
    "how many are free", "how many {O} are free", "how many {O} are empty", "how many free {O} are there",
    "how many are left"};
constexpr Text kLasts[] = {
    "a trip takes {aO} and {b} have passed", "{N} {+has} to wait {aO} and already waited {b}",
    "the show takes {aO}. {b} are over", "the holidays last {aO} and {b} are over"};
constexpr Text kTimeLeft[] = {
    "how many {O} are left", "how many more {O}", "how much time is left", "how many {O} remain",
    "how long is it still"};

// The usual stories come several times.
const Scene kSumScenes[] = {
    {'+', kThings, kHad, kGain, kNow}, {'+', kThings, kHad, kGain, kNow}, {'+', kThings, kHad, kGain, kNow},
    {'+', kThings, kHad, kGain, kNow}, {'+', kThings, kThere, kAdded, kNowThere},
    {'+', kThings, kThere, kAdded, kNowThere}, {'+', kThings, kTwo, kNone, kTogether},
    {'+', kThings, kTwo, kNone, kTogether}, {'+', kThings, kTwo, kNone, kTogether},
    {'-', kThings, kHad, kLoss, kLeft}, {'-', kThings, kHad, kLoss, kLeft}, {'-', kThings, kHad, kLoss, kLeft},
    {'-', kThings, kHad, kLoss, kLeft}, {'-', kFood, kHad, kEaten, kLeft}, {'-', kFood, kHad, kEaten, kLeft},
    {'-', kThings, kThere, kTaken, kLeftThere}, {'-', kThings, kThere, kTaken, kLeftThere},
    {'-', kFragile, kHad, kBroken, kWhole}, {'-', kFragile, kHad, kBroken, kWhole},
    {'+', kPeople, kOnBus, kGetOn, kOnBusNow}, {'-', kPeople, kOnBus, kGetOff, kOnBusLeft},
    {'+', kGuests, kAtParty, kCome, kNowThere}, {'-', kGuests, kAtParty, kGo, kLeftThere},
    {'+', kFlying, kInTree, kLand, kNowThere}, {'-', kFlying, kInTree, kFlyAway, kLeftThere},
    {'-', kFlying, kInTree, kFlyAway, kLeftThere}, {'+', kAnimals, kOnFarm, kBorn, kNowThere},
    {'-', kAnimals, kOnFarm, kRunAway, kLeftThere}, {'-', kThings, kCompared, kNone, kDifference},
    {'-', kThings, kCompared, kNone, kDifference}, {'+', kThings, kHasMore, kNone, kSumOther},
    {'-', kThings, kHasFewer, kNone, kSumOther}, {'+', kPeople, kKinds, kNone, kSumPeople},
    {'+', kAnimals, kPets, kNone, kAllAnimals}, {'+', kYears, kAge, kNone, kAgeLater},
    {'-', kYears, kAge, kNone, kAgeEarlier}, {'+', kYears, kOlder, kNone, kAgeOther},
    {'-', kYears, kYounger, kNone, kAgeOther}, {'-', kYears, kAges, kNone, kAgeDifference},
    {'+', kDegrees, kWarm, kRises, kWarmNow}, {'-', kDegrees, kWarm, kFalls, kWarmNow},
    {'-', kMoney, kHasMoney, kSpends, kMoneyLeft}, {'-', kMoney, kHasMoney, kSpends, kMoneyLeft},
    {'+', kMoney, kHasMoney, kEarns, kMoneyNow}, {'-', kMoney, kPays, kNone, kChange, false},
    {'-', kMoney, kWas, kNone, kNewPrice}, {'+', kMoney, kCosts, kNone, kCostsTotal},
    {'-', kMoney, kNeeds, kNone, kMissing}, {'-', kPages, kBook, kNone, kToRead},
    {'+', kPages, kReads, kNone, kTogether}, {'+', kPoints, kScored, kNone, kTogether},
    {'+', kWays, kWent, kNone, kHowFar}, {'-', kWays, kTrip, kNone, kStillToGo},
    {'-', kLengths, kRibbon, kCutOff, kLengthLeft, false}, {'-', kVolumes, kTank, kDrunk, kVolumeLeft},
    {'+', kVolumes, kTank, kFilled, kVolumeNow}, {'-', kSeats, kRoom, kNone, kFree},
    {'-', kTimes, kLasts, kNone, kTimeLeft}};

constexpr Text kPlusNotes[] = {
    "{aO}, {b} more, total", "{aO}, got {b} more, how many now", "had {aO}, bought {b}, total",
    "{aO} and {bO} more, how many", "{a} boys {b} girls, how many kids", "{a} cats, {b} dogs, how many pets",
    "have {aO} get {b} more", "{aO} plus {b} {O}", "{a} people on bus, {b} get on, how many", "{aO} + {bO}",
    "got {aO}, found {b}, how many {O}", "age {a}, in {b} years", "{a} red {O}, {b} green {O}, all together",
    "first {aO} then {b} more, sum"};
constexpr Text kMinusNotes[] = {
    "{aO}, ate {b}, left", "{aO}, {b} broke, how many good ones", "{aO}, gave away {b}, how many left",
    "had {aO}, lost {b}, now", "{a} seats, {b} taken, free seats", "{a} dollars, spent {b}, left",
    "{a} pages, read {b}, pages left", "{aO}, sold {b}, rest", "{aO} minus {b} eaten, how many left",
    "price {b}, paid {a}, change", "{a} birds, {b} fly away, left", "{aO}, {b} gone, remaining",
    "{a} people on bus, {b} get off, how many left", "have {aO} give {b} away", "need {a}, have {b}, missing",
    "{aO} take away {bO}"};

constexpr Halves kHalves[] = {
    {"kids", "girls", "boys"}, {"children", "boys", "girls"}, {"students", "girls", "boys"},
    {"students", "boys", "girls"}, {"people", "men", "women"}, {"people", "women", "men"},
    {"people", "adults", "children"}, {"eggs", "bad", "good"}, {"apples", "rotten", "good"},
    {"students", "absent", "present"}, {"doors", "open", "closed"}, {"answers", "wrong", "right"},
    {"answers", "correct", "wrong"}, {"bottles", "full", "empty"}, {"plates", "dirty", "clean"},
    {"kids", "sick", "healthy"}, {"lights", "on", "off"}, {"bananas", "ripe", "not ripe"},
    {"workers", "women", "men"}, {"pupils", "boys", "girls"}};
constexpr Text kHalvesGiven[] = {
    "there are {a} {G} and {b} of them are {X}", "{a} {G}, {b} are {X}", "{a} {G}, {b} of them are {X}",
    "{b} of {a} {G} are {X}", "there are {a} {G}. {b} are {X}", "of {a} {G}, {b} are {X} and the rest are {Y}",
    "in a group of {a} {G}, {b} are {X}", "{b} out of {a} {G} are {X}", "we have {a} {G} and {b} are {X}",
    "i have {a} {G}, {b} {X}", "{a} {G}: {b} {X}, the others {Y}"};
constexpr Text kHalvesAsked[] = {
    "how many are {Y}", "how many are {Y}", "how many of them are {Y}", "how many {Y}", "and how many are {Y}",
    "how many are {Y} then", "number of {Y}"};
// clang-format on

}  // namespace

std::span<const Scene> sum_scenes() { return kSumScenes; }
std::span<const Thing> story_things() { return kThings; }
Lines sum_notes() { return kPlusNotes; }
Lines difference_notes() { return kMinusNotes; }

std::span<const Halves> story_halves() { return kHalves; }
Lines halves_given() { return kHalvesGiven; }
Lines halves_asked() { return kHalvesAsked; }

}  // namespace r1
