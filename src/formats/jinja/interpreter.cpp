#include "formats/jinja/interpreter.hpp"

namespace r1::jinja {

Value* Scope::find(std::string_view name) {
  for (auto& [known, value] : names)
    if (known == name) return &value;
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  if (Value* known = find(name)) *known = std::move(value);
  else names.emplace_back(name, std::move(value));
}

Interpreter::Interpreter(const JinjaOptions& o, std::vector<std::pair<std::string_view, Value>> variables)
    : budget(o.limits), options(o), variables_(std::move(variables)), root_output_(budget) {}

Interpreter::~Interpreter() {
  for (auto& space : namespaces_) space->members.clear();
}

Status Interpreter::render(const Block& block) {
  R1_TRY(execute(block));
  return {};
}

// ---- statements

Result<Interpreter::Flow> Interpreter::execute(const Block& block) {
  for (const auto& statement : block) {
    const Flow flow = R1_TRY(execute(*statement));
    if (flow != Flow::on) return flow;
  }
  return Flow::on;
}

Result<Interpreter::Flow> Interpreter::execute(const Statement& s) {
  R1_TRY(budget.work(64));
  const auto placed = [&](Status status) -> Result<Flow> {
    if (status) return Flow::on;
    if (!failed_) failed_ = true, failed_at_ = s.at;
    return tl::unexpected(std::move(status).error());
  };
  switch (s.kind) {
    case Statement::Kind::data: {
      const Status added = output().add(static_cast<const Data&>(s).text);
      return placed(added ? written() : added);
    }
    case Statement::Kind::print: return placed(print_value(*static_cast<const Print&>(s).value));
    case Statement::Kind::branch:
      for (const auto& [test, block] : static_cast<const Branch&>(s).cases)
        if (!test || R1_TRY(evaluate(*test)).truth()) return execute(block);
      return Flow::on;
    case Statement::Kind::loop: return loop(static_cast<const Loop&>(s));
    case Statement::Kind::set: {
      const auto& set = static_cast<const Set&>(s);
      return placed(assign(set.target, R1_TRY(evaluate(*set.value))));
    }
    case Statement::Kind::set_block:
    case Statement::Kind::filter_block: return placed(capture(static_cast<const Capture&>(s)));
    case Statement::Kind::macro: {
      const auto& macro = static_cast<const Macro&>(s);
      scope_->set(macro.name, macro_value(macro));
      return Flow::on;
    }
    case Statement::Kind::call_block: return placed(call_block(static_cast<const CallBlock&>(s)));
    case Statement::Kind::with: return with(static_cast<const With&>(s));
    case Statement::Kind::break_: return Flow::leave_loop;
    case Statement::Kind::continue_: return Flow::next_round;
  }
  return Flow::on;
}

Status Interpreter::written() {
  if (output().size() <= budget.limits.output) return {};
  return fail(Errc::exhausted, "more than {} bytes of output", budget.limits.output);
}

Status Interpreter::print_value(const Expression& e) {
  const Value value = R1_TRY(evaluate(e));
  R1_TRY(print(output(), value, budget));
  return written();
}

Result<Interpreter::Flow> Interpreter::loop(const Loop& s) {
  const Value over = R1_TRY(evaluate(*s.items));
  auto items = R1_TRY(elements(over));
  auto scope = std::make_unique<Scope>(scope_);
  if (s.test) {
    std::vector<Value> chosen;
    for (const Value& item : items->items) {
      R1_TRY(budget.step());
      scope_ = scope.get();
      const Status assigned = assign(s.target, item);
      auto passes = assigned ? evaluate(*s.test) : Result<Value>(tl::unexpected(assigned.error()));
      scope_ = scope->parent;
      if (!passes) return tl::unexpected(std::move(passes).error());
      if (passes->truth()) chosen.push_back(item);
    }
    items = R1_TRY(make_list(budget, std::move(chosen))).list_node();
  }
  if (items->items.empty()) return execute(s.otherwise);
  const auto node = std::make_shared<LoopNode>(LoopNode{items});
  for (; node->index < items->items.size(); ++node->index) {
    R1_TRY(budget.step());
    scope->names.clear();
    scope_ = scope.get();
    scope->set("loop", std::shared_ptr<const LoopNode>(node));
    const Status assigned = assign(s.target, items->items[node->index]);
    const auto flow = assigned ? execute(s.body) : Result<Flow>(tl::unexpected(assigned.error()));
    scope_ = scope->parent;
    if (!flow) return flow;
    if (scope->kept) {
      auto fresh = std::make_unique<Scope>(scope_);
      R1_TRY(leave(std::exchange(scope, std::move(fresh))));
    }
    if (*flow == Flow::leave_loop) break;
  }
  return Flow::on;
}

// Frees a scope that has ended, unless a macro still sees it.
Status Interpreter::leave(std::unique_ptr<Scope> scope) {
  if (!scope->kept) return {};
  R1_TRY(budget.hold(256 + scope->names.size() * 64));
  kept_.push_back(std::move(scope));
  return {};
}

// What a block prints, as a string. Assignments inside the block stay in `scope`. After an Error the interpreter is not
// used again, so scope_ and outputs_ are not restored then.
Result<Value> Interpreter::captured(const Block& block, std::unique_ptr<Scope> scope) {
  Writer writer(budget);
  outputs_.push_back(&writer);
  Scope* const outer = std::exchange(scope_, scope.get());
  R1_TRY(execute(block));
  scope_ = outer;
  outputs_.pop_back();
  R1_TRY(leave(std::move(scope)));
  return writer.value();
}

Status Interpreter::capture(const Capture& s) {
  Value value = R1_TRY(captured(s.body, std::make_unique<Scope>(scope_)));
  if (s.filters) value = R1_TRY(postfix(*s.filters, std::move(value)));
  if (s.kind == Statement::Kind::set_block) return assign(s.target, std::move(value));
  R1_TRY(print(output(), value, budget));
  return written();
}

Result<Interpreter::Flow> Interpreter::with(const With& s) {
  auto scope = std::make_unique<Scope>(scope_);
  std::vector<Value> values;  // evaluated in the outer scope
  for (const auto& [target, value] : s.bindings) values.push_back(R1_TRY(evaluate(*value)));
  scope_ = scope.get();
  for (size_t i = 0; i < values.size(); ++i) R1_TRY(assign(s.bindings[i].first, std::move(values[i])));
  const Flow flow = R1_TRY(execute(s.body));
  scope_ = scope->parent;
  R1_TRY(leave(std::move(scope)));
  return flow;
}

Status Interpreter::assign(const Target& target, Value value) {
  if (!target.attribute.empty()) {
    const Value space = R1_TRY(name(target.name));
    if (!space.space()) return fail(Errc::corrupt, "cannot set an attribute of '{}': it is no namespace", target.name);
    (*space.space())->set(target.attribute, std::move(value));
    return {};
  }
  if (target.parts.empty()) {
    scope_->set(target.name, std::move(value));
    return {};
  }
  const auto items = R1_TRY(elements(value));
  if (items->items.size() != target.parts.size())
    return fail(Errc::corrupt, "{} values for {} names", items->items.size(), target.parts.size());
  for (size_t i = 0; i < target.parts.size(); ++i) R1_TRY(assign(target.parts[i], items->items[i]));
  return {};
}

// ---- macros

Value Interpreter::macro_value(const Macro& macro) {
  for (Scope* s = scope_; s && !s->kept; s = s->parent) s->kept = true;
  return std::make_shared<const CallableNode>(
      CallableNode{CallableNode::Kind::macro, std::string(macro.name), {}, &macro, scope_});
}

Result<Value> Interpreter::call_macro(const CallableNode& callee, Arguments& a) {
  const Macro& macro = *callee.macro;
  if (calls_ >= budget.limits.call_depth)
    return fail(Errc::exhausted, "{}: calls inside each other deeper than {}", macro.name, budget.limits.call_depth);
  R1_TRY(budget.step());
  if (a.positional.size() > macro.parameters.size())
    return fail(Errc::corrupt, "{} takes {} arguments, given {}", macro.name, macro.parameters.size(),
                a.positional.size());
  auto scope = std::make_unique<Scope>(callee.scope);
  Scope* const outer = std::exchange(scope_, scope.get());
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const auto& [parameter, fallback] = macro.parameters[i];
    Value value = undefined_named(parameter);
    auto named = a.named.begin();
    while (named != a.named.end() && named->first != parameter) ++named;
    if (i < a.positional.size()) {
      if (named != a.named.end()) return fail(Errc::corrupt, "{}: two values for {}", macro.name, parameter);
      value = std::move(a.positional[i]);
    } else if (named != a.named.end()) {
      value = std::move(named->second);
      a.named.erase(named);
    } else if (fallback) {
      value = R1_TRY(evaluate(*fallback));
    }
    scope->set(parameter, std::move(value));
  }
  for (auto& [given, value] : a.named) {
    if (given != "caller") return fail(Errc::corrupt, "{} has no parameter {}", macro.name, given);
    scope->set("caller", std::move(value));
  }
  ++calls_;
  Value printed = R1_TRY(captured(macro.body, std::move(scope)));
  --calls_;
  scope_ = outer;
  return printed;
}

Status Interpreter::call_block(const CallBlock& s) {
  Arguments extra;
  extra.named.emplace_back("caller", macro_value(s.caller));
  const Value value = R1_TRY(postfix(*s.call, R1_TRY(evaluate(*s.call->base)), &extra));
  R1_TRY(print(output(), value, budget));
  return written();
}

}  // namespace r1::jinja
