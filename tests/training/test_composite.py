"""Shared and summed bases, the exponential one, and what is kept of them in a file."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from systems.errors import InputError
from systems.expressions import symbol
from training.bases.basis import is_trainable
from training.bases.box import Box
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.bases.composite import Shared, Sum, hidden_units, on, parameters
from training.bases.exponential import ExpLog
from training.bases.network import glorot, placed
from training.bases.perceptron import Perceptron
from training.bases.ridge import RidgeFunctions
from training.bases.stored import restored, state

X = 0.5 + torch.rand(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def bases():
    """One of each, as functions of three features."""
    network = glorot(X[:, :1], (3, 4), seed=0)
    return {
        "shared": Shared(((0,), (2,)), network),
        "pairs of columns": Shared(((0, 1), (1, 2)), placed(X[:, :2], 5, seed=0)),
        "sum": Sum((on((1,), ExpLog.start(X[:, 1:2], 2, 3)), Shared(((0,), (2,)), network))),
        "exp-log": on((1,), ExpLog.start(X[:, 1:2], 2, 3, seed=1)),
        "chebyshev": Shared(((0,), (1,), (2,)), Chebyshev.of(X.reshape(-1, 1), 4)),
        "candidates": on((2,), Candidates(("r",), (1 / symbol("r"), symbol("r") ** 2))),
        "box": on((0, 1), Box.coupling((1.0, 1.0), 0.5, 3)),
        "perceptron": on((0, 1, 2), Perceptron.glorot(3, (4,), 0, activation="relu").to(X)),
        "ridge": RidgeFunctions.start(3, 4, "softplus", seed=0, biased=True, linear=True),
        "second order": RidgeFunctions.start(
            3, 4, "exponential", seed=0, biased=False, linear=True
        ),
    }


@pytest.mark.parametrize("name", bases())
def test_gradients_are_the_slopes_of_the_values(name):
    basis = bases()[name]
    values = torch.func.vmap(torch.func.jacfwd(lambda point: basis.values(point[None])[0]))(X)
    torch.testing.assert_close(basis.gradients(X), values.transpose(1, 2), rtol=1e-9, atol=1e-10)
    assert basis.values(X).shape == (40, basis.size)


@pytest.mark.parametrize("name", bases())
def test_a_basis_survives_being_taken_apart(name):
    basis = bases()[name]
    again = restored(state(basis))
    torch.testing.assert_close(again.values(X), basis.values(X), rtol=0, atol=0)
    torch.testing.assert_close(again.gradients(X), basis.gradients(X), rtol=0, atol=0)


def test_a_shared_function_is_summed_over_its_groups():
    single = glorot(X[:, :1], (3, 4), seed=0)
    shared = Shared(((0,), (2,)), single)
    torch.testing.assert_close(shared.values(X), single.values(X[:, :1]) + single.values(X[:, 2:]))


@given(seed=st.integers(0, 50))
def test_weights_go_out_and_back_in(seed):
    basis = bases()["sum"]
    flat = basis.parameters()
    other = flat + torch.randn(
        len(flat), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    changed = basis.with_parameters(other)
    torch.testing.assert_close(changed.parameters(), other)
    back = changed.with_parameters(flat)
    torch.testing.assert_close(back.values(X), basis.values(X), rtol=0, atol=0)
    assert not torch.allclose(changed.values(X), basis.values(X))


def test_only_bases_with_weights_are_trained():
    every = bases()
    trained = {name for name, basis in every.items() if is_trainable(basis)}
    assert trained == {"shared", "pairs of columns", "sum", "exp-log", "perceptron"} | {
        "ridge",
        "second order",
    }
    assert parameters(every["box"]).numel() == 0
    mixed = Sum((every["chebyshev"], every["exp-log"]))
    assert mixed.with_parameters(mixed.parameters() + 1).size == mixed.size


KEPT_BY_0_1 = {
    "shared": {"groups", "basis"},
    "sum": {"parts"},
    "exp-log": {"center", "scale", "slope", "inner", "bias", "outer"},
    "network": {"weights", "biases", "scaling"},
    "perceptron": {"weights", "biases", "activation", "output"},
    "chebyshev": {"scaling", "orders"},
    "box": {"center", "half_width", "orders", "polynomials"},
    "candidates": {"variables", "terms"},
}


def test_files_hold_what_version_0_1_has_written():
    """So that its weights are still read, by the names it gave them."""
    found = {}

    def look(kept):
        found[kept["kind"]] = set(kept) - {"kind"}
        for part in kept.get("parts", [kept["basis"]] if "basis" in kept else []):
            look(part)

    for basis in bases().values():
        look(state(basis))
    del found["ridge"]
    assert found == KEPT_BY_0_1


def test_a_kind_of_basis_that_is_none_is_told():
    with pytest.raises(InputError, match="no basis of the kind 'spline'"):
        restored({"kind": "spline"})


def test_hidden_units_are_counted():
    every = bases()
    assert hidden_units(every["shared"]) == 7
    assert hidden_units(every["sum"]) == 6 + 7
    assert hidden_units(every["perceptron"]) == 4
    assert hidden_units(every["box"]) == 0


def test_a_power_law_is_a_straight_line_of_the_exponential_basis():
    r = torch.linspace(0.2, 3.0, 30, dtype=torch.float64)[:, None]
    basis = ExpLog.start(r, terms=1, hidden=3)
    slope = -2 * basis.scale
    flat = torch.cat([slope[None], torch.zeros(9, dtype=torch.float64)])
    power = basis.with_parameters(flat).values(r)[:, 0]
    torch.testing.assert_close(power / power[0], (r[:, 0] / r[0, 0]) ** -2.0)
