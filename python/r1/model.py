"""Models, tokens and generations."""

import atexit
import ctypes
import queue
import threading
from ctypes import byref, sizeof
from dataclasses import dataclass
from types import TracebackType
from typing import Generator, Iterable, List, Mapping, Optional, Sequence, Set, Type, Union

from ._library import (
    Callback,
    Error,
    GenerateOptions,
    MessageStruct,
    OpenOptions,
    ResultStruct,
    check,
    library,
)

Message = Mapping[str, str]  # {"role": "user", "content": "..."}

_FINISH = ("stop", "length", "cancelled")
_THINKING = 1


@dataclass(frozen=True)
class Piece:
    """Text of a generation as it comes."""

    text: str
    thinking: bool


@dataclass(frozen=True)
class Answer:
    """A whole generation."""

    answer: str
    thinking: str
    finish: str  # "stop" or "length"
    prompt_tokens: int
    tokens: int  # the thinking's among them
    thinking_tokens: int


def version() -> str:
    """The version of the library."""
    return library.r1_version().decode()


class Model:
    """An open model. Threads may share it; it is closed by close() or at the end of a with statement."""

    def __init__(self, name: str = "nano", *, threads: int = 0, sequences: int = 16, context: int = 0) -> None:
        """Opens a model folder, a GGUF file or the name of a model, as the option -m of the program does."""
        for what, value, bits in (("threads", threads, 32), ("sequences", sequences, 32), ("context", context, 64)):
            _fits(what, value, bits)
        options = OpenOptions()
        library.r1_open_options_init_sized(byref(options), sizeof(options))
        options.threads, options.sequences, options.context = threads, sequences, context
        self._handle: Optional[_Handle] = _Handle(name, options)

    def close(self) -> None:
        """Closes the model. Generations that run are cancelled."""
        self._handle = None
        _end([generation for generation in list(_running) if generation.model is self])

    def __enter__(self) -> "Model":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _open(self) -> "_Handle":
        handle = self._handle
        if handle is None or not handle:
            raise ValueError("the model is closed")
        return handle

    @property
    def context(self) -> int:
        """Tokens of the longest sequence."""
        return library.r1_context(self._open())

    @property
    def vocabulary(self) -> int:
        """1 + the largest token id."""
        return library.r1_vocabulary(self._open())

    def tokenize(self, text: Union[str, bytes], *, special: bool = False) -> List[int]:
        """Text to tokens; `special` recognises added tokens such as <think>."""
        data = text.encode() if isinstance(text, str) else text
        tokens, count = ctypes.POINTER(ctypes.c_int32)(), ctypes.c_size_t()
        check(library.r1_tokenize(self._open(), data, len(data), special, byref(tokens), byref(count)))
        try:
            return tokens[: count.value]
        finally:
            library.r1_free(tokens)

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """Tokens to the exact bytes of their text, which may end inside a character."""
        for token in tokens:
            _fits("a token", token, 32)
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        text, size = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
        check(library.r1_detokenize(self._open(), array, len(tokens), byref(text), byref(size)))
        try:
            return text[: size.value]
        finally:
            library.r1_free(text)

    def generate(
        self,
        prompt: Union[str, Iterable[Message]],
        *,
        max_tokens: int = -1,
        temperature: float = -1,
        top_p: float = -1,
        min_p: float = -1,
        top_k: int = -1,
        seed: int = 0,
        think: bool = True,
        raw: bool = False,
        thinking_tokens: int = -1,
    ) -> Generator[Piece, None, Answer]:
        """The pieces of an answer as they come; the generator's value is the Answer.

        `prompt` is a question or a conversation. -1 means the model's advice, for max_tokens and thinking_tokens no
        limit of ours. Closing the generator cancels the generation.
        """
        self._open()  # so that a closed model is an error here, and not at the first piece
        for name, value in (("max_tokens", max_tokens), ("thinking_tokens", thinking_tokens), ("top_k", top_k)):
            _fits(name, value, 64)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: {seed} is not from 0 to 2^64-1")
        options = GenerateOptions()
        library.r1_generate_options_init_sized(byref(options), sizeof(options))
        options.max_tokens, options.temperature, options.top_p, options.min_p = max_tokens, temperature, top_p, min_p
        options.top_k, options.seed, options.think, options.raw = top_k, seed, think, raw
        options.thinking_tokens = thinking_tokens
        return _pieces(self, _messages(prompt), options)

    def answer(self, prompt: Union[str, Iterable[Message]], **options: Union[int, float, bool]) -> Answer:
        """A whole answer; the options are those of generate()."""
        pieces = self.generate(prompt, **options)  # type: ignore[arg-type]
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                return end.value


