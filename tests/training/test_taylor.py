"""Taylor tensors three ways: by diagrams, by contraction and by jets, beside nested torch.func."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import cycle, pairwise, permutations
from math import comb, factorial
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import jacfwd, jvp
from torch.nn import functional

from systems.errors import InputError
from systems.expressions import symbol
from training.bases import Candidates, Chebyshev, Network
from training.bases.box import Box
from training.bases.composite import Shared, Sum, on
from training.bases.exponential import ExpLog
from training.bases.perceptron import ACTIVATIONS as PLAIN
from training.bases.perceptron import Perceptron
from training.bases.scaling import Scaling
from training.features import Features
from training.potential import Potential
from training.taylor import Jet, Layers, diagrams, evaluate, jets, tensors
from training.taylor import activations as known
from training.taylor.diagrams import Rules
from training.taylor.symmetric import places, unpack
from training.trees import Vertex, count, unlabelled

SMOOTH = ("tanh", "gelu", "softplus", "silu", "sin", "exp")
EQUAL = 1e-12
"""Relative to the largest entry."""
q0, q1, r = (symbol(name) for name in ("q0", "q1", "r"))
DISTANCE = sympy.sqrt((q0 - q1) ** 2)
seeds = st.integers(0, 2**32 - 1)


def normal(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def perceptron(inputs, widths, activation, seed=0, output="linear"):
    sizes = (inputs, *widths, 1)
    shapes = list(pairwise(sizes))
    weights = tuple(normal(seed + k, *shape) / shape[0] ** 0.5 for k, shape in enumerate(shapes))
    biases = tuple(0.5 * normal(seed + 10 + k, shape[1]) for k, shape in enumerate(shapes))
    return Perceptron(weights, biases, activation, output)


def nested(function, center, order):
    """∂ⁿf of a function of points (n, d), by forward derivatives of forward derivatives."""
    derivative = lambda q: function(q[None])[0]  # noqa: E731
    for _ in range(order):
        derivative = jacfwd(derivative)
    return derivative(center)


def along(function, center, direction, order):
    """d^k/dt^k f(center + t direction) for k = 0 .. K, nested."""

    def rising(function):
        return lambda t: jvp(function, (t,), (torch.ones_like(t),))[1]

    values = []
    derivative = lambda t: function((center + t * direction)[None])[0]  # noqa: E731
    for _ in range(order + 1):
        values.append(derivative(torch.zeros((), dtype=torch.float64)))
        derivative = rising(derivative)
    return torch.stack(values)


def applied(tensor, v):
    """The tensor with v in all of its places."""
    return reduce(lambda left, _: left @ v, range(tensor.ndim), tensor)


def close(found, truth, tolerance=EQUAL):
    return (found - truth).abs().max() <= tolerance * truth.abs().max()


POINTS = (-7.0, -1.3, -0.2, 0.0, 0.4, 2.1, 5.5)
Z = sympy.Symbol("z", real=True)
EXACT = {
    "tanh": sympy.tanh(Z),
    "gelu": Z * (1 + sympy.erf(Z / sympy.sqrt(2))) / 2,
    "softplus": sympy.log(1 + sympy.exp(Z)),
    "silu": Z / (1 + sympy.exp(-Z)),
    "sin": sympy.sin(Z),
    "exp": sympy.exp(Z),
    "second_order": sympy.exp(Z) - 1 - Z,
    "log": sympy.log(Z),
    "identity": Z,
}


class TestActivations:
    def points(self, name):
        return [z for z in POINTS if z > 0 or name != "log"]

    @pytest.mark.parametrize(
        "name",
        [pytest.param(n, marks=[pytest.mark.slow] * (n in ("softplus", "silu"))) for n in EXACT],
    )
    def test_derivatives_to_order_8_are_sympys(self, name):
        points = self.points(name)
        at = torch.tensor(points, dtype=torch.float64)
        found = torch.stack(known.derivatives(name, at, 8))
        series = known.activate(name, Jet.line(at, torch.ones(()), 8).coefficients)
        factorials = torch.tensor([[factorial(k)] for k in range(9)], dtype=torch.float64)
        for k in range(9):
            exact = EXACT[name].diff(Z, k)
            truth = [float(exact.subs(Z, sympy.Rational(str(p))).evalf(30)) for p in points]
            scale = max(map(abs, truth))
            assert np.abs(found[k].numpy() - truth).max() <= EQUAL * scale
            assert np.abs((factorials * series)[k].numpy() - truth).max() <= EQUAL * scale

    def test_every_activation_is_tested(self):
        assert set(known.ACTIVATIONS) == {*EXACT, "relu", "elu"}
        assert set(PLAIN) <= set(known.ACTIVATIONS)

    @pytest.mark.parametrize("name", PLAIN)
    def test_the_value_and_the_slope_are_those_of_the_perceptron(self, name):
        z = torch.tensor([-3.0, -0.7, 0.2, 4.0], dtype=torch.float64)
        value, slope, *_ = known.derivatives(name, z, 2)
        function, plain_slope = PLAIN[name]
        torch.testing.assert_close(value, function(z), rtol=1e-14, atol=1e-15)
        torch.testing.assert_close(slope, plain_slope(z, value), rtol=1e-13, atol=1e-15)
        torch.testing.assert_close(known.activate(name, z[None])[0], value, rtol=0, atol=1e-15)

    @pytest.mark.parametrize(("name", "smooth"), [("relu", 0), ("elu", 1)])
    def test_pieces_have_the_derivatives_of_each_and_none_where_they_meet(self, name, smooth):
        z = torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64)
        found = torch.stack(known.derivatives(name, z, 3))
        series = known.activate(name, Jet.line(z, torch.ones(()), 3).coefficients)
        below = [0.0] * 4 if name == "relu" else [np.expm1(-0.5), *[np.exp(-0.5)] * 3]
        assert found[:, 0].tolist() == pytest.approx(below)
        assert found[:, 2].tolist() == [0.5, 1, 0, 0]
        assert found[:, 1].isnan().tolist() == [k > smooth for k in range(4)]
        factorials = torch.tensor([[1.0], [1.0], [2.0], [6.0]])
        torch.testing.assert_close(factorials * series, found, equal_nan=True)

    def test_a_layer_may_have_one_a_neuron(self):
        names, z = ("sin", "log", "sin"), torch.tensor([0.3, 2.0, -1.0], dtype=torch.float64)
        found = torch.stack(known.derivatives(names, z, 3))
        for k, name in enumerate(names):
            alone = torch.stack(known.derivatives(name, z, 3))
            assert torch.equal(found[:, k], alone[:, k])

    def test_another_name_is_refused(self):
        with pytest.raises(InputError, match="Did you mean 'tanh'"):
            known.derivatives("tnah", torch.zeros(1), 1)


COUNTS = {
    1: (1, 1, 1, 1, 1),
    2: (1, 2, 5, 15, 52),
    3: (1, 3, 12, 60, 358),
    4: (1, 4, 22, 154, 1304),
}


class TestDiagrams:
    @pytest.mark.parametrize("layers", COUNTS)
    def test_their_number_is_known(self, layers):
        found = [diagrams(n, layers) for n in range(1, 6)]
        assert tuple(map(len, found)) == COUNTS[layers]
        assert tuple(len(set(each)) for each in found) == COUNTS[layers]
        assert tuple(count(n, layers) for n in range(1, 6)) == COUNTS[layers]

    @pytest.mark.parametrize("layers", [1, 3])
    def test_the_iterated_exponential_counts_them(self, layers):
        """Σ N(n) tⁿ/n! is e^t - 1, applied once for each layer."""
        t = Jet.line(torch.zeros((), dtype=torch.float64), torch.ones(()), 7)
        for _ in range(layers):
            t = torch.expm1(t)
        expected = [count(n, layers) for n in range(1, 8)]
        assert t.derivatives[1:].tolist() == pytest.approx(expected, rel=1e-13)

    def test_they_obey_the_rules(self):
        def check(tree, above):
            if not isinstance(tree, Vertex):
                return [tree]
            assert 1 <= tree.layer < above
            assert len(tree.children) >= 2
            return [leaf for child in tree.children for leaf in check(child, tree.layer)]

        for diagram in diagrams(4, 3):
            assert sorted(check(diagram.tree, 4)) == [0, 1, 2, 3]
            assert len(diagram.propagators) == 4 + len(diagram.vertices)
            assert sum(slope.order - 1 for slope in diagram.vertices) == 3
            assert diagram.propagators[0].upper == 4
            assert [p.lower for p in diagram.propagators].count(0) == 4

    def test_one_written_out(self):
        tree = Vertex(3, (Vertex(1, (0, 2)), 1))
        (diagram,) = (each for each in diagrams(3, 3) if each.tree == tree)
        assert str(diagram) == "P(out←3) σ⁽²⁾₃[P(3←1) σ⁽²⁾₁[P(1←0) x₁, P(1←0) x₃], P(3←0) x₂]"
        assert diagram.propagators == ((4, 3), (3, 1), (1, 0), (1, 0), (3, 0))
        assert diagram.vertices == ((3, 2), (1, 2))

    def test_looks_are_counted_right(self):
        looks = Counter(unlabelled(diagram.tree) for diagram in diagrams(4, 2))
        pair = Vertex(1, (0, 0))
        assert looks[Vertex(2, (0, 0, pair))] == comb(4, 2)
        assert looks[Vertex(2, (pair, pair))] == 3
        assert sorted(looks.values()) == [1, 1, 3, 4, 6]

    def test_one_evaluated_by_hand(self):
        """w σ''(z₂) (W₂ σ'(z₁) W₁)_a Σ_i W₂ σ''(z₁) W₁_b W₁_c, neuron by neuron."""
        network = Layers.of(perceptron(2, (3, 2), "sin"))
        center = torch.tensor([0.3, -0.4], dtype=torch.float64)
        (w1, w2), (b1, b2) = network.weights, network.biases
        z1 = center @ w1 + b1
        z2 = torch.sin(z1) @ w2 + b2
        expected = torch.zeros(2, 2, 2, dtype=torch.float64)
        for i, j, k in np.ndindex(2, 3, 3):
            factor = network.output[i] * -torch.sin(z2[i])
            line = torch.cos(z1[j]) * w2[j, i] * w1[:, j]
            fork = -torch.sin(z1[k]) * w2[k, i] * w1[:, k]
            expected += factor * torch.einsum("a,b,c->abc", line, fork, w1[:, k])
        tree = Vertex(2, (Vertex(1, (1, 2)), 0))
        (diagram,) = (
            each
            for each in diagrams(3, 2)
            if unlabelled(each.tree) == unlabelled(tree) and 0 in each.tree.children
        )
        assert close(evaluate(diagram, network, center), expected)

    def test_what_cannot_be(self):
        with pytest.raises(InputError, match="from 1"):
            diagrams(0, 2)
        network = perceptron(2, (3, 3), "tanh")
        with pytest.raises(InputError, match="3 hidden layers, the network has 2"):
            evaluate(diagrams(2, 3)[0], network, (0.0, 0.0))


WIDTHS = {1: (4,), 2: (4, 3), 3: (4, 3, 4)}


@pytest.mark.parametrize(
    ("activation", "layers"),
    [
        # In the fast tests every activation has one depth.
        pytest.param(activation, layers, marks=[pytest.mark.slow] * (layers != quick))
        for activation, quick in zip(SMOOTH, cycle(WIDTHS), strict=False)
        for layers in WIDTHS
    ],
)
def test_all_ways_agree_to_order_5(activation, layers):
    network = perceptron(3, WIDTHS[layers], activation, seed=layers)
    center = torch.tensor([0.2, -0.5, 0.3], dtype=torch.float64)
    directions = normal(5, 4, 3)
    found = tensors(network, center, 5)
    directional = jets(network, center, directions, 5)
    rules = Rules.at(network, center, 5)
    assert len(found) == 5
    torch.testing.assert_close(
        directional[0], network.values(center[None])[0].expand(4), rtol=1e-14, atol=0
    )
    for n, tensor in enumerate(found, start=1):
        truth = nested(lambda q: network.values(q)[:, 0], center, n)
        assert tensor.shape == (3,) * n
        assert close(tensor, truth)
        assert close(sum(map(rules.value, diagrams(n, layers))), truth)
        applied_to_all = torch.stack([applied(truth, v) for v in directions])
        assert close(directional[n], applied_to_all)


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.sampled_from(SMOOTH), st.integers(1, 7))
def test_tensors_are_symmetric_and_contract_to_jets(seed, d, layers, activation, order):
    """To order 7, where parts of three and of three and more are put together."""
    rng = np.random.default_rng(seed)
    # More exponentials of exponentials would overflow.
    layers = min(layers, 2) if activation == "exp" else layers
    widths = tuple(rng.integers(1, 5, layers).tolist())
    network = perceptron(d, widths, activation, seed % 1000)
    center, v = 0.5 * normal(seed % 997, d), normal(seed % 991, d)
    found = tensors(network, center, order)
    directional = jets(network, center, v[None], order)
    lengths = [v.abs().sum() ** n / factorial(n) for n in range(order + 1)]
    # One derivative may vanish by chance: they are compared with the largest term of the series.
    size = max(t.abs().max() * lengths[n] for n, t in enumerate(found, start=1))
    for n, tensor in enumerate(found, start=1):
        gap = (applied(tensor, v) - directional[n, 0]).abs() / factorial(n)
        assert gap <= EQUAL * size
        order_of_axes = rng.permutation(n).tolist()
        assert torch.equal(tensor.permute(order_of_axes), tensor)


