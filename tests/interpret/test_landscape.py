"""A landscape is the loss of nested loops, and what is rough about it is single precision."""

from __future__ import annotations

import io

import numpy as np
import pytest
import sympy

import systems
from interpret.landscapes.landscape import landscape, landscape_of
from interpret.landscapes.landscape_plot import png
from interpret.landscapes.view import View
from systems import InputError, PhaseSamples
from systems.expressions import symbol
from training.learn.descents import METHODS

NAMES = ("k", "alpha")
WINDOWS = ("origin", "far", "far_opposite", "fixed_point", "narrow")
CHARGES = systems.get("trapped_charges", {"k": 1.0, "alpha": 1.0})
x, xd, b, c, k = map(symbol, ("x", "xd", "b", "c", "k"))


def accelerations(q, k, alpha):
    """q̈ of the two charges by hand, in the precision of q."""
    distance = q[:, 0] - q[:, 1]
    push = alpha * np.sign(distance) / distance**2
    return np.stack([-k * q[:, 0] + push, -k * q[:, 1] - push], axis=1)


def looped(samples, axes, dtype=np.float64):
    """The loss pixel by pixel."""
    q, qdd = samples.q.astype(dtype), samples.qdd.astype(dtype)
    first, second = (axis.astype(dtype) for axis in axes)
    losses = np.empty((len(first), len(second)))
    for i, stiffness in enumerate(first):
        for j, charge in enumerate(second):
            losses[i, j] = np.mean((accelerations(q, stiffness, charge) - qdd) ** 2)
    return losses


def seen(window, count, **rest):
    return View(dataset=window, samples=count, **rest)


def drawn(window, **options):
    samples = CHARGES.draw(window, 0, 300)
    return samples, landscape(CHARGES.motion().lagrangian, NAMES, samples, **options)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_closed_form_is_the_loss_of_nested_loops(window):
    samples, picture = drawn(window, ranges=[(0.0, 2.0), (0.5, 3.0)], pixels=24)

    assert picture.method == "closed form"
    assert [axis[[0, -1]].tolist() for axis in picture.axes] == [[0.0, 2.0], [0.5, 3.0]]
    np.testing.assert_allclose(picture.loss, looped(samples, picture.axes), rtol=1e-10)


def test_single_precision_is_evaluated_row_by_row_in_single_precision():
    samples, picture = drawn("origin", ranges=[(0.0, 2.0), (0.5, 3.0)], pixels=12)

    off = picture.float32 / picture.loss - 1

    np.testing.assert_allclose(
        picture.float32, looped(samples, picture.axes, np.float32), rtol=2e-5
    )
    assert 1e-9 < abs(off).max() < 1e-4
    # Every value is a single-precision number.
    assert (picture.float32 == picture.float32.astype(np.float32)).all()


def test_the_optimum_is_that_of_noisy_data_and_the_default_ranges_go_about_it():
    samples = CHARGES.draw("origin", 0, 300).with_rms_noise(0.1, 1)

    picture = landscape(CHARGES.motion().lagrangian, NAMES, samples, pixels=10)
    about_truth = landscape(
        CHARGES.motion().lagrangian, NAMES, samples, pixels=10, truth=[3.0, -1.0]
    )

    assert picture.truth is None
    assert 1e-4 < abs(picture.optimum - 1).max() < 0.3
    for axis, best in zip(picture.axes, picture.optimum, strict=True):
        assert axis[[0, -1]] == pytest.approx([0, 2 * best])
    assert [axis[[0, -1]].tolist() for axis in about_truth.axes] == [[0, 6], [-2, 0]]
    here = picture.surface.exact(picture.optimum[None])[0]
    near = picture.optimum + 1e-3 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    assert (picture.surface.exact(near) > here).all()


