#include "formats/jinja/value.hpp"

#include <algorithm>
#include <cmath>

#include "formats/utf8.hpp"

namespace r1::jinja {

Status Budget::work(u64 units) {
  work_ += units;
  if (work_ <= limits.work) return {};
  return fail(Errc::exhausted, "the template works for too long (limit {})", limits.work);
}

Status Budget::step() {
  if (++steps_ <= limits.steps) return {};
  return fail(Errc::exhausted, "more than {} rounds of loops and calls", limits.steps);
}

Status Budget::hold(size_t bytes) {
  if (bytes > limits.memory || held_ > limits.memory - bytes)
    return fail(Errc::exhausted, "the template's values need more than {} bytes", limits.memory);
  held_ += bytes;
  return work(bytes);
}

// ---- Value

Value::Value() noexcept = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value::Value(Undefined u) : v_(std::move(u)) {}
Value::Value(None) : v_(None{}) {}
Value::Value(bool b) : v_(b) {}
Value::Value(i64 i) : v_(i) {}
Value::Value(double d) : v_(d) {}
Value::Value(Text text) : v_(std::make_shared<const StringNode>(StringNode{std::move(text), {}})) {}
Value::Value(std::shared_ptr<const StringNode> s) : v_(std::move(s)) {}
Value::Value(std::shared_ptr<const ListNode> l) : v_(std::move(l)) {}
Value::Value(std::shared_ptr<const DictNode> d) : v_(std::move(d)) {}
Value::Value(std::shared_ptr<Namespace> n) : v_(std::move(n)) {}
Value::Value(std::shared_ptr<const LoopNode> l) : v_(std::move(l)) {}
Value::Value(std::shared_ptr<const CallableNode> c) : v_(std::move(c)) {}

std::optional<i64> Value::integer() const {
  if (const i64* i = std::get_if<i64>(&v_)) return *i;
  if (const bool* b = boolean()) return *b ? 1 : 0;
  return {};
}

std::optional<double> Value::number() const {
  if (const double* d = real()) return *d;
  if (const auto i = integer()) return static_cast<double>(*i);
  return {};
}

const Text* Value::text() const {
  const auto* node = pointee<StringNode>();
  return node ? &node->text : nullptr;
}
const std::vector<Value>* Value::list() const {
  const auto* node = pointee<ListNode>();
  return node ? &node->items : nullptr;
}
std::shared_ptr<const ListNode> Value::list_node() const {
  const auto* p = std::get_if<std::shared_ptr<const ListNode>>(&v_);
  return p ? *p : nullptr;
}
bool Value::is_tuple() const {
  const auto* node = pointee<ListNode>();
  return node && node->tuple;
}
const std::vector<Member>* Value::dict() const {
  const auto* node = pointee<DictNode>();
  return node ? &node->members : nullptr;
}
const LoopNode* Value::loop() const { return pointee<LoopNode>(); }
const CallableNode* Value::callable() const { return pointee<CallableNode>(); }

bool Value::truth() const {
  if (undefined() || is_none()) return false;
  if (const auto n = number()) return *n != 0;
  if (const Text* t = text()) return !t->empty();
  if (const auto* l = list()) return !l->empty();
  if (const auto* d = dict()) return !d->empty();
  return true;
}

int Value::depth() const {
  if (const auto* l = pointee<ListNode>()) return l->depth;
  if (const auto* d = pointee<DictNode>()) return d->depth;
  return 0;
}

std::string_view Value::type() const {
  constexpr std::string_view names[] = {"undefined", "None", "bool",      "int",  "float",   "str",
                                        "list",      "dict", "namespace", "loop", "function"};
  return is_tuple() ? "tuple" : names[v_.index()];
}

bool Value::same_object(const Value& o) const {
  return (list() && list() == o.list()) || (dict() && dict() == o.dict());
}

const Value* Namespace::find(std::string_view name) const {
  for (const auto& [key, value] : members)
    if (key == name) return &value;
  return nullptr;
}

void Namespace::set(std::string_view name, Value value) {
  for (auto& [key, old] : members)
    if (key == name) return void(old = std::move(value));
  members.emplace_back(std::string(name), std::move(value));
}

// ---- making them

Status Writer::grow(size_t bytes, size_t changes) {
  const size_t all = bytes + 32 * changes;  // a change of the mark takes memory too: one span in the result
  R1_TRY(budget_->hold(all));
  held_ += all;
  return {};
}

Status Writer::add(std::string_view bytes, bool marked) {
  R1_TRY(grow(bytes.size(), text_.empty() || text_.marked_at(text_.size() - 1) == marked ? 0 : 1));
  text_.append(bytes, marked);
  return {};
}

Status Writer::add(const Text& text, size_t begin, size_t end) {
  if (text.changes() == 0) return add(std::string_view(text.bytes()).substr(begin, end - begin), text.marked_at(0));
  R1_TRY(grow(end - begin, 1 + text.changes()));
  text_.append(text, begin, end);
  return {};
}

Result<Value> Writer::value() {
  constexpr size_t kNode = 128;  // of the node, without its text
  R1_TRY(budget_->hold(kNode));
  text_.trim();
  Value value(std::make_shared<const StringNode>(StringNode{std::move(text_), MemoryCharge(budget_, held_ + kNode)}));
  text_ = {};
  held_ = 0;
  return value;
}

Result<Value> make_string(Budget& budget, const Text& text, size_t begin, size_t end) {
  Writer out(budget);
  R1_TRY(out.add(text, begin, end));
  return out.value();
}

Result<Value> make_string(Budget& budget, std::string_view bytes, bool marked) {
  Writer out(budget);
  R1_TRY(out.add(bytes, marked));
  return out.value();
}

namespace {

constexpr size_t kContainer = 96;

Result<int> one_deeper(int depth, int limit) {
  if (depth < limit) return depth + 1;
  return fail(Errc::exhausted, "lists inside each other deeper than {}", limit);
}

Result<Value> list_of(Budget* budget, std::vector<Value> items, bool tuple, int limit) {
  int depth = 0;
  for (const Value& v : items) depth = std::max(depth, v.depth());
  depth = R1_TRY(one_deeper(depth, limit));
  const size_t bytes = kContainer + items.size() * sizeof(Value);
  if (budget) R1_TRY(budget->hold(bytes));
  return Value(std::make_shared<const ListNode>(ListNode{std::move(items), tuple, depth, MemoryCharge(budget, bytes)}));
}

Result<Value> dict_of(Budget* budget, std::vector<Member> members, int limit) {
  int depth = 0;
  for (const auto& [key, value] : members) depth = std::max({depth, key.depth(), value.depth()});
  depth = R1_TRY(one_deeper(depth, limit));
  const size_t bytes = kContainer + members.size() * sizeof(Member);
  if (budget) R1_TRY(budget->hold(bytes));
  return Value(std::make_shared<const DictNode>(DictNode{std::move(members), depth, MemoryCharge(budget, bytes)}));
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t good = first_invalid_utf8(text);
    out += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(1);
  }
  return out;
}

Result<Value> text_of(Budget* budget, const std::string& text, bool marked) {
  constexpr size_t kMost = size_t{1} << 30;
  if (text.size() > kMost) return fail(Errc::exhausted, "a string of {} bytes, at most {}", text.size(), kMost);
  const bool valid = first_invalid_utf8(text) == text.size();
  if (budget) return make_string(*budget, valid ? text : valid_utf8(text), marked);
  return Value(Text(valid ? text : valid_utf8(text), marked));
}

}  // namespace