def test_distinct_entries():
    for d, n in [(1, 3), (2, 4), (3, 3), (4, 2), (5, 1)]:
        sorted_indices = torch.stack(places(d, n), dim=1).tolist()
        expected = [list(m) for m in np.ndindex((d,) * n) if list(m) == sorted(m)]
        assert sorted(sorted_indices) == expected
        full = unpack(torch.arange(len(expected), dtype=torch.float64), d, n)
        for k, index in enumerate(sorted_indices):
            assert {float(full[m]) for m in permutations(index)} == {k}


@pytest.mark.slow
def test_a_deep_network_at_order_12_keeps_its_digits():
    """One direction, beside mpmath in 60 digits."""
    network = perceptron(1, (3, 3), "tanh", seed=4)
    with mpmath.workdps(60):
        # mpmath takes no tensors: the same network, number by number.
        numbers = [[list(map(mpmath.mpf, row)) for row in w.tolist()] for w in network.weights]
        offsets = [list(map(mpmath.mpf, b.tolist())) for b in network.biases]

        def value(x):
            h = [x]
            for k, (w, b) in enumerate(zip(numbers, offsets, strict=True)):
                columns = zip(*w, strict=True)
                z = [mpmath.fdot(h, c) + shift for c, shift in zip(columns, b, strict=True)]
                h = z if k == 2 else [mpmath.tanh(item) for item in z]
            return h[0]

        truth = [float(c * mpmath.factorial(k)) for k, c in
                 enumerate(mpmath.taylor(value, mpmath.mpf("0.25"), 12))]  # fmt: skip
    found = jets(network, (0.25,), [(1.0,)], 12)[:, 0].tolist()
    assert found == pytest.approx(truth, rel=1e-11)
    last = tensors(network, (0.25,), 12)[-1]
    assert last.item() == pytest.approx(truth[12], rel=1e-11)


