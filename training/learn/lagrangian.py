"""Learn a general Lagrangian L(q, q̇) from points of phase space, nothing of its form given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy
import torch
from torch import Tensor

from systems.equations import velocity
from systems.expressions import symbol
from systems.problem import Problem
from systems.samples.phase_space import PhaseSamples
from training.bases.candidates import Candidates
from training.bases.composite import Sum, on
from training.bases.network import glorot
from training.features import Features
from training.learn.learned import LearnedFunction
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.restarts import seeds
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.stencils import Array
from training.rows.euler_lagrange import MassRows, State, euler_lagrange
from training.solve.families import solve_families

HIDDEN = (16, 16)
ITERATIONS = 600
"""Of Broyden: its steps cost a tenth of Levenberg–Marquardt's here, and come further in all."""

TOLERANCE = 1e-7


@dataclass(frozen=True, repr=False)
class GeneralFit(LearnedFunction):
    """L(q, q̇) = Σ_k c_k φ_k(x(q, q̇)), up to a total time derivative; M_00 = 1 fixes its scale.

    ``misfits`` are the relative residuals of the Euler–Lagrange rows and of the mass rows.
    ``masses`` (d,) are the means of M's diagonal, ``anisotropy`` the mean of |M - diag m|.
    """

    system: Problem
    basis: Sum
    coefficients: Tensor
    samples: PhaseSamples
    misfits: tuple[float, float]
    masses: Array
    anisotropy: float
    history: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return f"GeneralFit({self.system.name}: {self.basis.size} functions, {self.misfit:.1e})"

    @cached_property
    def features(self) -> Features:
        """What L is a function of."""
        return state_features(self.system)

    @property
    def misfit(self) -> float:
        """The relative residual of the Euler–Lagrange rows."""
        return self.misfits[0]

    @property
    def mass_misfit(self) -> float:
        """That of the mass rows."""
        return self.misfits[1]

    def lagrangian(self, q: Array, qd: Array) -> Array:
        """L at (q, q̇), each (n, d), as an array (n,)."""
        return self.potential(np.hstack([q, qd]))

    def mass_matrix(self, q: Array, qd: Array) -> Array:
        """M = ∂²L/∂q̇∂q̇ at (q, q̇), shape (n, d, d)."""
        with torch.no_grad():
            mass = State.of(self.features, q, qd).mass(self.basis)
            values: Array = (mass @ self.coefficients).numpy()
        return values

    def acceleration(self, q: Array, qd: Array) -> Array:
        """q̈ = M⁻¹ (∂L/∂q - ∂²L/∂q̇∂q q̇), (n, d) each."""
        state = State.of(self.features, q, qd)
        with torch.no_grad():
            still = torch.zeros_like(state.velocity)
            force = state.force(self.basis) - state.momentum_rate(self.basis, still)
            mass = state.mass(self.basis) @ self.coefficients
            solved = torch.linalg.solve(mass, (force @ self.coefficients)[:, :, None])
        values: Array = solved[:, :, 0].numpy()
        return values


def state_features(system: Problem) -> Features:
    """log r of every distance, the mean position, and the velocities; no distance: (q, q̇).

    The mean position stands for where the system is as a whole, which no distance tells; with
    more than two particles the coordinates themselves are taken.

    >>> import systems
    >>> state_features(systems.get("trapped_charges")).names
    ('log_r', 'center', 'q0d', 'q1d')
    """
    known = system.motion()
    names = known.coordinates
    rates = [velocity(name).name for name in names]
    everything = (*names, *rates)
    if not known.distances:
        return Features.identity(everything)
    logs = {f"log_{name}": sympy.log(distance) for name, distance in known.distances.items()}
    if len(names) == 2:
        places = {"center": sympy.Add(*map(symbol, names))}
    else:
        places = {name: symbol(name) for name in names}
    return Features.of(everything, {**logs, **places, **{rate: symbol(rate) for rate in rates}})


def learn_lagrangian(
    system: Problem,
    samples: PhaseSamples,
    *,
    seed: int = 0,
    restarts: int = 1,
    iterations: int | None = None,
    monitor: Monitor = UNWATCHED,
) -> GeneralFit:
    """Learn L(q, q̇) = Σ c_ij q̇_i q̇_j + a network of the state, by Euler–Lagrange and mass rows.

    Both families of rows are linear in L, so that the output layer is solved exactly and only the
    hidden weights are trained. Nothing but the coordinates, and which distances there are, is read
    of the system: neither masses nor forces. Accelerations as residuals, with M inverted, would
    fall into minima where M is indefinite; the rows here never invert M. Of ``restarts`` networks
    the one that comes furthest is trained.

    >>> import systems
    >>> system = systems.get("trapped_charges", {"gap": 0.2})
    >>> fit = learn_lagrangian(system, system.draw(count=20), iterations=1)
    >>> fit.masses.shape
    (2,)
    """
    features = state_features(system)
    motion = euler_lagrange(features, samples)
    families = (motion, MassRows(motion.state))
    columns = tuple(range(len(features.names)))
    rates = [velocity(name).name for name in system.motion().coordinates]
    squares = [symbol(a) * symbol(b) for i, a in enumerate(rates) for b in rates[i:]]
    where = [features.names.index(rate) for rate in rates]
    kinetic = on(where, Candidates(tuple(rates), tuple(squares)))
    starts = [
        Sum((kinetic, on(columns, glorot(motion.state.x, HIDDEN, number))))
        for number in seeds(seed, restarts)
    ]
    total = ITERATIONS if iterations is None else iterations
    outer = Outer(total, TOLERANCE, monitor, warm=total)
    basis, history = outer.train_best(starts, Reduced(families, [1.0, 1.0]))
    with torch.no_grad():
        solved = solve_families(families, basis)
        mass = (motion.state.mass(basis) @ solved.coefficients).numpy()
    masses = np.diagonal(mass, axis1=1, axis2=2).mean(axis=0)
    return GeneralFit(
        system,
        basis,
        solved.coefficients,
        samples,
        (solved.residuals[0], solved.residuals[1]),
        masses,
        float(np.abs(mass - np.diag(masses)).mean()),
        history,
    )
