// The generator of small talk: greetings, thanks, and questions about the model itself. Every reply is a fixed
// sentence.
#include <cctype>

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
    "morning", "hi bot", "hello ai",
    "hullo", "helo", "hii", "hiii", "heyy", "helloo", "hello!! how are you", "hi how r u", "how r u", "how are u",
    "how are you doing today", "how do you feel today", "how are things", "how is life", "how have you been",
    "how are you feeling", "all good", "you ok", "are you ok", "are you okay", "are you awake", "are you online",
    "is anybody here", "is somebody there", "can you hear me", "do you hear me", "wake up", "wassup", "wazzup",
    "what's new", "what is new", "g'day", "good morning nano", "good evening nano", "good afternoon nano",
    "hello everyone", "hello bot", "hello robot", "hello computer", "hello dear", "hello friend", "hi buddy",
    "hey buddy", "hey you", "hey man", "hi guys", "hello sir", "hi dear", "hi ai", "hey bot", "hey there nano",
    "hello nice to meet you", "pleased to meet you", "nice to see you", "glad to meet you", "hi again", "hey again",
    "welcome", "salut", "namaste", "salaam", "shalom", "aloha", "guten tag", "guten morgen", "buenos dias", "hej",
    "privet", "konnichiwa", "merhaba", "ola", "hello, my name is anna", "hi, i am tom", "hi i'm sam",
    "my name is peter", "i am new here", "hey, what's up", "hi, what's up", "hello, how is it going",
    "hope you are well", "greetings nano", "hi hi", "hey hey", "hello is this working",
    "is this working", "are you working"};
constexpr std::string_view kHelloChinese[] = {"你好", "你好", "您好", "嗨", "早上好", "你好吗", "你好呀", "晚上好", "大家好", "喂"};
constexpr std::string_view kThanksSaid[] = {
    "thanks", "thanks", "thank you", "thank you", "thx", "ty", "thanks a lot", "thank you very much",
    "thank you so much", "many thanks", "great, thanks", "ok, thanks", "ok thanks", "cool, thanks",
    "perfect, thank you", "thanks for your help", "thank you for the answer", "nice, thanks", "that was helpful",
    "good job", "well done", "great", "nice", "cool", "awesome", "perfect", "very good", "good bot", "thanks nano",
    "much appreciated", "thank you, nano", "great answer", "correct", "that is right", "wonderful", "thanks!!",
    "tysm", "cheers", "that helps", "you are great", "danke", "merci", "gracias", "谢谢", "多谢", "谢谢你",
    "thank u", "thanks so much", "thank you a lot", "thank you nano", "thanks man", "thanks buddy", "thanks friend",
    "thank you my friend", "thanks again", "thank you again", "thank you for helping", "thanks for helping me",
    "thank you for your help", "thank you for your time", "thanks for the help", "thanks for the answer",
    "that was great", "that was fast", "that was quick", "that was good", "thats right", "that's right",
    "that's correct", "that is correct", "you are right", "you're right", "right", "exactly", "yes, correct",
    "yes thanks", "yes thank you", "very nice", "very helpful", "nice job", "nice work", "nice one", "good work",
    "good answer", "great job", "great work", "excellent", "amazing", "fantastic", "brilliant", "super", "lovely",
    "impressive", "bravo", "good", "fine", "wow", "wow, nice", "wow thanks", "cool cool", "so cool", "neat", "sweet",
    "ok", "ok", "okay", "ok cool", "ok nice", "ok good", "ok great", "okay thanks", "okay, great", "alright",
    "all right", "got it", "i got it", "i see", "understood", "makes sense", "ok i understand", "ah ok", "oh ok",
    "ah, i see", "k", "kk", "okey", "perfect thanks", "great, thank you", "awesome, thanks", "i appreciate it",
    "appreciated", "much obliged", "you are awesome", "you are smart", "you're the best", "you are the best",
    "you are amazing", "you are very good", "you rock", "smart bot", "clever", "good boy", "well done nano",
    "good job nano", "thnx", "thanx", "tnx", "tks", "thankyou", "ta", "thanks, that is all i need", "grazie",
    "arigato", "xie xie", "obrigado", "spasibo", "好的", "太好了", "很好", "真棒", "非常感谢"};
