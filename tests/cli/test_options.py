"""Options: what means nothing is refused in one sentence, before anything is drawn or kept."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

import interpret as package
import systems
from interpret.experiments import EXPERIMENTS, levels, motion
from interpret.experiments.born import Born
from interpret.experiments.motion import Motion
from interpret.experiments.options import ALIASES
from interpret.pipeline import settled
from systems.errors import InputError
from systems.samples.trajectories import Trajectories

SEVEN = {
    "model": "general",
    "terms": "1",
    "trap": "known",
    "descent": "adam",
    "orders": "1",
    "scale": "slides",
    "samples": "7",
}
"""Options that mean nothing to measured trajectories, each with a value it may have."""

VALUES = {"seed": 3, "noise": 0.1, "features": "none", "library": "x", "device": "cpu"}
"""A value of every option that has no choices to take one from; of all others it is 1."""


def value(item):
    """A value that an option may have, and has not by default."""
    return VALUES.get(item.name) or (item.metadata["meaning"].choices or (1,))[0]


@pytest.fixture
def spring(folder):
    """Trajectories of a spring in osc.csv."""
    t = np.linspace(0, 6, 60)
    table = np.column_stack([t, np.sin(t), np.cos(t)])
    np.savetxt(folder / "osc.csv", table, delimiter=",", header="t,x,p_x", comments="")
    return folder


def refused(outcome, folder, *said):
    """Checks that a command was refused in one sentence and left nothing behind."""
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith("error: ")
    for part in said:
        assert part in outcome.err
    assert not [item for item in folder.iterdir() if item.name != "osc.csv"]


def test_all_seven_at_once(interpret, spring):
    flags = [part for name, given in SEVEN.items() for part in (f"--{name}", given)]
    outcome = interpret("fit", "--data", "osc.csv", *flags)
    refused(outcome, spring, "orders", "scale", "motion has no use for")


@pytest.mark.parametrize("name", SEVEN)
def test_each_of_the_seven_alone(interpret, spring, name):
    said = "general is learned from points of phase space" if name == "model" else name
    refused(interpret("fit", "osc.csv", f"--{name}", SEVEN[name]), spring, said)


def test_a_solve_needs_no_device(interpret, folder):
    outcome = interpret("fit", "--system", "trapped_charges", "--device", "cuda")
    refused(outcome, folder, "polynomial has no use for device")


def test_a_map_has_no_landscape(interpret, folder):
    refused(interpret("landscape", "born"), folder, "'born' is a map from 64 inputs to a0")


def test_trajectories_are_not_drawn():
    t = np.linspace(0, 6, 60)
    q, p = np.sin(t)[None, :, None], np.cos(t)[None, :, None]
    spring = Trajectories.from_arrays(("x",), (1.0,), t, q, p)
    with pytest.raises(InputError, match="measured samples are not drawn; leave out the dataset"):
        package.fit(spring, window="nowhere")
    with pytest.raises(InputError):
        package.fit(spring, model="general", window="nowhere")


LEARNED = [
    (record, learn, uses)
    for record, table in ((Motion, motion.USES), (levels.Levels, levels.USES))
    for learn, uses in table.items()
]


@pytest.mark.parametrize(("record", "learn", "uses"), LEARNED, ids=lambda item: str(item)[:12])
def test_what_is_learned_refuses_every_option_without_a_use(record, learn, uses):
    """And takes every other one."""
    for item in fields(record):
        if item.name == "learn":
            continue
        given = {"learn": learn, item.name: value(item)}
        if item.name in uses:
            assert record(**given).given[item.name] == value(item)
            continue
        with pytest.raises(InputError, match=f"^{learn} has no use for {item.name}") as caught:
            record(**given)
        owners = [name for name, u in tables(record).items() if item.name in u]
        assert f"(an option of {', '.join(owners)})" in str(caught.value)


def tables(record):
    return motion.USES if record is Motion else levels.USES


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_refuses_every_option_of_another(name):
    experiment = EXPERIMENTS[name]
    own = {item.name for item in fields(experiment.options)}
    foreign = {
        item.name: value(item)
        for other in EXPERIMENTS.values()
        for item in fields(other.options)
        if item.name not in own
    }
    assert foreign
    for option, given in foreign.items():
        with pytest.raises(InputError, match=f"^{name} has no use for {option} .an option of"):
            experiment.asked(None, {option: given})


@pytest.mark.parametrize("learn", motion.USES)
def test_settled_options_hold_nothing_without_a_use(learn):
    source = "oscillator" if learn == "potential" else "trapped_charges"
    _, _, options = settled(systems.get(source), None, {"learn": learn})
    assert options.learn == learn
    assert set(options.given) <= set(motion.USES[learn])


@pytest.mark.parametrize("alias", ALIASES)
def test_an_option_and_its_alias_are_one(alias):
    name = ALIASES[alias]
    with pytest.raises(InputError, match=f"{alias} is another name of {name}; give only one"):
        package.fit("trapped_charges", **{name: "exact", alias: "exact"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sed": 1}, "there is no option sed. Did you mean 'seed'?"),
        ({"libary": "q"}, "there is no option libary. Did you mean 'library'?"),
        ({"learn": "exakt"}, "there is no learn 'exakt'"),
        ({"noise": float("nan")}, "the noise is nan; it must be 0 or more."),
    ],
)
def test_a_slip_is_told(given, said):
    with pytest.raises(InputError) as caught:
        package.fit("coulomb", **given)
    assert str(caught.value).startswith(said)


def test_a_misspelt_flag(interpret, folder):
    refused(interpret("fit", "coulomb", "--sed", "1"), folder, "--sed", "--seed")


def test_options_come_as_a_record_or_one_by_one():
    with pytest.raises(InputError, match=r"^give seed in Motion\(\.\.\.\) or alone\.$"):
        package.fit("coulomb", Motion(), seed=1)


def test_a_record_of_another_experiment():
    with pytest.raises(InputError, match=r"options Motion\(\.\.\.\), not with Born\(\.\.\.\)"):
        package.fit("coulomb", Born())
    with pytest.raises(InputError, match=r"options Born\(\.\.\.\), not with Motion\(\.\.\.\)"):
        package.fit("born", Motion())