Result<Value> make_list(Budget& budget, std::vector<Value> items, bool tuple) {
  return list_of(&budget, std::move(items), tuple, budget.limits.value_depth);
}

Result<Value> make_dict(Budget& budget, std::vector<Member> members) {
  std::vector<Member> unique;
  for (auto& [key, value] : members) {
    if (key.list() || key.dict()) return fail(Errc::corrupt, "a {} cannot be a key", key.type());
    auto known = unique.begin();
    while (known != unique.end() && !R1_TRY(equal(budget, known->first, key))) ++known;
    if (known != unique.end()) known->second = std::move(value);
    else unique.emplace_back(std::move(key), std::move(value));
  }
  return dict_of(&budget, std::move(unique), budget.limits.value_depth);
}

Value undefined_named(std::string_view name) { return Undefined{std::make_shared<const std::string>(name)}; }

Result<Value> from_json(Budget* budget, const Json& json, bool marked) {
  const int limit = budget ? budget->limits.value_depth : JinjaLimits{}.value_depth;
  if (json.is_null()) return Value(None{});
  if (json.boolean()) return Value(*json.boolean());
  if (json.integer()) return Value(*json.integer());
  if (json.string()) return text_of(budget, *json.string(), marked);
  if (const Json::Array* array = json.array()) {
    std::vector<Value> items;
    items.reserve(array->size());
    for (const Json& item : *array) items.push_back(R1_TRY(from_json(budget, item, marked)));
    return list_of(budget, std::move(items), false, limit);
  }
  if (const Json::Object* object = json.object()) {
    std::vector<Member> members;
    members.reserve(object->size());
    for (const auto& [key, value] : *object)
      members.emplace_back(R1_TRY(text_of(budget, key, marked)), R1_TRY(from_json(budget, value, marked)));
    return dict_of(budget, std::move(members), limit);
  }
  return Value(*json.number());
}