def _fits(name: str, value: int, bits: int) -> None:
    # ctypes would keep the lowest bits of a larger number.
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError(f"{name}: {value} does not fit into {bits} bits")


def _text(text: str) -> bytes:
    if "\0" in text:
        raise ValueError("a text with a zero character would be cut off there")
    return text.encode()


def _messages(prompt: Union[str, Iterable[Message]]) -> "ctypes.Array[MessageStruct]":
    conversation = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    array = (MessageStruct * len(conversation))()
    for struct, message in zip(array, conversation):
        struct.role, struct.content = _text(message["role"]), _text(message["content"])
    return array


# The garbage collector can run a finaliser at any place of any thread, and the end of a generator that was not read to
# its end is a finaliser, too. So nothing here takes a lock, and only close() and the program's end wait for a thread.
# What the library has allocated belongs to an object that frees it when nothing refers to it any more. A call of the
# library refers to its arguments until it returns.


class _Owner:
    """A pointer of the library, as an argument of its functions. False once it is freed: the garbage collector may
    finalise an owner before another object that refers to it."""

    def __init__(self, pointer: Optional[int]) -> None:
        self._as_parameter_ = ctypes.c_void_p(pointer)

    def __bool__(self) -> bool:
        return bool(self._as_parameter_)

    def _taken(self) -> ctypes.c_void_p:
        pointer, self._as_parameter_ = self._as_parameter_, ctypes.c_void_p()
        return pointer


class _Handle(_Owner):
    """What r1_open has opened."""

    def __init__(self, name: str, options: OpenOptions) -> None:
        super().__init__(None)
        check(library.r1_open(_text(name), byref(options), byref(self._as_parameter_)))

    def __del__(self) -> None:
        library.r1_close(self._taken())


class _Cancellation(_Owner):
    def __init__(self) -> None:
        super().__init__(library.r1_cancellation_create())

    def __del__(self) -> None:
        library.r1_cancellation_free(self._taken())


class _Generation(threading.Thread):
    """A generation on a thread of its own. Its pieces come through the queue `news`, at last None."""

    def __init__(self, model: Model, messages: "ctypes.Array[MessageStruct]", options: GenerateOptions) -> None:
        super().__init__(name="r1 generation", daemon=True)
        self.model = model
        self.news: "queue.SimpleQueue[Optional[Piece]]" = queue.SimpleQueue()
        self.result = ResultStruct(size=sizeof(ResultStruct))
        self.failure: Optional[Exception] = None
        self._messages, self._options, self._cancellation = messages, options, _Cancellation()

    def run(self) -> None:
        # First into _running, then to the handle; Model.close() goes the other way round. So either close() finds this
        # generation and cancels it, or this generation finds the model closed.
        _running.add(self)
        try:
            self._generate()
        except (Error, ValueError) as error:
            self.failure = error.with_traceback(None)  # whose frames refer to this object, and so keep the model open
        finally:
            _running.discard(self)
            self.news.put(None)

    def _generate(self) -> None:
        def take(_user: object, channel: int, text: "ctypes._Pointer[ctypes.c_char]", size: int) -> int:
            self.news.put(Piece(text[:size].decode(), channel == _THINKING))
            return 0

        self._options.cancel = self._cancellation._as_parameter_
        messages, options, result = self._messages, byref(self._options), byref(self.result)
        status = library.r1_generate(self.model._open(), messages, len(messages), options, Callback(take), None, result)
        check(status)  # on this thread, which is the one that r1_last_error() speaks of

    def cancel(self) -> None:
        if self._cancellation:
            library.r1_cancellation_raise(self._cancellation)


_running: Set[_Generation] = set()  # whose calls of r1_generate have not returned


def _end(generations: List[_Generation]) -> None:
    """Cancels generations and waits for their threads."""
    for generation in generations:
        generation.cancel()
    for generation in generations:
        if generation is not threading.current_thread():
            generation.join()


# A thread that calls back into an interpreter that has ended brings the program down.
atexit.register(lambda: _end(list(_running)))


def _pieces(
    model: Model, messages: "ctypes.Array[MessageStruct]", options: GenerateOptions
) -> Generator[Piece, None, Answer]:
    generation = _Generation(model, messages, options)
    texts = {True: "", False: ""}
    try:
        generation.start()
        for piece in iter(generation.news.get, None):
            texts[piece.thinking] += piece.text
            yield piece
    finally:
        generation.cancel()
    failure, result = generation.failure, generation.result
    if failure:
        try:
            raise failure
        finally:
            del failure, generation  # the traceback refers to this frame
    return Answer(
        texts[False], texts[True], _FINISH[result.finish], result.prompt_tokens, result.tokens, result.thinking_tokens
    )
