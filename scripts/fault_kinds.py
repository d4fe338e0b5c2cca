"""The faults that scripts/faults puts into a source: finds the places where one can be, and changes the text there."""

import hashlib
import pathlib
import random
import re

WITHOUT_EFFECT = [tuple(field.strip() for field in line.split(" | "))
                  for line in pathlib.Path(__file__).with_name("faults-without-effect").read_text().splitlines()
                  if line and line[0] not in "# "]

# ---- tokens

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*)
      | (?P<text>(?:u8|L|u|U)?R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')
      | (?P<float>(?:\d[\d']*\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|\d+[eE][+-]?\d+[fF]?)(?![\w.])
      | (?P<hex>0[xXbB][0-9a-fA-F'.pP+-]*\w*)
      | (?P<int>\d[\d']*)(?P<suffix>\w*)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<op><<=|>>=|<=>|->\*|\.\.\.|::|->|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|<<|[-+*/%&|^~!<>=?:;,.(){}\[\]])
    """,
    re.X | re.S | re.M,
)
KEYWORDS = set(
    "if else for while do switch case default return break continue const constexpr static auto using namespace struct "
    "class enum template typename union public private protected friend inline virtual explicit operator new delete "
    "throw goto try catch extern typedef static_assert co_return".split()
)


class Token:
    def __init__(self, kind, text, begin, end):
        self.kind, self.text, self.begin, self.end = kind, text, begin, end


def tokens_of(source):
    out, at = [], 0
    while at < len(source):
        m = TOKEN.match(source, at)
        if not m:
            raise SystemExit(f"cannot read {source[at:at + 30]!r}")
        if m.lastgroup != "skip" and not m.group("skip"):
            kind = next(k for k in ("text", "float", "hex", "int", "name", "op") if m.group(k) is not None)
            out.append(Token(kind, m.group(), m.start(), m.end()))
        at = m.end()
    return out


def partners(tokens):
    """For each opening bracket the index of the closing one."""
    stack, to = [], {}
    for i, t in enumerate(tokens):
        if t.kind != "op":
            continue
        if t.text in "([{":
            stack.append(i)
        elif t.text in ")]}" and stack:
            to[stack.pop()] = i
    return to


# ---- faults

SWAPS = {
    "compare": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    "arithmetic": {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="},
    "logic": {"&&": "||", "||": "&&"},
}


def has_effect(path, kind, was):
    """Whether a fault of a kind in the line `was` may change a result, by scripts/faults-without-effect."""
    for place, part in WITHOUT_EFFECT:
        only, _, text = part.rpartition(": ")
        if (path + "/").startswith(place + "/") and text in was and only in ("", kind):
            return False
    return True


class Fault:
    def __init__(self, path, source, kind, begin, end, by):
        self.path, self.kind, self.begin, self.end, self.by = path, kind, begin, end, by
        self.line = source.count("\n", 0, begin) + 1
        start = source.rfind("\n", 0, begin) + 1
        stop = source.find("\n", end)
        context = source[start:begin], source[end:stop if stop >= 0 else len(source)]
        self.was = " ".join((context[0] + source[begin:end] + context[1]).split())
        self.now = " ".join((context[0] + by + context[1]).split())
        self.id = hashlib.sha1(f"{path}|{kind}|{self.was}|{self.now}".encode()).hexdigest()[:12]

    def applied(self, source):
        return source[: self.begin] + self.by + source[self.end :]


def binary(source, t):
    """Whether an operator is binary: clang-format puts spaces around binary operators only."""
    return source[t.begin - 1 : t.begin].isspace() and source[t.end : t.end + 1].isspace()


def kept_ranges(source, tokens, partner):
    """Ranges that stay as they are: R1_CHECK(...), static_assert(...), and lines with the size of a task."""
    out = [(m.start(), m.end()) for m in re.finditer(r"^.*\b(?:kTask\w+|grain)\b.*$", source, re.M)]
    for i, t in enumerate(tokens):
        if t.kind == "name" and t.text in ("R1_CHECK", "static_assert") and i + 1 in partner:
            out.append((t.begin, tokens[partner[i + 1]].end))
    return out


def statement_end(tokens, partner, i):
    """Index of the ; that ends the statement at i, or None."""
    while i < len(tokens):
        t = tokens[i]
        if t.kind == "op":
            if t.text == ";":
                return i
            if t.text in ")]}":
                return None
            if t.text in "([{":
                i = partner.get(i, len(tokens))
        i += 1
    return None


def is_declaration(source, tokens, partner, i, end):
    """Whether this is a declaration: two names side by side, or a name after the > * or & of a type."""
    while i < end:
        t = tokens[i]
        if t.kind == "op" and t.text in "([{":
            i = partner[i]
        elif t.kind == "op" and t.text in ("=", "+=", "-=", "*=", "/=", "|=", "&=", "^=", "%="):
            return False
        elif t.kind == "name" and tokens[i + 1].kind == "name":
            return True
        elif t.text in (">", "*", "&", ">>") and tokens[i + 1].kind == "name" and not source[t.begin - 1].isspace():
            return True
        i += 1
    return False


def statements(source, tokens, partner):
    """(begin, end) token indices of expression statements and of ifs, end being their last token."""
    control = {partner[i + 1] for i, t in enumerate(tokens) if t.text in ("if", "for", "while") and i + 1 in partner}
    control |= {partner[i + 2] for i, t in enumerate(tokens) if t.text == "if" and tokens[i + 1].text == "constexpr"}
    inside = []  # the brackets around the token
    for i, t in enumerate(tokens):
        if t.kind == "op" and t.text in "([{":
            inside.append(t.text)
        elif t.kind == "op" and t.text in ")]}" and inside:
            inside.pop()
        if i == 0 or t.kind != "name" or (inside and inside[-1] != "{"):
            continue
        before = tokens[i - 1]
        if not (before.text in (";", "{", "}", "else") or i - 1 in control):
            continue
        if t.text in KEYWORDS:
            if t.text == "if" and tokens[i + 1].text == "(" and before.text != "else":
                yield "if", i, partner[i + 1]
            continue
        end = statement_end(tokens, partner, i)
        if end and not is_declaration(source, tokens, partner, i, end):
            yield "plain", i, end


def faults_of(path, source):
    tokens = tokens_of(source)
    partner = partners(tokens)
    kept = kept_ranges(source, tokens, partner)
    out = []

    def add(kind, begin, end, by):
        if not any(a < end and begin < b for a, b in kept):
            out.append(Fault(path, source, kind, begin, end, by))

    for i, t in enumerate(tokens):
        if t.kind == "op":
            for kind, swap in SWAPS.items():
                if t.text in swap and binary(source, t):
                    add(kind, t.begin, t.end, swap[t.text])
            if t.text == "!":
                add("not", t.begin, t.end, "")
        elif t.kind == "int":
            digits, suffix = re.match(r"([\d']+)(.*)", t.text).groups()
            n = int(digits.replace("'", ""))
            add("integer", t.begin, t.end, f"{0 if n == 1 else n + 1}{suffix}")
        elif t.kind == "float":
            number, suffix = re.match(r"(.*?)([fF]?)$", t.text).groups()
            value = float(number.replace("'", "")) * 1.5
            add("float", t.begin, t.end, (repr(value) if value else "0.5") + suffix)
        elif t.kind == "name" and t.text in ("min", "max") and tokens[i - 1].text == "::":
            add("min_max", t.begin, t.end, "max" if t.text == "min" else "min")
        elif t.kind == "name" and t.text in ("true", "false"):
            add("boolean", t.begin, t.end, "false" if t.text == "true" else "true")
    for kind, i, last in statements(source, tokens, partner):
        begin, end = tokens[i].begin, tokens[last].end
        if kind == "plain":
            if tokens[i].text == "R1_TRY":
                add("drop_try", begin, tokens[i].end, "(void)")
            if not any(t.text == "reserve" for t in tokens[i:last]):
                add("drop_statement", begin, end, ";")
            continue
        condition = source[tokens[i + 1].end : tokens[last].begin]
        if not re.search(r";|(?<![=!<>])=(?!=)", condition):
            add("negate", tokens[i + 1].end, tokens[last].begin, f"!({condition})")
        body = last + 1
        if tokens[body].text == "{":
            stop = partner[body]
            inner = [k for k in range(body + 1, stop) if tokens[k].text in ("return", "continue", "break")]
            leaves = bool(inner) and statement_end(tokens, partner, inner[-1]) == stop - 1
        else:
            stop = statement_end(tokens, partner, body)
            leaves = tokens[body].text in ("return", "continue", "break")
        if stop and leaves and tokens[stop + 1].text != "else":
            add("drop_guard", begin, tokens[stop].end, ";")
    return out


def plan(tree, folder, seed):
    """Every fault of a folder, in the order in which they are tried. The kinds of faults alternate."""
    by_kind = {}
    for path in sorted((tree / "src" / folder).rglob("*.cpp")):
        if not re.search(r"(^test_|_test\.cpp$|_bench\.cpp$)", path.name):
            for fault in faults_of(str(path.relative_to(tree)), path.read_text()):
                if has_effect(fault.path, fault.kind, fault.was):
                    by_kind.setdefault(fault.kind, []).append(fault)
    rng = random.Random(f"{seed} {folder}")
    for faults in by_kind.values():
        rng.shuffle(faults)
    order = []
    while any(by_kind.values()):
        turn = sorted(kind for kind, faults in by_kind.items() if faults)
        rng.shuffle(turn)
        order += [by_kind[kind].pop() for kind in turn]
    seen = set()
    return [f for f in order if not (f.id in seen or seen.add(f.id))]
