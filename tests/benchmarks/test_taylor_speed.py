"""Taylor tensors by contracted diagrams and jets, beside the best of nested torch.func."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import factorial

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import grad, jacfwd, jacrev, jvp, vmap

from interpret.reading.couplings.expansion import expand, homogeneous, spread
from training.bases.perceptron import ACTIVATIONS, Perceptron
from training.features import Features
from training.potential import Potential
from training.taylor import jets, tensors

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Taylor tensors of a network"
NOTE = """
All entries of the n-th derivative of a 64 × 64 × 64 × 1 network in double precision, and in ours
also of those below, packed entries put in all their places. Nested: torch.func's jacrev and jacfwd
of one another and of grad, the best of those that were tried (named), in as many directions at a
time as were best. CPU time, the best of the rounds by turns.
"""
WIDTH = 64
LEAST = {2: 5.0, 3: 2.0, 4: 6.0}
ROUNDS = {2: 25, 3: 15, 4: 3}
REPEATS = {2: 20, 3: 3, 4: 1}
"""The quick ones are done several times a round, so that the clock can tell them."""

JETS_TITLE = "Derivatives along directions"
JETS_NOTE = """
y and its derivatives of orders 1 to K along each of the directions, of the same network with tanh,
by power series, beside K nested forward derivatives (torch.func's jvp) of all directions at once:
the K-th alone, or those below it too. CPU time, the best of the rounds by turns.
"""
LEAST_JETS = {(1, 4): 20.0, (1, 8): 100.0, (100, 4): 10.0, (1000, 4): 5.0}

COUPLINGS_TITLE = "Couplings of a learned potential"
COUPLINGS_NOTE = """
The Taylor coefficients to order 8 of a 2 × 16 × 16 × 1 network about a point, by power series
along 18 directions, beside nested forward derivatives along the same. CPU time, the best of 3.
"""
Function = Callable[[Tensor], Tensor]


def network(activation: str, inputs: int = WIDTH, width: int = WIDTH) -> Perceptron:
    single = Perceptron.glorot(inputs, (width, width), 0, activation)
    return single.to(torch.zeros((), dtype=torch.float64))


def plain(perceptron: Perceptron) -> Function:
    """The network as one would write it, of one point or of many."""
    activate, _ = ACTIVATIONS[perceptron.activation]
    *hidden, last = zip(perceptron.weights, perceptron.biases, strict=True)

    def value(x: Tensor) -> Tensor:
        for weight, bias in hidden:
            x = activate(x @ weight + bias)
        return (x @ last[0] + last[1])[..., 0]

    return value


def in_chunks(derivative: Function, chunk: int) -> Function:
    """One more forward derivative, in so many directions at a time."""

    def along_all(x: Tensor) -> Tensor:
        def along(v: Tensor) -> Tensor:
            return jvp(derivative, (x,), (v,))[1]

        return vmap(along, chunk_size=chunk)(torch.eye(len(x), dtype=x.dtype))

    return along_all


def nested(f: Function) -> dict[int, dict[str, Function]]:
    """What torch.func offers for each order; forward alone is many times slower from n = 3 on."""
    third = jacfwd(jacrev(grad(f)))
    return {
        2: {
            "rev rev": jacrev(jacrev(f)),
            "rev grad": jacrev(grad(f)),
            "fwd grad": jacfwd(grad(f)),
        },
        3: {"fwd rev grad": third, "fwd fwd grad": jacfwd(jacfwd(grad(f)))},
        4: {f"fwd fwd rev grad, {chunk}": in_chunks(third, chunk) for chunk in (4, 8)},
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("order", LEAST)
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_contraction_beats_nested_derivatives(activation, order, race, record):
    learned = network(activation)
    center = torch.full((WIDTH,), 0.05, dtype=torch.float64)
    ways = nested(plain(learned))[order]
    repeats = REPEATS[order]

    def ours():
        return tensors(learned, center, order)[-1]

    found = ours()
    for way in ways.values():
        truth = way(center)
        assert (found - truth).abs().max() <= 1e-12 * truth.abs().max()
    del found, truth

    def repeated(work):
        def run(_):
            for _ in range(repeats):
                work()

        return run

    rivals = [repeated(lambda way=way: way(center)) for way in ways.values()]
    mine, *others = race(repeated(ours), *rivals, rounds=ROUNDS[order])
    seconds = {name: watch.best / repeats for name, watch in zip(ways, others, strict=True)}
    best = min(seconds, key=seconds.__getitem__)
    ratio = seconds[best] * repeats / mine.best
    row = {
        "activation": activation,
        "order": str(order),
        "entries": f"{WIDTH**order:,}",
        "ours, ms": f"{1e3 * mine.best / repeats:.3g}",
        "nested, ms": f"{1e3 * seconds[best]:.3g}",
        "best of nested": best,
        "nested / ours": f"{ratio:.1f}",
    }
    record(TITLE, NOTE, row)
    assert ratio > LEAST[order]


def highest(f: Function, x: Tensor, v: Tensor, order: int) -> Tensor:
    """D^K f[v, ..., v] alone, of many directions at once."""

    def rising(below: Function) -> Function:
        return lambda q: jvp(below, (q,), (v,))[1]

    for _ in range(order):
        f = rising(f)
    with torch.no_grad():
        return f(x.repeat(len(v), 1))


def tower(f: Function, x: Tensor, v: Tensor, order: int) -> Tensor:
    """D^k f[v, ..., v] for k = 0 .. K: what is below comes along."""

    def rising(below: Callable[[Tensor], tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
        def both(t: Tensor) -> tuple[Tensor, ...]:
            values, tangents = jvp(below, (t,), (torch.ones_like(t),))
            return (*values, tangents[-1])

        return both

    def bottom(t: Tensor) -> tuple[Tensor, ...]:
        return (f(x + t[:, None] * v),)

    climbing = bottom
    for _ in range(order):
        climbing = rising(climbing)
    with torch.no_grad():
        return torch.stack(climbing(torch.zeros(len(v), dtype=x.dtype)))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("directions", "order"), [(1, 2), (1, 4), (1, 8), (100, 2), (100, 4), (1000, 4)]
)
def test_jets_beat_nested_tangents(directions, order, race, record):
    learned = network("tanh")
    f = plain(learned)
    x = torch.full((WIDTH,), 0.05, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    v = torch.randn(directions, WIDTH, generator=generator, dtype=torch.float64)
    repeats = 20 if directions < 1000 else 3

    found, all_orders = jets(learned, x, v, order), tower(f, x, v, order)
    assert ((found - all_orders).abs().amax(1) <= 1e-11 * all_orders.abs().amax(1)).all()
    torch.testing.assert_close(highest(f, x, v, order), found[-1], rtol=1e-9, atol=1e-9)

    def ours(_):
        for _ in range(repeats):
            jets(learned, x, v, order)

    rounds = 3 if order > 4 else 7
    mine, last, every = race(
        ours,
        lambda _: highest(f, x, v, order),
        lambda _: tower(f, x, v, order),
        rounds=rounds,
    )
    cost = mine.best / repeats
    ratio = last.best / cost
    row = {
        "directions": f"{directions:,}",
        "K": str(order),
        "ours, ms": f"{1e3 * cost:.3g}",
        "K-th nested / ours": f"{ratio:.1f}",
        "all nested / ours": f"{every.best / cost:.1f}",
    }
    record(JETS_TITLE, JETS_NOTE, row)
    assert min(last.best, every.best) / cost > LEAST_JETS.get((directions, order), 1.0)


@pytest.mark.timeout(900)
def test_couplings_take_milliseconds(race, record):
    order, repeats = 8, 10
    learned = network("tanh", 2, 16)
    names = ("q0", "q1")
    potential = Potential(learned, torch.ones(1, dtype=torch.float64), Features.identity(names))
    center = np.array([0.3, -0.2])
    f = plain(learned)

    def theirs(_):
        directions = spread(2, order)
        steps = torch.from_numpy(directions)
        values = tower(f, torch.from_numpy(center), steps, order).numpy()
        parts = [homogeneous(directions, values[n] / factorial(n), n) for n in range(order + 1)]
        return {place: entry for part in parts for place, entry in part.items()}

    def ours(_):
        for _ in range(repeats):
            found = expand(potential, center, order)
        return found

    mine, other = race(ours, theirs)
    found, truth = mine.results[-1].tensor, other.results[-1]
    largest = max(map(abs, truth.values()))
    assert max(abs(found[place] - entry) for place, entry in truth.items()) < 1e-12 * largest
    cost = mine.best / repeats
    row = {
        "order": str(order),
        "ours, ms": f"{1e3 * cost:.3g}",
        "nested, ms": f"{1e3 * other.best:.4g}",
        "nested / ours": f"{other.best / cost:.0f}",
    }
    record(COUPLINGS_TITLE, COUPLINGS_NOTE, row)
    assert other.best > 50 * cost