def test_other_parameters_are_held_at_their_numbers():
    samples = CHARGES.draw("origin", 0, 100)
    lagrangian = CHARGES.motion().lagrangian - b * symbol("q0")

    picture = landscape(
        lagrangian.subs(k, 1), ["alpha", "b"], samples, [(0.0, 2.0), (-1.0, 1.0)], 5
    )

    np.testing.assert_allclose(picture.optimum, [1.0, 0.0], atol=1e-12)
    # b pushes the first particle alone: half of the rows.
    np.testing.assert_allclose(picture.loss[2], [0.5, 0.125, 0, 0.125, 0.5], atol=1e-12)
    with pytest.raises(InputError, match="k must be a parameter or have a number"):
        landscape(lagrangian, ["alpha", "b"], samples)


def test_a_model_that_is_not_affine_is_mapped_over_its_pixels():
    rng = np.random.default_rng(0)
    q = rng.uniform(-1, 1, (3000, 1))
    samples = PhaseSamples(("x",), q, 0 * q, 1.4 * np.exp(-0.7 * q))

    picture = landscape(
        xd**2 / 2 - c * sympy.exp(-b * x), ["c", "b"], samples, [(0.5, 4), (0.1, 2)], pixels=20
    )

    assert picture.method == "vmap"
    np.testing.assert_allclose(picture.optimum, [2.0, 0.7], rtol=1e-12)
    first, second = np.meshgrid(*picture.axes, indexing="ij")
    force = (first * second)[..., None] * np.exp(-second[..., None] * q[:, 0])
    expected = ((force - samples.qdd[:, 0]) ** 2).mean(axis=2)
    np.testing.assert_allclose(picture.loss, expected, rtol=1e-10)


# Roughness


def test_only_single_precision_is_rough_and_only_where_little_tells_the_parameters():
    figures = {window: drawn(window, pixels=2)[1].roughness() for window in WINDOWS}

    for window in ("origin", "far", "fixed_point"):
        assert 1e-7 < figures[window][0] < 1e-3
    assert 0.15 < figures["far_opposite"][0] < 0.6
    assert 0.05 < figures["narrow"][0] < 0.6
    assert max(double for _, double in figures.values()) < 1e-9
    assert min(double for _, double in figures.values()) > 0


def test_a_profile_runs_along_the_valley():
    samples, picture = drawn("far_opposite", pixels=2)

    profile = picture.profile(reach=0.1)

    # Far charges hardly tell α: the valley runs along it, and there loss = t² |A v|² / rows.
    push = 1 / (samples.q[:, 0] - samples.q[:, 1]) ** 2
    design = np.stack([-samples.q.ravel(), np.stack([push, -push], axis=1).ravel()], axis=1)
    weakest = np.linalg.svd(design)[1][-1] ** 2 / len(design)
    assert abs(profile.offsets).max() == pytest.approx(0.1)
    assert abs(profile.offsets).min() == pytest.approx(0.002)
    np.testing.assert_allclose(profile.exact, weakest * profile.offsets**2, rtol=1e-6)


def test_close_up_the_exact_contours_are_circles_about_the_optimum():
    _, picture = drawn("narrow", pixels=2)

    near = picture.closeup(pixels=21)

    size = near.along / near.along[-1]
    assert near.exact.argmin() == 10 * 21 + 10
    radius2 = size[:, None] ** 2 + size**2
    np.testing.assert_allclose(near.exact, near.exact[-1, 10] * radius2, rtol=1e-4, atol=1e-25)
    outer = radius2 > 0.1
    assert 0.02 < abs(np.log10(near.float32[outer] / near.exact[outer])).max() < 2


# A known system


def test_a_system_is_drawn_with_the_descents_that_walk_it():
    picture, paths = landscape_of(CHARGES, seen("origin", 200, pixels=30, steps=25))

    assert picture.names == NAMES
    assert picture.truth.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(picture.optimum, [1.0, 1.0], rtol=1e-12)
    assert [path.method for path in paths] == ["gd", "momentum", "adam", "adagrad"]
    for path in paths:
        assert path.parameters.shape == (26, 2)
        assert path.parameters[0].tolist() == [2.0, 2.0]
        for axis, walked in zip(picture.axes, path.parameters.T, strict=True):
            assert axis[0] <= 0
            assert axis[0] < walked.min()
            assert walked.max() < axis[-1]
    again, _ = landscape_of(CHARGES, seen("origin", 200, pixels=30, steps=25))
    np.testing.assert_array_equal(again.loss, picture.loss)


