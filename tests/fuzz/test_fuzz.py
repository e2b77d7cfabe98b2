"""A sample of `make fuzz`, and that it finds what it is for."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from systems.errors import InputError
from tests.fuzz import harness
from tests.fuzz.harness import CANARY, Target, fuzz
from tests.fuzz.targets import TARGETS

COUNT = 100
"""Enough to see every kind of damage; `make fuzz` tries 100 000."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_inputs_are_used_or_refused_in_one_sentence(folder, target):
    found = fuzz(target, 0, range(COUNT), lambda _: None)
    assert not found.failures, str(found)
    assert found.tried == COUNT
    # Neither all of them nonsense nor all of them good.
    assert found.used > COUNT / 50
    assert found.refused > COUNT / 50


def _raises(_):
    raise KeyError("a fault")


def _refuses(_):
    raise InputError("no.")


def _executes(_):
    eval(f"{CANARY}()")  # noqa: S307


def _starts(_):
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def _hangs(_):
    while True:
        pass


def _swallows(_):
    try:
        time.sleep(60)
    except Exception:  # noqa: BLE001
        time.sleep(60)


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (_raises, "KeyError"),
        (_executes, "Executed"),
        (_starts, "Executed"),
        (_hangs, "Hang"),
        (_swallows, "Hang"),
        (_refuses, None),
        (lambda _: None, None),
    ],
)
def test_faults_are_found(monkeypatch, use, kind):
    monkeypatch.setattr(harness, "SECONDS", 0.05)
    found = fuzz(Target("toy", lambda rng: rng.random(), use), 7, range(3, 5), lambda _: None)
    if kind is None:
        assert not found.failures
        return
    assert found.failures.total() == found.tried == 2
    assert all(why.startswith(kind) for why in found.failures)
    assert "--target toy --seed 7 --first 3 --count 1" in str(found)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_an_input_is_known_by_its_number(target):
    one, other = (target.make(random.Random(f"1/{target.name}/9")) for _ in range(2))
    if target.name != "checkpoints":  # archives hold no two equal dates
        assert repr(one) == repr(other)
