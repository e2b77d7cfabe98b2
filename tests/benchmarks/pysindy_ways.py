"""PySINDy as its manual does it, in four ways: plain, smoothed, weak and ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pysindy

from systems import Trajectories
from tests.benchmarks.pysindy_scores import Term, custom, quiet

WAYS: Final = ("plain", "smoothed", "weak", "ensemble")
THRESHOLDS: Final = tuple(np.geomspace(1e-3, 10, 13).tolist())
"""Of which the best is granted, which no user could know."""

WINDOWS, MODELS = 200, 20


def fitted(
    data: Trajectories,
    terms: Mapping[str, Term],
    way: str,
    threshold: float,
    controls: Sequence[np.ndarray] | None = None,
) -> Any:
    """A pysindy.SINDy of the states (q, v), its terms functions of them and of the controls.

    `controls` has an array (n, k) for each trajectory; the weak way wants trajectories of one grid.
    """
    times = [item.t for item in data]
    states = [np.hstack([item.q, item.p / data.mass]) for item in data]
    names = [*data.coordinates, *(f"v_{name}" for name in data.coordinates)]
    if controls is not None:
        names += [f"u{k}" for k in range(controls[0].shape[1])]
    library: Any = custom(terms)
    if way == "weak":
        with quiet():
            library = pysindy.WeakPDELibrary(library, spatiotemporal_grid=times[0], K=WINDOWS)
    optimizer: Any = pysindy.STLSQ(threshold=threshold)
    if way == "ensemble":
        optimizer = pysindy.EnsembleOptimizer(optimizer, bagging=True, n_models=MODELS)
    smooth = pysindy.SmoothedFiniteDifference(axis=-2) if way == "smoothed" else None
    model = pysindy.SINDy(
        optimizer=optimizer, feature_library=library, differentiation_method=smooth
    )
    with quiet():
        model.fit(states, t=times, u=None if controls is None else list(controls),
                  feature_names=names)  # fmt: skip
    return model


def forces(model: Any) -> np.ndarray:
    """The coefficients of dv/dt: a row for each coordinate."""
    found: np.ndarray = model.coefficients()
    return found[len(found) // 2 :]
