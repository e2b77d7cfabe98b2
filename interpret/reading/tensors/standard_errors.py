"""Error bars of coefficients from what the fit leaves, whatever made it."""

from __future__ import annotations

import numpy as np

from systems.physics.scattering.symmetric import Array


def standard_errors(design: Array, residual: Array, fitted: float = 0.0) -> Array:
    """Standard errors (k,) of the k coefficients whose fit by `design` (n, k) left `residual` (n,).

    Three answers, the largest of which is given for each coefficient:

    - σ |A⁺_k| with σ² = |residual|²/(n - k): noise alike in every entry;
    - [Σ_i (A⁺_ki residual_i)²]^½: noise that is larger in some entries, such as large ones;
    - `fitted` |A⁺_k|: smooth errors, such as a trained map's, of which `fitted` is the size in any
      smooth direction, as read off the part of the residual that a whole library fits.

    Source: H. White, Econometrica 48 (1980) 817, for the second.

    >>> rng = np.random.default_rng(0)
    >>> design = np.ones((100, 1))
    >>> error = standard_errors(design, rng.standard_normal(100))
    >>> bool(0.08 < error[0] < 0.12)  # 1/√100
    True
    """
    rows, columns = design.shape
    open_directions = max(rows - columns, 1)
    influence = np.linalg.pinv(design)
    spread = np.linalg.norm(residual) / np.sqrt(open_directions)
    alike = max(float(spread), fitted) * np.linalg.norm(influence, axis=1)
    apart = np.linalg.norm(influence * residual, axis=1) * np.sqrt(rows / open_directions)
    return np.asarray(np.maximum(alike, apart))
