"""The S-wave scattering length of potentials made of equal steps, exactly and as a Born series.

u'' + U(r) u = 0 on 0 <= r <= 1, u(0) = 0, and U = 0 beyond; r in units of the range ρ, and
U = -2μρ²V is positive where the potential attracts. a0 = 1 - u(1)/u'(1), also in units of ρ.

`length` holds a0 and its gradient, `born` the terms of its Born series and their tensors, `cells`
the integrals over steps that these are made of, `symmetric` symmetric tensors without their copies.
"""

from systems.physics.scattering.born_series import (
    born_tensor,
    born_terms,
    density,
    kernel,
    square_well,
)
from systems.physics.scattering.length import gradient, scattering_length

__all__ = [
    "born_tensor",
    "born_terms",
    "density",
    "gradient",
    "kernel",
    "scattering_length",
    "square_well",
]
