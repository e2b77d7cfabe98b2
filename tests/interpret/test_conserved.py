"""What laws conserve: numbers that are known, their closed forms, and the test on raw data."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import interpret
import systems
from interpret import Law
from interpret.discovery.noether import conserved
from interpret.laws.judgement import Origin
from interpret.laws.parts import Bodies, Part, Variables
from systems import InputError
from systems.expressions import parse

RELATIVE = 3e-4
"""The error bars of coefficients that a per cent of noise leaves, about."""


def law_of(problem, seed=None, extra=()):
    """The problem's true law; of a seed as noise would leave it, within its error bars.

    `extra` are terms that are not in the truth: their coefficients are nothing but error.
    """
    mechanics = problem.motion()
    rng = np.random.default_rng(seed)
    parts, numbers, bars = [], [], []
    truths = {"potential": mechanics.with_numbers(mechanics.potential), **mechanics.others}
    for name, formula in truths.items():
        pairs = [
            term.as_independent(*term.free_symbols, as_Add=False)
            for term in sympy.Add.make_args(sympy.expand(formula))
        ]
        pairs += [(0, parse(term)) for term in extra if name == "potential"]
        terms = tuple(term for _, term in pairs)
        parts.append(Part(name, terms, terms))
        numbers += [float(number) for number, _ in pairs]
        bars += [RELATIVE * (abs(float(number)) or 1) for number, _ in pairs]
    errors = np.array(bars) if seed is not None else 1e-14 * np.abs(numbers)
    shifted = np.array(numbers) + (errors * rng.standard_normal(len(errors)) if seed else 0)
    return Law(
        origin=Origin(problem.name), parts=tuple(parts), coefficients=shifted,
        covariance=np.diag(errors**2),
        variables=Variables({}, mechanics.features, Bodies.of(mechanics)),
    )  # fmt: skip


TRAP = "0.37*x^2 + 0.37*y^2"
KNOWN = {
    "Kepler in space": (("kepler", {"dimension": 3}), 5),
    "Kepler in a plane": (("kepler", {}), 3),
    "its perturbed twin": (("kepler", {"dimension": 3, "b": 0.2}), 4),
    "Hénon–Heiles": (("henon_heiles", {}), 1),
    "Toda": (("toda", {}), 3),
    "Toda with another spring": (("toda", {"last": 1.5}), 2),
}

QUICK = [("Kepler in a plane", 0.0), ("Toda", 0.01)]


def problem_of(name, given):
    return systems.get(name, given)


@pytest.mark.parametrize(
    ("case", "noise"),
    [
        pytest.param(case, noise, marks=[pytest.mark.slow] * ((case, noise) not in QUICK))
        for case in KNOWN
        for noise in (0.0, 0.01)
    ],
)
def test_known_numbers(case, noise):
    (name, given), number = KNOWN[case]
    problem = problem_of(name, given)
    samples = problem.draw(seed=3)
    samples = samples.with_noise(noise, 3) if noise else samples
    found = conserved(law_of(problem, 4 if noise else None), samples)
    assert found.independent == number, found
    assert all(each.drift.held for each in found.quantities), found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("potential", "number"),
    [(TRAP, 3), ("0.37*x^2 + 0.43*y^2", 2)],
)
def test_a_trap_that_is_the_same_in_all_directions_within_its_error_bars(potential, number):
    problem = systems.from_potential(potential)
    samples = problem.draw(seed=0).with_noise(0.01, 0)
    for seed in range(1, 4):
        found = conserved(law_of(problem, seed, ("x**3", "x*y**2")), samples)
        assert found.independent == number
        assert found.held
    notes = " ".join(found.notes)
    assert "left out, zero within their error bars: x**3, x*y**2" in notes
    assert ("equal within their error bars" in notes) == (number == 3)


def test_closed_forms_names_and_symmetries():
    problem = systems.get("kepler")
    found = conserved(law_of(problem), problem.draw())
    rows = {each.name: each for each in found.quantities}
    assert list(rows) == ["energy", "angular momentum", "Runge–Lenz vector"]
    assert rows["energy"].expr == parse("xd**2/2 + yd**2/2 - 1/r")
    assert rows["energy"].symmetry == "of time"
    assert rows["angular momentum"].expr == parse("x*yd - xd*y")
    assert rows["angular momentum"].symmetry == "δx = -y, δy = x"
    vector = {each.expr for each in found.quantities if each.name == "Runge–Lenz vector"}
    assert vector == {parse("x*yd**2 - xd*y*yd - x/r"), parse("x*xd*yd - xd**2*y + y/r")}
    assert "3 independent conserved quantities in a phase space of 4 dimensions" in str(found)
    assert found.to_json()["independent"] == 3


def test_what_is_nearly_constant_near_the_data_alone_is_not_conserved():
    """Two atoms on a line that stretch by a tenth: nothing but the energy and the momentum."""
    problem = systems.get("lennard_jones", {"dimension": 1})
    found = conserved(law_of(problem), problem.draw(seed=2))
    assert [each.name for each in found.quantities] == ["energy", "momentum"]


def test_a_magnetic_field_turns_the_angular_momentum():
    trap = systems.get("magnetic_trap")
    found = conserved(law_of(trap), trap.draw())
    assert found.independent == 2
    assert parse("x*yd - xd*y + 3*x**2/20 + 3*y**2/20") in {q.expr for q in found.quantities}


@pytest.mark.parametrize(
    "name", ["damped_pendulum", pytest.param("driven_duffing", marks=pytest.mark.slow)]
)
def test_friction_leaves_nothing(name):
    problem = systems.get(name)
    found = conserved(law_of(problem), problem.draw())
    assert (found.independent, found.quantities) == (0, ())
    assert "the energy is not conserved" in " ".join(found.notes)


def test_data_of_another_law_do_not_keep_what_the_law_says():
    """The precession that a law without b knows nothing of is seen, with noise and without."""
    law = law_of(systems.get("kepler"))
    turning = systems.get("kepler", {"b": 0.05}).draw(seed=0)
    for samples in (turning, turning.with_noise(0.01, 0)):
        found = conserved(law, samples)
        held = {each.name: each.drift.held for each in found.quantities}
        assert held == {"energy": False, "angular momentum": True, "Runge–Lenz vector": False}
        assert not found.held


@pytest.mark.slow
def test_masses_that_vary_and_points_of_phase_space():
    run = interpret.fit("double_pendulum", dataset="points")
    found = conserved(run.law, run.samples)
    assert [each.name for each in found.quantities] == ["energy"]
    assert found.quantities[0].drift.held is None


def test_momenta_that_are_derived_are_no_test():
    problem = systems.get("kepler")
    found = conserved(law_of(problem), problem.draw()[:1].positions_alone())
    assert {each.drift.held for each in found.quantities} == {None}
    assert found.independent == 3


def test_what_moves_nothing_is_refused():
    problem = systems.get("kepler")
    law = law_of(problem)
    with pytest.raises(InputError, match="the samples hold q"):
        conserved(law, systems.get("oscillator").draw())
    with pytest.raises(InputError, match="no law was found"):
        conserved(law.doubted("not in the library"), problem.draw())
