"""Who is compared: ours, PySINDy in three ways, gplearn and pyoperon, in the same CPU seconds.

A method takes a `World` and returns accelerations. What a user of the rivals has to choose is
chosen for them by the truth, which no user could: the threshold of PySINDy, the width of the
smoothing and the place on the front of expressions of the symbolic regressors. Ours chooses by
itself.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from sympy import Expr, Symbol

from systems.expressions import parse
from systems.samples.trajectories import Trajectories
from tests.benchmarks import pysindy_ways
from tests.leaderboard.cases import World
from tests.leaderboard.judged import Judge, written
from tests.trials.judged import judged

Array = NDArray[np.float64]
WIDTHS: Final = (7, 11, 17, 25, 37, 55, 81)
"""Points of the windows of Savitzky and Golay, cubic, of which the best is granted."""

ROWS: Final = 1000
"""That symbolic regressors are shown: more only cost them generations."""

FUNCTIONS: Final = ("add", "sub", "mul", "div", "sin", "cos", "sqrt", "abs")
FITTEST: Final = 10
"""Expressions of gplearn's last generation among which the best is granted."""

LENGTH: Final = 40
"""Nodes of an expression of pyoperon's, twice what the longest law here needs."""


@dataclass(frozen=True)
class Found:
    """The accelerations, and the CPU seconds that they took; in words what is worth telling."""

    law: tuple[Expr, ...]
    seconds: float
    said: str = ""


def ours(world: World, judge: Judge, budget: float) -> Found:
    """All that `interpret fit` does up to the verdict."""
    started = time.process_time()
    law, _ = judged(world.problem, world.samples, world.options)
    seconds = time.process_time() - started
    equations = [equation.rhs for equation in law.equations()]
    return Found(written(world.words, equations), seconds, law.judgement.words)


def pysindy(way: str) -> Callable[[World, Judge, float], Found]:
    """PySINDy in one of its ways, at the best of its thresholds; the seconds are that fit's."""

    def found(world: World, judge: Judge, budget: float) -> Found:
        begun = time.process_time()
        named = _functions(world)
        controls = None
        if world.words.waves:
            controls = [world.words.driven(item) for item in world.samples]
        best: tuple[tuple[bool, float], Found] | None = None
        for threshold in pysindy_ways.THRESHOLDS:
            started = time.process_time()
            if started - begun > budget:
                break
            np.random.seed(0)  # noqa: NPY002  # its ensembles draw from this
            model = pysindy_ways.fitted(world.samples, named, way, threshold, controls)
            seconds = time.process_time() - started
            law = tuple(
                sympy.Add(*(float(c) * term for c, term in zip(row, world.library, strict=True)))
                for row in pysindy_ways.forces(model)
            )
            score = judge.score(law)
            rank = (not score.exact, score.error)
            if best is None or rank < best[0]:
                best = rank, Found(law, seconds, f"threshold {threshold:.2g}")
        assert best is not None, "the first one always fits"
        return best[1]

    return found


def _functions(world: World) -> Mapping[str, Any]:
    """The library's terms as functions of states and drives, all of them of each."""
    inputs = [Symbol(name) for name in world.words.state]
    like = sympy.Function("like")(inputs[0])
    modules = [{"like": np.ones_like}, "numpy"]
    return {
        str(term): sympy.lambdify(inputs, like if term == 1 else world.words.plain(term), modules)
        for term in world.library
    }


# Symbolic regressors


@dataclass(frozen=True)
class Points:
    """What a symbolic regressor is shown: columns by name (n, k), and accelerations (n, d)."""

    names: tuple[str, ...]
    x: Array
    y: Array


