// The arguments of a call, matched to the parameters of what is called.
#include <algorithm>

#include "formats/jinja/interpreter.hpp"

namespace r1::jinja {

Result<BoundArguments> BoundArguments::of(const Arguments& arguments, std::string_view parameters) {
  BoundArguments bound;
  std::vector<std::string_view> names;
  while (!parameters.empty()) {
    const size_t comma = std::min(parameters.find(','), parameters.size());
    names.push_back(parameters.substr(0, comma));
    parameters.remove_prefix(std::min(comma + 1, parameters.size()));
  }
  if (arguments.positional.size() > names.size())
    return fail(Errc::corrupt, "takes at most {} arguments, given {}", names.size(), arguments.positional.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound.values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at == names.size() || bound.values_[at]) return fail(Errc::corrupt, "does not take the argument {}", name);
    bound.values_[at] = &value;
  }
  return bound;
}

Result<i64> BoundArguments::integer(size_t i, i64 fallback) const {
  if (!values_[i] || values_[i]->is_none()) return fallback;
  if (!values_[i]->integer()) return fail(Errc::corrupt, "needs an integer, found {}", values_[i]->type());
  return *values_[i]->integer();
}

Result<const Text*> BoundArguments::text(size_t i) const {
  if (!values_[i] || values_[i]->is_none()) return nullptr;
  if (!values_[i]->text()) return fail(Errc::corrupt, "needs a string, found {}", values_[i]->type());
  return values_[i]->text();
}

}  // namespace r1::jinja
