"""Models, tokens and generations."""

import ctypes
import queue
import threading
from ctypes import byref, sizeof
from dataclasses import dataclass
from types import TracebackType
from typing import Dict, Generator, Iterable, List, Mapping, Optional, Sequence, Type, Union

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
        self._handle: Optional[ctypes.c_void_p] = None
        self._lock = threading.Lock()
        self._running: Dict[threading.Thread, ctypes.c_void_p] = {}  # generations with what cancels them
        handle = ctypes.c_void_p()
        check(library.r1_open(name.encode(), byref(options), byref(handle)))
        self._handle = handle

    def close(self) -> None:
        """Closes the model. Generations that run are cancelled."""
        with self._lock:
            handle, self._handle = self._handle, None
            running = list(self._running)
            for cancellation in self._running.values():
                library.r1_cancellation_raise(cancellation)
        for thread in running:
            thread.join()
        if handle is not None:
            library.r1_close(handle)

    def __enter__(self) -> "Model":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()

    def _open(self) -> ctypes.c_void_p:
        if self._handle is None:
            raise ValueError("the model is closed")
        return self._handle

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
        self._open()  # a closed model is noticed here, not at the first piece
        for name, value in (("max_tokens", max_tokens), ("thinking_tokens", thinking_tokens), ("top_k", top_k)):
            _fits(name, value, 64)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: {seed} is not from 0 to 2^64-1")
        options = GenerateOptions()
        library.r1_generate_options_init_sized(byref(options), sizeof(options))
        options.max_tokens, options.temperature, options.top_p, options.min_p = max_tokens, temperature, top_p, min_p
        options.top_k, options.seed, options.think, options.raw = top_k, seed, think, raw
        options.thinking_tokens = thinking_tokens
        return _generation(self, _messages(prompt), options)

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


def _generation(
    model: Model, messages: "ctypes.Array[MessageStruct]", options: GenerateOptions
) -> Generator[Piece, None, Answer]:
    # While this generator lives, so does the model.
    # The library calls back on the thread that generates; its pieces reach the reader through a queue.
    news: "queue.SimpleQueue[Optional[Piece]]" = queue.SimpleQueue()
    result = ResultStruct(size=sizeof(ResultStruct))
    failure: List[Error] = []

    def take(_user: object, channel: int, text: "ctypes._Pointer[ctypes.c_char]", size: int) -> int:
        news.put(Piece(text[:size].decode(), channel == _THINKING))
        return 0

    def run() -> None:
        try:
            check(
                library.r1_generate(
                    handle, messages, len(messages), byref(options), Callback(take), None, byref(result)
                )
            )
        except Error as error:  # r1_last_error() is that of this thread
            failure.append(error)
        finally:
            news.put(None)

    thread = threading.Thread(target=run, name="r1 generation", daemon=True)
    texts = {True: "", False: ""}
    with model._lock:  # the model is not closed between the look at it and the start
        handle = model._open()
        options.cancel = library.r1_cancellation_create()
        model._running[thread] = options.cancel
        thread.start()
    try:
        for piece in iter(news.get, None):
            texts[piece.thinking] += piece.text
            yield piece
    finally:
        library.r1_cancellation_raise(options.cancel)
        thread.join()
        with model._lock:
            del model._running[thread]
            library.r1_cancellation_free(options.cancel)
    if failure:
        raise failure[0]
    return Answer(
        texts[False], texts[True], _FINISH[result.finish], result.prompt_tokens, result.tokens, result.thinking_tokens
    )
