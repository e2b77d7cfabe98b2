"""Who does the work, and the pictures of forces: beside motions whose energy is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.ledger.left_over import LeftOver
from interpret.ledger.motion import Courses
from interpret.ledger.work import Share, Work, work
from interpret.pictures import forces as plots
from interpret.pictures.drawn import png
from systems import Mechanics
from systems.expressions import parse
from training.prepare.noise import estimate

PNG = b"\x89PNG"
MASS = (2.0, 0.5)
OTHERS = {
    "dissipative": parse("0.15*(xd**2 + yd**2)"),
    "gyroscopic": parse("0.4*(x*yd - y*xd)"),
    "drive": parse("0.6*x*cos(t)"),
}
POTENTIAL = parse("x**2 + y**2/4")


def motion(**others):
    """Two trajectories in a trap, pushed, rubbed and turned."""
    mechanics = Mechanics(("x", "y"), MASS, POTENTIAL, others=others or OTHERS)
    return mechanics.flow([[1, 0.5], [-0.3, 1]], [[0, 0.4], [1, 0]], np.linspace(0, 12, 400))


def law(**others) -> Law:
    """The law of that motion; every part is one term, with the coefficient 1."""
    parts = {"potential": POTENTIAL, **(others or OTHERS)}
    return Law(
        origin=Origin("trap"),
        parts=tuple(Part(name, (term,), (term,)) for name, term in parts.items()),
        coefficients=np.ones(len(parts)),
        covariance=np.zeros((len(parts),) * 2),
        variables=Variables({}, {}, Bodies(dict(zip("xy", MASS, strict=True)))),
    )


@pytest.fixture(scope="module")
def courses():
    data = motion()
    return Courses.of(data, estimate(data))


def test_the_parts_account_for_the_kinetic_energy(courses):
    """Net work is the change of ½ Σ m v², friction takes ∫ 0.3 v² dt, a field does nothing."""
    found = work(law(), courses)
    assert found.left_over < 1e-6
    data = motion()
    kinetic = [data.kinetic(number) for number in range(2)]
    gained = sum(float(each[-1] - each[0]) for each in kinetic)
    net = sum(share.net for share in found.parts.values())
    assert net * found.done == pytest.approx(gained, abs=1e-6)
    assert sum(share.gross for share in found.parts.values()) == pytest.approx(1)
    rubbed = sum(
        float(np.trapezoid(0.3 * ((item.p / MASS) ** 2).sum(axis=1), item.t)) for item in data
    )
    taken = found.parts["dissipative"]
    assert taken.gross * found.done == pytest.approx(rubbed, rel=1e-3)
    assert taken.net == pytest.approx(-taken.gross)
    assert found.parts["gyroscopic"].gross < 1e-12
    # What the potential has given is what it has lost.
    values = Mechanics(("x", "y"), MASS, POTENTIAL).potential_values
    lost = sum(float(np.subtract(*values(item.q[[0, -1]]))) for item in data)
    assert found.parts["potential"].net * found.done == pytest.approx(lost, abs=1e-6)


@pytest.mark.parametrize("missing", ["dissipative", "drive"])
def test_a_part_that_is_missing_is_left_over(courses, missing):
    others = {name: term for name, term in OTHERS.items() if name != missing}
    assert work(law(**others), courses).left_over > 0.05


def test_work_is_said_in_one_line():
    parts = {"potential": Share(0.9, 0.04), "gyroscopic": Share(1e-17, 0), "drive": Share(0.1, 0.1)}
    found = Work(12.0, parts, 0.0042)
    assert str(found) == (
        "of 1.00 of work done: potential 0.9 (net 0.04), gyroscopic 0, drive 0.1; left over 0.42 %"
    )
    assert json.loads(json.dumps(found.to_json()))["parts"]["potential"]["net"] == 0.04


def test_forces_are_those_of_the_motion(courses):
    numbers = plots.force_numbers(law(), courses)
    total = sum(numbers[plots.PART + name] for name in ("potential", *OTHERS))
    np.testing.assert_allclose(total, numbers["measured"], atol=1e-3)
    assert numbers["t"].shape == (plots.POINTS,)
    assert png(plots.forces(numbers, "trap", ["x", "y"])).startswith(PNG)


def test_friction_over_speed(courses):
    numbers = plots.drag_numbers(law(), courses)
    np.testing.assert_allclose(numbers["read"], 0.3 * numbers["speed"], rtol=1e-9)
    np.testing.assert_allclose(numbers["seen"], numbers["read"], atol=1e-3)
    assert numbers["speed"].shape == (plots.BINS,)
    assert png(plots.drag(numbers, "trap")).startswith(PNG)


def test_friction_that_is_not_the_laws_is_seen_beside_it(courses):
    """The data ask for 0.3 v, whatever the law says; the rest of the law is right."""
    wrong = law(**{**OTHERS, "dissipative": parse("0.05*(xd**2 + yd**2)")})
    numbers = plots.drag_numbers(wrong, courses)
    np.testing.assert_allclose(numbers["read"], 0.1 * numbers["speed"], rtol=1e-9)
    # Passes differ in speed within a bin, and with it in how far off the law is.
    np.testing.assert_allclose(numbers["seen"], 0.3 * numbers["speed"], rtol=0.05)


@pytest.mark.parametrize(
    "count", [1, *(pytest.param(count, marks=pytest.mark.slow) for count in (3, 5, 9))]
)
def test_what_is_left_over_is_drawn_for_any_number_of_variables(count):
    rng = np.random.default_rng(0)
    names = [f"x{k}" for k in range(count)]
    found = [
        LeftOver(name, 0.5, 0.1, rng.normal(size=90), *rng.normal(size=(2, 90, 2)))
        for name in names
    ]
    numbers = plots.left_over_numbers(found, 2.0)
    drawn = names[: plots.MOST_PANELS]
    assert len(numbers["probability"]) == len(drawn)
    assert (np.diff(numbers["values 0"]) >= 0).all()
    kept = np.isin(2 * numbers["force 0"], found[0].force)
    assert kept.all()
    assert png(plots.left_over(numbers, ["mine", "x", "y", *drawn])).startswith(PNG)
