// The functions that every template sees, and Python's two ways of formatting strings.
#include <charconv>

#include "formats/jinja/interpreter.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {
namespace {

Result<Value> range(Interpreter& interp, const Arguments& given) {
  const BoundArguments a = R1_TRY(BoundArguments::of(given, "start,stop,step"));
  if (!a[0]) return fail(Errc::corrupt, "range needs a number");
  i64 begin = R1_TRY(a.integer(0, 0)), end = begin;
  const i64 step = R1_TRY(a.integer(2, 1));
  if (a[1]) end = R1_TRY(a.integer(1, 0));
  else begin = 0;
  if (step == 0) return fail(Errc::corrupt, "range with step 0");
  const double items = (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step);
  if (items > static_cast<double>(interp.budget.limits.range))
    return fail(Errc::exhausted, "range of {:.0f} items, at most {}", items, interp.budget.limits.range);
  std::vector<Value> values;
  for (i64 i = begin; step > 0 ? i < end : i > end;) {
    values.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return make_list(interp.budget, std::move(values));
}

// The members, in order, of dict(a=1), dict(mapping) or dict(pairs).
Result<std::vector<Member>> members_of(Interpreter& interp, const Arguments& given) {
  std::vector<Member> members;
  if (given.positional.size() > 1) return fail(Errc::corrupt, "takes one argument without a name");
  if (!given.positional.empty()) {
    const Value& first = given.positional[0];
    if (first.dict()) {
      R1_TRY(interp.budget.work(first.dict()->size() * sizeof(Member)));
      members = *first.dict();
    } else {
      const auto elements = R1_TRY(interp.elements(first));
      for (const Value& pair : elements->items) {
        const auto parts = R1_TRY(interp.elements(pair));
        if (parts->items.size() != 2) return fail(Errc::corrupt, "needs pairs");
        members.emplace_back(parts->items[0], parts->items[1]);
      }
    }
  }
  for (const auto& [name, value] : given.named) members.emplace_back(R1_TRY(make_string(interp.budget, name)), value);
  return members;
}

Result<Value> strftime_now(Interpreter& interp, const Arguments& given) {
  const BoundArguments a = R1_TRY(BoundArguments::of(given, "format"));
  const Text* format = R1_TRY(a.text(0));
  if (!format || format->size() > 256) return fail(Errc::corrupt, "strftime_now needs a format of at most 256 bytes");
  std::tm now{};
  if (interp.options.now) {
    now = *interp.options.now;
  } else {
    const std::time_t seconds = std::time(nullptr);
    localtime_r(&seconds, &now);
  }
  char text[4096];
  const size_t size = std::strftime(text, sizeof text, format->bytes().c_str(), &now);
  const std::string_view printed(text, size);
  if (first_invalid_utf8(printed) < size) return fail(Errc::corrupt, "strftime_now: not UTF-8");
  return make_string(interp.budget, printed, !format->empty() && format->marked_at(0));
}

Result<Value> raise_exception(Interpreter&, const Arguments& given) {
  const BoundArguments a = R1_TRY(BoundArguments::of(given, "message"));
  const Text* message = R1_TRY(a.text(0));
  return fail(Errc::invalid_argument, "{}", message ? message->bytes() : "the template refuses this conversation");
}

Result<Value> new_dict(Interpreter& interp, const Arguments& given) {
  return make_dict(interp.budget, R1_TRY(members_of(interp, given)));
}
Result<Value> new_namespace(Interpreter& interp, const Arguments& given) { return interp.new_namespace(given); }

struct Function {
  std::string_view name;
  Result<Value> (*call)(Interpreter&, const Arguments&);
};
constexpr Function kFunctions[] = {{"range", range},
                                   {"dict", new_dict},
                                   {"namespace", new_namespace},
                                   {"raise_exception", raise_exception},
                                   {"strftime_now", strftime_now}};

}  // namespace

const Value* global(std::string_view name) {
  static const auto* values = [] {
    auto* list = new std::vector<std::pair<std::string_view, Value>>;
    for (const Function& f : kFunctions)
      list->emplace_back(f.name, std::make_shared<const CallableNode>(
                                     CallableNode{CallableNode::Kind::function, std::string(f.name)}));
    return list;
  }();
  for (const auto& [known, value] : *values)
    if (known == name) return &value;
  return nullptr;
}

Result<Value> call_function(Interpreter& interp, std::string_view name, const Arguments& arguments) {
  R1_TRY(interp.budget.step());
  for (const Function& f : kFunctions)
    if (f.name == name) return f.call(interp, arguments);
  return fail(Errc::corrupt, "no function {}", name);
}

Result<Value> Interpreter::new_namespace(const Arguments& given) {
  constexpr size_t kBytes = 128, kMemberBytes = 96;
  const std::vector<Member> members = R1_TRY(members_of(*this, given));
  auto space = std::make_shared<Namespace>();
  for (const auto& [key, value] : members) {
    if (!key.text()) return fail(Errc::corrupt, "namespace: a name must be a string, found {}", key.type());
    R1_TRY(budget.hold(kMemberBytes + key.text()->size()));
    R1_TRY(budget.work(8 * space->members.size()));
    space->set(key.text()->bytes(), value);
  }
  R1_TRY(budget.hold(kBytes));  // never released: the namespace lives as long as the interpreter
  namespaces_.push_back(space);
  return Value(std::move(space));
}

// ---- formatting

namespace {

// A conversion of %-formatting, such as %5.1f.
struct Conversion {
  bool left = false, zeros = false, plus = false, space = false;
  size_t width = 0;
  int precision = -1;
  char letter = 0;
  size_t size = 0;  // length of its text behind the %
};

Result<Conversion> conversion(std::string_view text) {
  Conversion c;
  size_t at = 0;
  for (; at < text.size() && std::string_view("-0+ ").find(text[at]) != text.npos; ++at) {
    c.left |= text[at] == '-', c.zeros |= text[at] == '0', c.plus |= text[at] == '+', c.space |= text[at] == ' ';
  }
  const auto number = [&](auto& value) {
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), value);
    at = static_cast<size_t>(parsed.ptr - text.data());
  };
  number(c.width);
  if (at < text.size() && text[at] == '.') ++at, c.precision = 0, number(c.precision);
  if (at == text.size()) return fail(Errc::corrupt, "%: the format ends in the middle");
  c.letter = text[at];
  c.size = at + 1;
  if (c.width > 1000 || c.precision > 100)
    return fail(Errc::exhausted, "%: a width beyond 1000 or a precision beyond 100");
  return c;
}

