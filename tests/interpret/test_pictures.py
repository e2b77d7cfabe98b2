"""Pictures are drawn of a few plain numbers, without what they were made by."""

from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import pytest

import systems
from interpret.pictures.accelerations import acceleration_numbers, accelerations
from interpret.pictures.choices import choice
from interpret.pictures.curves import POINTS, curves
from interpret.pictures.drawn import INK, png, styled, svg
from interpret.pictures.potentials import potential
from interpret.pictures.spectra import BINS, level_numbers, picture
from interpret.reading.poles.pole_reading import read_poles
from interpret.reading.probes import probe
from interpret.reading.regression import regress
from interpret.select.library import Library
from systems import PhaseSamples
from systems.expressions import symbol
from systems.physics.finite_volume import phase
from systems.physics.finite_volume.points import LevelPoints
from training import train

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def oscillator():
    system = systems.get("oscillator")
    fit = train(system, system.draw())
    return fit, regress(probe(fit), Library.of(system))


def test_the_curves_of_a_potential_are_its_values_less_their_mean(oscillator):
    fit, law = oscillator
    q = symbol("q")
    numbers = curves(fit, law, q**2 / 2 + 7)

    x = numbers["x"]
    assert x.shape == (POINTS, 1)
    np.testing.assert_allclose(numbers["truth"], (x**2 - (x**2).mean())[:, 0] / 2, atol=1e-12)
    np.testing.assert_allclose(numbers["law"], numbers["truth"], atol=1e-6)
    np.testing.assert_allclose(numbers["learned"], numbers["truth"], atol=1e-6)
    # One term: its band is what its error bar makes of q², less the mean.
    square = (x**2 - (x**2).mean())[:, 0]
    np.testing.assert_allclose(numbers["band"], law.stderr[0] * np.abs(square), rtol=1e-9)
    assert png(potential(numbers, "oscillator", ["q"])).startswith(PNG)


def test_a_truth_in_other_variables_is_no_curve(oscillator):
    fit, law = oscillator
    numbers = curves(fit, law, symbol("r") ** 2)

    assert sorted(numbers) == ["band", "law", "learned", "x"]
    assert png(potential(numbers, "oscillator", ["q"])).startswith(PNG)


@pytest.mark.slow
def test_several_features_are_drawn_against_each_other():
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    values = (x**2).sum(axis=1)
    numbers = {"x": x, "learned": values, "law": values + 1e-6 * x[:, 0]}
    assert png(potential(numbers, "two", ["x", "y"])).startswith(PNG)


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        *(pytest.param(names, marks=pytest.mark.slow) for names in (("x",), ("x", "y", "z"))),
    ],
)
def test_accelerations_of_any_number_of_coordinates(names):
    q = np.random.default_rng(0).uniform(0.5, 1, (40, len(names)))
    numbers = acceleration_numbers(PhaseSamples(names, q, 0 * q, -q), -1.01 * q)

    np.testing.assert_allclose(numbers["predicted"], 1.01 * numbers["measured"])
    assert png(accelerations(numbers, names)).startswith(PNG)


def test_every_level_that_was_predicted_is_in_the_picture():
    q = np.sqrt(np.linspace(0.05, 4.5, 90))
    points = LevelPoints(2 * np.pi * q / 10, np.full(90, 10.0), -phase(q), np.zeros(90, dtype=int))
    table = read_poles(points.q**2, points.phases)
    missed = np.array([[0.0, -1e9], [0.5, np.nan]])

    numbers = level_numbers({"A": missed}, points, table)

    counts = numbers["errors of A"]
    assert counts.shape == (len(BINS) - 1,)
    # The first and the last bin hold what lies beyond them.
    assert (counts[0], counts[-1], counts.sum()) == (1, 1, 3)
    np.testing.assert_allclose(np.sort(numbers["q2"]), points.q**2)
    assert png(picture(numbers)).startswith(PNG)


def test_an_svg_has_the_colours_of_its_page_and_loads_nothing():
    numbers = {"sizes": np.array([0, 1, 2]), "left": np.array([1.0, 1e-3, 9e-4])}
    labels = ("title", "left", "", "q**2", "q, q**2")
    with styled():
        drawn = svg(choice({**numbers, "chosen": np.array([1])}, labels))
    assert drawn.startswith("<svg")
    assert drawn.endswith("</svg>")
    assert "currentColor" in drawn
    for what in (INK, "#000000", "http", "<metadata"):
        assert what not in drawn
    assert "width=" not in drawn.partition(">")[0]
    assert "q**2" in drawn  # the set that was taken is named


def test_no_module_imports_matplotlib_when_it_is_loaded(root):
    """Read off the code, for all of them; that nothing else brings it is tried below."""
    for path in root.glob("interpret/**/*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "matplotlib" not in ast.unparse(node), path


@pytest.mark.slow
def test_drawing_alone_imports_matplotlib():
    drawing = (
        "accelerations",
        "choices",
        "curves",
        "drawn",
        "heatmaps",
        "picture",
        "potentials",
        "profiles",
        "rollouts",
        "spectra",
    )
    rooms = ("cli.commands", "experiments", "pipeline", "landscapes", "tools", "run")
    names = [f"interpret.{name}" for name in (*(f"pictures.{one}" for one in drawing), *rooms)]
    code = f"import sys, {', '.join(names)}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