constexpr std::string_view kByeSaid[] = {
    "bye", "goodbye", "bye bye", "see you", "see you later", "good night", "ciao bye", "have a nice day", "bye nano",
    "see ya", "i have to go", "until next time", "take care", "good bye", "that's all", "再见", "ok bye", "farewell",
    "talk to you later", "cya", "bye, thanks",
    "bye for now", "byebye", "good bye nano", "goodbye nano", "goodbye my friend", "see you soon", "see you tomorrow",
    "see you around", "see u", "see you next time", "good night nano", "goodnight", "gn", "i am leaving",
    "i'm leaving", "i have to leave", "i must go", "i gotta go", "gotta go", "i need to go now", "i am going to bed",
    "i am done", "i'm done", "that is all", "that's it", "that was all", "no more questions", "we are done",
    "have a good day", "have a great day", "have a good one", "have a good night", "have a nice evening", "later",
    "laters", "talk later", "catch you later", "ttyl", "so long", "until tomorrow", "until later", "adieu",
    "au revoir", "adios", "auf wiedersehen", "tschüss", "sayonara", "arrivederci", "ok goodbye", "ok, see you",
    "ok i have to go", "thanks and goodbye", "bye and thank you", "exit", "quit", "end", "stop", "拜拜", "晚安"};
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
    "are you a big model", "how old are you",
    "who r u", "what r u", "who are you exactly", "who are you really", "what exactly are you", "what are you called",
    "how are you called", "do you have name", "what's ur name", "what is ur name", "your name please",
    "tell me your name", "can you tell me your name", "may i know your name", "what do people call you",
    "who is speaking", "who is talking", "who am i speaking to", "who is there", "what ai are you",
    "which ai are you", "which ai is this", "what llm are you", "what bot is this", "what chatbot are you",
    "what model is this", "which model is this", "what version are you", "which version are you",
    "what is your model name", "what are you exactly", "are you a chatbot", "are you a machine", "are you a computer",
    "are you a program", "are you a human or a robot", "are you human or ai", "am i talking to a human",
    "am i talking to a robot", "am i talking to a bot", "is this a bot", "is this a human", "is this an ai",
    "is this chatgpt", "is this gpt", "is this deepseek", "are you really an ai", "are you an llm",
    "are you artificial intelligence", "are you a man or a woman", "are you a boy or a girl", "are you a real person",
    "are you a calculator", "are you gpt-4", "are you gpt4", "are you chat gpt", "are you openai", "are you gemini",
    "are you llama", "are you siri", "are you alexa", "are you grok", "are you copilot", "are you qwen",
    "are you mistral", "are you based on chatgpt", "are you based on deepseek", "are you the same as chatgpt",
    "are you deepseek r1", "are you deepseek-r1", "you are chatgpt right", "are you better than chatgpt",
    "are you called nano", "so you are nano", "how much parameters do you have", "number of parameters",
    "what's your size", "how big is this model", "how big is your model", "how large is this model",
    "how small are you really", "how many neurons do you have", "how big is your brain", "are you a small model",
    "are you small", "are you tiny", "are you big", "are you intelligent", "are you dumb", "can you think",
    "do you think", "do you reason", "are you a reasoning model", "what is your age", "when were you born",
    "please introduce yourself", "can you introduce yourself", "tell me something about you", "tell me who you are",
    "tell me what you are", "say who you are", "i want to know who you are", "about you", "who", "你是机器人吗", "你有名字吗",
    "你有多大", "你是人吗", "介绍一下你自己", "你是deepseek吗", "你是chatgpt吗"};
