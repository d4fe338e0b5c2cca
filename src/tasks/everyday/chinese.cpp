// The generator of the four operations asked in Chinese, in digits or in Chinese numerals, and of one-step stories.
#include <utility>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// Ways to ask for one operation. {a} and {b} are numbers.
struct ChineseSign {
  char operation;
  std::vector<std::string_view> patterns;  // a value: "12加30", behind which a question such as "等于多少" follows
  std::vector<std::string_view> questions;  // whole questions without their mark
};

// clang-format off
const ChineseSign kChineseSigns[] = {
    {'+',
     {"{a}加{b}", "{a}加{b}", "{a}加{b}", "{a}加上{b}", "{a}+{b}", "{a}+{b}", "{a} + {b}", "{a} 加 {b}", "{a}与{b}的和",
      "{a}和{b}的和", "{a}和{b}相加", "{a}再加{b}", "{a}跟{b}相加", "{a}加{b}的和", "{a}、{b}的和", "{a}，{b}之和",
      "{a}和{b}之和", "{a}和{b}加起来", "{a}增加{b}", "{a}＋{b}", "比{a}多{b}的数", "比{a}大{b}的数", "{a}和{b}的总和"},
     {"{a}加{b}得几", "{a}加{b}得多少", "{a}和{b}一共是多少", "{a}和{b}合起来是多少", "{a}和{b}加在一起是多少", "把{a}和{b}加起来是多少",
      "把{a}和{b}相加得多少", "什么数比{a}多{b}", "哪个数比{a}大{b}", "在{a}上加{b}是多少", "给{a}加上{b}得多少", "求{a}与{b}的和",
      "计算{a}与{b}的和", "{a}再加上{b}是几", "如果{a}加{b}，结果是多少", "两个加数是{a}和{b}，和是多少", "我有{a}，再来{b}，一共多少"}},
    {'-',
     {"{a}减{b}", "{a}减{b}", "{a}减{b}", "{a}减去{b}", "{a}-{b}", "{a}-{b}", "{a} - {b}", "{a} 减 {b}", "{a}再减{b}",
      "{a}－{b}", "{a}减掉{b}"},
     {"{a}减{b}得几", "{a}减{b}得多少", "计算{a}减{b}", "如果{a}减{b}，结果是多少"}},
    {'*',
     {"{a}乘{b}", "{a}乘{b}", "{a}乘以{b}", "{a}乘以{b}", "{a}×{b}", "{a}×{b}", "{a}*{b}", "{a}x{b}", "{a} × {b}",
      "{a} 乘以 {b}", "{a}与{b}的积", "{a}和{b}的乘积", "{a}的{b}倍", "{b}个{a}", "{a}和{b}相乘", "{a}与{b}相乘的积", "{a}乘上{b}",
      "{b}个{a}相加的和", "{a}乘{b}的积"},
     {"{a}乘{b}得几", "{a}乘{b}得多少", "{a}乘以{b}得几", "{a}的{b}倍是多少", "{b}个{a}是多少", "{b}个{a}相加是多少", "求{a}与{b}的积",
      "计算{a}与{b}的乘积", "把{a}乘以{b}得多少", "{b}个{a}加起来是多少", "把{a}扩大到{b}倍是多少", "如果{a}乘{b}，结果是多少",
      "两个乘数是{a}和{b}，积是多少", "每行{a}个，有{b}行，一共多少个", "每份{a}个，{b}份一共多少个"}},
    {'/',
     {"{a}除以{b}", "{a}除以{b}", "{a}除以{b}", "{a}÷{b}", "{a}÷{b}", "{a}/{b}", "{a} ÷ {b}", "{a} 除以 {b}", "{a}与{b}的商",
      "{a}和{b}的商", "{a}除以{b}的商", "{a}平均分成{b}份，每份", "{a}的{b}分之一", "{b}除{a}"},
     {"{a}除以{b}得几", "{a}除以{b}得多少", "把{a}平均分成{b}份，每份是多少", "把{a}分成{b}等份，每份是多少", "{a}平均分成{b}份，每份是几",
      "{a}里面有几个{b}", "{a}里面有多少个{b}", "{a}是{b}的几倍", "{a}是{b}的多少倍", "计算{a}除以{b}的商", "求{a}除以{b}的商", "{b}乘几等于{a}",
      "几乘{b}等于{a}", "{a}里有几个{b}", "把{a}平均分给{b}个人，每人得多少", "{a}个分给{b}个人，每人几个", "如果{a}除以{b}，结果是多少",
      "{a}可以分成几个{b}", "{b}的几倍是{a}"}}};