Result<std::string> converted_number(const Conversion& c, const Value& v) {
  if (!v.number()) return fail(Errc::corrupt, "%{}: needs a number, found {}", c.letter, v.type());
  const char* sign = c.plus ? "+" : c.space ? " " : "";
  if (c.letter == 'f' || c.letter == 'F')
    return fmt::format("{}{:.{}f}", *v.number() >= 0 ? sign : "", *v.number(), c.precision < 0 ? 6 : c.precision);
  if (!v.integer() && (c.letter == 'x' || !(std::abs(*v.number()) < 9e18)))
    return fail(Errc::corrupt, "%{}: no integer", c.letter);
  const i64 i = v.integer() ? *v.integer() : static_cast<i64>(*v.number());
  const u64 magnitude = i < 0 ? u64{0} - static_cast<u64>(i) : static_cast<u64>(i);
  std::string digits = c.letter == 'x' ? fmt::format("{:x}", magnitude) : fmt::format("{}", magnitude);
  if (std::ssize(digits) < c.precision) digits.insert(0, c.precision - digits.size(), '0');
  return (i < 0 ? "-" : sign) + digits;
}

Status add_converted(Interpreter& interp, Writer& out, const Conversion& c, const Value& v) {
  Writer piece(interp.budget);
  const bool number = std::string_view("diufFx").find(c.letter) != std::string_view::npos;
  if (c.letter == 's') R1_TRY(print(piece, v, interp.budget));
  else if (c.letter == 'r') R1_TRY(print_repr(piece, v, interp.budget));
  else if (number) R1_TRY(piece.add(R1_TRY(converted_number(c, v))));
  else return fail(Errc::unsupported, "%{} is not supported", c.letter);
  const Text& text = piece.text();
  const bool cut = c.letter == 's' && c.precision >= 0;
  const size_t end = cut ? byte_of_character(text.bytes(), c.precision) : text.size();
  const size_t length = count_characters(std::string_view(text.bytes()).substr(0, end));
  const bool zeros = c.zeros && !c.left && number;
  const std::string pad(c.width > length ? c.width - length : 0, zeros ? '0' : ' ');
  const size_t sign = zeros && text.bytes().find_first_of("+- ") == 0 ? 1 : 0;  // it stands before the zeros
  R1_TRY(out.add(text, 0, sign));
  if (!c.left) R1_TRY(out.add(pad));
  R1_TRY(out.add(text, sign, end));
  return c.left ? out.add(pad) : Status{};
}

}  // namespace