IDENTITY = Features.identity(("q0", "q1"))
RADIAL = Features.of(("q0", "q1"), {"r": DISTANCE, "a": q0, "b": q1})
AFFINE = torch.tensor([[-1.0, 2.0], [3.0, 2.5]], dtype=torch.float64)
WIDE = torch.tensor([[-1.0, 0.1], [3.0, 2.5]], dtype=torch.float64)
"""Its second column spans more than a decade: the scaling takes its logarithm."""


def scaled(x):
    return Network(Scaling.of(x), (normal(0, 2, 4), normal(1, 4, 3)), (normal(2, 4), normal(3, 3)))


def of(basis, features=IDENTITY):
    return Potential(basis, normal(4, basis.size), features)


LEARNED = {
    "affine": of(scaled(AFFINE)),
    "logarithmic": of(scaled(WIDE)),
    "perceptron": of(perceptron(2, (3, 3), "softplus")),
    "exponential": of(perceptron(2, (3,), "tanh", output="exp")),
    "no hidden layer": of(perceptron(2, (), "tanh")),
    "some features": of(on((2, 1), scaled(AFFINE)), RADIAL),
    "one of them": of(on((1,), perceptron(1, (3,), "gelu")), RADIAL),
}


def plain(potential):
    """V of points (n, d), that torch.func can differentiate."""

    def values(q):
        distance = (q[:, 0] - q[:, 1]).abs()
        x = q if potential.features is IDENTITY else torch.stack([distance, *q.T], dim=1)
        return potential.basis.values(x) @ potential.coefficients

    return values


