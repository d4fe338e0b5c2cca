"""libr1.so: where it is, and the types of its functions. It follows src/capi/r1.h."""

import ctypes
import enum
import os
import pathlib
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p


class Status(enum.IntEnum):
    OK = 0
    INVALID = 1
    IO = 2
    CORRUPT = 3
    UNSUPPORTED = 4
    EXHAUSTED = 5
    CANCELLED = 6


class Error(Exception):
    """A failure in the library; the text says what, where and what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = Status(status)


class OpenOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("threads", c_int32), ("sequences", c_int32), ("context", c_int64)]


class MessageStruct(ctypes.Structure):
    _fields_ = [("role", c_char_p), ("content", c_char_p)]


class GenerateOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("max_tokens", c_int64),
        ("temperature", c_double),
        ("top_p", c_double),
        ("min_p", c_double),
        ("top_k", c_int64),
        ("seed", c_uint64),
        ("think", c_int32),
        ("raw", c_int32),
        ("thinking_tokens", c_int64),
        ("cancel", c_void_p),
    ]


class ResultStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("finish", c_int),
        ("prompt_tokens", c_int64),
        ("tokens", c_int64),
        ("thinking_tokens", c_int64),
    ]


# A POINTER(c_char) and not a c_char_p, which would end at the first zero byte.
Callback = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, POINTER(ctypes.c_char), c_size_t)

_FUNCTIONS = {
    "r1_version": (c_char_p, []),
    "r1_last_error": (c_char_p, []),
    "r1_free": (None, [c_void_p]),
    "r1_open_options_init_sized": (None, [POINTER(OpenOptions), c_size_t]),
    "r1_open": (c_int, [c_char_p, POINTER(OpenOptions), POINTER(c_void_p)]),
    "r1_close": (None, [c_void_p]),
    "r1_context": (c_int64, [c_void_p]),
    "r1_vocabulary": (c_int32, [c_void_p]),
    "r1_tokenize": (c_int, [c_void_p, c_char_p, c_size_t, c_int, POINTER(POINTER(c_int32)), POINTER(c_size_t)]),
    "r1_detokenize": (
        c_int,
        [c_void_p, POINTER(c_int32), c_size_t, POINTER(POINTER(ctypes.c_char)), POINTER(c_size_t)],
    ),
    "r1_generate_options_init_sized": (None, [POINTER(GenerateOptions), c_size_t]),
    "r1_generate": (
        c_int,
        [c_void_p, POINTER(MessageStruct), c_size_t, POINTER(GenerateOptions), Callback, c_void_p,
         POINTER(ResultStruct)],
    ),
    "r1_cancellation_create": (c_void_p, []),
    "r1_cancellation_raise": (None, [c_void_p]),
    "r1_cancellation_reset": (None, [c_void_p]),
    "r1_cancellation_free": (None, [c_void_p]),
}


def _path() -> str:
    if os.environ.get("R1_LIBRARY"):
        return os.environ["R1_LIBRARY"]
    in_tree = pathlib.Path(__file__).resolve().parents[2] / "build/release/libr1.so.0"
    if in_tree.exists():
        return str(in_tree)
    return "libr1.so.0"


def _load() -> ctypes.CDLL:
    path = _path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{path} cannot be loaded: {error}. Install r1.cpp's library (docs/install.md), or name its file in the "
            "environment variable R1_LIBRARY"
        ) from error
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()


def check(status: int) -> None:
    """Raises what the library says about a status other than R1_OK."""
    if status != Status.OK:
        raise Error(status, library.r1_last_error().decode("utf-8", "replace"))
