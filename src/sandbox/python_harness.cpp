#include "sandbox/python_harness.hpp"

namespace r1::sandbox {

const char* const kPythonCodec = R"py(
import os, sys

MOST_ITEMS, MOST_BYTES = 1_000_000, 1 << 26


class NotPlain(Exception):
    pass


# A value of the program's process that is no plain data. The tests know whether it is true, and can pass it back.
class Opaque:
    def __init__(self, number, true):
        self.number, self.true = number, bool(true)

    def __bool__(self):
        return self.true


kept = []  # the values behind the numbers, in the program's process


def encode_other(value):
    if type(value) is Opaque:
        return ["opaque", value.number, value.true]
    if not in_program:
        raise NotPlain("a value of type " + type(value).__name__ + ", which is no plain data")
    kept.append(value)
    return ["opaque", len(kept) - 1, bool(value)]


def decode_other(number, true):
    return kept[number] if in_program else Opaque(number, true)


# Plain data as JSON. Everything but None, bool, int, float and str is a list that begins with its kind.
def encode(value, depth=0):
    if depth > 200:
        raise NotPlain("data nested more than 200 deep")
    kind, down = type(value), depth + 1
    if value is None or kind is bool or kind is int or kind is float or kind is str:
        return value
    if isinstance(value, (bool, int, float, str)):  # a subclass, such as an enumeration's member
        for base in (int, float, str):
            if isinstance(value, base):
                return base(value)
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    if isinstance(value, (bytes, bytearray)):
        return [kind.__name__ if kind is bytearray else "bytes", bytes(value).hex()]
    if isinstance(value, range):
        return ["range", value.start, value.stop, value.step]
    if isinstance(value, dict):
        return ["dict"] + [[encode(k, down), encode(v, down)] for k, v in value.items()]
    for base in (list, tuple, set, frozenset):
        if isinstance(value, base):
            return [base.__name__] + [encode(item, down) for item in value]
    module = kind.__module__
    if module in ("fractions", "decimal"):
        return [kind.__name__, str(value)]
    if kind.__name__ == "deque" and module == "collections":
        return ["deque"] + [encode(item, down) for item in value]
    if hasattr(kind, "__next__") or kind.__name__ in ("dict_keys", "dict_values", "dict_items"):
        items = []
        for item in value:
            items.append(encode(item, down))
            if len(items) > MOST_ITEMS:
                raise NotPlain("an iterator of more than a million items")
        return ["set" if kind.__name__ == "dict_keys" else "iterator"] + items
    return encode_other(value)


# The inverse. Whatever the text says, the result consists of exact built-in types and of Opaque.
def decode(data):
    if type(data) is not list:
        if type(data) is dict:
            raise NotPlain("a reply of unknown form")
        return data
    kind, items = data[0], data[1:]
    if kind == "dict":
        return {decode(k): decode(v) for k, v in items}
    if kind == "bytes" or kind == "bytearray":
        return {"bytes": bytes, "bytearray": bytearray}[kind].fromhex(items[0])
    if kind == "complex":
        return complex(items[0], items[1])
    if kind == "opaque":
        return decode_other(items[0], items[1])
    if kind == "range":
        return range(items[0], items[1], items[2])
    if kind == "Fraction":
        from fractions import Fraction
        return Fraction(items[0])
    if kind == "Decimal":
        from decimal import Decimal
        return Decimal(items[0])
    items = [decode(item) for item in items]
    if kind == "deque":
        from collections import deque
        return deque(items)
    if kind == "iterator":
        return iter(items)
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)


requests_fd, replies_fd, report_fd = 3, 4, 5
in_program = os.path.exists("/program.py")
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(100_000)
)py";

// Nothing in this program needs to be hidden or kept intact: it shares its process with the judged program.
const char* const kPythonProgramSide = R"py(
import json, os, sys, types
from r1_codec import *