def test_orders_above_20_do_not_overflow():
    """d^k log x/dx^k = -(k-1)! (-x)^-k."""
    network = Layers((torch.eye(1),), (torch.zeros(1),), ("log",), torch.ones(1), torch.zeros(()))
    found = jets(network, (2.0,), [(1.0,)], 30)[1:, 0].tolist()
    truth = [-float(factorial(k - 1)) * (-2.0) ** -k for k in range(1, 31)]
    assert found == pytest.approx(truth, rel=1e-12)
    same = jets(lambda q: torch.log(q[0]), (2.0,), [(1.0,)], 30)[1:, 0].tolist()
    assert same == pytest.approx(truth, rel=1e-11)


class TestNetworks:
    @pytest.mark.parametrize("name", LEARNED)
    def test_each_becomes_layers(self, name):
        potential = LEARNED[name]
        center = torch.tensor([0.4, 1.7], dtype=torch.float64)
        layers = Layers.of(SimpleNamespace(potential=potential))
        values = plain(potential)
        points = torch.stack([center, center + 0.1])
        directions = normal(7, 3, 2)
        found, directional = tensors(potential, center, 3), jets(layers, center, directions, 3)

        torch.testing.assert_close(layers(points), values(points), rtol=1e-13, atol=1e-13)
        torch.testing.assert_close(jets(potential, center, directions, 3), directional)
        for n, tensor in enumerate(found, start=1):
            truth = nested(values, center, n)
            assert (tensor - truth).abs().max() <= EQUAL * max(1, truth.abs().max())
            exact = torch.stack([applied(truth, v) for v in directions])
            assert (directional[n] - exact).abs().max() <= EQUAL * max(1, exact.abs().max())

    def test_single_precision_is_taken_as_doubles(self):
        network = Perceptron.glorot(2, (4,), 0, "gelu")
        doubles = network.to(torch.zeros((), dtype=torch.float64))
        center = torch.tensor([0.3, 0.1], dtype=torch.float64)
        truth = nested(lambda q: doubles.values(q)[:, 0], center, 2)
        assert close(tensors(network, center, 2)[1], truth)
        assert close(evaluate(diagrams(2, 1)[0], network, center), truth)

    def test_tensors_of_a_line_are_0_from_the_second_on(self):
        network = perceptron(3, (), "tanh")
        first, second, third = tensors(network, (0.1, 0.2, 0.3), 3)
        assert torch.equal(first, network.weights[0][:, 0])
        assert not second.any()
        assert third.shape == (3, 3, 3)
        assert not third.any()
        assert diagrams(2, 0) == ()

    def test_nothing_of_the_weights_is_changed(self):
        network = perceptron(2, (3, 3), "tanh")
        before = network.parameters().clone()
        first = tensors(network, (0.3, 0.1), 4)
        again = tensors(network, (0.3, 0.1), 4)
        assert torch.equal(network.parameters(), before)
        assert all(map(torch.equal, first, again))

    @pytest.mark.parametrize(
        ("learned", "message"),
        [
            (of(on((0,), perceptron(1, (3,), "tanh")), RADIAL), "no coordinate"),
            (of(Box.coupling((0.0, 0.0), 1.0, 2)), "Box is no network"),
            ("tanh", "a str is no network"),
        ],
    )
    def test_what_is_no_network(self, learned, message):
        with pytest.raises(InputError, match=message):
            tensors(learned, (0.0, 0.0), 2)

    def test_wrong_orders_and_centers(self):
        network = perceptron(2, (3,), "tanh")
        with pytest.raises(InputError, match="from 1, not 0"):
            tensors(network, (0.0, 0.0), 0)
        with pytest.raises(InputError, match="2 inputs"):
            tensors(network, (0.0, 0.0, 0.0), 2)


