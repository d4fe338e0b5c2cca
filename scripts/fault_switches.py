"""Writes faults into a source as switches of scripts/fault_switch.hpp, so that one build holds all of them."""

import pathlib
import re

from fault_kinds import partners, statement_end, tokens_of

HEADER = pathlib.Path(__file__).with_name("fault_switch.hpp")
ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "|=", "&=", "^=", "%=")
# What begins before an operand of && and || and ends after it.
BEFORE_OPERAND = ("(", "[", "{", ",", ";", "?", ":", "return", "else", "case", *ASSIGNMENTS)
AFTER_OPERAND = (")", "]", "}", ",", ";", "?", ":")


class Edits:
    """Texts to put into a source, some in place of a part of it."""

    def __init__(self):
        self.list = []

    def replace(self, begin, end, by):
        self.list.append((begin, 2, 0, end, by))

    def surround(self, begin, end, before, after, outer=0):
        """At one place, what closes comes first, the inner before the outer; then what opens, the outer first."""
        self.list.append((begin, 1, begin - end - outer, begin, before))
        self.list.append((end, 0, end - begin + outer, end, after))

    def applied(self, source):
        out, at = [], 0
        for begin, _, _, end, text in sorted(self.list):
            out += [source[at:begin], text]
            at = max(at, begin, end)
        return "".join(out) + source[at:]


class Source:
    """A source as the compiler's tokens, with the partner of every bracket."""

    def __init__(self, text):
        self.text, self.tokens = text, tokens_of(text)
        self.closing = partners(self.tokens)
        self.opening = {b: a for a, b in self.closing.items()}
        self.token_at = {t.begin: i for i, t in enumerate(self.tokens)}

    def left_operand(self, i):
        """Where the left operand of the && or || at i begins."""
        k = i - 1
        while k >= 0:
            t = self.tokens[k].text
            if t == "}" and self.tokens[k - 1].text == ";":
                break  # the end of a block
            if t in (")", "]", "}"):
                k = self.opening[k]
            elif t in BEFORE_OPERAND or (t == "||" and self.tokens[i].text == "&&"):
                break
            k -= 1
        return self.tokens[k + 1].begin

    def right_operand_end(self, i):
        ends = (*AFTER_OPERAND, "||", *(["&&"] if self.tokens[i].text == "&&" else []))
        k = i + 1
        while self.tokens[k].text not in ends:
            k = self.closing.get(k, k) + 1
        return self.tokens[k - 1].end

    def limit(self, i):
        """(begin, end, type) of the std::numeric_limits<...>::max() whose max is at i, or None."""
        name = i
        while name > 0 and self.tokens[name].text not in ("numeric_limits", ";", "{", "}", "("):
            name -= 1
        if self.tokens[name].text != "numeric_limits" or self.tokens[i + 1].text != "(":
            return None
        begin = self.tokens[name - 2].begin if self.tokens[name - 1].text == "::" else self.tokens[name].begin
        return begin, self.tokens[i + 2].end, self.text[begin : self.tokens[i].begin]


def add_switch(source, fault, number, edits):
    """Adds the edits for one fault. Returns False if it cannot be a switch."""
    begin, end = fault.begin, fault.end
    was = source.text[begin:end]
    i = source.token_at[begin]
    on = f"::r1_fault::on({number})"
    if fault.kind in ("compare", "arithmetic"):
        edits.replace(begin, end, f"{was} ::r1_fault::At{{{number}}} {was}")
    elif fault.kind == "logic":  # a || b is !(!a && !b), and both are evaluated as far as they would be
        edits.surround(source.left_operand(i), source.right_operand_end(i), "(((static_cast<bool>(",
                       f") != {on})) != {on})")
        edits.replace(begin, end, f") != {on}) {was} (static_cast<bool>(")
    elif fault.kind == "not":
        edits.replace(begin, end, f"::r1_fault::Not{{{number}}}->*")
    elif fault.kind in ("integer", "float", "boolean"):
        edits.replace(begin, end, f"::r1_fault::either({number}, {was}, {fault.by})")
    elif fault.kind == "min_max":
        if limit := source.limit(i):
            edits.surround(limit[0], limit[1], f"::r1_fault::either({number}, ", f", {limit[2]}{fault.by}())")
        elif source.tokens[i - 2].text == "std":
            edits.replace(source.tokens[i - 2].begin, end, f"::r1_fault::{was.capitalize()}{{{number}}}.of")
        else:
            return False
    elif fault.kind in ("drop_statement", "drop_guard"):
        edits.surround(begin, end, f"if ({on}) {{}} else ", "")
    elif fault.kind == "drop_try":
        if source.closing[i + 1] + 1 != statement_end(source.tokens, source.closing, i):
            return False
        edits.replace(begin, source.tokens[i + 1].end, f"R1_FAULT_TRY({number}, ")
    elif fault.kind == "negate":
        edits.surround(begin, end, "static_cast<bool>(", f") != {on}", outer=0.5)
    return True


def with_switches(path, text, faults):
    """The text of a source with its faults as switches, and the faults that cannot be switches.

    faults has the number of each fault. Lines keep their numbers, so that messages of the compiler name the line that
    the source has."""
    source, edits, left = Source(text), Edits(), []
    for number, fault in faults:
        if not add_switch(source, fault, number, edits):
            left.append(fault)
    head = f'#include "{HEADER}"\n#pragma GCC diagnostic ignored "-Wnarrowing"\n#line 1 "{path}"\n'
    return head + edits.applied(text), left


def lines_of_errors(output, path):
    """The lines of a source in which the compiler found errors or, if all are in headers, the lines that led there."""
    place = re.escape(path) + r":(\d+):"
    return ({int(n) for n in re.findall(place + r"(?:\d+:)? (?:fatal )?error", output)}
            or {int(n) for n in re.findall(place, output)})
