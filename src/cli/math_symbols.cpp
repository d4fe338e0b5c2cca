#include "cli/math_symbols.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr MathSymbol kSymbols[] = {
    // These also occur outside of formulas.
    {"times", "×", true},
    {"cdot", "·", true},
    {"div", "÷", true},
    {"pm", "±", true},
    {"leq", "≤", true},
    {"geq", "≥", true},
    {"neq", "≠", true},
    {"approx", "≈", true},
    {"Rightarrow", "⇒", true},
    {"rightarrow", "→", true},
    {"implies", "⟹", true},
    {"therefore", "∴", true},
    {"infty", "∞", true},
    {"pi", "π", true},
    {"quad", "  ", true},
    {"qquad", "    ", true},
    {"ldots", "…", true},
    {"dots", "…", true},
    {"cdots", "⋯", true},
    // Operators and relations.
    {"mp", "∓"},
    {"ast", "*"},
    {"star", "⋆"},
    {"circ", "∘"},
    {"bullet", "•"},
    {"oplus", "⊕"},
    {"otimes", "⊗"},
    {"le", "≤"},
    {"ge", "≥"},
    {"ne", "≠"},
    {"ll", "≪"},
    {"gg", "≫"},
    {"equiv", "≡"},
    {"cong", "≅"},
    {"sim", "∼"},
    {"simeq", "≃"},
    {"propto", "∝"},
    {"mid", "|"},
    {"nmid", "∤"},
    {"parallel", "∥"},
    {"perp", "⊥"},
    {"in", "∈"},
    {"notin", "∉"},
    {"ni", "∋"},
    {"subset", "⊂"},
    {"subseteq", "⊆"},
    {"supset", "⊃"},
    {"supseteq", "⊇"},
    {"cup", "∪"},
    {"cap", "∩"},
    {"setminus", "∖"},
    {"emptyset", "∅"},
    {"varnothing", "∅"},
    {"forall", "∀"},
    {"exists", "∃"},
    {"nexists", "∄"},
    {"neg", "¬"},
    {"lnot", "¬"},
    {"land", "∧"},
    {"wedge", "∧"},
    {"lor", "∨"},
    {"vee", "∨"},
    {"because", "∵"},
    {"to", "→"},
    {"gets", "←"},
    {"leftarrow", "←"},
    {"Leftarrow", "⇐"},
    {"leftrightarrow", "↔"},
    {"Leftrightarrow", "⇔"},
    {"iff", "⟺"},
    {"mapsto", "↦"},
    {"uparrow", "↑"},
    {"downarrow", "↓"},
    {"sum", "∑"},
    {"prod", "∏"},
    {"int", "∫"},
    {"iint", "∬"},
    {"oint", "∮"},
    {"partial", "∂"},
    {"nabla", "∇"},
    {"vdots", "⋮"},
    {"ddots", "⋱"},
    {"prime", "′"},
    {"degree", "°"},
    {"angle", "∠"},
    {"triangle", "△"},
    {"square", "□"},
    {"checkmark", "✓"},
    {"langle", "⟨"},
    {"rangle", "⟩"},
    {"lfloor", "⌊"},
    {"rfloor", "⌋"},
    {"lceil", "⌈"},
    {"rceil", "⌉"},
    {"lvert", "|"},
    {"rvert", "|"},
    {"vert", "|"},
    {"lbrace", "{"},
    {"rbrace", "}"},
    {"backslash", "\\"},
    {"ell", "ℓ"},
    {"hbar", "ℏ"},
    {"Re", "Re"},
    {"Im", "Im"},
    {"aleph", "ℵ"},
    // Greek.
    {"alpha", "α"},
    {"beta", "β"},
    {"gamma", "γ"},
    {"delta", "δ"},
    {"epsilon", "ε"},
    {"varepsilon", "ε"},
    {"zeta", "ζ"},
    {"eta", "η"},
    {"theta", "θ"},
    {"vartheta", "ϑ"},
    {"iota", "ι"},
    {"kappa", "κ"},
    {"lambda", "λ"},
    {"mu", "μ"},
    {"nu", "ν"},
    {"xi", "ξ"},
    {"rho", "ρ"},
    {"sigma", "σ"},
    {"tau", "τ"},
    {"upsilon", "υ"},
    {"phi", "φ"},
    {"varphi", "φ"},
    {"chi", "χ"},
    {"psi", "ψ"},
    {"omega", "ω"},
    {"Gamma", "Γ"},
    {"Delta", "Δ"},
    {"Theta", "Θ"},
    {"Lambda", "Λ"},
    {"Xi", "Ξ"},
    {"Pi", "Π"},
    {"Sigma", "Σ"},
    {"Phi", "Φ"},
    {"Psi", "Ψ"},
    {"Omega", "Ω"},
    // Functions, which LaTeX sets upright.
    {"sin", "sin"},
    {"cos", "cos"},
    {"tan", "tan"},
    {"cot", "cot"},
    {"sec", "sec"},
    {"csc", "csc"},
    {"arcsin", "arcsin"},
    {"arccos", "arccos"},
    {"arctan", "arctan"},
    {"sinh", "sinh"},
    {"cosh", "cosh"},
    {"tanh", "tanh"},
    {"log", "log"},
    {"ln", "ln"},
    {"exp", "exp"},
    {"lim", "lim"},
    {"max", "max"},
    {"min", "min"},
    {"sup", "sup"},
    {"inf", "inf"},
    {"gcd", "gcd"},
    {"lcm", "lcm"},
    {"det", "det"},
    {"dim", "dim"},
    {"ker", "ker"},
    {"deg", "deg"},
    {"arg", "arg"},
    {"bmod", "mod"},
    {"mod", "mod"},
    // Sizes and styles, which text does not have. \left and \right are in plain_math.cpp.
    {"big", ""},
    {"Big", ""},
    {"bigl", ""},
    {"bigr", ""},
    {"Bigl", ""},
    {"Bigr", ""},
    {"bigg", ""},
    {"Bigg", ""},
    {"displaystyle", ""},
    {"textstyle", ""},
    {"limits", ""},
    {"nolimits", ""},
    {"hline", ""},
};

