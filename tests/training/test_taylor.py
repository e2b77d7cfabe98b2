"""Taylor tensors three ways: by diagrams, by contraction and by jets, beside nested torch.func."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import permutations
from math import comb, factorial
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import jacfwd
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
from training.taylor.contraction import packed
from training.taylor.diagrams import Rules
from training.taylor.symmetric import places, unpack
from training.taylor.trees import Vertex, count, unlabelled

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
    shapes = list(zip(sizes, sizes[1:], strict=False))
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
    values = []
    derivative = lambda t: function((center + t * direction)[None])[0]  # noqa: E731
    for _ in range(order + 1):
        values.append(derivative(torch.zeros((), dtype=torch.float64)))
        derivative = jacfwd(derivative)
    return torch.stack(values)


def applied(tensor, v):
    """The tensor with v in all of its places."""
    return reduce(lambda left, _: left @ v, range(tensor.ndim), tensor)


def close(found, truth, tolerance=EQUAL):
    return (found - truth).abs().max() <= tolerance * truth.abs().max()


class TestActivations:
    POINTS = (-7.0, -1.3, -0.2, 0.0, 0.4, 2.1, 5.5)
    z = sympy.Symbol("z", real=True)
    EXACT = {
        "tanh": sympy.tanh(z),
        "gelu": z * (1 + sympy.erf(z / sympy.sqrt(2))) / 2,
        "softplus": sympy.log(1 + sympy.exp(z)),
        "silu": z / (1 + sympy.exp(-z)),
        "sin": sympy.sin(z),
        "exp": sympy.exp(z),
        "second_order": sympy.exp(z) - 1 - z,
        "log": sympy.log(z),
        "identity": z,
    }

    def points(self, name):
        return [z for z in self.POINTS if z > 0 or name != "log"]

    @pytest.mark.parametrize("name", EXACT)
    def test_derivatives_to_order_8_are_sympys(self, name):
        points = self.points(name)
        at = torch.tensor(points, dtype=torch.float64)
        found = torch.stack(known.derivatives(name, at, 8))
        series = known.activate(name, Jet.line(at, torch.ones(()), 8).coefficients)
        factorials = torch.tensor([[factorial(k)] for k in range(9)], dtype=torch.float64)
        for k in range(9):
            exact = self.EXACT[name].diff(self.z, k)
            truth = [float(exact.subs(self.z, sympy.Rational(str(p))).evalf(30)) for p in points]
            scale = max(map(abs, truth))
            assert np.abs(found[k].numpy() - truth).max() <= EQUAL * scale
            assert np.abs((factorials * series)[k].numpy() - truth).max() <= EQUAL * scale

    def test_every_activation_is_tested(self):
        assert set(known.ACTIVATIONS) == {*self.EXACT, "relu", "elu"}
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
        below = torch.zeros(4) if name == "relu" else [np.expm1(-0.5), *[np.exp(-0.5)] * 3]
        assert found[:, 0].tolist() == pytest.approx(list(below))
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


class TestDiagrams:
    COUNTS = {
        1: (1, 1, 1, 1, 1),
        2: (1, 2, 5, 15, 52),
        3: (1, 3, 12, 60, 358),
        4: (1, 4, 22, 154, 1304),
    }

    @pytest.mark.parametrize("layers", COUNTS)
    def test_their_number_is_known(self, layers):
        found = [diagrams(n, layers) for n in range(1, 6)]
        assert tuple(map(len, found)) == self.COUNTS[layers]
        assert tuple(len(set(each)) for each in found) == self.COUNTS[layers]
        assert tuple(count(n, layers) for n in range(1, 6)) == self.COUNTS[layers]

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
        tree = Vertex(3, (1, Vertex(1, (0, 2))))
        (diagram,) = (each for each in diagrams(3, 3) if each.tree == tree)
        assert str(diagram) == (
            "P(out←3) σ⁽²⁾₃[P(3←1) σ⁽²⁾₁[P(1←0) x₁, P(1←0) x₃], P(3←0) x₂]"
        ) or str(diagram) == ("P(out←3) σ⁽²⁾₃[P(3←0) x₂, P(3←1) σ⁽²⁾₁[P(1←0) x₁, P(1←0) x₃]]")
        assert sorted(diagram.propagators) == [(1, 0), (1, 0), (3, 0), (3, 1), (4, 3)]
        assert sorted(diagram.vertices) == [(1, 2), (3, 2)]

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


@pytest.mark.parametrize("layers", WIDTHS)
@pytest.mark.parametrize("activation", SMOOTH)
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
@settings(max_examples=40)
def test_tensors_are_symmetric_and_contract_to_jets(seed, d, layers, activation, order):
    """To order 7, where parts of three and of three and more are put together."""
    rng = np.random.default_rng(seed)
    widths = tuple(rng.integers(1, 5, layers).tolist())
    network = perceptron(d, widths, activation, seed % 1000)
    center, v = 0.5 * normal(seed % 997, d), normal(seed % 991, d)
    found = tensors(network, center, order)
    directional = jets(network, center, v[None], order)
    for n, tensor in enumerate(found, start=1):
        # Summed in any order, so many products of sizes up to the largest entry times |v|^n.
        size = tensor.abs().max() * v.abs().sum() ** n
        assert (applied(tensor, v) - directional[n, 0]).abs() <= EQUAL * size
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


class TestNetworks:
    def networks(self):
        """(learned, its plain values, center)."""
        x = torch.tensor([[-1.0, 2.0], [3.0, 2.5]], dtype=torch.float64)
        weights, biases = (normal(0, 2, 4), normal(1, 4, 3)), (normal(2, 4), normal(3, 3))
        affine = Network(Scaling.of(x), weights, biases)
        wide = torch.tensor([[-1.0, 0.1], [3.0, 2.5]], dtype=torch.float64)
        logarithmic = Network(Scaling.of(wide), weights, biases)
        assert logarithmic.scaling.logarithmic.tolist() == [False, True]
        identity = Features.identity(("q0", "q1"))
        coefficients = normal(4, 3)
        single = perceptron(2, (3, 3), "softplus")
        exponential = perceptron(2, (3,), "tanh", output="exp")
        line = perceptron(2, (), "tanh")
        swapped = on((1, 0), affine)
        three = Features.of(("q0", "q1"), {"r": DISTANCE, "a": q0, "b": q1})
        return {
            "affine": Potential(affine, coefficients, identity),
            "logarithmic": Potential(logarithmic, coefficients, identity),
            "perceptron": Potential(single, torch.tensor([-2.0]), identity),
            "exponential": Potential(exponential, torch.tensor([3.0]), identity),
            "line": Potential(line, torch.tensor([1.0]), identity),
            "columns": Potential(swapped, coefficients, three),
            "fit": SimpleNamespace(potential=Potential(affine, coefficients, identity)),
        }

    @pytest.mark.parametrize(
        "name",
        ["affine", "logarithmic", "perceptron", "exponential", "line", "columns", "fit"],
    )
    def test_each_becomes_layers(self, name):
        learned = self.networks()[name]
        potential = getattr(learned, "potential", learned)
        center = torch.tensor([0.4, 1.7], dtype=torch.float64)
        layers = Layers.of(learned)
        points = torch.stack([center, center + 0.1])
        features = potential.features.values

        def values(q):
            if name != "columns":
                return potential.basis.values(q) @ potential.coefficients.double()
            distance = (q[:, 0] - q[:, 1]).abs()
            x = torch.stack([distance, q[:, 0], q[:, 1]], dim=1)
            # The group is (1, 0) of the features r, q0, q1.
            return potential.basis.values(x) @ potential.coefficients

        assert features(points.numpy()).shape[0] == 2
        if name == "columns":
            with pytest.raises(InputError, match="no coordinate"):
                Layers.of(learned)
            return
        torch.testing.assert_close(layers(points), values(points), rtol=1e-13, atol=1e-13)
        for n, tensor in enumerate(tensors(learned, center, 3), start=1):
            truth = nested(values, center, n)
            assert (tensor - truth).abs().max() <= EQUAL * max(1, truth.abs().max())
