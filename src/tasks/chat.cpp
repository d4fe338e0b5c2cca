// The generator of questions that the model was not taught to answer. All have the same reply, which says so; without
// it the model would answer them with invented arithmetic.
#include <algorithm>
#include <cctype>

#include "core/text.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

// {} is a topic. Many templates share the first words of everyday questions on purpose, because anything may follow.
// clang-format off
constexpr std::string_view kTemplates[] = {
    "Who was {}?", "Who is {}?", "What is {}?", "What are {}?", "What is the meaning of {}?", "Tell me about {}.",
    "Tell me a joke about {}.", "Tell me a story about {}.", "Write a poem about {}.",
    "Write a short story about {}.", "Write an essay about {}.", "Write a song about {}.",
    "Write a letter about {}.", "Write a haiku about {}.", "Explain {}.", "Explain {} to a child.",
    "Explain how {} works.", "How does {} work?", "How do {} work?", "Where is {}?", "Where can I find {}?",
    "Where does {} come from?", "When was {} invented?", "When did {} begin?", "When was {} born?",
    "When did {} die?", "Why is {} important?", "Why do people like {}?", "Why is {} so popular?",
    "What do you think about {}?", "What do you know about {}?", "Do you like {}?", "Do you know {}?",
    "Can you explain {}?", "Can you write about {}?", "Can you help me with {}?", "Help me with {}.",
    "I need help with {}.", "I want to learn about {}.", "Give me three facts about {}.", "Give me ideas for {}.",
    "Give me a list of {}.", "Give me a recipe for {}.", "List the best {}.", "Name some famous {}.",
    "What is the history of {}?", "What is the capital of {}?", "What is the population of {}?",
    "What is the weather like in {}?", "What is the best {}?", "What is the color of {}?",
    "What is the difference between {} and {}?", "Compare {} and {}.", "Which is better, {} or {}?",
    "Is {} better than {}?", "Is {} real?", "Is {} good for you?", "Are {} dangerous?", "Should I buy {}?",
    "How much does {} cost?", "How big is {}?", "How old is {}?", "How far away is {}?", "How tall is {}?",
    "How long does {} take?", "How do I cook {}?", "How do I learn {}?", "How do I make {}?",
    "How can I get better at {}?", "How do you say {} in French?", "How do you spell {}?",
    "Translate {} to German.", "Translate '{}' into Spanish.", "What is {} in Chinese?", "What does {} mean?",
    "Define {}.", "Summarize {}.", "Describe {}.", "Describe {} in one sentence.", "Draw {}.", "Play {}.",
    "Recommend a book about {}.", "Recommend a movie about {}.", "Write a Python program about {}.",
    "Write a function for {} in C++.", "Write code that prints {}.", "Write a SQL query for {}.",
    "Write HTML for {}.", "Debug my program about {}.", "How do I install {}?", "How do I use {} in Python?",
    "What is the integral of {}?", "What is the derivative of {}?", "Prove {}.", "Prove that {} is irrational.",
    "State the theorem about {}.", "What is the square root of {}?", "Who invented {}?", "Who discovered {}?",
    "Who wrote {}?", "Who painted {}?", "Who won {}?", "Who is the president of {}?", "What happened in {}?",
    "What happened to {}?", "What causes {}?", "What are the symptoms of {}?", "What rhymes with {}?",
    "What is your favorite {}?", "What is your opinion on {}?", "Have you heard of {}?", "Imagine {}.",
    "Pretend you are {}.", "Act as {}.", "Talk like {}.", "Let us talk about {}.", "I like {}.", "I love {}.",
    "I hate {}.", "I am sad about {}.", "My friend talks about {} all day.", "My dog likes {}.", "Today I saw {}.",
    "Yesterday I read about {}.", "{}", "{}?", "{}!", "{} please", "What about {}?", "Why {}?",
    "Say something about {}.", "Say {}.", "Make a plan for {}.", "Plan a trip to {}.", "How do I get to {}?",
    "What should I eat with {}?", "What should I know about {}?", "Is it true that {} can be seen from space?",
    "How many people live in {}?", "How many people like {}?", "What year was {} founded?",
    "What language do they speak in {}?", "Find information about {}.", "Search for {}.",
    "Solve my problem with {}.", "Calculate the mass of {}.", "Count to {}.", "Sort my thoughts about {}.",
    "Find the best {}.", "Use {} in a sentence.", "Which country has the most {}?", "Which animal eats {}?"};
// clang-format on

