"""A library without a true term is flagged and never reported as a law, with noise as without."""

from __future__ import annotations

import pytest

import interpret
import systems
from interpret import Library
from systems.expressions import parse

TRUE_TERMS = {
    "oscillator": ("q**2",),
    "double_well": ("q", "q**2", "q**3", "q**4"),
    "central_force": ("1/r", "1/r**2", "1/(10-r)"),
    "coulomb": ("1/r",),
}
SETS = [
    ("oscillator", "circles"),
    ("double_well", "T1"),
    ("double_well", "T2"),
    ("double_well", "T3"),
    ("central_force", "reduced"),
    ("coulomb", "verlet"),
    ("coulomb", "exact"),
    ("coulomb", "long_verlet"),
    ("coulomb", "long_exact"),
]
EVERY = [(name, dataset, term) for name, dataset in SETS for term in TRUE_TERMS[name]]


def without(name, term):
    """The system's library without one true term, and proof that it was one."""
    whole = Library.of(systems.get(name))
    rest = whole - Library([parse(term)])
    assert len(rest) == len(whole) - 1
    return rest


def judged(name, dataset, term, noise, parts="auto"):
    features = "given" if name == "coulomb" else "auto"
    library = without(name, term)
    return interpret.fit(
        name, dataset=dataset, features=features, library=library, noise=noise, parts=parts
    )


def check(run):
    assert run.law.verdict == "not in the library"
    assert run.law.reasons
    assert run.comparison.verdict == "DIFFERENT"
    assert run.comparison.support_recall < 1
    assert "no law found" in run.text()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset", "term"), EVERY)
def test_without_noise(name, dataset, term):
    check(judged(name, dataset, term, 0.0))


NOISY = [case for case in EVERY if case[1] not in ("verlet", "exact")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset", "term"), NOISY)
def test_at_one_percent_noise(name, dataset, term):
    check(judged(name, dataset, term, 0.01))


@pytest.mark.slow
def test_at_one_percent_noise_where_nothing_else_is_sought():
    check(judged("oscillator", "circles", "q**2", 0.01, parts="potential"))


QUIET = [
    (name, dataset, noise, seed)
    for name, dataset in (("oscillator", "circles"), ("double_well", "T3"))
    for noise in (0.01, 0.05)
    for seed in range(3)
]


# The oscillator's seed 0 is among the quick ones of `test_noise`, which say this, too.
@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset", "noise", "seed"), QUIET)
def test_no_false_alarm(name, dataset, noise, seed):
    """What is not missing is not missed."""
    law = interpret.fit(name, dataset=dataset, noise=noise, seed=seed).law
    assert law.verdict != "not in the library"