def radial(basis):
    return of(basis, Features.of(("q0", "q1"), {"r": DISTANCE}))


LINE = torch.linspace(0.2, 1.6, 20, dtype=torch.float64)[:, None]
FOLLOWED = {
    "1/r and log r": radial(Candidates(("r",), (1 / r, sympy.log(r), r**-2, sympy.exp(-r) / r))),
    "roots": radial(Candidates(("r",), (sympy.sqrt(r), r ** sympy.Rational(-3, 2), r**sympy.pi))),
    "waves": radial(Candidates(("r",), (sympy.sin(r), sympy.tan(r), sympy.atan(r), sympy.cosh(r)))),
    "a constant": radial(Candidates(("r",), (sympy.Integer(2), sympy.Abs(r - 5)))),
    "chebyshev": radial(Chebyshev.of(LINE, 4)),
    "exp-log": radial(ExpLog.start(LINE, 2, 4)),
    "network of log r": radial(
        Network(Scaling.of(torch.tensor([[0.01], [3.0]])), (normal(0, 1, 3),), (normal(1, 3),))
    ),
    "box": of(Box.full((0.1, 0.2), (0.5, 2.0), 3)),
    "box of chebyshev": of(Box.coupling((0.1, 0.2), 1.5, 3)),
    "shared": of(Shared(((0,), (1,)), Candidates(("q",), (symbol("q") ** 3,)))),
    "sum": of(
        Sum((on((1, 2), perceptron(2, (3,), "elu")), on((0,), Candidates(("r",), (1 / r,))))),
        RADIAL,
    ),
}


