// Values of a running template, and what keeps them small. They never change once made, namespaces aside, so no list
// holds itself; depth is limited when a list is made, bytes when a string is.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "formats/jinja/jinja.hpp"
#include "formats/jinja/text.hpp"

namespace r1::jinja {

// What a run may use, and has used.
class Budget {
 public:
  explicit Budget(const JinjaLimits& l) : limits(l) {}
  Status work(u64 units);     // bytes touched, in all
  Status step();              // one more round, item or call
  Status hold(size_t bytes);  // more bytes alive; what holds them gives them back
  void release(size_t bytes) { held_ -= bytes; }

  const JinjaLimits limits;

 private:
  u64 work_ = 0, steps_ = 0;
  size_t held_ = 0;
};

// Bytes held by a value for as long as it lives. Those of variables and literals are nobody's.
class Held {
 public:
  Held() = default;
  Held(Budget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {}
  Held(Held&& o) noexcept : budget_(std::exchange(o.budget_, nullptr)), bytes_(o.bytes_) {}
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (budget_) budget_->release(bytes_);
  }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

class Value;
struct Macro;  // jinja_syntax.hpp
struct Scope;  // jinja_run.hpp
using Member = std::pair<Value, Value>;

struct StringNode {
  Text text;
  Held held{};
};
struct ListNode;
struct DictNode;
struct Namespace;
struct LoopNode;
struct CallableNode;

struct Undefined {
  std::shared_ptr<const std::string> name;  // what was looked for, for errors
};
struct None {};

class Value {
 public:
  Value() = default;  // undefined
  Value(Undefined u) : v_(std::move(u)) {}
  Value(None) : v_(None{}) {}
  explicit Value(bool b) : v_(b) {}
  explicit Value(i64 i) : v_(i) {}
  explicit Value(double d) : v_(d) {}
  explicit Value(Text text) : v_(std::make_shared<const StringNode>(StringNode{std::move(text), {}})) {}
  Value(std::shared_ptr<const StringNode> s) : v_(std::move(s)) {}
  Value(std::shared_ptr<const ListNode> l) : v_(std::move(l)) {}
  Value(std::shared_ptr<const DictNode> d) : v_(std::move(d)) {}
  Value(std::shared_ptr<Namespace> n) : v_(std::move(n)) {}
  Value(std::shared_ptr<const LoopNode> l) : v_(std::move(l)) {}
  Value(std::shared_ptr<const CallableNode> c) : v_(std::move(c)) {}

  // The value if it is of that kind, else null.
  const Undefined* undefined() const { return std::get_if<Undefined>(&v_); }
  bool is_none() const { return std::holds_alternative<None>(v_); }
  const bool* boolean() const { return std::get_if<bool>(&v_); }
  const double* real() const { return std::get_if<double>(&v_); }
  std::optional<i64> integer() const;    // booleans too, as in Python
  std::optional<double> number() const;  // integers and booleans too
  const Text* text() const;
  const std::vector<Value>* list() const;  // tuples too
  std::shared_ptr<const ListNode> list_node() const;
  bool is_tuple() const;
  const std::vector<Member>* dict() const;
  const std::shared_ptr<Namespace>* space() const { return std::get_if<std::shared_ptr<Namespace>>(&v_); }
  const LoopNode* loop() const;
  const CallableNode* callable() const;

  bool truth() const;
  int depth() const;                       // of lists and dicts inside each other
  std::string_view type() const;           // as Python names it
  bool same_object(const Value& o) const;  // shares its list or dict

 private:
  template <class T>
  const T* pointee() const {
    const auto* p = std::get_if<std::shared_ptr<const T>>(&v_);
    return p ? p->get() : nullptr;
  }
  std::variant<Undefined, None, bool, i64, double, std::shared_ptr<const StringNode>, std::shared_ptr<const ListNode>,
               std::shared_ptr<const DictNode>, std::shared_ptr<Namespace>, std::shared_ptr<const LoopNode>,
               std::shared_ptr<const CallableNode>>
      v_;
};

struct ListNode {
  std::vector<Value> items;
  bool tuple = false;
  int depth = 1;
  Held held{};
};
struct DictNode {
  std::vector<Member> members;  // keys differ, in the order of insertion
  int depth = 1;
  Held held{};
};
struct Namespace {
  std::vector<std::pair<std::string, Value>> members;
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};
// `loop` inside a for.
struct LoopNode {
  std::shared_ptr<const ListNode> items;
  size_t index = 0;
};
// What can be called: a function, a macro, a method of a value.
struct CallableNode {
  enum class Kind : u8 { function, macro, method } kind;
  std::string name;
  Value self{};  // of a method
  const Macro* macro = nullptr;
  Scope* scope = nullptr;  // where the macro was defined
  Held held{};
};

// Strings are made here: every byte is counted before it is there.
class Writer {
 public:
  explicit Writer(Budget& budget) : budget_(&budget) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { budget_->release(held_); }

  Status add(std::string_view bytes, bool marked = false);
  Status add(const Text& text) { return add(text, 0, text.size()); }
  Status add(const Text& text, size_t begin, size_t end);
  size_t size() const { return text_.size(); }
  const Text& text() const { return text_; }
  Text take() { return std::exchange(text_, {}); }
  Result<Value> value();  // takes the text; the writer is empty then

 private:
  Status grow(size_t bytes, size_t changes);
  Budget* budget_;
  Text text_;
  size_t held_ = 0;
};

Result<Value> make_string(Budget& budget, const Text& text, size_t begin, size_t end);
Result<Value> make_string(Budget& budget, std::string_view bytes, bool marked = false);
Result<Value> make_list(Budget& budget, std::vector<Value> items, bool tuple = false);
// Of equal keys the last value stays, in the first one's place.
Result<Value> make_dict(Budget& budget, std::vector<Member> members);
Value undefined_named(std::string_view name);

// Json as a value whose strings are marked or not. Invalid UTF-8 becomes U+FFFD. Counted if there is a budget.
Result<Value> from_json(Budget* budget, const Json& json, bool marked);

Result<bool> equal(Budget& budget, const Value& a, const Value& b);
// <0, 0, >0; an Error for what Python does not order.
Result<int> compare(Budget& budget, const Value& a, const Value& b);
Result<const Value*> find_key(Budget& budget, const std::vector<Member>& members, const Value& key);

// str() and repr() as Python prints them, and json.dumps.
Status print(Writer& out, const Value& value, Budget& budget);
Status print_repr(Writer& out, const Value& value, Budget& budget);
struct JsonStyle {
  std::optional<std::string> indent{};  // one level of it; none: one line
  std::string between_items = ", ", after_key = ": ";
  bool ascii = false, sorted = false;
};
Status print_json(Writer& out, const Value& value, Budget& budget, const JsonStyle& style, size_t level = 0);

}  // namespace r1::jinja
