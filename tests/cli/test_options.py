"""What an experiment, or what is learned by it, has no use for is refused, and nothing is left."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interpret as package
import systems
from interpret import Born, Levels, Motion, Values, cli, fit
from interpret.cli.arguments import NUMBERS
from interpret.experiments import EXPERIMENTS, option_fields
from interpret.experiments.levels import USES as OF_LEVELS
from interpret.experiments.motion import USES as OF_MOTION
from interpret.experiments.options import ALIASES
from interpret.pipeline import settled
from systems.errors import InputError

SEVEN = {
    "model": "general",
    "terms": "1",
    "trap": "known",
    "descent": "adam",
    "orders": "1",
    "scale": "slides",
    "samples": "7",
}
MINE = """\
import numpy as np
from systems import Supervised, ValueSamples
def draw(seed, count):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 1))
    return ValueSamples(x, x[:, 0] ** 2, np.ones(count))
SYSTEM = Supervised("mine", "", "", ("x0",), "y", lambda x: x[:, 0] ** 2, draw)
"""
VALUES: dict[str, Any] = {
    **{"dataset": "", "samples": 50, "noise": 0.01, "seed": 1, "steps": 5, "learn": "exact"},
    **{"features": "none", "angles": "q", "inputs": "raw", "library": "1/r", "threshold": 0.1},
    **{"optimizer": "stlsq", "recipe": "report", "device": "cpu", "trap": "known", "terms": 2},
    **{"descent": "adam", "orders": 1, "relative_noise": 0.01, "scale": "default"},
    **{"parts": "auto", "dissipation": "v**2/2", "gyroscopic": "x*yd - y*xd", "drive": "u"},
    **{"prescribed": "x"},
    **{"known": "q**2", "bounds": "q**2: 0..", "same": "q, q**2", "sigma": 0.1, "each": "all"},
    **{"drive_law": "neural", "penalty": 1e-3, "restarts": 2},
}
"""A value that each option may have."""

OF_TRAJECTORIES = ("potential", "forces", "bodies")
SOURCES = {"motion": "trapped_charges", "born": "born", "levels": "luescher", "values": "mine.py"}
OF_RECORDS = {
    name: {None: {item.name for item in fields(experiment.options)}}
    for name, experiment in EXPERIMENTS.items()
}
TABLES: dict[str, Any] = {**OF_RECORDS, "motion": OF_MOTION, "levels": OF_LEVELS}
"""Of every experiment, of everything that it can learn (None: there is one thing): its options."""

FOREIGN = [
    (experiment, learned, name)
    for experiment, table in TABLES.items()
    for learned, known in table.items()
    for name in option_fields()
    if name not in known
]


@pytest.fixture
def here(folder) -> Path:
    """A folder with a file of trajectories and one of a map."""
    q, p = (part(np.linspace(0, 6, 100)) for part in (np.sin, np.cos))
    rows = [f"0,{t!r},{x!r},{y!r}" for t, x, y in np.c_[np.linspace(0, 6, 100), q, p].tolist()]
    (folder / "osc.csv").write_text("\n".join(["trajectory,t,q,p_q", *rows, ""]), encoding="utf-8")
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    return folder


@pytest.fixture
def refused(here, interpret):
    """The one line that a command is refused with: exit code 2, nothing printed, nothing left."""

    def files() -> dict[Path, bytes]:
        """All but what Python itself keeps beside a file that is run."""
        found = (path for path in here.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in found if path.suffix != ".pyc"}

    def message(*arguments: str) -> str:
        before = files()
        outcome = interpret(*arguments)
        assert (outcome.code, outcome.out) == (2, "")
        (line,) = outcome.err.splitlines()
        assert line.startswith("error: ")
        assert files() == before
        assert not (here / "runs").exists()
        return line

    return message


def flags(**options: Any) -> list[str]:
    """Options as the command line has them."""
    return [
        part
        for name, value in options.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


# The command line


def test_seven_options_that_mean_nothing_to_measured_trajectories(refused):
    message = refused("fit", "--data", "osc.csv", *flags(**SEVEN))
    assert "orders (an option of born) and scale (an option of levels); leave them out." in message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model", "general is learned from points of phase space, and these data are trajectories"),
        ("terms", "potential has no use for terms (an option of polynomial, coupling, neural, gen"),
        ("trap", "potential has no use for trap (an option of polynomial, coupling, neural); leav"),
        ("descent", "potential has no use for descent (an option of exact); leave it out."),
        ("orders", "motion has no use for orders (an option of born); leave it out."),
        ("scale", "motion has no use for scale (an option of levels); leave it out."),
        ("samples", "measured samples are not drawn; leave out the samples."),
    ],
)
def test_each_of_the_seven_alone(refused, name, message):
    assert message in refused("fit", "--data", "osc.csv", *flags(**{name: SEVEN[name]}))


def test_a_device_that_points_of_phase_space_have_no_use_for(refused):
    message = refused("fit", "--system", "trapped_charges", "--device", "cuda")
    assert message == (
        "error: polynomial has no use for device (an option of potential); leave it out."
    )


def test_options_of_measured_samples_say_nothing_of_drawing(refused):
    assert "leave out the dataset." in refused("fit", "osc.csv", "--window", "nowhere")
    assert "leave out the dataset and samples." in refused(
        "fit", "osc.csv", "--window", "nowhere", "--samples", "3"
    )


def test_a_dataset_that_there_is_not(refused):
    message = refused("fit", "trapped_charges", "--window", "one_sid")
    assert "has no data set 'one_sid'" in message
    assert "Did you mean 'one_side'?" in message


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_option_and_its_other_name(refused, alias, name):
    for given in ((alias, name), (name, alias)):
        message = refused("fit", "oscillator", *flags(**dict.fromkeys(given, "potential")))
        assert message == f"error: {alias} is another name of {name}; give only one of them."


def test_misspelt_options(refused):
    assert "--seed" in refused("fit", "oscillator", "--sed", "1")
    assert "--library" in refused("fit", "oscillator", "--libary", "q")


def test_values_that_there_are_not(refused):
    message = refused("fit", "oscillator", "--optimizer", "stslq")
    assert "there is no optimizer 'stslq'; there are path, stlsq, sr3, ssr." in message
    assert "Did you mean 'stlsq'?" in message


def test_a_map_has_no_landscape(refused):
    assert "'born' is a map from 64 inputs to a0" in refused("landscape", "born")


@pytest.mark.parametrize("source", ["born", "luescher", "oscillator", "osc.csv", "mine.py"])
def test_a_landscape_of_what_has_none(refused, source):
    refused("landscape", source)


def test_what_can_be_asked_of_it_is_the_table(here):
    """The values that are refused below are good ones where they have a use."""
    for table in (OF_MOTION, OF_LEVELS):
        kind = Motion if table is OF_MOTION else Levels
        for learned, known in table.items():
            for name in set(known) - {"learn", "dataset", "inputs"}:
                assert getattr(kind(learn=learned, **{name: VALUES[name]}), name) == VALUES[name]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("experiment", TABLES)
def test_every_foreign_option_is_refused_on_the_command_line(refused, experiment, every):
    """A fifth of them is tried by the fast tests; in Python, below, all are."""
    others = [(learned, name) for owner, learned, name in FOREIGN if owner == experiment][::every]
    assert others
    for learned, name in others:
        source = "oscillator" if learned in OF_TRAJECTORIES else SOURCES[experiment]
        asked = {} if learned is None else {"learn": learned}
        message = refused("fit", source, *flags(**asked, **{name: VALUES[name]}))
        assert f"has no use for {name} (an option of " in message or (
            "measured samples are not drawn" in message
        )
        owners = message.partition("(an option of ")[2].partition(")")[0].split(", ")
        knowing = {o for o, table in OF_RECORDS.items() if name in table[None]} | {
            what
            for table in (OF_MOTION, OF_LEVELS)
            for what, known in table.items()
            if name in known
        }
        assert set(owners) <= knowing


# Python


@pytest.mark.parametrize(("experiment", "learned", "name"), FOREIGN)
def test_every_foreign_option_is_refused_in_python(here, experiment, learned, name):
    source = "oscillator" if learned in OF_TRAJECTORIES else SOURCES[experiment]
    asked = {} if learned is None else {"learn": learned}
    with pytest.raises(InputError, match=f"has no use for {name} "):
        fit(source, **asked, **{name: VALUES[name]})
    kind = EXPERIMENTS[experiment].options
    if name in {item.name for item in fields(kind)}:
        with pytest.raises(InputError, match=f"has no use for {name} "):
            kind(**asked, **{name: VALUES[name]})


def test_measured_trajectories_have_no_window():
    with pytest.raises(InputError, match="not drawn; leave out the dataset"):
        fit(systems.get("oscillator").draw(), model="general", window="nowhere")


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_option_and_its_other_name_in_python(alias, name):
    with pytest.raises(InputError, match=f"is another name of {name}; give only one of them"):
        fit("oscillator", **{alias: "potential", name: "potential"})


def test_options_twice():
    with pytest.raises(InputError, match=r"give seed in Motion\(...\) or alone"):
        fit("coulomb", Motion(), seed=1)


@pytest.mark.parametrize(
    ("source", "options"),
    [("coulomb", Born()), ("born", Motion()), ("luescher", Values()), ("oscillator", Levels())],
)
def test_options_of_another_experiment(source, options):
    right = EXPERIMENTS[systems.get(source).experiment].options.__name__
    wrong = type(options).__name__
    with pytest.raises(InputError, match=rf"options {right}\(...\), not with {wrong}\(...\)"):
        fit(source, options)


def test_step_by_step_the_options_are_checked_too():
    problem = systems.get("oscillator")
    samples = problem.draw()
    with pytest.raises(InputError, match=r"options Motion\(...\), not with Born\(...\)"):
        package.learn(problem, samples, Born())
    with pytest.raises(InputError, match="general is learned from points of phase space"):
        package.learn(problem, samples, Motion(learn="general"))


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("oscillator", {}, "the recipe default starts one network; add recipe mlp"),
        ("oscillator", {"recipe": "paper"}, "the recipe paper starts one network"),
        (
            "trapped_charges",
            {"learn": "neural", "recipe": "report"},
            "the recipe report trains one network; leave out restarts",
        ),
    ],
)
def test_restarts_are_of_networks_that_are_trained_in_full(source, options, message):
    with pytest.raises(InputError, match=message):
        settled(systems.get(source), None, {**options, "restarts": 2})


def test_a_misspelt_option_in_python():
    with pytest.raises(InputError, match=r"there is no option sed\. Did you mean 'seed'\?"):
        fit("coulomb", sed=1)
    with pytest.raises(InputError, match=r"there is no option libary\. Did you mean 'library'\?"):
        fit("coulomb", libary="1/r")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "the seed is -1; it must be 0 or more"),
        ({"noise": float("nan")}, "the noise is nan"),
        ({"noise": float("inf")}, "the noise is inf"),
        ({"steps": 0}, "the steps is 0; it must be 1 or more"),
        ({"terms": 0, "learn": "neural"}, "the terms is 0"),
        ({"learn": "newral"}, "there is no learn 'newral'.* Did you mean 'neural'?"),
    ],
)
def test_values_that_no_option_has(options, message):
    with pytest.raises(InputError, match=message):
        Motion(**options)


@pytest.mark.parametrize("learned", OF_MOTION)
def test_settled_options_hold_nothing_without_a_use(learned):
    source = "oscillator" if learned in OF_TRAJECTORIES else "trapped_charges"
    _, _, options = settled(systems.get(source), None, {"learn": learned})
    assert options.learn == learned
    assert set(options.given) <= set(OF_MOTION[learned])


def test_numbers_on_the_command_line_are_numbers(here, interpret):
    for name, item in option_fields().items():
        if str(item.type).removesuffix(" | None") in NUMBERS:
            outcome = interpret("fit", "oscillator", *flags(**{name: "many"}))
            assert (outcome.code, outcome.out) == (2, "")
            assert len(outcome.err.splitlines()) == 1


def test_every_option_is_tried_here():
    assert set(VALUES) == set(option_fields())
    assert set(SOURCES) == set(EXPERIMENTS)
    assert cli.main(["--version"]) == 0


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("seed", "a", "the seed must be a whole number, not 'a'"),
        ("seed", 1.5, "the seed must be a whole number, not 1.5"),
        ("seed", True, "the seed must be a whole number, not True"),
        ("noise", "1 %", "the noise must be a number, not '1 %'"),
    ],
)
def test_what_is_no_number_is_refused_in_python_as_on_the_command_line(option, value, message):
    with pytest.raises(InputError, match=message):
        fit("oscillator", **{option: value})


def test_numbers_of_numpy_are_numbers():
    assert Motion(seed=np.int64(3), noise=np.float64(0.1)).given == {"seed": 3, "noise": 0.1}


def test_a_name_longer_than_a_files_can_be_is_no_system():
    with pytest.raises(InputError, match="there is no system 'xxx"):
        fit("x" * 5000)