MATRIX = torch.tensor([[1.0, 2.0], [0.5, 1.0]], dtype=torch.float64)
FUNCTIONS = {
    "acos": lambda q: torch.acos(q[0] / 3),
    "asin": lambda q: (q[1] / 3).asin(),
    "atan": lambda q: torch.atan(q[0]),
    "abs": lambda q: abs(q[1]) + torch.abs(q[0]),
    "affine": lambda q: functional.linear(q, MATRIX, MATRIX[0]).sum(),
    "base": lambda q: 2.0 ** q[0] + torch.tensor(3.0).double() ** q[1],
    "cat": lambda q: (torch.cat([q, torch.ones(1).double(), q**2]) ** 2).sum(),
    "condition": lambda q: torch.where(q > 0, q**2, -q).sum() * torch.where(q < 0, q, 3.0).sum(),
    "cosh": lambda q: torch.cosh(q[0]) * q[1].sinh(),
    "division": lambda q: (1 - q[0]) / (3 + q[1]) - torch.ones(()).double() / q[0],
    "erf": lambda q: torch.erf(q[0]) + torch.special.ndtr(q[1]),
    "exp": lambda q: torch.expm1(q[0]) * torch.log1p(q[0]) * torch.exp(q[1]),
    "matrix": lambda q: q @ MATRIX @ q,
    "matrix first": lambda q: (MATRIX @ q).dot(q),
    "norm": lambda q: torch.linalg.norm(q) * q.norm(),
    "outer": lambda q: (q[:, None] * q[None, :] * torch.ones(2, 2).double()).mean(),
    "power": lambda q: q[0] ** 2.5 * q[0] ** q[1] + (q[1] ** 3).square() + q[0].pow(-2),
    "shapes": lambda q: q.reshape(1, 2).expand(3, 2).flatten()[1:4].sum() * q.unbind()[0],
    "shift": lambda q: (torch.ones(3, 2).double() + q - torch.zeros(2).double()).sum(),
    "sigmoid": lambda q: torch.sigmoid(q[0]) * functional.softplus(q[1]),
    "silu": lambda q: functional.silu(q[0]) - functional.gelu(q[1]) + functional.relu(q[0]),
    "sqrt": lambda q: torch.sqrt(q[0]) / torch.stack([q[0], q[1] + 4]).sum().reciprocal(),
    "tan": lambda q: torch.tan(q[0] / 2) * torch.tanh(q[1]) * torch.cos(q[0]),
    "trivial": lambda q: torch.tensor(2.0).double(),
}