// ---- comparing

Result<bool> equal(Budget& budget, const Value& a, const Value& b) {
  R1_TRY(budget.work(64));
  if (a.number() && b.number()) {
    if (a.integer() && b.integer()) return *a.integer() == *b.integer();
    return *a.number() == *b.number();
  }
  if (a.text() && b.text()) {
    if (a.text()->size() == b.text()->size()) R1_TRY(budget.work(a.text()->size()));
    return a.text()->bytes() == b.text()->bytes();
  }
  if (a.same_object(b)) return true;
  if (a.list() && b.list()) {
    if (a.is_tuple() != b.is_tuple() || a.list()->size() != b.list()->size()) return false;
    for (size_t i = 0; i < a.list()->size(); ++i)
      if (!R1_TRY(equal(budget, (*a.list())[i], (*b.list())[i]))) return false;
    return true;
  }
  if (a.dict() && b.dict()) {
    if (a.dict()->size() != b.dict()->size()) return false;
    for (const auto& [key, value] : *a.dict()) {
      const Value* other = R1_TRY(find_key(budget, *b.dict(), key));
      if (!other || !R1_TRY(equal(budget, value, *other))) return false;
    }
    return true;
  }
  if (a.space() && b.space()) return *a.space() == *b.space();
  return (a.undefined() && b.undefined()) || (a.is_none() && b.is_none());
}