def points(world: World, noise: float) -> Points:
    """States and features with the true accelerations; of noisy data, all smoothed."""
    if not noise:
        smooth, y = world.clean, _true(world, world.clean)
    else:
        _, smooth, y = min(_smoothed(world), key=lambda found: found[0])
    states = np.vstack([world.words.columns(item, smooth.mass) for item in smooth])
    inputs = [Symbol(name) for name in world.words.state]
    features = [sympy.lambdify(inputs, what)(*states.T) for what in world.words.features.values()]
    x = np.column_stack([states, *features])
    every = max(1, len(x) // ROWS)
    return Points((*world.words.state, *world.words.features), x[::every], y[::every])


def _true(world: World, data: Trajectories) -> Array:
    field = Judge(world.words, world.truth, data).field(world.truth)
    return np.vstack([field(world.words.columns(item, data.mass), item.t) for item in data])


def _smoothed(world: World) -> Iterator[tuple[float, Trajectories, Array]]:
    """The data smoothed at every width, with the slopes of the velocities, and their error."""
    true = _true(world, world.clean)
    shortest = min(len(item) for item in world.samples)
    for width in (width for width in WIDTHS if width <= shortest):
        items, slopes = [], []
        for item in world.samples:
            step = float(item.t[1] - item.t[0])
            q, p = (savgol_filter(part, width, 3, axis=0) for part in (item.q, item.p))
            rates = savgol_filter(item.p, width, 3, deriv=1, delta=step, axis=0)
            items.append(replace(item, q=q, p=p))
            slopes.append(rates / world.samples.mass)
        y = np.vstack(slopes)
        error = float(np.sqrt(np.mean((y - true) ** 2)))
        yield error, replace(world.samples, items=tuple(items)), y


def regressed(
    search: Callable[[Points, int, float], list[Expr]],
) -> Callable[[World, Judge, float], Found]:
    """A symbolic regressor, each coordinate by itself with its share of the budget."""

    def found(world: World, judge: Judge, budget: float) -> Found:
        shown = points(world, _noise(world))
        started = time.process_time()
        share = budget / len(world.truth)
        fronts = [search(shown, i, share) for i in range(len(world.truth))]
        seconds = time.process_time() - started

        def best(i: int) -> Expr:
            scored = [(judge.score_of(i, one), one) for one in fronts[i]]
            score, one = min(scored, key=lambda pair: (not pair[0].exact, pair[0].error))
            # Where none is near the truth, the last is the one that fits best.
            return one if score.error < 1 else fronts[i][-1]

        return Found(tuple(map(best, range(len(fronts)))), seconds)

    return found


def _noise(world: World) -> bool:
    return world.samples is not world.clean


def gplearn(shown: Points, i: int, budget: float) -> list[Expr]:
    """Generations until the time is up; the fittest of the last one, the best at the end."""
    from gplearn.genetic import SymbolicRegressor

    model = SymbolicRegressor(
        population_size=1000, generations=1, function_set=FUNCTIONS, const_range=(-10.0, 10.0),
        metric="rmse", warm_start=True, low_memory=True, random_state=0,
        feature_names=list(shown.names),
    )  # fmt: skip
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while True:
            began = time.process_time()
            model.fit(shown.x, shown.y[:, i])
            now = time.process_time()
            if now + (now - began) > started + budget:
                break
            model.set_params(generations=model.generations + 1)
    last = [program for program in model._programs[-1] if program is not None]
    fittest = sorted(last, key=lambda program: program.raw_fitness_)[:FITTEST]  # an error
    return [_of_calls(str(program)) for program in reversed(fittest)]


CALLS: Final[Mapping[str, Callable[..., Expr]]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: sympy.Integer(1) if b.is_number and abs(b) <= 1e-3 else a / b,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "sqrt": lambda a: sympy.sqrt(sympy.Abs(a)),
    "abs": sympy.Abs,
}


def _of_calls(text: str) -> Expr:
    """gplearn's own writing, add(x, mul(2.0, y)), as an expression.

    It roots what is positive, and what it divides by nothing is 1.

    >>> _of_calls("sub(mul(2.0, x), sin(div(y, -1.0)))")
    2.0*x + sin(1.0*y)
    """
    stack: list[list[Expr]] = [[]]
    names: list[str] = []
    for word in re.findall(r"[A-Za-z_]\w*(?=\()|[^\s(),]+|\)", text):
        if word in CALLS:
            names.append(word)
            stack.append([])
        elif word == ")":
            arguments = stack.pop()
            stack[-1].append(CALLS[names.pop()](*arguments))
        else:
            number = re.match(r"-?[\d.]", word)
            stack[-1].append(sympy.Float(word) if number else Symbol(word))
    return stack[0][0]


def pyoperon(shown: Points, i: int, budget: float) -> list[Expr]:
    """Its front of error and length, grown until the time is up; the most exact one last."""
    from pyoperon.sklearn import SymbolicRegressor

    y = shown.y[:, i]
    model = SymbolicRegressor(
        allowed_symbols="add,sub,mul,div,sin,cos,sqrt,abs,square,constant,variable",
        objectives=["r2", "length"], optimizer_iterations=5, max_length=LENGTH,
        population_size=1000, generations=10**6, max_evaluations=10**9, n_threads=1,
        uncertainty=[max(1e-3 * float(y.std()), 1e-9)], random_state=1, warm_start=True,
    )  # fmt: skip
    end = time.process_time() + budget
    # It counts seconds of the clock, of which a busy machine gives fewer than it has.
    while (left := end - time.process_time()) > 0.05 * budget:
        model.set_params(max_time=max(1, round(left)))
        model.fit(shown.x, y)
    front = sorted(model.pareto_front_, key=lambda one: -one["mean_squared_error"])
    texts = [model.get_model_string(one["tree"], 9, list(shown.names)) for one in front]
    return [parse(text.replace("^", "**")) for text in texts]


METHODS: Final[Mapping[str, Callable[[World, Judge, float], Found]]] = {
    "interpret": ours,
    "PySINDy": pysindy("plain"),
    "PySINDy weak": pysindy("weak"),
    "PySINDy ensemble": pysindy("ensemble"),
    "pyoperon": regressed(pyoperon),
    "gplearn": regressed(gplearn),
}


def told(law: Sequence[Expr], most: int = 200) -> str:
    """The accelerations in short."""
    text = "; ".join(str(sympy.nfloat(force, n=5)) for force in law)
    return text if len(text) <= most else text[: most - 1] + "…"
