"""The progress bar: on a terminal alone, and cheap."""

from __future__ import annotations

import io
import time

import pytest

from interpret.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_steps_loss_and_time():
    stream = Terminal()

    with Progress(stream=stream) as progress:
        progress.update(step=3, total=12, loss=0.00123)

    assert "3/12" in stream.getvalue()
    assert "loss 0.00123" in stream.getvalue()


@pytest.mark.parametrize(
    ("quiet", "stream"), [(True, Terminal()), (False, io.StringIO())], ids=["quiet", "no terminal"]
)
def test_otherwise_it_is_silent(quiet, stream):
    with Progress(quiet, stream) as progress:
        progress.update(step=3, total=12, loss=0.5)

    assert stream.getvalue() == ""


def test_the_last_step_is_always_drawn():
    stream = Terminal()

    with Progress(stream=stream) as progress:
        for step in range(1, 101):
            progress.update(step, total=100, loss=1 / step)

    assert "100/100" in stream.getvalue()


def test_a_fast_loop_is_not_slowed():
    stream = Terminal()

    start = time.perf_counter()
    with Progress(stream=stream) as progress:
        for step in range(100_000):
            progress.update(step, total=1_000_000, loss=1.0)
    spent = time.perf_counter() - start

    # Drawing every step would take minutes; it is drawn at most ten times a second.
    assert stream.getvalue().count("loss") <= 10 * spent + 3


def test_data_that_are_made_have_no_loss():
    stream = Terminal()

    with Progress(stream=stream) as progress:
        progress.update(step=5, total=5, loss=None)
        progress.update(step=7, total=7, loss=0.25)

    made, _, trained = stream.getvalue().partition("training")
    assert "drawing" in made
    assert "5/5" in made
    assert "loss" not in made
    assert "loss 0.25" in trained


def test_an_error_inside_closes_the_bar():
    stream = Terminal()

    def interrupted() -> None:
        with Progress(stream=stream) as progress:
            progress.update(step=1, total=2, loss=1.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hide, show = "\x1b[?25l", "\x1b[?25h"
    written = stream.getvalue()
    assert written.rindex(show) > written.rindex(hide)