// Only where the first number is not the smaller one.
const ChineseSign kChineseDifference = {
    '-',
    {"{a}与{b}的差", "{a}和{b}的差", "{a}减去{b}的差", "{a}与{b}之差", "{a}减少{b}", "比{a}少{b}的数", "比{a}小{b}的数", "从{a}里减去{b}",
     "从{a}中减去{b}"},
    {"{a}比{b}多多少", "{a}比{b}大多少", "{b}比{a}少多少", "{b}比{a}小多少", "{a}和{b}相差多少", "{b}和{a}相差多少", "{a}与{b}差多少",
     "{a}减去{b}还剩多少", "{a}减{b}还剩几", "从{a}里拿走{b}还剩多少", "从{a}里面去掉{b}，剩下多少", "求{a}与{b}的差", "计算{a}与{b}的差",
     "什么数比{a}少{b}", "{b}加几等于{a}", "{b}加多少等于{a}", "{b}再加多少是{a}", "{b}到{a}还差多少", "我有{a}，用了{b}，还剩多少",
     "{a}去掉{b}还有多少", "被减数是{a}，减数是{b}，差是多少"}};
// Halves, doubles and so on: the second number is a word.
struct ChinesePart {
  char operation;
  i64 by;
  std::vector<std::string_view> patterns;
};
const ChinesePart kChineseParts[] = {
    {'/', 2, {"{a}的一半", "{a}的一半", "{a}的二分之一", "{a}的1/2", "{a}分成两半，每半"}},
    {'*', 2, {"{a}的两倍", "{a}的两倍", "{a}的2倍", "两个{a}", "{a}翻一倍", "{a}的双倍", "{a}加上它自己", "两倍的{a}"}},
    {'/', 3, {"{a}的三分之一", "{a}的1/3"}},
    {'*', 3, {"{a}的三倍", "{a}的3倍", "三个{a}"}},
    {'/', 4, {"{a}的四分之一", "{a}的1/4"}},
    {'/', 10, {"{a}的十分之一"}},
    {'*', 10, {"{a}的十倍", "{a}的10倍", "十个{a}"}}};
// One-step stories. {N} and {P} are people, {m} is the measure word of the things {O}.
const ChineseSign kChineseStories[] = {
    {'+', {},
     {"{N}有{a}{m}{O}，又买了{b}{m}，现在有多少{m}{O}", "{N}有{a}{m}{O}，{P}又给了{b}{m}，一共有几{m}{O}",
      "{N}有{a}{m}{O}，{P}有{b}{m}{O}，他们一共有多少{m}{O}", "桌上有{a}{m}{O}，又放了{b}{m}，一共有多少{m}",
      "{N}上午买了{a}{m}{O}，下午买了{b}{m}，一共买了多少{m}", "{N}有{a}{m}{O}，{P}比{N}多{b}{m}，{P}有多少{m}"}},
    {'-', {},
     {"{N}有{a}{m}{O}，用了{b}{m}，还剩几{m}", "{N}有{a}{m}{O}，送给{P}{b}{m}，还剩多少{m}{O}", "有{a}{m}{O}，拿走{b}{m}，还剩多少{m}",
      "{N}原来有{a}{m}{O}，丢了{b}{m}，现在有几{m}", "商店有{a}{m}{O}，卖了{b}{m}，还有多少{m}", "{N}有{a}{m}{O}，{P}有{b}{m}，{N}比{P}多几{m}"}},
    {'*', {},
     {"每个盒子有{a}{m}{O}，{b}个盒子有多少{m}{O}", "一袋有{a}{m}{O}，{b}袋一共有多少{m}", "{N}每天买{a}{m}{O}，{b}天一共买多少{m}",
      "{b}个小朋友每人有{a}{m}{O}，一共有多少{m}{O}", "一{m}{O}{a}元，{b}{m}多少元", "每{m}{O}{a}块钱，买{b}{m}要多少钱"}},
    {'/', {},
     {"把{a}{m}{O}平均分给{b}个小朋友，每人几{m}", "{a}{m}{O}平均分成{b}份，每份多少{m}", "{N}有{a}{m}{O}，平均放进{b}个盒子，每盒几{m}",
      "{b}个人分{a}{m}{O}，每人分到几{m}", "{a}{m}{O}，每{b}{m}装一袋，可以装几袋", "{b}{m}{O}一共{a}元，每{m}多少元"}}};