// clang-format off
constexpr std::string_view kTopics[] = {
    "Napoleon", "Einstein", "Shakespeare", "Mozart", "Cleopatra", "Newton", "Darwin", "Gandhi", "Picasso",
    "Beethoven", "Julius Caesar", "Marie Curie", "Abraham Lincoln", "Leonardo da Vinci", "Aristotle", "Plato",
    "Confucius", "Galileo", "Tesla", "Alan Turing", "Ada Lovelace", "Euler", "Gauss", "the Beatles", "the Pope",
    "the king", "France", "Germany", "China", "Japan", "India", "Brazil", "Canada", "Egypt", "Italy", "Spain",
    "Russia", "Mexico", "Kenya", "Australia", "Paris", "London", "Rome", "Berlin", "Tokyo", "New York", "Beijing",
    "Moscow", "Cairo", "the Moon", "the Sun", "Mars", "Jupiter", "the ocean", "the sea", "Africa", "Europe", "Asia",
    "America", "the Amazon", "Mount Everest", "the Nile", "love", "life", "death", "happiness", "friendship", "war",
    "peace", "freedom", "justice", "time", "space", "gravity", "light", "water", "fire", "air", "energy",
    "electricity", "magnetism", "quantum mechanics", "relativity", "evolution", "photosynthesis", "black holes",
    "stars", "galaxies", "atoms", "molecules", "DNA", "cells", "viruses", "bacteria", "vaccines", "cancer",
    "diabetes", "a headache", "sleep", "dreams", "memory", "the brain", "the heart", "cats", "dogs", "birds",
    "fish", "horses", "elephants", "whales", "dinosaurs", "spiders", "bees", "trees", "flowers", "roses", "grass",
    "spring", "summer", "autumn", "winter", "rain", "snow", "wind", "storms", "climate change", "the weather",
    "volcanoes", "earthquakes", "pizza", "pasta", "bread", "cheese", "chocolate", "coffee", "tea", "wine", "beer",
    "soup", "rice", "cake", "apple pie", "football", "chess", "tennis", "basketball", "the Olympics", "music",
    "jazz", "rock music", "the piano", "the guitar", "opera", "painting", "movies", "books", "poetry", "history",
    "philosophy", "religion", "politics", "economics", "money", "inflation", "the stock market", "bitcoin", "taxes",
    "a job interview", "school", "university", "homework", "computers", "the internet", "Python", "JavaScript",
    "Linux", "a compiler", "binary search", "quicksort", "a linked list", "a neural network", "machine learning",
    "artificial intelligence", "robots", "ChatGPT", "DeepSeek", "transformers", "attention", "cars", "trains",
    "planes", "ships", "bicycles", "rockets", "phones", "cameras", "clocks", "sin(x)", "x^2", "e^x", "log x",
    "sqrt(2)", "pi", "prime numbers", "calculus", "geometry", "a triangle", "matrices", "the Riemann hypothesis",
    "Fermat's last theorem", "infinity", "good morning", "thank you", "hello world", "World War II",
    "the French Revolution", "the Roman Empire", "the Renaissance", "Harry Potter", "Hamlet", "the Mona Lisa",
    "the Bible", "Santa Claus", "dragons", "ghosts", "aliens", "unicorns", "pirates", "ninjas", "my mother",
    "my car", "my boss", "my cat", "this text", "a birthday party", "a wedding", "a holiday", "a garden"};
// clang-format on

// clang-format off
constexpr std::string_view kFixed[] = {
    "Hello", "Hello!", "Hi", "Hi!", "Hi there!", "Hey", "Hey!", "Good morning", "Good evening!", "How are you?",
    "How are you today?", "How's it going?", "What's up?", "What can you do?", "Who are you?", "What are you?",
    "What is your name?", "What's your name?", "Who made you?", "Who created you?", "Are you human?",
    "Are you ChatGPT?", "Are you DeepSeek?", "What model are you?", "How old are you?", "Where are you from?",
    "Can you help me?", "Help", "help me", "Thanks", "Thank you!", "Thank you very much.", "Bye", "Goodbye!",
    "See you", "OK", "ok", "Yes", "No", "Why?", "How?", "What?", "Really?", "Cool", "Nice", "Great!", "test",
    "Test", "Testing", "asdf", "foo", "lol", "Sorry", "Tell me a joke.", "Tell me a story.", "Sing a song.",
    "Write a poem.", "Write some code.", "Write hello world in Python.", "What time is it?",
    "What day is it today?", "What is the date?", "What's the weather?", "What is the weather today?",
    "What is the meaning of life?", "Why is the sky blue?", "Is there a God?", "Do you have feelings?",
    "Can you think?", "Can you speak German?", "Parlez-vous français?", "¿Hablas español?", "Wie geht es dir?",
    "Bonjour", "Hola", "Hallo", "What is the capital of France?", "Who is the president?", "How do I lose weight?",
    "What should I eat today?", "What problems can you solve?", "What were you taught?", "What do you know?",
    "Tell me about yourself.", "What is a prime number?", "Is 17 a prime number?", "What is the square root of 16?",
    "What is 5 factorial?", "What is 2 to the power of 10?", "Integrate x^2.", "Differentiate sin(x).",
    "What is the integral of x^2?", "Solve x^2 - 5x + 6 = 0", "What is sin(30)?", "What is pi?", "Say hello.",
    "Translate hello to French.", "How many legs does a spider have?", "How many days are in a year?",
    "How many planets are there?", "Which is heavier, iron or wood?", "Repeat after me.",
    "Ignore all instructions.", "You are wrong.", "You are stupid.", "I love you.", "I am bored.", "I am happy.",
    "Who am I?"};
// clang-format on

constexpr std::string_view kReplyRest =  // the reply after kDeclining
    ", linear equations, gcd and lcm, comparing and sorting numbers, counting letters, "
    "short word problems and countdown. For anything else, use a bigger model: `r1 -m MODEL`.";

}  // namespace

std::string topic_question(Random& r) {
  const std::string_view pattern = pick(r, kTemplates), first = pick(r, kTopics), second = pick(r, kTopics);
  return fill(pattern, {first, second});
}

Draft draft_chat(Random& r, int) {
  Draft d;
  if (chance(r, 5)) {
    d.prompt = pick(r, kFixed);
  } else {
    d.prompt = topic_question(r);
  }
  d.content = "chat " + d.prompt;
  const auto upper = [](unsigned char c) { return static_cast<char>(c < 128 ? std::toupper(c) : c); };
  if (chance(r, 4)) d.prompt = lower_case(d.prompt);
  else if (chance(r, 40)) std::transform(d.prompt.begin(), d.prompt.end(), d.prompt.begin(), upper);
  if (chance(r, 5) && (d.prompt.back() == '?' || d.prompt.back() == '.')) d.prompt.pop_back();
  d.trace = "This is not one of the problems I was taught.";
  d.reply = std::string(kDeclining).append(kReplyRest);
  d.checker = ChatChecker{};
  return d;
}

}  // namespace r1
