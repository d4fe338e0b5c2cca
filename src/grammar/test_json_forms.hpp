// The texts of a JSON value in the form that the grammars of schemas write.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "formats/json.hpp"

namespace r1 {

// A schema decides in which of its forms a value is written, so that there are several:
// - members in every order if there are at most six of them, because they come in the order of the schema;
// - a whole number with and without a fraction, because constants are written as in the schema;
// - a form feed as \f, because only strings that are constants have the long form.
inline std::vector<std::string> json_forms(const Json& value, bool inside = false) {
  if (const auto number = value.number(); number && std::floor(*number) == *number && std::abs(*number) < 1e18) {
    const std::string whole = std::to_string(static_cast<i64>(*number));
    if (inside && value.integer()) return {whole};
    return {whole, whole + ".0"};
  }
  if (value.string() && !inside) {
    std::string text = dump(value);
    if (const size_t feed = text.find("\\u000c"); feed != text.npos) text.replace(feed, 6, "\\f");
    return {std::move(text)};
  }
  if (!value.array() && !value.object()) return {dump(value)};
  const auto join = [](const std::vector<std::string>& starts, const std::string& between,
                       const std::vector<std::string>& ends) {
    std::vector<std::string> out;
    for (const std::string& start : starts)
      for (const std::string& end : ends)
        if (out.size() < 1000) out.push_back(start + between + end);
    return out;
  };
  if (value.array()) {
    std::vector<std::string> texts{"["};
    const char* between = "";
    for (const Json& item : *value.array()) texts = join(texts, std::exchange(between, ", "), json_forms(item, true));
    return join(texts, "]", {""});
  }
  std::vector<size_t> order(value.object()->size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::vector<std::string> all;
  do {
    std::vector<std::string> texts{"{"};
    const char* between = "";
    for (const size_t i : order) {
      const auto& [name, member] = (*value.object())[i];
      texts = join(texts, std::exchange(between, ", ") + dump(Json(name)) + ": ", json_forms(member, true));
    }
    for (std::string& text : join(texts, "}", {""})) all.push_back(std::move(text));
  } while (order.size() <= 6 && std::next_permutation(order.begin(), order.end()));
  return all;
}

}  // namespace r1