def test_noise_moves_the_optimum_and_not_the_truth():
    view = seen("fixed_point", 200, noise=0.01, parameters=["alpha", "k"], pixels=8)
    picture, paths = landscape_of(CHARGES, view, methods=[])

    assert picture.names == ("alpha", "k")
    assert paths == ()
    assert 1e-6 < abs(picture.optimum - 1).max() < 5e-3
    assert picture.loss.min() > 0


@pytest.mark.parametrize(
    ("system", "options", "message"),
    [
        ("trapped_charges", {"parameters": ["k", "alfa"]}, "Did you mean 'alpha'"),
        ("trapped_charges", {"dataset": "orign"}, "Did you mean 'origin'"),
        ("trapped_charges", {"methods": ["sgd"]}, "no method 'sgd'"),
        ("trapped_charges", {"parameters": ["k"]}, "over two parameters, not over 1"),
        ("trapped_charges", {"pixels": 1}, "must be 2 or more"),
        ("oscillator", {}, "'oscillator' has no windows"),
    ],
)
def test_what_cannot_be_drawn_is_said(system, options, message):
    rest = dict(options)
    methods = rest.pop("methods", METHODS)
    with pytest.raises(InputError, match=message):
        landscape_of(systems.get(system), View(samples=20, steps=2, **rest), methods)


def test_ranges_must_rise():
    with pytest.raises(InputError, match=r"not from 2\.0 to 1\.0"):
        drawn("origin", ranges=[(0.0, 2.0), (2.0, 1.0)])


# What is kept


def test_the_file_holds_pictures_and_paths():
    picture, paths = landscape_of(CHARGES, seen("far", 50, pixels=6, steps=4), ["gd"])

    content = picture.to_npz_bytes(paths)

    kept = np.load(io.BytesIO(content), allow_pickle=False)
    assert sorted(kept) == [
        "axis_alpha", "axis_k", "float32", "loss", "losses_gd", "optimum", "path_gd", "truth",
    ]  # fmt: skip
    np.testing.assert_array_equal(kept["loss"], picture.loss)
    np.testing.assert_array_equal(kept["axis_alpha"], picture.axes[1])
    np.testing.assert_array_equal(kept["path_gd"], paths[0].parameters)
    assert picture.to_npz_bytes(paths) == content


def test_the_picture_shows_the_loss_upright_with_the_paths_on_it(monkeypatch):
    figures = []
    monkeypatch.setattr(
        "interpret.pictures.drawn.png", lambda figure: figures.append(figure) or b"PNG"
    )
    picture, paths = landscape_of(CHARGES, seen("origin", 50, pixels=20, steps=10), ["gd", "adam"])

    assert png(picture, paths) == b"PNG"

    left, right, near, rough = figures[0].axes[:4]
    shown = left.collections[0].get_array()
    np.testing.assert_allclose(shown.T, np.log10(picture.loss), atol=1e-12)
    np.testing.assert_allclose(right.collections[0].get_array().T, np.log10(picture.float32))
    assert (left.get_xlabel(), left.get_ylabel()) == ("$k$", r"$\alpha$")
    lines = {line.get_label(): line.get_xydata() for line in left.lines}
    np.testing.assert_array_equal(lines["gradient descent"], paths[0].parameters)
    np.testing.assert_array_equal(lines["Adam"], paths[1].parameters)
    np.testing.assert_allclose(lines["truth"], [[1, 1]])
    # The origin's valley runs along k, which only points far from each other tell.
    assert near.get_xlabel().startswith("along the valley:  $k$ + 0.0")
    assert "float32 near the optimum: roughness" in rough.get_title()


# On the command line `test_lagrangians` draws one.
@pytest.mark.slow
def test_the_picture_is_a_png():
    picture, paths = landscape_of(CHARGES, seen("far", 20, noise=0.1, pixels=6, steps=3))

    assert png(picture, paths).startswith(b"\x89PNG\r\n")