constexpr std::string_view kWrappers[] = {"boxed",  "fbox",    "text",       "textbf",       "textit",   "textrm",
                                          "mbox",   "mathrm",  "mathbf",     "mathit",       "mathsf",   "mathtt",
                                          "mathbb", "mathcal", "boldsymbol", "operatorname", "overline", "underline"};
constexpr std::string_view kDisplays[] = {"align", "align*", "equation", "equation*", "gather", "gather*"};
constexpr std::string_view kInnerEnvironments[] = {"aligned", "gathered", "cases",   "matrix",
                                                   "pmatrix", "bmatrix",  "vmatrix", "split"};

struct Script {
  std::string_view plain, script;
};
constexpr Script kSuperscripts[] = {
    {"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"}, {"5", "⁵"}, {"6", "⁶"}, {"7", "⁷"}, {"8", "⁸"},
    {"9", "⁹"}, {"+", "⁺"}, {"-", "⁻"}, {"=", "⁼"}, {"(", "⁽"}, {")", "⁾"}, {"a", "ᵃ"}, {"b", "ᵇ"}, {"c", "ᶜ"},
    {"d", "ᵈ"}, {"e", "ᵉ"}, {"f", "ᶠ"}, {"g", "ᵍ"}, {"h", "ʰ"}, {"i", "ⁱ"}, {"j", "ʲ"}, {"k", "ᵏ"}, {"l", "ˡ"},
    {"m", "ᵐ"}, {"n", "ⁿ"}, {"o", "ᵒ"}, {"p", "ᵖ"}, {"r", "ʳ"}, {"s", "ˢ"}, {"t", "ᵗ"}, {"u", "ᵘ"}, {"v", "ᵛ"},
    {"w", "ʷ"}, {"x", "ˣ"}, {"y", "ʸ"}, {"z", "ᶻ"}, {"T", "ᵀ"}, {"∘", "°"}, {"°", "°"}, {"′", "′"}, {"*", "*"}};
constexpr Script kSubscripts[] = {{"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"}, {"5", "₅"},
                                  {"6", "₆"}, {"7", "₇"}, {"8", "₈"}, {"9", "₉"}, {"+", "₊"}, {"-", "₋"},
                                  {"=", "₌"}, {"(", "₍"}, {")", "₎"}, {"a", "ₐ"}, {"e", "ₑ"}, {"i", "ᵢ"},
                                  {"j", "ⱼ"}, {"k", "ₖ"}, {"m", "ₘ"}, {"n", "ₙ"}, {"o", "ₒ"}, {"p", "ₚ"},
                                  {"r", "ᵣ"}, {"s", "ₛ"}, {"t", "ₜ"}, {"u", "ᵤ"}, {"v", "ᵥ"}, {"x", "ₓ"}};

std::optional<std::string> in_script(std::string_view text, std::span<const Script> script) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, std::max<size_t>(utf8_length(text), 1));
    const auto found =
        std::find_if(script.begin(), script.end(), [&](const Script& s) { return s.plain == character; });
    if (found == script.end()) return std::nullopt;
    out += found->script;
    text.remove_prefix(character.size());
  }
  return out;
}

bool has(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

const MathSymbol* math_symbol(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](const MathSymbol& s) { return s.name == name; });
  return found == std::end(kSymbols) ? nullptr : found;
}

bool is_math_wrapper(std::string_view name) { return has(kWrappers, name); }
bool is_math_display(std::string_view name) { return has(kDisplays, name); }
bool is_math_environment(std::string_view name) { return is_math_display(name) || has(kInnerEnvironments, name); }

std::optional<std::string> superscript(std::string_view text) { return in_script(text, kSuperscripts); }
std::optional<std::string> subscript(std::string_view text) { return in_script(text, kSubscripts); }

}  // namespace r1
