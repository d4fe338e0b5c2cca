// The generator of small talk: greetings, thanks, and questions about the model itself. Every reply is a fixed
// sentence.
#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

struct SmallTalk {
  std::span<const std::string_view> says;
  std::string_view trace, reply, word;  // the word that a right reply contains
};

// clang-format off
constexpr std::string_view kHello[] = {
    "hello", "hello", "hi", "hi", "hey", "hi there", "hello there", "hey there", "good morning", "good evening",
    "good afternoon", "good day", "greetings", "howdy", "yo", "hello nano", "hi nano", "hey nano", "hello my friend",
    "hello world", "hiya", "heya", "hello, how are you", "how are you", "how are you today", "how are you doing",
    "how is it going", "how's it going", "what's up", "whats up", "sup", "hi, how are you", "hey, how are you doing",
    "are you there", "anybody there", "nice to meet you", "hello hello", "hi everyone", "say hello", "hallo", "hola",
    "bonjour", "ciao", "how do you do", "good to see you", "hello again", "is anyone there", "how's your day",
    "morning", "hi bot", "hello ai"};
constexpr std::string_view kHelloChinese[] = {"你好", "你好", "您好", "嗨", "早上好", "你好吗", "你好呀", "晚上好", "大家好", "喂"};
constexpr std::string_view kThanksSaid[] = {
    "thanks", "thanks", "thank you", "thank you", "thx", "ty", "thanks a lot", "thank you very much",
    "thank you so much", "many thanks", "great, thanks", "ok, thanks", "ok thanks", "cool, thanks",
    "perfect, thank you", "thanks for your help", "thank you for the answer", "nice, thanks", "that was helpful",
    "good job", "well done", "great", "nice", "cool", "awesome", "perfect", "very good", "good bot", "thanks nano",
    "much appreciated", "thank you, nano", "great answer", "correct", "that is right", "wonderful", "thanks!!",
    "tysm", "cheers", "that helps", "you are great", "danke", "merci", "gracias", "谢谢", "多谢", "谢谢你"};
constexpr std::string_view kByeSaid[] = {
    "bye", "goodbye", "bye bye", "see you", "see you later", "good night", "ciao bye", "have a nice day", "bye nano",
    "see ya", "i have to go", "until next time", "take care", "good bye", "that's all", "再见", "ok bye", "farewell",
    "talk to you later", "cya", "bye, thanks"};
constexpr std::string_view kWhoAsked[] = {
    "who are you", "who are you", "what are you", "what are you", "what is your name", "what's your name",
    "whats your name", "your name", "name", "do you have a name", "who am i talking to", "what model are you",
    "which model are you", "what is this", "what kind of model are you", "are you a robot", "are you human",
    "are you a human", "are you real", "are you an ai", "are you chatgpt", "are you gpt", "are you deepseek",
    "are you r1", "are you nano", "are you a bot", "tell me about yourself", "introduce yourself",
    "what should i call you", "how big are you", "how large are you", "how many parameters do you have",
    "how many parameters", "what is your size", "how small are you", "what size are you", "describe yourself",
    "who is this", "how many weights do you have", "are you a language model", "are you a person",
    "what type of ai are you", "is this nano", "are you claude", "are you smart", "are you a large language model",
    "who is nano", "what is nano", "say your name", "你是谁", "你叫什么名字", "你是什么", "how much memory do you need",
    "are you a big model", "how old are you"};
constexpr std::string_view kMadeAsked[] = {
    "who made you", "who made you", "who created you", "who built you", "who trained you", "who developed you",
    "how were you made", "how were you trained", "how were you built", "where do you come from", "where are you from",
    "what were you trained on", "how did you learn this", "how did you learn to think", "who is your creator",
    "who programmed you", "how were you created", "how did they make you", "what is your training data",
    "who wrote you", "how are you made", "how do you work", "what company made you", "who owns you",
    "were you trained with reinforcement learning", "how long were you trained", "what are you made of", "谁创造了你",
    "who are your parents", "how were you taught", "what is r1.cpp"};
constexpr std::string_view kCanAsked[] = {
    "what can you do", "what can you do", "what can you do for me", "what can you help me with",
    "what can you help with", "help", "help", "help me", "can you help me", "how can you help me", "what do you know",
    "what can i ask you", "what can i ask", "what should i ask", "can you do math", "can you do maths",
    "can you calculate", "what are you good at", "what are your abilities", "what are your skills",
    "what problems can you solve", "what questions can you answer", "what kind of questions can i ask",
    "what are you able to do", "what were you taught", "show me what you can do", "how do i use you",
    "how does this work", "what is your purpose", "what are you for", "what do you do", "give me an example",
    "can you do arithmetic", "tell me what you can do", "are you good at math", "can you solve equations",
    "can you write code", "can you code", "can you program", "what subjects do you know", "list your abilities",
    "i need help", "commands", "你会什么", "你能做什么", "do you speak chinese", "can you count", "what can you", "options",
    "what else can you do", "start", "test", "are you ready"};
constexpr std::string_view kTalkEndings[] = {
    "", "", "", "", "!", "!", ".", "?", "?", "?", "!!", " :)", "...", " ?", " please", " nano", ", nano", " there",
    "??", " today", ", please", " then"};
// clang-format on

constexpr std::string_view kHelloReply = "Hello! I am nano. Ask me something to calculate.";
constexpr std::string_view kWhoReply =
    "I am nano, a small reasoning model with about 3 million parameters. I ship with r1.cpp and think before I answer.";
constexpr std::string_view kMadeReply =
    "I was made by r1.cpp from random weights, by the stages of DeepSeek-R1: pretraining, a cold start, reinforcement "
    "learning, rejection sampling, fine-tuning and reinforcement learning again.";
constexpr std::string_view kCanReply =
    "I can do arithmetic with numbers, percent, fractions, powers and roots, primes, equations, gcd and lcm, sorting, "
    "counting letters, short word problems, countdown and small Python functions.";

const SmallTalk kSmallTalk[] = {
    {kHello, "A greeting.", kHelloReply, "Hello"},
    {kHello, "A greeting.", kHelloReply, "Hello"},
    {kHelloChinese, "A greeting in Chinese.", "你好！我是 nano，请问我一道算术题。", "你好"},
    {kThanksSaid, "Thanks.", "You are welcome.", "welcome"},
    {kByeSaid, "A goodbye.", "Goodbye!", "Goodbye"},
    {kWhoAsked, "A question about me.", kWhoReply, "nano"},
    {kMadeAsked, "A question about how I was made.", kMadeReply, "r1.cpp"},
    {kCanAsked, "A question about what I can do.", kCanReply, "arithmetic"}};

}  // namespace

Draft draft_talk(Random& r, int) {
  const SmallTalk& talk = pick(r, kSmallTalk);
  Draft d;
  d.prompt = std::string(pick(r, talk.says)).append(pick(r, kTalkEndings));
  const bool greeted = talk.word != "Hello" && talk.word != "你好" && chance(r, 8);
  if (greeted) d.prompt = std::string(pick(r, kHello)).append(chance(r, 2) ? ", " : "! ").append(d.prompt);
  d.prompt = as_typed(r, std::move(d.prompt));
  d.trace = talk.trace;
  d.reply = talk.reply;
  d.answer = talk.word;
  d.checker = PhraseChecker{std::string(talk.word)};
  d.content = small_content("talk", d.prompt);
  return d;
}

}  // namespace r1