Result<int> compare(Budget& budget, const Value& a, const Value& b) {
  R1_TRY(budget.work(64));
  const auto sign = [](auto x, auto y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (a.integer() && b.integer()) return sign(*a.integer(), *b.integer());
  if (a.number() && b.number()) return sign(*a.number(), *b.number());
  if (a.text() && b.text()) {
    R1_TRY(budget.work(std::min(a.text()->size(), b.text()->size())));
    return sign(a.text()->bytes().compare(b.text()->bytes()), 0);  // bytes of UTF-8 sort as its characters do
  }
  if (a.list() && b.list() && a.is_tuple() == b.is_tuple()) {
    for (size_t i = 0; i < std::min(a.list()->size(), b.list()->size()); ++i) {
      const Value &x = (*a.list())[i], &y = (*b.list())[i];
      if (!R1_TRY(equal(budget, x, y))) return compare(budget, x, y);
    }
    return sign(a.list()->size(), b.list()->size());
  }
  return fail(Errc::corrupt, "{} and {} have no order", a.type(), b.type());
}

Result<const Value*> find_key(Budget& budget, const std::vector<Member>& members, const Value& key) {
  const Text* text = key.text();
  R1_TRY(budget.work(members.size() * 8));
  for (const auto& [name, value] : members) {
    const bool found = text && name.text() ? name.text()->bytes() == text->bytes() : R1_TRY(equal(budget, name, key));
    if (found) return &value;
  }
  return nullptr;
}

// ---- printing

namespace {

Status print_number(Writer& out, const Value& v) {
  if (v.boolean()) return out.add(*v.boolean() ? "True" : "False");
  if (v.real()) return out.add(python_float(*v.real()));
  return out.add(fmt::format("{}", *v.integer()));
}

// A character as repr() prints it.
std::string quoted(u32 c, std::string_view character, char quote) {
  if (c == static_cast<u32>(quote) || c == '\\') return fmt::format("\\{}", static_cast<char>(c));
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  if (is_printable(c)) return std::string(character);
  if (c < 0x100) return fmt::format("\\x{:02x}", c);
  return c < 0x10000 ? fmt::format("\\u{:04x}", c) : fmt::format("\\U{:08x}", c);
}

std::string json_escaped(u32 c, std::string_view character, bool ascii) {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\f': return "\\f";
    case '\b': return "\\b";
    default: break;
  }
  if (c < 0x20 || (ascii && c >= 0x7f && c < 0x10000)) return fmt::format("\\u{:04x}", c);
  if (ascii && c >= 0x10000)
    return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
  return std::string(character);
}

// Prints every character as `escape` returns it. Characters that stay as they are get copied in stretches.
template <class Escape>
Status print_escaped(Writer& out, const Text& text, Budget& budget, Escape escape) {
  const std::string_view all = text.bytes();
  R1_TRY(budget.work(16 * all.size()));
  size_t done = 0;
  for (size_t at = 0; at < all.size();) {
    if (all[at] >= ' ' && all[at] < '\x7f' && all[at] != '"' && all[at] != '\'' && all[at] != '\\') {
      ++at;
      continue;
    }
    const std::string_view character = all.substr(at, utf8_length(all.substr(at)));
    const std::string escaped = escape(utf8_code_point(character), character);
    if (escaped != character) {
      R1_TRY(out.add(text, done, at));
      R1_TRY(out.add(escaped, text.marked_at(at)));
      done = at + character.size();
    }
    at += character.size();
  }
  return out.add(text, done, all.size());
}

Status print_items(Writer& out, const std::vector<Value>& items, std::string_view open, std::string_view close,
                   Budget& budget) {
  R1_TRY(out.add(open));
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) R1_TRY(out.add(", "));
    R1_TRY(print_repr(out, items[i], budget));
  }
  return out.add(close);
}

Status print_members(Writer& out, const std::vector<Member>& members, Budget& budget) {
  R1_TRY(out.add("{"));
  for (size_t i = 0; i < members.size(); ++i) {
    if (i) R1_TRY(out.add(", "));
    R1_TRY(print_repr(out, members[i].first, budget));
    R1_TRY(out.add(": "));
    R1_TRY(print_repr(out, members[i].second, budget));
  }
  return out.add("}");
}

}  // namespace

Status print(Writer& out, const Value& v, Budget& budget) {
  if (v.text()) return out.add(*v.text());
  if (v.undefined()) return {};
  return print_repr(out, v, budget);
}

