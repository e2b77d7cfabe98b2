"""Two particles in a periodic box: Lüscher's zeta function and the kinematic phase made of it.

With q = kL/(2π), S(q²) = √(4π) Z00(1; q²) = Σ_n C3(n)/(n - q²), regularised, and C3(n) the number
of integer vectors of length √n, Lüscher's formula for the S wave is

    δ(k) + φ(q) = nπ,   tan φ = -π^(3/2) q/Z00(1; q²) = -2π² q/S(q²),   φ(0) = 0,

    or   k cot δ = (4π/L³) Σ_p 1/(p² - k²),   p = 2π n/L.

`shells` counts the vectors, `zeta` sums them, `kinematic` has φ and its inverse; `quantisation`
goes from phase shifts to levels and back by the formula. The truth, without it: `models` of two
pions, their `shifts` in infinite volume, the `spectrum` of their Hamiltonian in a box;
`level_samples` draws both, of systems that are `resolved`.

Source: M. Lüscher, Nucl. Phys. B 354 (1991) 531.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from systems.lazy import lazy

if TYPE_CHECKING:
    from systems.physics.finite_volume.kinematic import momentum, phase
    from systems.physics.finite_volume.level_samples import LevelSamples, draw_levels
    from systems.physics.finite_volume.models import Couplings
    from systems.physics.finite_volume.quantisation import (
        k_cot_delta,
        luescher_levels,
        phases_from_levels,
    )
    from systems.physics.finite_volume.resonances import resolved
    from systems.physics.finite_volume.shells import degeneracies
    from systems.physics.finite_volume.shifts import bound_states, phase_shifts
    from systems.physics.finite_volume.spectrum import levels
    from systems.physics.finite_volume.zeta import zeta00, zeta_sum, zeta_zeros

_HOMES = {
    "Couplings": "models",
    "LevelSamples": "level_samples",
    "bound_states": "shifts",
    "degeneracies": "shells",
    "draw_levels": "level_samples",
    "k_cot_delta": "quantisation",
    "levels": "spectrum",
    "luescher_levels": "quantisation",
    "momentum": "kinematic",
    "phase": "kinematic",
    "phase_shifts": "shifts",
    "phases_from_levels": "quantisation",
    "resolved": "resonances",
    "zeta00": "zeta",
    "zeta_sum": "zeta",
    "zeta_zeros": "zeta",
}

__all__ = [
    "Couplings",
    "LevelSamples",
    "bound_states",
    "degeneracies",
    "draw_levels",
    "k_cot_delta",
    "levels",
    "luescher_levels",
    "momentum",
    "phase",
    "phase_shifts",
    "phases_from_levels",
    "resolved",
    "zeta00",
    "zeta_sum",
    "zeta_zeros",
]

__getattr__ = lazy("systems.physics.finite_volume", _HOMES)