class TestFollowing:
    @pytest.mark.parametrize("name", FOLLOWED)
    def test_any_basis_of_any_features(self, name):
        potential = FOLLOWED[name]
        center = torch.tensor([0.9, -0.2], dtype=torch.float64)
        direction = torch.tensor([0.6, -0.3], dtype=torch.float64)
        features = potential.features

        def values(q):
            distance = (q[:, 0] - q[:, 1])[:, None]
            x = {("r",): distance, ("q0", "q1"): q}.get(features.names)
            x = torch.cat([distance, q], dim=1) if x is None else x
            return potential.basis.values(x) @ potential.coefficients

        truth = along(values, center, direction, 4)
        found = jets(potential, center, direction[None], 4)[:, 0]
        torch.testing.assert_close(found, truth, rtol=1e-11, atol=1e-11)

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_functions_of_torch(self, name):
        function = FUNCTIONS[name]
        center = torch.tensor([0.7, -0.4], dtype=torch.float64)
        direction = torch.tensor([0.6, -0.9], dtype=torch.float64)
        truth = along(lambda q: function(q[0])[None], center, direction, 4)
        found = jets(function, center, torch.stack([direction, 2 * direction]), 4)
        torch.testing.assert_close(found[:, 0], truth, rtol=1e-12, atol=1e-12)
        twice = torch.tensor([2.0**k for k in range(5)], dtype=torch.float64)
        torch.testing.assert_close(found[:, 1], twice * truth, rtol=1e-12, atol=1e-11)

    def test_a_module_of_torch(self):
        torch.manual_seed(0)
        module = torch.nn.Sequential(
            torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)
        ).double()
        center, direction = normal(0, 2), normal(1, 2)
        truth = along(lambda q: module(q)[:, 0], center, direction, 4).detach()
        found = jets(lambda q: module(q)[0], center, direction[None], 4)[:, 0]
        torch.testing.assert_close(found, truth, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda q: torch.lgamma(q).sum(), "lgamma is not known"),
            (lambda q: functional.gelu(q, approximate="tanh").sum(), "gelu is known for its"),
        ],
    )
    def test_what_is_not_followed(self, function, message):
        with pytest.raises(InputError, match=message):
            jets(function, (0.1, 0.2), [(1.0, 0.0)], 2)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (("text", (0.0,), [(1.0,)], 2), "a str cannot be expanded"),
            ((torch.sum, (0.0,), [(1.0,)], -1), "from 0, not -1"),
            ((torch.exp, (0.0, 0.0), [(1.0, 0.0)], 1), r"gives \(2,\) numbers a point"),
            ((torch.sum, (0.0,), (1.0,), 1), "rows of numbers"),
            ((torch.sum, (0.0, 1.0), [(1.0,)], 1), "1 inputs"),
            ((LEARNED["affine"], (0.0,), [(1.0,)], 1), "2 inputs"),
            ((perceptron(2, (3,), "tanh"), (0.0,), [(1.0,)], 1), "2 inputs"),
        ],
    )
    def test_what_jets_cannot_be_of(self, given, message):
        with pytest.raises(InputError, match=message):
            jets(*given)


def random_jet(rng, order=6, shape=(3,), low=-1.5, high=1.5):
    """A series whose value is well within a range."""
    coefficients = rng.uniform(-1, 1, (order + 1, *shape))
    coefficients[0] = rng.uniform(low, high, shape)
    return Jet(torch.from_numpy(coefficients))


def same(one, other, tolerance=1e-11):
    """Both series, to round-off of their largest coefficient."""
    a, b = one.coefficients, other.coefficients
    return a.shape == b.shape and (a - b).abs().max() <= tolerance * max(1, a.abs().max())