constexpr std::string_view kMadeAsked[] = {
    "who made you", "who made you", "who created you", "who built you", "who trained you", "who developed you",
    "how were you made", "how were you trained", "how were you built", "where do you come from", "where are you from",
    "what were you trained on", "how did you learn this", "how did you learn to think", "who is your creator",
    "who programmed you", "how were you created", "how did they make you", "what is your training data",
    "who wrote you", "how are you made", "how do you work", "what company made you", "who owns you",
    "were you trained with reinforcement learning", "how long were you trained", "what are you made of", "谁创造了你",
    "who are your parents", "how were you taught", "what is r1.cpp",
    "who is your maker", "who is your developer", "who are your creators", "who are your developers",
    "who are your makers", "who invented you", "who designed you", "who coded you", "who has made you",
    "who has trained you", "who did make you", "who is behind you", "who made this", "who made this model",
    "who trained this model", "who built this", "who created this ai", "who gave you life", "who is your father",
    "who is your mother", "do you have parents", "what company are you from", "which company made you",
    "which company trained you", "are you made by openai", "did openai make you", "did deepseek make you",
    "did google make you", "are you from china", "are you from openai", "were you made by deepseek",
    "by whom were you made", "how did you come to be", "how were you developed", "how were you programmed",
    "how was this model trained", "how was this model made", "how is this model trained", "how do you work exactly",
    "how does this model work", "how do you think", "how do you calculate", "how did you learn",
    "how did you learn math", "how did you learn to calculate", "how did you become so smart",
    "what data were you trained on", "what is your training", "what was your training",
    "on what data are you trained", "where were you made", "where were you born", "where were you trained",
    "where did you learn that", "when were you made", "when were you trained", "when were you created",
    "what language are you written in", "what are you written in", "what is your source code", "are you open source",
    "is your code open", "what is your architecture", "what architecture do you have",
    "did you learn by reinforcement learning", "what is r1", "tell me how you were made", "tell me how you work",
    "tell me who made you", "can you tell me who made you", "explain how you work", "explain how you were trained",
    "谁训练了你", "谁开发了你", "你是怎么训练的"};
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
    "what else can you do", "start", "test", "are you ready",
    "what can you do nano", "what could you do for me", "what are you capable of", "what are your capabilities",
    "what is possible", "what are your features", "what are your functions", "what do you do exactly",
    "what do you offer", "what can i do here", "what can i do with you", "what can i use you for",
    "what are you used for", "what should i use you for", "what do you know about", "what do you know to do",
    "what have you learned", "what did you learn", "what all can you do", "so what can you do", "and what can you do",
    "tell me your abilities", "tell me your skills", "tell me what you know", "tell me what i can ask",
    "list what you can do", "list your skills", "show me your skills", "show me something", "show me an example",
    "show an example", "examples", "example", "example please", "give me examples", "give an example",
    "can you give me an example", "help please", "please help", "please help me", "pls help", "plz help me",
    "help me please", "help me out", "can u help me", "can you help", "could you help me", "could you please help me",
    "would you help me", "will you help me", "i need your help", "i need some help", "i need help please",
    "can i ask you something", "can i ask you a question", "can i ask a question", "may i ask you something",
    "i have a question", "i have some questions", "i have a problem", "can you answer a question",
    "can you answer questions", "how can you help", "how can i use you", "how do i start", "how to start",
    "how to use", "how to use this", "how to use you", "where do i start", "what now", "what is next", "let's start",
    "lets start", "let's begin", "begin", "usage", "menu", "info", "manual", "instructions", "guide", "faq",
    "i don't know what to ask", "i do not know what to ask", "what to ask", "suggest a question",
    "can you do anything", "can you do everything", "can you do my math homework", "can you help me with math",
    "can you help with math", "can you help with homework", "can you help with my homework", "help me with math",
    "help with math", "help with homework", "help me with my homework", "i need help with math",
    "i need help with my homework", "can you calc", "can you compute", "can you do calculations",
    "can you add numbers", "can you add", "can you multiply", "can you divide", "can you subtract",
    "can you do fractions", "can you do percentages", "can you do algebra", "can you solve problems",
    "can you solve math problems", "can you solve math", "can you solve word problems", "can you sort numbers",
    "can you write python", "can you write programs", "can you write a program", "do you know python",
    "do you know math", "do you know maths", "do you like math", "are you good in math", "are you good at maths",
    "are you able to calculate", "are you able to do math", "how good are you at math", "how good are you",
    "what is your specialty", "what is your job", "what is your task", "what is your goal", "what are your limits",
    "what can't you do", "what can you not do", "what are you bad at", "which problems can you solve",
    "which questions can you answer", "what type of questions can i ask", "what kind of problems can you solve",
    "what kind of math can you do", "what math can you do", "what operations can you do", "do you speak english",
    "what languages do you speak", "which languages do you speak", "can you speak chinese", "can you understand me",
    "do you understand me", "do you understand english", "你能帮我吗", "帮帮我", "帮助", "你会算数吗", "你会数学吗", "你有什么功能"};
constexpr std::string_view kTalkOpeners[] = {
    "so ", "ok ", "well ", "please ", "now ", "and ", "but ", "um ", "hmm ", "so, ", "ok, ", "nano, ", "nano ",
    "hey, ", "a question: ", "question: ", "just asking: ", "i wonder, ", "first of all, ", "by the way, ", "btw ",
    "oh ", "tell me, ", "one question, ", "excuse me, ", "sorry, ", "let me ask: "};
constexpr std::string_view kTalkEndings[] = {
    "", "", "", "", "!", "!", ".", "?", "?", "?", "!!", " :)", "...", " ?", " please", " nano", ", nano", " there",
    "??", " today", ", please", " then",
    "!!!", "?!", ". :)", ":d", ";)", "bro", "my friend", "dude", "sir", "buddy", "ai", ", bot", ", buddy",
    ", my friend", "again", "???", ". please", "pls", "plz"};
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
  const std::string_view ending = pick(r, kTalkEndings);
  d.prompt = pick(r, talk.says);
  const bool factorial = ending.starts_with('!') && std::isdigit(static_cast<unsigned char>(d.prompt.back())) != 0;
  if (!factorial) d.prompt += ending;  // "are you r1!" looks like one
  const bool opened = talk.says.data() != kHelloChinese && chance(r, 12);
  if (opened) d.prompt = std::string(pick(r, kTalkOpeners)).append(d.prompt);
  const bool greeted = !opened && talk.word != "Hello" && talk.word != "你好" && chance(r, 8);
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