constexpr std::pair<std::string_view, std::string_view> kChineseThings[] = {
    {"个", "苹果"}, {"个", "苹果"}, {"个", "苹果"}, {"个", "橘子"}, {"个", "球"}, {"个", "鸡蛋"}, {"颗", "糖"}, {"本", "书"},
    {"支", "铅笔"}, {"朵", "花"}, {"张", "卡片"}, {"块", "饼干"}, {"个", "气球"}, {"个", "梨"}};
constexpr std::string_view kChinesePeople[] = {"小明", "小明", "小红", "小华", "小丽", "小刚", "妈妈", "爸爸", "老师", "弟弟", "姐姐", "哥哥"};
constexpr std::string_view kChineseOpeners[] = {
    "", "", "", "", "", "", "", "请问", "请问，", "请问 ", "计算", "计算：", "请计算", "算一下", "帮我算", "帮我算一下", "请告诉我", "你知道", "求",
    "问：", "你好，", "告诉我", "算算", "请算", "我想知道", "那么", "老师，", "请你算一下", "能告诉我", "能不能帮我算", "请帮忙算", "算一算：", "快速计算",
    "你好，请问", "麻烦算一下", "题目：", "求解：", "口算：", "请回答：", "我想问一下，", "我问你，"};
// Openers that also suit a story or a whole question.
constexpr std::string_view kChineseStoryOpeners[] = {
    "", "", "", "", "", "", "", "请问", "请问，", "问：", "你好，", "题目：", "老师，", "应用题：", "请回答：", "帮我看看，", "我想知道，", "请教一下，"};
constexpr std::string_view kChineseAsked[] = {
    "等于几", "等于几", "等于多少", "等于多少", "等于多少", "是多少", "是多少", "是几", "得多少", "得几", "=", "=", " = ?", "=?", "＝", "=？", "等于",
    "的结果是多少", "的结果", " 等于多少", " 是多少", "等于什么", "结果是多少", "是什么", "一共是多少", "答案是多少", "", "，结果是多少", "，答案是什么", "是几啊",
    "应该是多少", "会得到多少", "怎么算", "是什么数"};
constexpr std::string_view kChineseEndings[] = {
    "", "", "", "", "？", "？", "？", "？", "?", "?", "。", "呢？", "呀", "啊？", "，谢谢", "？谢谢", "！", "呀？", "？？", "，请回答", "？请告诉我",
    "？谢谢你", "，谢谢！"};
constexpr std::string_view kChineseDigits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
// clang-format on

// 0 to 999: "十二", "三十五", "一百零五".
std::string in_chinese(i64 n) {
  if (n < 10) return std::string(kChineseDigits[n]);
  const std::string ones(n % 10 ? kChineseDigits[n % 10] : "");
  if (n < 100) return (n >= 20 ? std::string(kChineseDigits[n / 10]) : "") + "十" + ones;
  const std::string hundreds = std::string(kChineseDigits[n / 100]) + "百";
  if (n % 100 == 0) return hundreds;
  const std::string tens(kChineseDigits[n / 10 % 10]);
  return hundreds + (n % 100 < 10 ? tens + ones : tens + "十" + ones);
}

i64 write_chinese(Draft& d, char operation, i64 a, i64 b, Random& r) {
  const i64 result = operation == '+'   ? write_add(d.trace, a, b)
                     : operation == '-' ? write_sub(d.trace, a, b)
                     : operation == '*' ? write_mul(d.trace, a, b)
                                        : write_exact_divide(d.trace, a, b, r);
  d.answer = std::to_string(result);
  return result;
}

