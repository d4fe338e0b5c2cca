#include "verify/latex_words.hpp"

#include <algorithm>
#include <utility>

namespace r1 {
namespace {

// Words between spaces.
bool has(std::string_view list, std::string_view word) {
  if (word.empty() || word.find(' ') != word.npos) return false;
  for (size_t at = 0; (at = list.find(word, at)) != list.npos; ++at)
    if (list[at - 1] == ' ' && list[at + word.size()] == ' ') return true;
  return false;
}

constexpr std::string_view kCommands =
    " frac sqrt binom cdot times div pm mp le ge ne lt gt approx equiv sim in cup cap setminus emptyset infty pi circ "
    "degree alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar angle "
    "triangle sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln exp lg gcd lcm max min det "
    "sum prod lim int mod bmod pmod lfloor rfloor lceil rceil langle rangle mid vert lvert rvert Vert to rightarrow "
    "overline bar vec hat tilde overrightarrow underline dots ldots cdots R Z N Q C boxed fbox begin end neg prime "
    "implies Rightarrow wedge vee land lor therefore perp parallel lbrace rbrace lbrack rbrack colon dot partial "
    "not forall exists subset subseteq nmid star bullet oplus cdotp ";
constexpr std::string_view kSpacing =
    " left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle "
    "scriptstyle quad qquad limits nolimits hfill hspace vspace phantom bf rm it mathstrut allowbreak nobreak ";
constexpr std::string_view kText =
    " text mathrm textbf textit textrm mbox operatorname mathbf mathit mathsf mathtt textsf texttt boldsymbol mathbb "
    "mathcal mathfrak hbox textnormal bm emph underbrace ";
constexpr std::string_view kFunctions =
    " sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln exp lg gcd lcm max min det sqrt mod abs floor "
    "ceil cbrt asin acos atan ";
constexpr std::string_view kUnits =
    " mm cm dm km m meter meters metre metres centimeter centimeters kilometer kilometers millimeter millimeters inch "
    "inches in ft foot feet yd yard yards mi mile miles mph kmh kph g kg gram grams kilogram kilograms mg lb lbs pound "
    "pounds oz ounce ounces ton tons tonne tonnes l ml liter liters litre litres gallon gallons quart quarts pint pints "
    "cup cups s sec secs second seconds ms min mins minute minutes h hr hrs hour hours day days week weeks month months "
    "year years degree degrees deg rad radian radians unit units square cubic sq cu yuan rmb dollar dollars cent cents "
    "euro euros usd eur rupees rupee yen people person students student apples apple books book pages page ways way "
    "points point times items item marbles balls ball cards card coins coin cookies cookie eggs boys girls men women "
    "children child sides edges vertices faces triangles squares circles numbers integers solutions pairs per each j kj "
    "n w kw v a k hz khz mhz mol pa kpa bps mbps ";

constexpr std::pair<std::string_view, std::string_view> kUsual[] = {{"dfrac", "frac"},
                                                                    {"tfrac", "frac"},
                                                                    {"cfrac", "frac"},
                                                                    {"leq", "le"},
                                                                    {"leqslant", "le"},
                                                                    {"leqq", "le"},
                                                                    {"geq", "ge"},
                                                                    {"geqslant", "ge"},
                                                                    {"geqq", "ge"},
                                                                    {"neq", "ne"},
                                                                    {"tbinom", "binom"},
                                                                    {"dbinom", "binom"},
                                                                    {"choose", "binom"},
                                                                    {"varnothing", "emptyset"},
                                                                    {"bigcup", "cup"},
                                                                    {"bigcap", "cap"},
                                                                    {"land", "wedge"},
                                                                    {"lor", "vee"},
                                                                    {"simeq", "approx"},
                                                                    {"thickapprox", "approx"},
                                                                    {"cong", "approx"},
                                                                    {"operatorname*", "operatorname"},
                                                                    {"ast", "cdot"},
                                                                    {"infin", "infty"},
                                                                    {"arcsec", "arcsec"},
                                                                    {"notin", "notin"},
                                                                    {"isin", "in"},
                                                                    {"backslash", "setminus"},
                                                                    {"lvert", "vert"},
                                                                    {"rvert", "vert"},
                                                                    {"mid", "vert"},
                                                                    {"lVert", "Vert"},
                                                                    {"rVert", "Vert"},
                                                                    {"bmod", "mod"},
                                                                    {"lbrace", "{"},
                                                                    {"rbrace", "}"},
                                                                    {"degree", "circ"},
                                                                    {"tg", "tan"},
                                                                    {"ctg", "cot"},
                                                                    {"arctg", "arctan"},
                                                                    {"cosec", "csc"},
                                                                    {"Real", "R"},
                                                                    {"reals", "R"},
                                                                    {"varphi", "phi"},
                                                                    {"varepsilon", "epsilon"},
                                                                    {"vartheta", "theta"}};

constexpr std::string_view kNumberWords[] = {"zero",     "one",      "two",      "three",   "four",    "five",
                                             "six",      "seven",    "eight",    "nine",    "ten",     "eleven",
                                             "twelve",   "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
                                             "eighteen", "nineteen", "twenty"};
constexpr std::string_view kDigits[] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9", "10",
                                        "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"};

}  // namespace

bool is_known_command(std::string_view name) { return has(kCommands, name); }
bool is_spacing_command(std::string_view name) { return has(kSpacing, name); }
bool is_text_command(std::string_view name) { return has(kText, name); }
bool is_function(std::string_view word) { return has(kFunctions, word); }
bool is_unit(std::string_view word) { return has(kUnits, word); }
bool is_percent_word(std::string_view word) { return has(" percent percents percentage pct % ", word); }

std::string_view digits_of_word(std::string_view word) {
  const auto* at = std::find(std::begin(kNumberWords), std::end(kNumberWords), word);
  return at == std::end(kNumberWords) ? "" : kDigits[at - std::begin(kNumberWords)];
}

std::string_view usual_name(std::string_view command) {
  for (const auto& [other, usual] : kUsual)
    if (command == other) return usual;
  return command;
}

}  // namespace r1
