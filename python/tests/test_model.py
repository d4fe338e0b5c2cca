"""The package against the library of the build, with the model that ships."""

import gc
import os
import subprocess
import sys
import threading
import time
from typing import Callable, Iterator, List, Set

import pytest

import r1
from r1.model import library


@pytest.fixture(scope="module")
def model() -> Iterator[r1.Model]:
    with r1.Model("nano", threads=2, context=1024) as opened:
        yield opened


def test_text_becomes_tokens_and_tokens_the_same_bytes(model: r1.Model) -> None:
    for text in ("", "47 * 36 = <think>", "zero\0byte", "Grüße"):
        tokens = model.tokenize(text)
        assert all(0 <= t < model.vocabulary for t in tokens)
        assert model.detokenize(tokens) == text.encode()
    assert len(model.tokenize("<think>", special=True)) < len(model.tokenize("<think>"))


def test_an_answer_comes_in_pieces(model: r1.Model) -> None:
    pieces = list(model.generate("What is 3 + 4?", temperature=0))
    assert len(pieces) > 5
    whole = model.answer("What is 3 + 4?", temperature=0)
    assert "".join(p.text for p in pieces if p.thinking) == whole.thinking != ""
    assert "".join(p.text for p in pieces if not p.thinking) == whole.answer
    assert "7" in whole.answer
    assert whole.finish == "stop"
    assert 0 < whole.thinking_tokens < whole.tokens


def test_options_change_the_answer(model: r1.Model) -> None:
    cut = model.answer([{"role": "user", "content": "What is 3 + 4?"}], think=False, max_tokens=2)
    assert (cut.thinking, cut.tokens, cut.finish) == ("", 2, "length")


def test_a_closed_generator_cancels(model: r1.Model) -> None:
    pieces = model.generate("What is 3 + 4?")
    next(pieces)
    pieces.close()
    assert model.answer("What is 3 + 4?", temperature=0).finish == "stop"


def test_a_generator_outlives_the_name_of_its_model() -> None:
    assert "7" in "".join(p.text for p in r1.Model("nano", threads=1).generate("What is 3 + 4?", temperature=0))


def test_a_closed_model_ends_its_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = threading.Event()
    raise_cancellation = library.r1_cancellation_raise
    pieces: List[r1.Piece] = []

    def cancel(cancellation: object) -> None:
        raise_cancellation(cancellation)
        cancelled.set()

    def piece(text: str, thinking: bool) -> r1.Piece:
        if pieces:  # so that a fast machine does not end the answer before the model is closed
            assert cancelled.wait(timeout=120)
        pieces.append(r1.Piece(text, thinking))
        return pieces[-1]

    monkeypatch.setattr(library, "r1_cancellation_raise", cancel)
    monkeypatch.setattr("r1.model.Piece", piece)
    closed = r1.Model("nano", threads=1)
    running, late = closed.generate("What is 3 + 4?"), closed.generate("What is 3 + 4?")
    next(running)
    closed.close()
    with pytest.raises(r1.Error, match="cancelled"):
        list(running)
    with pytest.raises(ValueError):
        next(late)


def in_a_cycle(generator: Iterator[r1.Piece]) -> None:
    """Leaves a generator, which has begun, to the garbage collector."""
    next(generator)
    cycle: List[object] = [generator]
    cycle.append(cycle)


def collecting_before(function: Callable[..., object]) -> Callable[..., object]:
    def collecting(*arguments: object) -> object:
        gc.collect()
        return function(*arguments)

    return collecting


@pytest.mark.filterwarnings("error")  # an exception in a finaliser is only a warning
@pytest.mark.parametrize("place", ["r1_cancellation_create", "r1_cancellation_raise"])
def test_garbage_may_be_collected_while_a_generation_begins_or_ends(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use() -> None:
        own = r1.Model("nano", threads=1)
        for _ in range(2):
            in_a_cycle(own.generate("What is 3 + 4?"))
        next(own.generate("What is 3 + 4?"))
        in_a_cycle(own.generate("What is 3 + 4?"))
        own.close()

    gc.disable()
    try:
        monkeypatch.setattr(library, place, collecting_before(getattr(library, place)))
        user = threading.Thread(target=use, daemon=True)
        user.start()
        user.join(timeout=120)
        assert not user.is_alive(), "a model waits for itself"
    finally:
        gc.enable()


@pytest.mark.filterwarnings("error")
def test_a_generation_may_collect_its_own_generator(model: r1.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    left = threading.Event()
    pieces: List[r1.Piece] = []

    def piece(text: str, thinking: bool) -> r1.Piece:
        if pieces:
            left.wait(timeout=120)
            gc.collect()
        pieces.append(r1.Piece(text, thinking))
        return pieces[-1]

    monkeypatch.setattr("r1.model.Piece", piece)
    gc.disable()
    try:
        in_a_cycle(model.generate("What is 3 + 4?"))
        thread = next(t for t in threading.enumerate() if t.name == "r1 generation")
        left.set()
        thread.join(timeout=120)
        assert not thread.is_alive(), "the generation was not cancelled"
    finally:
        gc.enable()


def test_a_model_that_is_closed_or_dropped_leaves_no_threads() -> None:
    before = os.listdir("/proc/self/task")

    def added() -> Set[str]:
        return set(os.listdir("/proc/self/task")).difference(before)

    closed, dropped = r1.Model("nano", threads=2), r1.Model("nano", threads=2)
    running = closed.generate("What is 3 + 4?")
    next(running)
    next(dropped.generate("What is 3 + 4?"))
    assert added()
    closed.close()
    del dropped
    deadline = time.monotonic() + 60
    while added() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not added()


def test_a_program_may_end_within_a_generation() -> None:
    program = """
import r1
model = r1.Model("nano", threads=1)
pieces = model.generate("What is 3 + 4?")
print(next(pieces).text)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=300)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_threads_share_a_model(model: r1.Model) -> None:
    questions = ["What is 3 + 4?", "What is 12 * 7?", "What is 90 - 17?"]
    alone = [model.answer(q, seed=1) for q in questions]
    together = [None] * len(questions)

    def ask(i: int) -> None:
        together[i] = model.answer(questions[i], seed=1)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_failures_are_exceptions_with_a_sentence(model: r1.Model) -> None:
    with pytest.raises(r1.Error, match="no-such-model") as caught:
        r1.Model("no-such-model")
    assert caught.value.status == r1.Status.IO
    for cut in (lambda: model.answer("1 +\0 1"), lambda: r1.Model("nano\0")):
        with pytest.raises(ValueError, match="zero character"):
            cut()
    for half in (lambda: model.answer("\ud83d"), lambda: r1.Model("\ud83d"), lambda: model.tokenize("\ud83d")):
        with pytest.raises(ValueError, match="surrogate"):
            half()
    with pytest.raises(r1.Error, match="top_p"):
        model.answer("1 + 1", top_p=2)
    with pytest.raises(r1.Error, match=r"tokens\[1\]"):
        model.detokenize([0, model.vocabulary])
    for call in (
        lambda: model.detokenize([2**32]),
        lambda: model.answer("1 + 1", seed=-1),
        lambda: model.answer("1 + 1", max_tokens=2**63),
        lambda: r1.Model("nano", threads=2**31),
    ):
        with pytest.raises(ValueError, match=r"\d"):
            call()
    closed = r1.Model("nano", threads=1, context=64)
    closed.close()
    with pytest.raises(ValueError):
        closed.tokenize("x")