Status print_repr(Writer& out, const Value& v, Budget& budget) {
  R1_TRY(budget.work(64));
  if (v.number()) return print_number(out, v);
  if (v.is_none()) return out.add("None");
  if (v.undefined()) return out.add("Undefined");
  if (const Text* text = v.text()) {
    const bool doubles = text->bytes().find('\'') != std::string::npos && text->bytes().find('"') == std::string::npos;
    const char quote = doubles ? '"' : '\'';
    R1_TRY(out.add(std::string_view(&quote, 1)));
    R1_TRY(print_escaped(out, *text, budget, [&](u32 c, std::string_view ch) { return quoted(c, ch, quote); }));
    return out.add(std::string_view(&quote, 1));
  }
  if (v.is_tuple()) return print_items(out, *v.list(), "(", v.list()->size() == 1 ? ",)" : ")", budget);
  if (v.list()) return print_items(out, *v.list(), "[", "]", budget);
  if (v.dict()) return print_members(out, *v.dict(), budget);
  return out.add(fmt::format("<{}>", v.type()));
}

namespace {

Status json_string(Writer& out, const Text& text, Budget& budget, bool ascii) {
  R1_TRY(out.add("\""));
  R1_TRY(print_escaped(out, text, budget, [&](u32 c, std::string_view ch) { return json_escaped(c, ch, ascii); }));
  return out.add("\"");
}

Status json_scalar(Writer& out, const Value& v, Budget& budget, bool ascii) {
  if (v.text()) return json_string(out, *v.text(), budget, ascii);
  if (v.is_none()) return out.add("null");
  if (v.boolean()) return out.add(*v.boolean() ? "true" : "false");
  if (const double* d = v.real(); d && !std::isfinite(*d))
    return out.add(std::isnan(*d) ? "NaN" : *d < 0 ? "-Infinity" : "Infinity");
  if (v.number()) return print_number(out, v);
  return fail(Errc::corrupt, "tojson: a value of type {} is no JSON", v.type());
}

Status json_line(Writer& out, const JsonStyle& style, size_t level) {
  if (!style.indent) return {};
  R1_TRY(out.add("\n"));
  for (size_t i = 0; i < level; ++i) R1_TRY(out.add(*style.indent));
  return {};
}

// JSON has only strings as keys, so a number is put between quotes.
Status json_key(Writer& out, const Value& key, Budget& budget, bool ascii) {
  if (key.text()) return json_string(out, *key.text(), budget, ascii);
  R1_TRY(out.add("\""));
  R1_TRY(json_scalar(out, key, budget, ascii));
  return out.add("\"");
}

Status json_members(Writer& out, const std::vector<Member>& given, Budget& budget, const JsonStyle& style,
                    size_t level) {
  std::vector<const Member*> members;
  for (const Member& m : given) members.push_back(&m);
  if (style.sorted) {
    std::stable_sort(members.begin(), members.end(), [&](const Member* a, const Member* b) {
      return a->first.text() && b->first.text() && a->first.text()->bytes() < b->first.text()->bytes();
    });
  }
  R1_TRY(budget.work(members.size() * 16));
  R1_TRY(out.add("{"));
  for (size_t i = 0; i < members.size(); ++i) {
    if (i) R1_TRY(out.add(style.between_items));
    R1_TRY(json_line(out, style, level + 1));
    R1_TRY(json_key(out, members[i]->first, budget, style.ascii));
    R1_TRY(out.add(style.after_key));
    R1_TRY(print_json(out, members[i]->second, budget, style, level + 1));
  }
  if (!members.empty()) R1_TRY(json_line(out, style, level));
  return out.add("}");
}

}  // namespace

Status print_json(Writer& out, const Value& v, Budget& budget, const JsonStyle& style, size_t level) {
  R1_TRY(budget.work(64));
  if (v.dict()) return json_members(out, *v.dict(), budget, style, level);
  if (!v.list()) return json_scalar(out, v, budget, style.ascii);
  R1_TRY(out.add("["));
  for (size_t i = 0; i < v.list()->size(); ++i) {
    if (i) R1_TRY(out.add(style.between_items));
    R1_TRY(json_line(out, style, level + 1));
    R1_TRY(print_json(out, (*v.list())[i], budget, style, level + 1));
  }
  if (!v.list()->empty()) R1_TRY(json_line(out, style, level));
  return out.add("]");
}

}  // namespace r1::jinja
