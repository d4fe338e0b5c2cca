// Runs a template once: its scopes, its output, and what filters and methods need of it.
#pragma once
#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/jinja/syntax.hpp"
#include "formats/jinja/value.hpp"

namespace r1::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// The arguments of a call, by the index of the parameter in a signature "a,b,c". Those that are not given are null.
class BoundArguments {
 public:
  static Result<BoundArguments> of(const Arguments& arguments, std::string_view parameters);
  const Value* operator[](size_t i) const { return values_[i]; }
  bool truth(size_t i, bool fallback = false) const { return values_[i] ? values_[i]->truth() : fallback; }
  Result<i64> integer(size_t i, i64 fallback) const;
  Result<const Text*> text(size_t i) const;  // null if not given, or none

 private:
  std::array<const Value*, 6> values_{};
};

struct Scope {
  explicit Scope(Scope* p) : parent(p) {}
  Value* find(std::string_view name);
  void set(std::string_view name, Value value);
  Scope* parent;
  std::vector<std::pair<std::string_view, Value>> names;
  bool kept = false;  // it outlives its block, because a macro that was defined inside may still be called
};

class Interpreter {
 public:
  Interpreter(const JinjaOptions& options, std::vector<std::pair<std::string_view, Value>> variables);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Status render(const Block& block);
  Writer& output() { return *outputs_.back(); }
  Text take_output() { return root_output_.take(); }
  u32 failed_at() const { return failed_at_; }  // after an Error: the byte of the source

  // The operations of expressions. Filters, tests and methods use them too.
  Result<Value> attribute(const Value& of, std::string_view name);
  Result<Value> item(const Value& of, const Value& key);
  Result<Value> call(const Value& callee, Arguments& arguments);
  Result<Value> call_method(const Value& self, std::string_view name, const Arguments& arguments);
  Result<Value> filter(std::string_view name, const Value& value, const Arguments& arguments);
  Result<bool> test(std::string_view name, const Value& value, const Arguments& arguments);
  Result<Value> arithmetic(Operator operation, const Value& a, const Value& b);
  Result<bool> contains(const Value& container, const Value& value);
  // What a loop over the value sees: the items of a list, the keys of a dict, the characters of a string.
  Result<std::shared_ptr<const ListNode>> elements(const Value& value);
  Result<Value> string_of(const Value& value);  // Python's str()
  Result<Value> new_namespace(const Arguments& arguments);

  Budget budget;
  const JinjaOptions& options;

 private:
  enum class Flow : u8 { on, next_round, leave_loop };
  Result<Value> evaluate(const Expression& e);
  Result<Value> evaluate_kind(const Expression& e);
  Result<Value> name(std::string_view name);
  Result<Value> sequence(const Sequence& e);
  Result<Value> dict(const DictLiteral& e);
  Result<Value> negation(const Negation& e);
  Result<Value> logic(const Logic& e);
  Result<Value> arithmetic_chain(const Chain& e);
  Result<Value> comparison_chain(const Chain& e);
  Result<bool> comparison(Operator operation, const Value& a, const Value& b);
  Result<Value> concat(const Concat& e);
  Result<Value> condition(const Condition& e);
  Result<Value> slice(const Value& of, const Slice& e);
  Result<Value> postfix(const Postfix& e, Value value, Arguments* last_call = nullptr);
  Result<Value> suffix(const Suffix& s, const Value& value, const Suffix* next, bool& took_next);
  Result<Arguments> arguments(const CallArguments* a);

  Result<Flow> execute(const Block& block);
  Result<Flow> execute(const Statement& s);
  Result<Flow> loop(const Loop& s);
  Status print_value(const Expression& e);
  Status capture(const Capture& s);
  Status call_block(const CallBlock& s);
  Result<Flow> with(const With& s);
  Status assign(const Target& target, Value value);
  Value macro_value(const Macro& macro);
  Result<Value> call_macro(const CallableNode& macro, Arguments& arguments);
  Result<Value> captured(const Block& block, std::unique_ptr<Scope> scope);
  Status leave(std::unique_ptr<Scope> scope);
  Status written();

  std::vector<std::pair<std::string_view, Value>> variables_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;  // emptied at the end, because they may hold each other
  std::vector<std::unique_ptr<Scope>> kept_;
  Scope root_{nullptr};
  Scope* scope_ = &root_;
  Writer root_output_;
  std::vector<Writer*> outputs_{&root_output_};
  int depth_ = 0, calls_ = 0;
  u32 failed_at_ = 0;
  bool failed_ = false;
};

// Whether values of this kind have a method of this name.
bool has_method(const Value& value, std::string_view name);
// A function that every template sees, by its name. Null for other names.
const Value* global(std::string_view name);
Result<Value> call_function(Interpreter& interp, std::string_view name, const Arguments& arguments);
// Python's `format % values` and format.format(...).
Result<Value> percent_format(Interpreter& interp, const Text& format, const Value& values);
Result<Value> brace_format(Interpreter& interp, const Text& format, const Arguments& arguments);

}  // namespace r1::jinja
