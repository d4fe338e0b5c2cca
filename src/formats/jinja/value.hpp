// Values of a running template, and the limits on them. Only namespaces ever change, so no list can hold itself. The
// depth of a list is checked when it is made, the bytes of a string when it is written.
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

// What a running template may use, and what it has used so far.
class Budget {
 public:
  explicit Budget(const JinjaLimits& l) : limits(l) {}
  // Each of them is an Error once the limit is exceeded.
  Status work(u64 units);     // so many more bytes touched
  Status step();              // one more round of a loop, item or call
  Status hold(size_t bytes);  // so many more bytes alive, until release()
  void release(size_t bytes) { held_ -= bytes; }

  const JinjaLimits limits;

 private:
  u64 work_ = 0, steps_ = 0;
  size_t held_ = 0;
};

// The bytes that a value counts for in the budget. They are released with the value. The values of variables and
// literals count for nothing.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(Budget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryCharge(MemoryCharge&& o) noexcept : budget_(std::exchange(o.budget_, nullptr)), bytes_(o.bytes_) {}
  MemoryCharge& operator=(MemoryCharge&&) = delete;
  ~MemoryCharge() {
    if (budget_) budget_->release(bytes_);
  }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

class Value;
struct Macro;  // syntax.hpp
struct Scope;  // interpreter.hpp
using Member = std::pair<Value, Value>;

struct StringNode {
  Text text;
  MemoryCharge charge{};
};
struct ListNode;
struct DictNode;
struct Namespace;
struct LoopNode;
struct CallableNode;

struct Undefined {
  std::shared_ptr<const std::string> name;  // of the missing variable or member, for errors
};
struct None {};

class Value {
 public:
  // Defined in value.cpp: inline they would compile the variant's machinery in every source of the interpreter.
  Value() noexcept;  // undefined
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  Value(Undefined u);
  Value(None);
  explicit Value(bool b);
  explicit Value(i64 i);
  explicit Value(double d);
  explicit Value(Text text);
  Value(std::shared_ptr<const StringNode> s);
  Value(std::shared_ptr<const ListNode> l);
  Value(std::shared_ptr<const DictNode> d);
  Value(std::shared_ptr<Namespace> n);
  Value(std::shared_ptr<const LoopNode> l);
  Value(std::shared_ptr<const CallableNode> c);

  // The value if it is of that kind, else null.
  const Undefined* undefined() const { return std::get_if<Undefined>(&v_); }
  bool is_none() const { return std::holds_alternative<None>(v_); }
  const bool* boolean() const { return std::get_if<bool>(&v_); }
  const double* real() const { return std::get_if<double>(&v_); }
  std::optional<i64> integer() const;    // a boolean is one too, as in Python
  std::optional<double> number() const;  // an integer and a boolean are too
  const Text* text() const;
  const std::vector<Value>* list() const;  // tuples too
  std::shared_ptr<const ListNode> list_node() const;
  bool is_tuple() const;
  const std::vector<Member>* dict() const;
  const std::shared_ptr<Namespace>* space() const { return std::get_if<std::shared_ptr<Namespace>>(&v_); }
  const LoopNode* loop() const;
  const CallableNode* callable() const;

  bool truth() const;
  int depth() const;                       // nesting of lists and dicts; 0 for other values
  std::string_view type() const;           // Python's name of it
  bool same_object(const Value& o) const;  // both are the same list or dict

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
  MemoryCharge charge{};
};
struct DictNode {
  std::vector<Member> members;  // in the order of insertion; keys are unique
  int depth = 1;
  MemoryCharge charge{};
};
struct Namespace {
  std::vector<std::pair<std::string, Value>> members;
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};
// The variable `loop` inside a for.
struct LoopNode {
  std::shared_ptr<const ListNode> items;
  size_t index = 0;
};
// A value that can be called: a function, a macro or a method of a value.
struct CallableNode {
  enum class Kind : u8 { function, macro, method } kind;
  std::string name;
  Value self{};  // of a method
  const Macro* macro = nullptr;
  Scope* scope = nullptr;  // where the macro was defined
  MemoryCharge charge{};
};

// Makes strings. Every byte is counted in the budget before it is written.
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
  Result<Value> value();  // the text as a value; the writer is empty afterwards

 private:
  Status grow(size_t bytes, size_t changes);
  Budget* budget_;
  Text text_;
  size_t held_ = 0;
};

Result<Value> make_string(Budget& budget, const Text& text, size_t begin, size_t end);
Result<Value> make_string(Budget& budget, std::string_view bytes, bool marked = false);
Result<Value> make_list(Budget& budget, std::vector<Value> items, bool tuple = false);
// If keys are equal, the last value takes the place of the first.
// Errors: a list or dict as a key; lists and dicts nested deeper than limits.value_depth; limits.memory exceeded.
Result<Value> make_dict(Budget& budget, std::vector<Member> members);
Value undefined_named(std::string_view name);

// Json as a value, with all its strings marked or none. Bytes that are not UTF-8 become U+FFFD. The value counts in the
// budget unless that is null.
Result<Value> from_json(Budget* budget, const Json& json, bool marked);

Result<bool> equal(Budget& budget, const Value& a, const Value& b);
// Below, equal to or above 0.
// Errors: values that Python does not order.
Result<int> compare(Budget& budget, const Value& a, const Value& b);
Result<const Value*> find_key(Budget& budget, const std::vector<Member>& members, const Value& key);

// Python's str(), repr() and json.dumps.
Status print(Writer& out, const Value& value, Budget& budget);
Status print_repr(Writer& out, const Value& value, Budget& budget);
struct JsonStyle {
  std::optional<std::string> indent{};  // of one level; none: everything on one line
  std::string between_items = ", ", after_key = ": ";
  bool ascii = false, sorted = false;
};
Status print_json(Writer& out, const Value& value, Budget& budget, const JsonStyle& style, size_t level = 0);

}  // namespace r1::jinja
