"""A sample of `make trials`, and that what runs and counts them can be trusted."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from interpret.keep.folder import save
from interpret.laws.parts import Bodies
from interpret.sweeps.outcomes import go_on
from interpret.sweeps.workers import Answer, Crew, tried
from tests.trials import measures, outcome, table, wrong
from tests.trials.groups import GROUPS
from tests.trials.outcome import Outcome, Trial
from tests.trials.toys import TRIALS, faulty, nobody, quick, right
from tests.trials.worlds import KINDS

NAMED = {outcome.name_of(trial, "code"): trial for trial in TRIALS}


def found(folder, code="code"):
    """What is kept of the toys, by trial."""
    pairs = ((trial, outcome.read(folder, trial, code)) for trial in TRIALS)
    return {trial: item for trial, item in pairs if item is not None}


def test_what_is_kept_is_read_back(folder):
    tried = {trial: {**quick(trial), "numbers": {"z": {"q": "inf"}}} for trial in TRIALS}
    for name, trial in NAMED.items():
        save(folder, {f"{name}.json": vars(Answer(tried[trial]))})
    assert found(folder) == {
        trial: replace(right(trial), numbers={"z": {"q": np.inf}}) for trial in TRIALS
    }
    assert found(folder, "other code") == {}
    (folder / f"{next(iter(NAMED))}.json").write_text('{"result": {"ca')  # what a disk may leave
    assert len(found(folder)) == len(TRIALS) - 1


@pytest.mark.slow
def test_hangs_and_deaths_are_outcomes_and_take_no_other_trial_along(folder):
    go_on(Crew(2, limit=20.0), faulty, NAMED, folder, nobody)
    why = [item.failure for item in found(folder).values()]
    assert why[1].startswith("Died: 2 processes ended on this task")
    assert why[2].startswith("Died: 2 processes ended on this task")
    assert why[3].startswith("ZeroDivisionError at ")
    assert "trials/toys.py:" in why[3]
    assert [why[0], *why[4:]] == ["", "", ""]
    assert not table.figures(list(found(folder).values()))[0].met


# What is counted


def laws(**fields):
    return Outcome(**{"trial": TRIALS[0], "case": "toy", "noise": "0", "verdict": "identified",
                      "right": True} | fields)  # fmt: skip


def missed(*outcomes):
    return [figure.name for figure in table.figures(outcomes) if not figure.met]


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        (laws(right=False), "wrong laws identified, noise 0"),
        (laws(right=False, noise="0 short"), "wrong laws identified, noise 0"),
        (
            laws(right=False, noise="1 %", numbers={"excess": 31.0}),
            "wrong laws identified whose χ² exceeds the true one's by 30",
        ),
        (laws(failure="Hang: killed"), "trials that fail or hang"),
        (
            laws(trial=Trial("kept", 0, 0), verdict="ambiguous", noise="1 %"),
            "catalog's laws right and identified, noise 1 %",
        ),
        (
            laws(trial=Trial("kept", 0, 0), right=False),
            "catalog's laws right and identified, noise 0",
        ),
        (laws(trial=Trial("kept", 0, 0), verdict="ambiguous"), "right laws refused by any check"),
        (
            laws(trial=Trial("exact", 0, 0), numbers={"why": "DIFFERENT"}),
            "noise-free laws IDENTICAL",
        ),
        (
            laws(trial=Trial("forced", 0, 0), right=False, numbers={"support": False, "z": {}}),
            "terms of toy, 0, all found",
        ),
        (
            laws(trial=Trial("absent", 0, 0), numbers={"claimed": ["dissipative"]}),
            "parts claimed that are not there",
        ),
    ],
)
def test_a_planted_fault_is_counted_and_told(planted, name):
    assert name in missed(planted)
    assert str(planted.trial) in table.markdown([planted], 0)


@pytest.mark.parametrize(
    "fine",
    [
        laws(),
        laws(right=None),
        laws(right=False, verdict="approximate (2 %)"),
        laws(right=False, noise="1 %", numbers={"excess": 29.0}),
        laws(trial=Trial("kept", 0, 0)),
        laws(trial=Trial("exact", 0, 0), numbers={"why": "IDENTICAL"}),
        laws(trial=Trial("forced", 0, 0), numbers={"support": True, "z": {}}),
        laws(trial=Trial("absent", 0, 0), verdict="ambiguous", numbers={"claimed": []}),
    ],
)
def test_what_is_as_asked_is_not_missed(fine):
    assert missed(fine) == []
    assert table.missing(fine) == ""


@pytest.mark.parametrize(("scale", "met"), [(1.0, True), (1.4, False), (0.6, False)])
def test_error_bars_that_are_too_small_or_too_large_are_found(scale, met):
    z = scale * np.random.default_rng(0).standard_normal(200)
    found = [
        laws(trial=Trial("coverage", k, 0), numbers={"z": {"q": float(value)}})
        for k, value in enumerate(z)
    ]
    assert (missed(*found) == []) == met


# What is measured


@pytest.mark.slow
@pytest.mark.parametrize("kind", [("columns", "filtered")])
def test_a_trial_makes_the_same_data_again(kind):
    trial = Trial("wrong", KINDS.index(kind), 3)
    one, other = wrong.made(trial), wrong.made(trial)
    assert one[:2] == other[:2]
    assert one[2].shown.digest() == other[2].shown.digest()
    assert one[2].shown.digest() != wrong.made(replace(trial, seed=4))[2].shown.digest()


def _spring(noise):
    """The first plain spring-like world of the group with that noise, and its true law."""
    number = wrong.NOISES.index(noise) * len(KINDS) + KINDS.index(("right", "well"))
    while (made := wrong.made(Trial("wrong", number, 0)))[1] != ("0" if not noise else "1 %"):
        number += len(wrong.NOISES) * len(KINDS)
    return made[2]


def _law(record, expr):
    import sympy

    from tests.builders import potential_law

    terms = sympy.Add.make_args(sympy.expand(expr))
    pairs = [term.as_coeff_Mul() for term in terms]
    size = len(pairs)
    law = potential_law(terms=[t for _, t in pairs], candidates=[t for _, t in pairs],
                        coefficients=[float(c) for c, _ in pairs], covariance=1e-16 * np.eye(size),
                        domain={"x": (-3.0, 3.0)}, system="data")  # fmt: skip
    bodies = Bodies(dict(zip(record.shown.coordinates, record.shown.mass.tolist(), strict=True)))
    return replace(law, variables=replace(law.variables, bodies=bodies))


@pytest.mark.slow
def test_the_true_law_explains_the_data_and_a_wrong_one_does_not():
    record = _spring(0.01)
    assert abs(measures.excess(_law(record, record.truth), record)) < 10
    bent = record.truth * 1.05
    assert measures.excess(_law(record, bent), record) > 100
    assert measures.right(_law(record, record.truth), record)[0] is True
    assert measures.right(_law(record, bent), record)[0] is False


def test_without_a_truth_in_the_library_the_forces_are_compared():
    record = _spring(0.0)
    outside = replace(record, truth=None)
    assert np.isnan(measures.excess(_law(record, record.truth), record))
    assert measures.right(_law(record, record.truth), outside)[0] is None
    assert measures.right(_law(record, record.truth * 1.001), outside)[0] is False
    assert measures.right(_law(record, record.truth), replace(outside, forces=None))[0] is False


SAMPLE = 30
"""Of wrong laws, and as many of right ones."""


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_sample_of_the_trials():
    rng = random.Random(11)
    found = []
    for group in ("wrong", "kept"):
        for index in sorted(rng.sample(range(GROUPS[group].count), SAMPLE)):
            answer = tried(GROUPS[group].run, Trial(group, index, 0))
            assert not answer.failure, answer
            found.append(answer.result)
    told = table.markdown(found, 0)
    laws = [item for item in found if item.trial.group == "wrong" and item.right is False]
    assert not any(item.identified for item in laws if table.is_exact(item)), told
    clear = [item.identified for item in laws if table.refuted(item)]
    assert sum(clear) <= binom.ppf(0.999, len(clear), 0.01), told
    right = [item for item in found if item.trial.group == "kept"]
    for noises, asked in ((("0", "1 %"), 0.98), (("5 %",), 0.95)):
        kept = [item.identified and item.right is not False for item in right
                if item.noise in noises]  # fmt: skip
        assert sum(kept) >= binom.ppf(0.001, len(kept), asked), told


@pytest.mark.slow
def test_what_a_fit_leaves_of_exact_positions_is_its_integrators():
    """Velocities 5 % off are set aside; of the positions 1e-12 is left, and no minimum is lower."""
    told = wrong.run(Trial("wrong", 33, 0))
    assert (told.case, told.noise) == ("columns: slightly off", "0")
    assert told.right
    assert told.verdict == "identified", told.checks