class TestAlgebra:
    @given(seeds)
    def test_products_obey_leibniz(self, seed):
        rng = np.random.default_rng(seed)
        f, g = random_jet(rng), random_jet(rng)
        df, dg = f.derivatives, g.derivatives
        for k, derivative in enumerate((f * g).derivatives):
            truth = sum(comb(k, j) * df[j] * dg[k - j] for j in range(k + 1))
            torch.testing.assert_close(derivative, truth, rtol=1e-12, atol=1e-10)
        assert same(f * g, g * f)
        assert same(f * (g - 2), f * g - 2 * f)

    @given(seeds)
    def test_polynomials_of_polynomials_obey_the_chain_rule(self, seed):
        """P(Q(t)) as numpy multiplies it out, cut off after t⁶."""
        rng = np.random.default_rng(seed)
        outer = np.polynomial.Polynomial(rng.uniform(-1, 1, 4))
        inner = np.polynomial.Polynomial(rng.uniform(-1, 1, 5))
        whole = outer(inner).coef
        coefficients = np.zeros(7)
        coefficients[:5] = inner.coef
        q = Jet(torch.from_numpy(coefficients))
        a, b, c, d = outer.coef
        found = a + b * q + c * q**2 + d * q**3
        np.testing.assert_allclose(found.coefficients.numpy(), whole[:7], atol=1e-13)

    @given(seeds)
    def test_inverse_functions_undo_each_other(self, seed):
        rng = np.random.default_rng(seed)
        small = random_jet(rng, low=-0.6, high=0.6)
        positive = random_jet(rng, low=0.7, high=2.0)
        assert same(positive.log().exp(), positive)
        assert same(small.expm1().log1p(), small)
        assert same(small.tan().atan(), small)
        assert same(small.sin().asin(), small)
        assert same(positive.sqrt() * positive.sqrt(), positive)
        assert same(positive.reciprocal() * positive, Jet.line(torch.ones(3), torch.zeros(3), 6))
        assert same((positive**0.3) ** (1 / 0.3), positive, 1e-10)
        assert same(positive**0.3 * positive**1.7, positive**2)
        assert same(positive**-3 * positive**3 * small, small, 1e-9)
        assert same(1 / positive, positive**-1)

    @given(seeds)
    def test_identities(self, seed):
        rng = np.random.default_rng(seed)
        z = random_jet(rng)
        one = Jet.line(torch.ones(3).double(), torch.zeros(()), 6)
        assert same(z.sin() ** 2 + z.cos() ** 2, one)
        assert same(z.cosh() ** 2 - z.sinh() ** 2, one, 1e-10)
        assert same(z.tanh() * z.cosh(), z.sinh(), 1e-10)
        assert same(z.sigmoid(), (1 + (z / 2).tanh()) / 2)
        assert same(z.sin(), 2 * (z / 2).sin() * (z / 2).cos())
        assert same(-z, 0 - z)

    @given(seeds)
    def test_shapes_broadcast_like_tensors(self, seed):
        rng = np.random.default_rng(seed)
        column, row = random_jet(rng, 3, (4, 1)), random_jet(rng, 3, (2,))
        number, plain = random_jet(rng, 3, ()), torch.from_numpy(rng.standard_normal((5, 4, 2)))
        for found, pick in [
            (column + row, lambda i, j: column[i, 0] + row[j]),
            (row - column, lambda i, j: row[j] - column[i, 0]),
            (column * row, lambda i, j: column[i, 0] * row[j]),
            (number / (column + 5), lambda i, j: number / (column[i, 0] + 5)),
        ]:
            assert found.ndim == 2
            for i, j in np.ndindex(*found.shape):
                assert same(found[i, j], pick(i, j) if j < 2 else None)
        for found, pick in [
            (plain - row, lambda m: plain[m].item() - row[m[-1]]),
            (plain * row, lambda m: plain[m].item() * row[m[-1]]),
            (row / plain, lambda m: row[m[-1]] / plain[m].item()),
            (number + plain, lambda m: number + plain[m].item()),
        ]:
            assert found.shape == (5, 4, 2)
            for m in np.ndindex(5, 4, 2):
                assert same(found[m], pick(m))

    def test_torch_differentiates_them_too(self):
        """d/dx of the second derivative is the third."""
        x = torch.tensor([0.3, 1.2], dtype=torch.float64, requires_grad=True)

        def derivatives(order):
            z = Jet.line(x, torch.ones(()), order)
            return (torch.tanh(z) * functional.gelu(z).exp() / torch.sqrt(z) + z.cos()).derivatives

        (slope,) = torch.autograd.grad(derivatives(2)[2].sum(), x)
        torch.testing.assert_close(slope, derivatives(3)[3], rtol=1e-12, atol=0)

    def test_a_kink_has_no_derivative(self):
        z = Jet.line(torch.tensor([0.0, -1.0]), torch.tensor([1.0, 1.0]), 2)
        assert abs(z).coefficients[0].tolist() == [0.0, 1.0]
        assert abs(z).coefficients[1:].isnan().tolist() == [[True, False]] * 2
        assert not torch.isfinite(torch.sqrt(z * z).coefficients[1:, 0]).any()
