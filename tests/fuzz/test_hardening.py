"""Whatever a user gives is used, or refused in one sentence, soon, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from interpret.cli import main
from interpret.cli.request import Request
from interpret.experiments.motion import Motion
from interpret.keep import folder as runs
from interpret.landscapes.view import MOST_PIXELS, View
from interpret.pipeline import fit, settled
from interpret.run import Run
from interpret.tools.loading import LoadedRun
from systems.errors import InputError, damage
from systems.expressions import parse, text
from systems.user import from_potential
from tests.builders import thinned
from tests.fuzz.runs import RUNS
from training.features import Features
from training.optimise.checkpoint import Checkpoint, Progress, load_tensors
from training.potential import Potential

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400)])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["q", "1/0", "q**2", "potential", "__import__('os').getcwd()"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refused(call, *arguments, **options):
    """The sentence that a call is refused with, or None where it is not."""
    try:
        call(*arguments, **options)
    except InputError as error:
        said = str(error)
    else:
        return None
    assert "\n" not in said
    return said


# Formulas


def _powers(inner):
    numbers = st.sampled_from(["10**39", "1000", "999", "7", "0.5", "-1", "(1/3)"])
    return (
        st.builds("({})**({})".format, inner, numbers | inner)
        | st.builds("({})*({})".format, inner, numbers | inner)
        | st.builds("{}({})".format, st.sampled_from(["abs", "exp", "cosh", "log"]), inner)
    )


formulas = st.recursive(st.sampled_from(["q", "x", "2", "10**39", "0.1"]), _powers, max_leaves=8)


@given(formulas | st.text(alphabet="qx0123456789.+-*/^()e, ", max_size=40))
def test_a_formula_is_read_or_refused_at_once(written):
    began = time.process_time()
    with contextlib.suppress(InputError):
        parse(text(parse(written)))
    assert time.process_time() - began < 5  # a second on a quiet machine


@pytest.mark.parametrize(
    "written",
    [
        "((10**39*q)**1000)**1000",
        "abs(q/10**q**1000)",
        "((q**100)**100)**100",
        "(10**39*q)**1000",
        "abs(exp(q**900))",
        "abs(asin(sqrt(q))**1000)",
        "cosh(q**999)",
        "0**(q**2)",
        "10**39*10**39*q",
    ],
)
def test_a_short_text_that_spells_an_enormous_formula_is_refused(written):
    began = time.process_time()
    with pytest.raises(InputError):
        parse(written)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("abs(exp(q))", "exp(q)"),
        ("abs(q*exp(-q))", "abs(q)*exp(-q)"),
        ("(q**30)**30", "q**900"),
        ("(q + 1)**4*(3*q + 7*q**2)**4", "(q + 1)**4*(3*q + 7*q**2)**4"),
        ("exp(-q**12)", "exp(-q**12)"),
    ],
)
def test_what_a_user_means_is_still_read(written, same):
    assert parse(written) == parse(same)


def test_letters_that_python_takes_for_one_another_stay_different():
    phi, other = parse("ϕ"), parse("φ")
    assert (phi.name, other.name) == ("ϕ", "φ")
    assert text(parse("ϕ**2 - φ", ["ϕ", "φ"])) == "-φ + ϕ**2"
    features = Features.of(("ϕ", "φ"), {"s": phi - other})
    assert features.values(np.array([[3.0, 1.0]])) == [[2.0]]


# Numbers


@given(st.floats() | st.integers())
def test_a_mass_is_used_or_refused(mass):
    said = refused(from_potential, "q**2", [mass])
    usable = 1e-100 <= mass <= 1e100 if mass == mass else False
    assert (said is None) == usable


def test_a_mass_of_1e_300_is_told_by_what_is_wrong_with_it():
    assert "masses 1e-300 must be between" in refused(from_potential, "q**2", [1e-300])


@given(pixels=anything, steps=anything, seed=anything, noise=anything)
def test_a_landscape_has_a_size_that_can_be_drawn(pixels, steps, seed, noise):
    if refused(View, pixels=pixels, steps=steps, seed=seed, noise=noise) is None:
        assert 2 <= pixels <= MOST_PIXELS
        assert steps > 0


def test_a_picture_of_99999999_pixels_is_refused_at_once(folder, capsys):
    assert main(["landscape", "trapped_charges", "--pixels", "99999999"]) == 2
    assert "the pixels must be 2000 at most" in capsys.readouterr().err
    assert not list(folder.iterdir())


# Options of a call


@given(anything)
@example({"": [-(2**63) - 1]})
def test_a_source_is_something_that_can_be_fitted(source):
    assert refused(settled, source, None, {}) is not None


@given(st.dictionaries(st.sampled_from(sorted(Motion.__dataclass_fields__)), anything, max_size=3))
def test_options_are_taken_or_refused(options):
    refused(settled, "double_well", None, options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 1.5}, "the seed must be a whole number"),
        ({"seed": 10**30}, "the seed must be 9.007e+15 at most"),
        ({"steps": -3}, "the steps is -3; it must be 1 or more"),
        ({"dataset": ["T1"]}, "the dataset must be text"),
        ({"optimizer": 5}, "the optimizer must be text, not 5"),
        ({"library": 5}, "the library must be text"),
        ({"features": 5}, "the features must be text"),
        ({"features": {"r": 5}}, "an expression is text, not 5"),
        ({"features": {1: "q"}}, "the name of a variable is text, not 1"),
        ({"out": 5}, "5 is not the path of a folder"),
        ({"out": ""}, "'' is not the path of a folder"),
        ({"resume": 5}, "5 is not the path of a folder"),
    ],
)
def test_a_wrong_kind_of_value_is_told(folder, options, said):
    assert said in refused(fit, "double_well", **options)
    assert "123 are no trajectories" in refused(fit, 123)
    assert not list(folder.iterdir())


def test_a_choice_of_numbers_is_told():
    assert "there is no orders 7; there are 1, 2, 3" in refused(fit, "born", orders=7)


# What is kept of a run


@given(st.data())
def test_any_json_anywhere_in_a_run_is_read_or_refused(tmp_path_factory, data):
    files = json.loads(json.dumps(data.draw(st.sampled_from(RUNS))))
    holder, key = files, data.draw(st.sampled_from(sorted(files)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.integers(0, 4)):
        holder = holder[key]
        keys = sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
    holder[key] = data.draw(anything)
    path = tmp_path_factory.mktemp("run")
    for name, content in files.items():
        (path / name).write_text(json.dumps(content))
    with contextlib.suppress(InputError):
        run = Run.load(path)
        run.text()
        runs.to_json(run.json())
        run.written("html")
    with contextlib.suppress(InputError):
        Request.from_json(runs.read(path / runs.REQUEST))


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, "9" * 5000])
@pytest.mark.parametrize("name", [runs.LAW, runs.SETTINGS, runs.COMPARISON])
def test_deep_json_is_damage(folder, name, content):
    _kept(folder / "mine")
    (folder / "mine" / name).write_text(content)
    with pytest.raises(InputError, match=f"{name} is damaged"):
        Run.load("mine")


def _kept(path):
    path.mkdir()
    for name, content in RUNS[0].items():
        (path / name).write_text(runs.to_json(content))


@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_weights_changes_nothing_or_is_found(tmp_path_factory, place, bit):
    weights = {"coefficients": torch.linspace(0, 1, 7, dtype=torch.float64), "names": ["x", "y"]}
    stream = io.BytesIO()
    torch.save(weights, stream)
    content = bytearray(stream.getvalue())
    content[place % len(content)] ^= 1 << bit
    path = tmp_path_factory.mktemp("weights") / "weights.pt"
    path.write_bytes(content)
    try:
        found = load_tensors(path)
    except InputError:
        return
    assert found["names"] == weights["names"]
    assert torch.equal(found["coefficients"], weights["coefficients"])


@given(anything)
def test_weights_of_something_else_are_told(tmp_path_factory, kept):
    path = tmp_path_factory.mktemp("weights") / "weights.pt"
    torch.save({"basis": kept, "coefficients": kept, "features": kept, "coordinates": kept}, path)
    assert "weights.pt" in refused(Potential.load, path)


def test_damage_within_damage_is_told_once():
    with pytest.raises(InputError) as raised, damage("the run"), damage("the law"):
        raise ValueError("no number")
    assert str(raised.value) == "the law is damaged (no number); fit the run again."


# Nothing is lost


def test_a_run_is_not_fitted_over_another(folder):
    first = fit("oscillator", out="mine")
    with pytest.raises(InputError, match="mine already holds a run"):
        fit("double_well", out="mine")
    with pytest.raises(InputError, match="mine already holds a run"):
        first.save("mine")
    assert Run.load("mine").law == first.law


def test_a_training_under_way_is_not_written_over(folder):
    Checkpoint(folder / "mine" / runs.CHECKPOINT, Progress(torch.ones(2))).write()
    with pytest.raises(InputError, match="mine already holds a run"):
        fit("oscillator", out="mine")
    assert torch.equal(Checkpoint.read(folder / "mine" / runs.CHECKPOINT).progress.parameters,
                       torch.ones(2))  # fmt: skip


def test_a_fit_that_is_refused_leaves_no_folder(folder):
    assert refused(fit, "oscillator", out="mine", library="q**2, 2*q**2") is not None
    assert refused(fit, "oscillator", out="other", features="r=1/q") is not None
    assert not (folder / "other").exists()


def test_a_disk_that_fills_up_in_training_leaves_what_was_kept(folder, monkeypatch):
    few, small = thinned("double_well", "T2", 10), {"recipe": "mlp", "steps": 8}
    monkeypatch.setattr("training.optimise.checkpoint.SECONDS_BETWEEN_WRITES", -1.0)
    written = []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fsync)
        with pytest.raises(InputError, match="No space left on device"):
            fit(few, out="mine", **small)
    assert [item.name for item in Path("mine").iterdir()] == [runs.CHECKPOINT]

    run = fit(few, out="mine", resume="mine", **small)

    assert run.comparison.verdict == "IDENTICAL"
    assert Run.load("mine").law == run.law


@pytest.mark.slow
def test_a_run_finds_its_data_from_any_folder(folder, monkeypatch, capsys):
    """Compared, and asked again, where the data's relative path leads nowhere."""
    t = np.linspace(0, 8, 400)
    table = np.column_stack([t, np.sin(t), np.cos(t)])
    np.savetxt("swing.csv", table, delimiter=",", header="t,x,p_x", comments="")
    Path("own.py").write_text("import systems\nSYSTEM = systems.from_potential('q**2/2')\n")
    assert main(["fit", "swing.csv", "--out", "one", "--quiet"]) == 0
    assert main(["fit", "own.py", "--out", "two", "--quiet"]) == 0
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    capsys.readouterr()

    assert main(["compare", "../one", "--truth", "x**2/2"]) == 0
    assert main(["compare", "../two"]) == 0

    assert capsys.readouterr().out.count("DIFFERENT") == 0


def test_a_tool_that_is_told_a_run_of_version_0_1_of_another_system_names_it(folder):
    old = RUNS[3]
    Path("old").mkdir()
    for name, content in old.items():
        (Path("old") / name).write_text(json.dumps(content))
    with pytest.raises(InputError, match="old is a run of double_well, which has no levels"):
        LoadedRun.load("old")
