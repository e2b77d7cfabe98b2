"""PySINDy's optimizers as alternatives, fed the QR-compressed rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interpret.select.criteria import Choice
from interpret.select.matrix import ROUND_OFF, Compressed, Support
from interpret.select.supports import Ranked
from systems.errors import InputError, nearest

OPTIMIZERS: Final = ("path", "stlsq", "sr3", "ssr")
DEFAULT_THRESHOLD: Final = 1e-3

STEEP: Final = 2.0
"""A residual that falls by less than this factor does not fall: the plateau rule's own factor."""


@dataclass(frozen=True)
class Optimizer:
    """The support that PySINDy's optimizer ``name`` ("stlsq", "sr3", "ssr") keeps.

    STLSQ and SR3 threshold the coefficients themselves; SSR removes one term after another and
    keeps the model where the residual stops falling, so it needs no threshold. The ridge penalty
    is switched off: PySINDy's default leaves spurious terms. Source: B. de Silva et al., JOSS 5
    (2020) 2104; P. Zheng et al. (SR3), IEEE Access 7 (2019) 1404; L. Boninsegna et al. (SSR),
    J. Chem. Phys. 148 (2018) 241723.

    Raises InputError for an unknown optimizer.
    """

    name: str
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS[1:]:
            raise InputError(
                f"there is no optimizer '{self.name}'.{nearest(self.name, OPTIMIZERS)}"
            )

    def choose(self, problem: Compressed) -> Choice:
        """What the optimizer keeps; InputError for a threshold that removes everything."""
        level = DEFAULT_THRESHOLD if self.threshold is None else self.threshold
        support = KEEPERS[self.name](problem, level)
        if not support:
            full, _ = problem.solve(problem.full)
            raise InputError(
                f"threshold {level:g} removed all {problem.size} candidates with {self.name}; the "
                f"largest coefficient of the full library is {float(np.abs(full).max()):.3g}"
            )
        return Choice(Ranked((support,), np.array([problem.solve(support)[1]])))


def _stlsq(problem: Compressed, threshold: float) -> Support:
    import pysindy

    fitted = _fitted(pysindy.STLSQ(threshold=threshold, alpha=0.0, max_iter=50), problem)
    return _support(fitted.coef_)


def _sr3(problem: Compressed, threshold: float) -> Support:
    import pysindy

    # SR3's hard threshold is sqrt(2 lambda / nu); nu = 1 makes it the threshold itself.
    weight = threshold**2 / 2
    optimizer = pysindy.SR3(
        reg_weight_lam=weight, relax_coeff_nu=1.0, regularizer="L0", max_iter=1000
    )
    return _support(_fitted(optimizer, problem).coef_)


def _ssr(problem: Compressed, _: float) -> Support:
    """The model before the steepest rise of the residual on SSR's path.

    PySINDy's own rule takes the largest of the rises, also where none is more than round-off or
    what a useless term fits of the errors; there the single term is taken.
    """
    import pysindy

    path = _fitted(pysindy.SSR(alpha=1e-14, max_iter=1000), problem).history_
    # Its first entry is overwritten by the later ones; it was the whole library.
    supports = [problem.full, *map(_support, path[1:])]
    floor = ROUND_OFF * problem.length
    residuals = np.array([max(problem.solve(support)[1], floor) for support in supports])
    rises = residuals[1:] / residuals[:-1]
    steepest = int(np.argmax(rises)) if len(rises) else 0
    return supports[steepest] if len(rises) and rises[steepest] >= STEEP else supports[-1]


KEEPERS: Final[Mapping[str, Callable[[Compressed, float], Support]]] = {
    "stlsq": _stlsq,
    "sr3": _sr3,
    "ssr": _ssr,
}


def _support(coefficients: Any) -> Support:
    return tuple(int(k) for k in np.flatnonzero(coefficients))


def _fitted(optimizer: Any, problem: Compressed) -> Any:
    with warnings.catch_warnings():
        # That everything was removed is our caller's sentence to say.
        warnings.filterwarnings("ignore", message=".*eliminated all coefficients.*")
        warnings.filterwarnings("ignore", message=".*Sparsity parameter is too big.*")
        optimizer.fit(problem.design, problem.truth[:, None])
    return optimizer
