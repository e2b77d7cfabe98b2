"""Libraries obey their algebra, evaluate to the right numbers, and say what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from interpret.select.library import Library, inverse_powers, monomials, powers, trigonometric
from systems.errors import InputError
from systems.expressions import symbol

q, r, x, y = (symbol(name) for name in "qrxy")
ONE = Library([1])
BLOCKS = [sympy.Integer(1), x, x**2, 1 / x, y, y**-2, sympy.sin(x), sympy.sqrt(y), x * y]

libraries = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=5).map(Library)


# The algebra


@given(libraries, libraries)
def test_union_and_product_commute_up_to_order(a, b):
    assert set(a + b) == set(b + a)
    assert set(a * b) == set(b * a)


@given(libraries, libraries, libraries)
def test_union_and_product_are_associative(a, b, c):
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)


@given(libraries, libraries, libraries)
def test_product_distributes_over_union(a, b, c):
    assert set(a * (b + c)) == set(a * b + a * c)


@given(libraries)
def test_union_is_idempotent_and_one_is_the_unit(a):
    assert a + a == a
    assert a * ONE == a == ONE * a


@given(libraries, libraries)
def test_difference_takes_away_what_union_adds(a, b):
    left = [candidate for candidate in a if candidate not in b]
    if left:
        assert list(a - b) == left
        assert set((a - b) + b) == set(a + b)
    else:
        with pytest.raises(InputError, match="empty"):
            _ = a - b


@given(libraries, libraries)
def test_union_keeps_the_order_of_the_first(a, b):
    assert list(a + b)[: len(a)] == list(a)


@given(libraries, libraries)
def test_values_of_a_union_and_a_product_are_those_of_the_parts(a, b):
    points = np.array([[0.7, 1.3], [2.0, 0.4]])
    first, second = (library.evaluate(points, ["x", "y"]) for library in (a, b))
    added = dict(zip(a + b, (a + b).evaluate(points, ["x", "y"]).T, strict=True))
    multiplied = dict(zip(a * b, (a * b).evaluate(points, ["x", "y"]).T, strict=True))

    for i, left in enumerate(a):
        np.testing.assert_allclose(added[left], first[:, i], rtol=1e-13)
        for j, right in enumerate(b):
            expected = first[:, i] * second[:, j]
            np.testing.assert_allclose(multiplied[left * right], expected, rtol=1e-13)


def test_a_library_is_an_ordered_set():
    library = Library([q**2, q, q**2])

    assert list(library) == [q**2, q]
    assert len(library) == 2
    assert q in library
    assert q**3 not in library
    assert library == Library([q**2, q]) != Library([q, q**2])
    assert hash(library) == hash(Library([q**2, q]))
    assert str(library) == "q**2, q"


def test_symbols_lose_their_assumptions():
    positive = sympy.Symbol("r", positive=True)

    assert Library([1 / positive]) == inverse_powers("r", 1) == inverse_powers(positive, 1)


def test_families():
    assert list(powers("q", 3)) == [q, q**2, q**3]
    assert list(inverse_powers("r", 3)) == [1 / r, r**-2, r**-3]
    assert list(trigonometric("q", 2))[:2] == [sympy.sin(q), sympy.cos(q)]
    assert len(trigonometric("q", 2)) == 4
    assert len(monomials([f"x{i}" for i in range(6)], 4)) == 209
    assert set(monomials("xy", 2)) == set(powers("x", 2) + powers("y", 2) + Library([x * y]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Library([]), "empty"),
        (lambda: powers("q", 0), "at least 1"),
        (lambda: Library(["q**2"]), "Library.parse"),
        (lambda: ONE.without_gauge(), "empty"),
    ],
)
def test_libraries_that_are_none(make, message):
    with pytest.raises(InputError, match=message):
        make()


# Where libraries come from


def test_default_libraries():
    assert list(Library.default({"q": (-1.0, 2.0)})) == list(powers("q", 6))
    assert Library.default({"r": (0.1, 2.0)}) == powers("r", 6) + inverse_powers("r", 3)
    both = Library.default({"x": (-1.0, 1.0), "r": (0.1, 2.0)})
    assert both == monomials(["x", "r"], 4) + inverse_powers("r", 3)


def test_text_is_parsed_against_the_names():
    assert list(Library.parse("1, 1/r, 1/(10-r)", ["r"])) == [1 / r, 1 / (10 - r)]
    assert list(Library.parse("r", ["r"])) == [r]
    assert Library.parse("polynomial", ["q"]) == powers("q", 6)
    assert Library.parse("polynomial", ["x", "y"]) == monomials("xy", 4)
    assert len(Library.parse("trigonometric", ["x", "y"])) == 12
    assert Library.parse("default", ["r"]) == powers("r", 6)
    assert inverse_powers("r", 3).candidates[0] in Library.parse("default", ["r"], {"r": (1, 2)})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch pwned')",
        "q.__class__",
        "1/p",
        "polynomal",
        "",
        "2, pi",
        "q**9999999",
    ],
)
def test_text_that_is_no_library_is_refused(text):
    with pytest.raises(InputError):
        Library.parse(text, ["q"])


def test_a_misspelt_name_is_corrected():
    with pytest.raises(InputError, match="Did you mean 'polynomial'"):
        Library.parse("polynomal", ["q"])


# Columns of numbers


def test_shapes_and_constants():
    library = Library([1, x, x * y])
    points = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])

    assert library.evaluate(points, ["x", "y"]).shape == (4, 3)
    assert library.gradients(points, ["x", "y"]).shape == (4, 2, 3)
    assert library.hessians(points, ["x", "y"]).shape == (4, 2, 2, 3)
    np.testing.assert_array_equal(library.evaluate(points, ["x", "y"])[:, 0], np.ones(4))
    # d(xy)/dx = y and d(xy)/dy = x: neither transposed nor swapped.
    np.testing.assert_array_equal(library.gradients(points, ["x", "y"])[1, :, 2], [4.0, 3.0])
    np.testing.assert_array_equal(library.evaluate(points, ["y", "x"])[:, 1], points[:, 1])


@given(
    st.floats(0.3, 3.0),
    st.floats(0.3, 3.0),
    st.sampled_from([candidate for candidate in BLOCKS if candidate != 1]),
)
def test_derivatives_agree_with_finite_differences(a, b, candidate):
    library = Library([candidate, x**2 * y])
    h = 1e-5
    point = np.array([[a, b]])
    for axis, step in enumerate(np.eye(2) * h):
        ahead, behind = (library.evaluate(point + s * step, ["x", "y"]) for s in (1, -1))
        slope = library.gradients(point, ["x", "y"])[:, axis]
        np.testing.assert_allclose(slope, (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-7)
        ahead, behind = (library.gradients(point + s * step, ["x", "y"]) for s in (1, -1))
        curvature = library.hessians(point, ["x", "y"])[:, axis]
        np.testing.assert_allclose(curvature, (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-6)


def test_columns_are_never_guessed():
    with pytest.raises(InputError, match="which column"):
        monomials("xy", 2).evaluate(np.ones((3, 2)))
    with pytest.raises(InputError, match="variable y"):
        monomials("xy", 2).evaluate(np.ones((3, 1)), ["x"])
    with pytest.raises(InputError, match=r"shape \(3, 2\)"):
        powers("x", 2).evaluate(np.ones((3, 2)))


# What is wrong with a library


def line(low, top, count=50):
    return np.linspace(low, top, count)[:, np.newaxis]


@pytest.mark.parametrize(
    ("candidate", "name", "low", "top", "where"),
    [
        ("1/q", "q", -1, 2, "1/q is singular on the data: q passes through 0"),
        ("q**(-3)", "q", -1, 2, "q passes through 0"),
        ("sqrt(q)", "q", -1, 2, "not a finite number at q = -1"),
        ("log(q)", "q", -1, 2, "q passes through 0"),
        ("1/(10 - r)", "r", 9, 11, "10 - r passes through 0 near r ="),
        ("tan(q)", "q", 1, 2, r"cos\(q\) passes through 0"),
        ("1/sin(q)", "q", 3, 4, r"sin\(q\) passes through 0"),
        ("exp(1/q)", "q", -1, 2, "q passes through 0"),
        ("exp(q**4)", "q", 5, 6, "not a finite number"),
        ("1/q**2", "q", 0, 1, "q passes through 0 near q = 0"),
        ("sqrt(q)", "q", 0, 1, "not a finite number at q = 0"),
    ],
)
def test_singular_candidates_are_named(candidate, name, low, top, where):
    library = Library.parse(candidate, [name])

    with pytest.raises(InputError, match=where):
        library.check(line(low, top))


@pytest.mark.parametrize(
    ("candidate", "low", "top"),
    [("1/q", 0.1, 2), ("1/q", -2, -0.1), ("1/(10 - q)", 0, 9.9), ("sqrt(q)", 0.1, 2), ("q", -1, 1)],
)
def test_regular_candidates_pass(candidate, low, top):
    Library.parse(candidate, ["q"]).check(line(low, top))


def test_a_pole_between_two_trajectories_is_no_harm_but_one_inside_is():
    points = np.vstack([line(-1, 0.9), line(1.1, 2)])
    library = Library([1 / (q - 1)])
    wells = np.repeat([0, 1], 50)

    library.check(points, group=wells)
    for groups in (None, np.zeros(100, dtype=int), np.tile([3, 7], 50)):
        with pytest.raises(InputError, match="q - 1 passes through 0 near q = "):
            library.check(points, group=groups)


def test_the_pole_is_placed_on_the_trajectory_that_crosses_it():
    points = np.array([[-1.0], [0.5], [0.01], [2.0]])

    with pytest.raises(InputError, match=r"near q = 0\.5;"):
        inverse_powers("q", 1).check(points, group=np.array([0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("candidates", "named", "innocent"),
    [
        ("q, q**2, 2*q**2, q**3", {"q**2", "2*q**2"}, {"q", "q**3"}),
        ("q, sin(q)**2, cos(q)**2, q**3", {"sin(q)**2", "cos(q)**2"}, {"q**3"}),
        ("q*(q+1), q, q**2, q**5", {"q*(q + 1)", "q", "q**2"}, {"q**5"}),
    ],
)
def test_collinear_candidates_are_named(candidates, named, innocent):
    library = Library.parse(candidates, ["q"])

    with pytest.raises(InputError, match="collinear") as error:
        library.check(line(-1, 2))

    listed = str(error.value).removeprefix("the candidates ").split(" are collinear")[0]
    assert set(listed.split(", ")) == named
    assert not set(listed.split(", ")) & innocent


def test_the_libraries_of_the_papers_are_not_collinear():
    powers("q", 6).check(line(-1, 3, 2000))
    powers("q", 6).check(line(0.6, 1.4, 2000))
    wall = inverse_powers("r", 3) + Library((10 - r) ** -n for n in (1, 2, 3))
    wall.check(line(1, 9.5, 2000))
    inverse_powers("r", 3).check(line(0.01, 9, 2000))


@pytest.mark.parametrize("size", [1e-13, 1.0, 1e13])
def test_slopes_count_where_values_do_not(size):
    """On circles x**2 + y**2 is constant, but its slope across them is seen, in any unit."""
    angle = np.linspace(0, 2 * np.pi, 100)
    circle = size * np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.vstack([circle, 2 * circle])
    group = np.repeat([0, 1], 100)

    Library([x**2, y**2]).check(points, ["x", "y"], group)
    Library([x**2 + y**2]).check(points, ["x", "y"], group)


def test_a_constant_candidate_is_named():
    with pytest.raises(InputError, match=r"sin\(q\)\*\*2 \+ cos\(q\)\*\*2 is constant"):
        Library([q, sympy.sin(q) ** 2 + sympy.cos(q) ** 2]).check(line(-1, 1))
