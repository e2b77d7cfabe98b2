"""Sources and requests: what the command line says, checked and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpret.cli.request import Request
from interpret.cli.source import KINDS, Source
from interpret.keep.provenance import provenance
from systems.errors import InputError


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (Source(system="coulomb"), "coulomb"),
        (Source(system="./my/pendulum.py"), "pendulum"),
        (Source(data="measured/spring.csv"), "spring"),
        (Source(potential="q**4"), "potential"),
        (Source(lagrangian="xd**2/2"), "lagrangian"),
    ],
)
def test_a_run_is_named_after_its_source(source, name):
    assert source.name == name


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_there_is_exactly_one_source(first, second):
    if first == second:
        assert getattr(Source(**{first: "x"}), first) == "x"
        return
    with pytest.raises(InputError, match="give only one of") as raised:
        Source(**{first: "x", second: "y"})
    assert f"--{first}" in str(raised.value)
    assert f"--{second}" in str(raised.value)


@pytest.mark.parametrize("mass", ["1,two", "", "1,,2"])
def test_masses_are_numbers(mass):
    with pytest.raises(InputError, match=r"^--mass .* is not a list of numbers"):
        Source(potential="q**2", mass=mass).open()


def test_masses_go_with_the_coordinates_in_their_order():
    source = Source(potential="x**2 + 2*y**2", coordinates="y, x", mass="1,2")

    system = source.open()

    assert system.motion().coordinates == ("y", "x")
    assert system.motion().mass == (1.0, 2.0)


def test_each_kind_of_source_opens(folder):
    Path("fall.csv").write_text("t,x,v_x\n0,0,0\n1,-5,-10\n2,-20,-20\n")

    assert Source(system="oscillator").open().name == "oscillator"
    assert Source(lagrangian="xd**2/2 - x**2/2").open().motion().coordinates == ("x",)
    trajectories = Source(data="fall.csv", mass="2").open().samples
    assert trajectories[0].p.ravel().tolist() == [0.0, -20.0, -40.0]


def test_names_are_not_empty():
    with pytest.raises(InputError, match="has an empty name"):
        Source(data="x.csv", coordinates="x,,y").open()


text = st.none() | st.text()


@given(
    features=st.text(),
    library=text,
    threshold=st.none() | st.floats(min_value=0, allow_infinity=False),
    steps=st.none() | st.integers(min_value=1),
    seed=st.integers(min_value=0),
    mass=text,
)
def test_a_request_is_read_back_exactly(features, library, threshold, steps, seed, mass):
    options = {"features": features, "library": library, "threshold": threshold}
    request = Request(Source(data="x.csv", mass=mass), {**options, "steps": steps, "seed": seed})

    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize(
    "record",
    [{}, {"source": None}, {"source": {"sistem": "x"}}, {"source": {"system": "x"}, "sed": 1}],
)
def test_a_damaged_request_is_refused(record):
    with pytest.raises(InputError, match="does not say what it was asked for"):
        Request.from_json(record)


def test_provenance_says_how_to_get_the_result_again():
    record = provenance(seed=3, digest="ab12", command=["interpret", "fit", "--data", "my run.csv"])

    assert record["seed"] == 3
    assert record["data_sha256"] == "ab12"
    assert record["command"] == "interpret fit --data 'my run.csv'"
    assert record["date"].endswith("+00:00")
    assert set(record["versions"]) == {
        *("python", "interpret"),
        *("numpy", "scipy", "sympy", "torch"),
    }
    assert json.loads(json.dumps(record)) == record
