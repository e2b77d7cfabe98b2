"""PySINDy's optimizers as alternatives, fed the QR-compressed rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from interpret.selection import Compressed, Support
from systems.errors import InputError, nearest

OPTIMIZERS = ("path", "stlsq", "sr3", "ssr")
DEFAULT_THRESHOLD = 1e-3


def choose_support(problem: Compressed, optimizer: str, threshold: float | None) -> Support:
    """The support PySINDy's ``optimizer`` ("stlsq", "sr3", "ssr") keeps.

    STLSQ and SR3 threshold the coefficients themselves; SSR removes one term after another and
    keeps the model where the residual stops falling, so it needs no threshold. The ridge penalty
    is switched off: PySINDy's default leaves spurious terms. Source: B. de Silva et al., JOSS 5
    (2020) 2104; P. Zheng et al. (SR3), IEEE Access 7 (2019) 1404; L. Boninsegna et al. (SSR),
    J. Chem. Phys. 148 (2018) 241723.

    Raises InputError for an unknown optimizer and for a threshold that removes everything.
    """
    if optimizer not in OPTIMIZERS:
        raise InputError(f"there is no optimizer '{optimizer}'.{nearest(optimizer, OPTIMIZERS)}")
    level = DEFAULT_THRESHOLD if threshold is None else threshold
    coefficients = _fit(_optimizer(optimizer, level), problem)
    support = tuple(int(k) for k in np.flatnonzero(coefficients))
    if not support:
        full, _ = problem.solve(tuple(range(problem.size)))
        raise InputError(
            f"threshold {level:g} removed all {problem.size} candidates with {optimizer}; the "
            f"largest coefficient of the full library is {float(np.abs(full).max()):.3g}"
        )
    return support


def _optimizer(name: str, threshold: float) -> Any:
    import pysindy

    if name == "stlsq":
        return pysindy.STLSQ(threshold=threshold, alpha=0.0, max_iter=50)
    if name == "sr3":
        # SR3's hard threshold is sqrt(2 lambda / nu); nu = 1 makes it the threshold itself.
        return pysindy.SR3(
            reg_weight_lam=threshold**2 / 2, relax_coeff_nu=1.0, regularizer="L0", max_iter=1000
        )
    return pysindy.SSR(alpha=1e-14, max_iter=1000)


def _fit(optimizer: Any, problem: Compressed) -> np.ndarray:
    with warnings.catch_warnings():
        # That everything was removed is our caller's sentence to say.
        warnings.filterwarnings("ignore", message=".*eliminated all coefficients.*")
        warnings.filterwarnings("ignore", message=".*Sparsity parameter is too big.*")
        optimizer.fit(problem.design, problem.truth[:, None])
    coefficients: np.ndarray = optimizer.coef_[0]
    return coefficients