def main():
    requests, replies = os.fdopen(requests_fd, "rb"), os.fdopen(replies_fd, "wb")

    def reply(*data):
        replies.write(json.dumps(data).encode() + b"\n")
        replies.flush()

    module = types.ModuleType("program")
    sys.modules["program"] = module
    try:
        with open("/program.py", encoding="utf-8") as file:
            code = compile(file.read(), "program.py", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return reply("compile", type(error).__name__ + ": " + str(error))
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        return reply("raised", type(error).__name__, str(error)[:500])
    reply("ready")
    for line in requests:
        try:
            name, args, named = json.loads(line)
            value = getattr(module, name)(*decode(args), **decode(named))
            data = encode(value)
        except NotPlain as error:
            reply("not plain", str(error))
        except BaseException as error:
            reply("raised", type(error).__name__, str(error)[:500])
        else:
            reply("value", data)


main()
)py";

// The tests run in this program, and nothing of the judged program does.
const char* const kPythonTestSide = R"py(
import ast, builtins, json, os, sys
from r1_codec import *


# Not an Exception, so that a test that expects any exception does not take it for one.
class Ended(BaseException):
    pass


requests, replies = os.fdopen(requests_fd, "wb"), os.fdopen(replies_fd, "rb")


def read_reply():
    line = replies.readline(MOST_BYTES)
    if not line.endswith(b"\n"):
        raise Ended("ended", "the program ended before the last test")
    try:
        reply = json.loads(line)
        kind = reply[0]
        if kind == "value":
            return decode(reply[1])
        if kind == "ready":
            return None
        name, text = str(reply[1]), str(reply[-1])
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, NotPlain, RecursionError):
        raise Ended("wrong", "the program sent a reply that is no plain data")
    if kind == "compile":
        raise Ended("compile", text)
    if kind == "not plain":
        raise Ended("wrong", text)
    if name == "MemoryError":
        raise Ended("memory", "the program ran out of memory")
    raised = getattr(builtins, name, None)
    if isinstance(raised, type) and issubclass(raised, Exception) and not issubclass(raised, UnicodeError):
        error = raised(text)
    else:
        error = RuntimeError(name + ": " + text)
    error.from_program = True
    raise error


class Remote:
    def __init__(self, name):
        self.__name__ = self.name = name

    def __call__(self, *args, **named):
        try:
            data = json.dumps([self.name, encode(list(args)), encode(named)]).encode() + b"\n"
        except NotPlain as error:
            raise Ended("refused", "a test passes " + str(error))
        try:
            requests.write(data)
            requests.flush()
        except BrokenPipeError:
            raise Ended("ended", "the program ended before the last test")
        return read_reply()


def run(entry_point):
    space = {"__name__": "tests", "__builtins__": builtins}
    with open("/prelude.py", encoding="utf-8") as file:
        exec(compile(file.read(), "prelude.py", "exec"), space)
    with open("/tests.py", encoding="utf-8") as file:
        text = file.read()
    tree = ast.parse(text, "tests.py")
    if entry_point:
        space[entry_point] = Remote(entry_point)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in space and not hasattr(builtins, node.id):
            space[node.id] = Remote(node.id)
    code = compile(tree, "tests.py", "exec")
    try:
        read_reply()
    except Exception as error:
        raise Ended("crash", type(error).__name__ + ": " + str(error))
    exec(code, space)


def line_of_tests(error):
    line, at = 0, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "tests.py":
            line = at.tb_lineno
        at = at.tb_next
    return " (line %d of the tests)" % line


def main():
    random, entry_point = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    try:
        run(entry_point)
        kind, detail = "passed", ""
    except Ended as error:
        kind, detail = error.args
    except AssertionError as error:
        kind, detail = "wrong", "assertion failed" + line_of_tests(error)
    except Exception as error:
        kind = "crash" if hasattr(error, "from_program") else "wrong"
        detail = type(error).__name__ + ": " + str(error)[:500] + line_of_tests(error)
    with os.fdopen(report_fd, "w", encoding="utf-8", errors="replace") as report:
        report.write(random + " " + kind + "\n" + detail + "\n")
    return 0


sys.exit(main())
)py";

}  // namespace r1::sandbox