Result<Value> percent_format(Interpreter& interp, const Text& format, const Value& values) {
  const std::string_view bytes = format.bytes();
  Writer out(interp.budget);
  size_t done = 0, used = 0;
  for (size_t at = bytes.find('%'); at != bytes.npos; at = bytes.find('%', done)) {
    R1_TRY(out.add(format, done, at));
    const Value* value = nullptr;
    size_t begin = at + 1;
    if (begin < bytes.size() && bytes[begin] == '(') {
      const size_t close = bytes.find(')', begin);
      if (close == bytes.npos || !values.dict()) return fail(Errc::corrupt, "%(name) needs a dict");
      const Value name(Text(std::string(bytes.substr(begin + 1, close - begin - 1))));
      value = R1_TRY(find_key(interp.budget, *values.dict(), name));
      if (!value) return fail(Errc::corrupt, "%: no value for {}", name.text()->bytes());
      begin = close + 1;
    }
    const Conversion c = R1_TRY(conversion(bytes.substr(begin)));
    done = begin + c.size;
    if (c.letter == '%') {
      R1_TRY(out.add("%"));
      continue;
    }
    if (!value && values.is_tuple() && used < values.list()->size()) value = &(*values.list())[used++];
    else if (!value && !values.is_tuple() && used++ == 0) value = &values;
    if (!value) return fail(Errc::corrupt, "%: not enough values for the format");
    R1_TRY(add_converted(interp, out, c, *value));
  }
  if (used < (values.is_tuple() ? values.list()->size() : values.dict() || values.list() ? 0 : 1))
    return fail(Errc::corrupt, "%: more values than the format takes");
  R1_TRY(out.add(format, done, bytes.size()));
  return out.value();
}

Result<Value> brace_format(Interpreter& interp, const Text& format, const Arguments& given) {
  const std::string_view bytes = format.bytes();
  Writer out(interp.budget);
  size_t next = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
    R1_TRY(out.add(format, at, brace));
    if (brace == bytes.size()) break;
    if (bytes.substr(brace, 2) == "{{" || bytes.substr(brace, 2) == "}}") {
      R1_TRY(out.add(format, brace, brace + 1));
      at = brace + 2;
      continue;
    }
    const size_t close = bytes.find('}', brace);
    if (bytes[brace] == '}' || close == bytes.npos) return fail(Errc::corrupt, "a brace without the other");
    const std::string_view field = bytes.substr(brace + 1, close - brace - 1);
    if (field.find_first_of(".[:!{") != field.npos)
      return fail(Errc::unsupported, "'{}' in braces is not supported", field);
    const Value* value = nullptr;
    size_t index = next;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), index);
    if (field.empty() || (parsed.ec == std::errc() && parsed.ptr == field.data() + field.size())) {
      next += field.empty() ? 1 : 0;
      if (index < given.positional.size()) value = &given.positional[index];
    }
    for (const auto& [name, named] : given.named)
      if (name == field) value = &named;
    if (!value) return fail(Errc::corrupt, "no value for '{{{}}}'", field);
    R1_TRY(print(out, *value, interp.budget));
    at = close + 1;
  }
  return out.value();
}

}  // namespace r1::jinja
