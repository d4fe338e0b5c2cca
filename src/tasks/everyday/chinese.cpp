// The generator of the four operations asked in Chinese, in digits or in Chinese numerals.
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

struct ChineseSign {
  char operation;
  std::vector<std::string_view> patterns;
};

// clang-format off
const ChineseSign kChineseSigns[] = {
    {'+', {"{a}加{b}", "{a}加{b}", "{a}加上{b}", "{a}+{b}", "{a} + {b}", "{a} 加 {b}", "{a}与{b}的和", "{a}和{b}的和",
      "{a}和{b}相加", "{a}再加{b}"}},
    {'-', {"{a}减{b}", "{a}减{b}", "{a}减去{b}", "{a}-{b}", "{a} - {b}", "{a} 减 {b}", "{a}与{b}的差", "{a}和{b}的差",
      "{a}再减{b}"}},
    {'*', {"{a}乘{b}", "{a}乘以{b}", "{a}乘以{b}", "{a}×{b}", "{a}*{b}", "{a}x{b}", "{a} × {b}", "{a} 乘以 {b}",
      "{a}与{b}的积", "{a}和{b}的乘积"}},
    {'/', {"{a}除以{b}", "{a}除以{b}", "{a}除以{b}", "{a}÷{b}", "{a}/{b}", "{a} ÷ {b}", "{a} 除以 {b}", "{a}与{b}的商"}}};
constexpr std::string_view kChineseOpeners[] = {
    "", "", "", "", "", "请问", "请问，", "请问 ", "计算", "计算：", "请计算", "算一下", "帮我算", "帮我算一下", "请告诉我", "你知道", "求", "问：",
    "你好，", "告诉我", "算算", "请算", "我想知道", "那么", "老师，"};
constexpr std::string_view kChineseAsked[] = {
    "等于几", "等于几", "等于多少", "等于多少", "等于多少", "是多少", "是几", "得多少", "得几", "=", " = ?", "=?", "等于", "的结果是多少", "的结果", " 等于多少",
    " 是多少", "等于什么", "结果是多少", "是什么", "一共是多少", "答案是多少", ""};
constexpr std::string_view kChineseEndings[] = {
    "", "", "", "？", "？", "？", "?", "。", "呢？", "呀", "啊？", "吗？", "，谢谢", "？谢谢", "！"};
constexpr std::string_view kChineseDigits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
// clang-format on

// 0 to 99: "三十五", "十二".
std::string in_chinese(i64 n) {
  if (n < 10) return std::string(kChineseDigits[n]);
  return (n >= 20 ? std::string(kChineseDigits[n / 10]) : "") + "十" +
         (n % 10 ? std::string(kChineseDigits[n % 10]) : "");
}

}  // namespace

// 1: up to 20; 2: up to 999, products of two and one digits.
Draft draft_chinese(Random& r, int difficulty) {
  const ChineseSign& sign = pick(r, kChineseSigns);
  const i64 high = difficulty == 1 ? 20 : chance(r, 2) ? 99 : 999;
  i64 a = r.between(0, high), b = r.between(0, high);
  if (sign.operation == '-' && a < b && !chance(r, 3)) std::swap(a, b);
  if (sign.operation == '*')
    a = difficulty == 1 ? r.between(1, 12) : r.between(2, 99), b = r.between(1, difficulty == 1 ? 12 : 9);
  if (sign.operation == '/') b = r.between(1, 12), a = b * r.between(1, difficulty == 1 ? 12 : 60);
  Draft d;
  const i64 result = sign.operation == '+'   ? write_add(d.trace, a, b)
                     : sign.operation == '-' ? write_sub(d.trace, a, b)
                     : sign.operation == '*' ? write_mul(d.trace, a, b)
                                             : write_exact_divide(d.trace, a, b, r);
  d.answer = std::to_string(result);
  const bool numerals = a < 100 && b < 100 && chance(r, 4);
  const std::string x = numerals ? in_chinese(a) : std::to_string(a), y = numerals ? in_chinese(b) : std::to_string(b);
  d.prompt =
      std::string(pick(r, kChineseOpeners)).append(put_in(pick(r, std::span(sign.patterns)), {{"a", x}, {"b", y}}));
  d.prompt.append(pick(r, kChineseAsked)).append(pick(r, kChineseEndings));
  d.content = small_content("chinese", d.prompt);
  d.reply = "答案是 \\boxed{" + d.answer + "}。";
  return d;
}

}  // namespace r1