std::pair<i64, i64> chinese_numbers(Random& r, char operation, int difficulty) {
  const i64 high = difficulty == 1 ? 20 : chance(r, 2) ? 99 : 999;
  i64 a = r.between(0, high), b = r.between(0, high);
  if (operation == '-' && a < b && !chance(r, 3)) std::swap(a, b);
  if (operation == '*')
    a = difficulty == 1 ? r.between(1, 12) : r.between(2, 99), b = r.between(1, difficulty == 1 ? 12 : 9);
  if (operation == '/') b = r.between(1, 12), a = b * r.between(1, difficulty == 1 ? 12 : 60);
  return {a, b};
}

// A value with its question, or a question that is whole.
std::string asked_in_chinese(Random& r, const ChineseSign& sign, const std::string& a, const std::string& b) {
  if (chance(r, 4) && !sign.questions.empty())
    return std::string(pick(r, kChineseStoryOpeners))
        .append(put_in(pick(r, std::span(sign.questions)), {{"a", a}, {"b", b}}));
  return std::string(pick(r, kChineseOpeners))
      .append(put_in(pick(r, std::span(sign.patterns)), {{"a", a}, {"b", b}}))
      .append(pick(r, kChineseAsked));
}

// "10的一半是多少"
std::string ask_chinese_part(Random& r, Draft& d, int difficulty) {
  const ChinesePart& part = pick(r, kChineseParts);
  i64 a = r.between(1, difficulty == 1 ? 20 : 99);
  if (part.operation == '/') a = part.by * r.between(1, difficulty == 1 ? 12 : 60);
  write_chinese(d, part.operation, a, part.by, r);
  if (part.operation == '*' && a > 12) contains_product(d, a, part.by);
  const std::string shown = a < 100 && chance(r, 5) ? in_chinese(a) : std::to_string(a);
  return std::string(pick(r, kChineseOpeners))
      .append(put_in(pick(r, std::span(part.patterns)), {{"a", shown}}))
      .append(pick(r, kChineseAsked));
}

std::string ask_chinese_story(Random& r, Draft& d, int difficulty) {
  const ChineseSign& story = pick(r, kChineseStories);
  auto [a, b] = chinese_numbers(r, story.operation, difficulty);
  if (story.operation == '-' && a < b) std::swap(a, b);
  if (b < 2) b = 2, a = story.operation == '/' ? 2 * a : a + 2;
  write_chinese(d, story.operation, a, b, r);
  const bool numerals = a < 100 && b < 100 && chance(r, 6);
  const auto shown = [&](i64 n) { return !numerals ? std::to_string(n) : n == 2 ? "两" : in_chinese(n); };
  const size_t people = std::size(kChinesePeople), first = r.below(static_cast<u32>(people));
  std::string_view other = kChinesePeople[(first + 1) % people];
  if (other == kChinesePeople[first]) other = kChinesePeople[(first + 2) % people];
  const auto& [measure, thing] = pick(r, kChineseThings);
  return std::string(pick(r, kChineseStoryOpeners))
      .append(put_in(pick(r, std::span(story.questions)), {{"a", shown(a)},
                                                           {"b", shown(b)},
                                                           {"N", kChinesePeople[first]},
                                                           {"P", other},
                                                           {"m", measure},
                                                           {"O", thing}}));
}

}  // namespace

// 1: up to 20; 2: up to 999, products of two and one digits.
Draft draft_chinese(Random& r, int difficulty) {
  Draft d;
  if (const u32 shape = r.below(8); shape == 0) {
    d.prompt = ask_chinese_story(r, d, difficulty);
  } else if (shape == 1) {
    d.prompt = ask_chinese_part(r, d, difficulty);
  } else {
    const ChineseSign& sign = pick(r, kChineseSigns);
    const auto [a, b] = chinese_numbers(r, sign.operation, difficulty);
    write_chinese(d, sign.operation, a, b, r);
    const bool numerals = a < 100 && b < 100 ? chance(r, 4) : chance(r, 20);
    const std::string x = numerals ? in_chinese(a) : std::to_string(a);
    const std::string y = numerals ? in_chinese(b) : std::to_string(b);
    const bool difference = sign.operation == '-' && a >= b && chance(r, 3);
    d.prompt = asked_in_chinese(r, difference ? kChineseDifference : sign, x, y);
  }
  d.prompt.append(pick(r, kChineseEndings));
  d.content = small_content("chinese", d.prompt);
  d.reply = "答案是 \\boxed{" + d.answer + "}。";
  return d;
}

}  // namespace r1
