"""LawRegressor: `interpret.fit` with scikit-learn's protocol, as PySINDy's users know it.

    import interpret                                # import pysindy as ps
    model = interpret.LawRegressor()                # model = ps.SINDy()
    model.fit(X, t)                                 # X (n, 2d): coordinates, then velocities
    model.print()
    model.predict(X); model.score(X, t); model.simulate(X[0], t)

scikit-learn comes with `pip install 'interpret-physics[sklearn]'`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted, validate_data

from interpret.laws import formula
from interpret.laws.report import NO_LAW
from interpret.pipeline import fit as fit_law
from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from systems.samples.values import ValueSamples

Array = NDArray[np.float64]

KINDS: Final = ("motion", "values")
OWN: Final = 0.1
"""Velocities are columns that dq/dt misses by less than this part of their spread.

Differences of readings at twenty samples a period miss by about a sixtieth of it, and columns that
are no velocities by all of it."""


class LawRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The law of a motion, or of values y = f(x), as an estimator.

    - `kind`: "motion", where X are states in time and `fit` takes their times; or "values", where
      `fit(X, y)` learns a map.
    - `mass` (d,): one for each coordinate, 1 by default. `library`: the candidates, as
      `interpret.fit` has them. `steps` of the training at most; `random_state` is its seed.
    - `options`: all others, by name, such as ``{"angles": "theta", "threshold": 0.1}``.

    X (n, 2d) of a motion are its coordinates, then their velocities; (n, d) where the second half
    of the columns is not what the first half's derivative is: positions alone. Several motions are
    lists of such arrays. Once fitted there are `run_`, with `law_`, `certificate_` and `verdict_`.

    >>> t = np.linspace(0, 10, 201)
    >>> X = np.column_stack([np.cos(2 * t), -2 * np.sin(2 * t)])
    >>> LawRegressor().fit(X, t).equations()
    ['x0dd = -4*x0']
    """

    def __init__(
        self,
        kind: str = "motion",
        *,
        mass: ArrayLike | None = None,
        library: Any = None,
        steps: int | None = None,
        options: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.kind = kind
        self.mass = mass
        self.library = library
        self.steps = steps
        self.options = options
        self.random_state = random_state

    def fit(self, X: Any, t: Any = 1.0) -> Self:
        """Learn the law of motion from X at the times t (n,), or with the step t; of values y = t.

        Raises InputError, a ValueError, for what `interpret.fit` refuses.
        """
        if self.kind not in KINDS:
            raise InputError(
                f"a LawRegressor is of {' or '.join(KINDS)}, not of {self.kind!r:.60}."
            )
        samples = self._values(X, t) if self.kind == "values" else self._motions(X, t)
        given = {"library": self.library, "steps": self.steps}
        known = {name: value for name, value in given.items() if value is not None}
        seed = 0 if self.random_state is None else int(self.random_state)
        self.run_ = fit_law(samples, name="data", seed=seed, **known, **dict(self.options or {}))
        self.law_, self.certificate_ = self.run_.law, self.run_.certificate
        self.verdict_ = self.law_.verdict
        return self

    def predict(self, X: Any, t: Any = 1.0) -> Array:
        """dX/dt (n, 2d) of states X, accelerations (n, d) of positions alone; of values y (n,).

        The times matter to laws that know of them, and where X are positions alone.
        """
        check_is_fitted(self, "law_")
        if self.kind == "values":
            values: Array = self.law_(validate_data(self, X, reset=False, dtype=np.float64))
            return values
        items = [self._predicted(*pair) for pair in self._pairs(X, t, reset=False)]
        return np.concatenate(items)

    def score(self, X: Any, t: Any = 1.0, sample_weight: ArrayLike | None = None) -> float:
        """R² of `predict`: of accelerations against differences of X, or of the values."""
        if self.kind == "values":
            return float(super().score(X, t, sample_weight))
        d, found, seen = len(self.coordinates_), [], []
        for x, times in self._pairs(X, t, reset=False):
            found.append(self._predicted(x, times)[:, -d:])
            rates = x[:, d:] if self.velocities_ else np.gradient(x, times, axis=0, edge_order=2)
            seen.append(np.gradient(rates, times, axis=0, edge_order=2))
        return float(
            r2_score(np.concatenate(seen), np.concatenate(found), sample_weight=sample_weight)
        )

    def simulate(self, x0: ArrayLike, t: ArrayLike) -> Array:
        """The states (n, 2d) at the times t (n,) from x0 (2d,), coordinates and then velocities."""
        check_is_fitted(self, "law_")
        start = np.asarray(x0, dtype=np.float64)
        d = len(self.coordinates_)
        if start.shape != (2 * d,):
            raise InputError(
                f"a start is {d} coordinates and as many velocities, not {start.shape}."
            )
        if self.verdict_ == NO_LAW:
            raise InputError("no law was found in the library: nothing follows from it.")
        q, v = self.law_.simulate(start[:d], start[d:], t)
        return np.hstack([q, v])

    def equations(self) -> list[str]:
        """The law as text: x0dd = ... of each coordinate, or y(x0) = ...; none without a law."""
        check_is_fitted(self, "law_")
        if self.verdict_ == NO_LAW:
            return []
        if self.kind == "values":
            left = self.law_.equation(self.law_.parts[0]).left
            return [f"{left} = {formula.text(self.law_.expr)}"]
        return [f"{each.lhs} = {formula.text(each.rhs)}" for each in self.law_.equations()]

    def print(self) -> None:
        """Print the law, its verdict and its checks, as the program does."""
        check_is_fitted(self, "law_")
        print(self.run_)

    # What X is

    def _values(self, X: Any, y: Any) -> ValueSamples:
        if y is None or isinstance(y, float):
            raise InputError(
                "a map of values requires y to be passed, but the target y is None or one number."
            )
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(x.shape[1])])
        return ValueSamples(x, y, np.ones(len(y)), (*map(str, names), "y"))

    def _motions(self, X: Any, t: Any) -> Trajectories:
        """The motions, their coordinates named as the columns of a data frame are."""
        pairs = self._pairs(X, t, reset=True)
        width = self.n_features_in_
        self.velocities_ = width % 2 == 0 and _derived(pairs)
        d = width // 2 if self.velocities_ else width
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(d)])
        self.coordinates_ = tuple(map(str, names[:d]))
        mass = np.ones(d) if self.mass is None else np.asarray(self.mass, dtype=np.float64)
        if self.velocities_:
            states = [(times, x[:, :d], x[:, d:]) for x, times in pairs]
            return Trajectories.from_velocities(self.coordinates_, mass, states)
        places = [(times, x) for x, times in pairs]
        return Trajectories.from_positions(self.coordinates_, mass, places)

    def _pairs(self, X: Any, t: Any, *, reset: bool) -> list[tuple[Array, Array]]:
        """Every motion's states with their times."""
        several = isinstance(X, Sequence) and len(X) > 0 and np.ndim(X[0]) == 2
        states = list(X) if several else [X]
        clocks = list(t) if several and isinstance(t, Sequence) else [t] * len(states)
        pairs = []
        for k, (state, clock) in enumerate(zip(states, clocks, strict=True)):
            x = validate_data(self, state, reset=reset and k == 0, dtype=np.float64)
            pairs.append((x, _times(clock, len(x))))
        return pairs

    def _predicted(self, x: Array, times: Array) -> Array:
        if self.velocities_:
            d = len(self.coordinates_)
            v = x[:, d:]
            return np.hstack([v, self.law_.lambdify("numpy")(x[:, :d], v, times)])
        motion = Trajectories.from_positions(self.coordinates_, np.ones(x.shape[1]), [(times, x)])
        found: Array = self.law_.lambdify("numpy")(x, motion[0].p, times)
        return found


def _times(t: Any, count: int) -> Array:
    """The times themselves, or those of equal steps t."""
    if t is None or np.ndim(t) == 0:
        steps: Array = np.arange(count, dtype=np.float64) * (1.0 if t is None else float(t))
        return steps
    times = np.asarray(t, dtype=np.float64)
    if times.shape != (count,):
        raise InputError(
            f"there are {count} states and times of shape {times.shape}; one for each."
        )
    return times


def _derived(pairs: Sequence[tuple[Array, Array]]) -> bool:
    """Whether the second half of the columns is what the first half's derivative is."""
    missed, spread = [], []
    for x, times in pairs:
        if len(x) < 3 or (np.diff(times) <= 0).any():
            return False
        d = x.shape[1] // 2
        rates = np.gradient(x[:, :d], times, axis=0, edge_order=2)
        missed.append((rates - x[:, d:])[1:-1] ** 2)
        spread.append(x[1:-1, d:] ** 2)
    off, size = (np.concatenate(each).mean(axis=0) for each in (missed, spread))
    return bool((off <= OWN**2 * size).all())
