"""Learn the potential of particles from points of phase space, by one of several models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from sympy import Expr
from torch import Tensor

from systems import equations
from systems.errors import InputError, nearest
from systems.integrate import compile
from systems.samples.phase_space import PhaseSamples, Window
from training.bases.basis import Basis, is_trainable
from training.bases.box import Box
from training.bases.chebyshev import Chebyshev
from training.bases.composite import on
from training.bases.exponential import ExpLog
from training.bases.network import Network, glorot
from training.features import Features
from training.learn.learned import LearnedFunction
from training.learn.reference import ONE_BODY_DEGREE, Reference, flexible, reference
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.restarts import seeds
from training.optimise.watch import UNWATCHED, Monitor
from training.particles import Particles
from training.prepare.stencils import Array
from training.rows import forces as phase_rows
from training.solve.families import solve_families
from training.solve.linear import ROUND_OFF

MODELS = ("polynomial", "coupling", "neural")
FORMS = ("raw", "log-r", "exp-log")
HIGHEST = 8
HIDDEN = {"raw": (48,), "log-r": (24,), "exp-log": (12,)}
ITERATIONS = {"raw": 600, "log-r": 200, "exp-log": 600}
WARM = {"raw": 600, "log-r": 0, "exp-log": 500}
"""Of the coordinates, and of exponentials, Broyden comes further than Levenberg–Marquardt, in a
fifth of the time; the few weights of a distance are quicker by the latter. Of each term, where a
potential has several."""
LEAST_GAIN = {"raw": 1e-3, "log-r": 2e-2, "exp-log": 1e-3}
"""Of a distance's logarithm steps that gain less follow the round-off of the samples."""
TOLERANCE = 1e-10
NOISY_CUTOFF = 1e-6


@dataclass(frozen=True)
class Model:
    """What is learned, and as a function of what.

    name      "polynomial" (the whole potential), "coupling" (what is left of it when the external
              potential is known) or "neural" (either, by a network)
    form      "log-r" (of distances through their logarithm, and of coordinates), "exp-log"
              (the exponential of a function of log r; neural only), or "raw" (of the coordinates)
    external  whether the external potential is unknown and learned too
    highest   of "raw" polynomials, the highest power of a coordinate
    terms     of "exp-log", how many; a law that turns comes closer with two
    window    what "raw" polynomials are centered on, by default the box that the samples fill
    restarts  of "neural", how many networks start; the one that comes furthest is trained

    Raises InputError for an unknown name or form, and for exp-log polynomials.
    """

    name: str = "polynomial"
    form: str = "log-r"
    external: bool = True
    highest: int = HIGHEST
    terms: int = 1
    window: Window | None = None
    restarts: int = 1

    def __post_init__(self) -> None:
        if self.name not in MODELS:
            known = ", ".join(MODELS)
            raise InputError(
                f"there is no model {self.name!r}; there are {known}.{nearest(self.name, MODELS)}"
            )
        if self.form not in FORMS:
            raise InputError(
                f"a potential is learned as a function of {', '.join(FORMS)}, not {self.form!r}."
                f"{nearest(self.form, FORMS)}"
            )
        if self.form == "exp-log" and self.name != "neural":
            raise InputError("the form exp-log is a network's; use it with the model neural.")


@dataclass(frozen=True, repr=False)
class PhaseFit(LearnedFunction):
    """V(q) = sum_k c_k phi_k(x(q)) + V_known(q), up to one constant a connected component.

    ``misfit`` is the relative weighted residual of the forces, ``reference`` what a flexible basis
    reaches, whose rows and weights are used.
    """

    particles: Particles
    model: Model
    basis: Basis
    coefficients: Tensor
    reference: Reference
    samples: PhaseSamples
    misfit: float
    history: tuple[float, ...] = ()
    steps: int = 0

    def __repr__(self) -> str:
        what = f"{self.model.name} in {self.model.form}, {self.basis.size} functions"
        return f"PhaseFit({self.particles.system.name}: {what}, misfit {self.misfit:.1e})"

    @property
    def known(self) -> Expr | None:
        """The known part of V, if there is one."""
        return known_part(self.particles, self.model)

    @property
    def features(self) -> Features:
        """What V is a function of."""
        return self.particles.features

    def gradient(self, q: Array) -> Array:
        """∂V/∂q of the learned part, (n, d) -> (n, d)."""
        return self.potential.gradient(q)

    def acceleration(self, q: Array) -> Array:
        """q̈ = -(∂V_learned + ∂V_known)/m, (n, d) -> (n, d)."""
        gradient = self.gradient(q)
        if self.known is not None:
            gradient = gradient + self._known_gradient(q)
        return -gradient / self.particles.mass

    @cached_property
    def _known_gradient(self) -> Callable[[Array], Array]:
        assert self.known is not None, "asked for only where there is a known part"
        return gradient_of(self.known, self.particles)


def known_part(particles: Particles, model: Model) -> Expr | None:
    """The external potential, where the model does not learn it."""
    return None if model.external else particles.mechanics.external


def gradient_of(potential: Expr, particles: Particles) -> Callable[[Array], Array]:
    """The numpy function q (n, d) -> ∂V/∂q (n, d) of an expression in coordinates or features."""
    known = particles.mechanics
    slopes = equations.gradient(known.in_coordinates(potential), known.coordinates)
    return compile(slopes, known.coordinates)


def learn(
    particles: Particles,
    samples: PhaseSamples,
    model: Model | None = None,
    *,
    seed: int = 0,
    iterations: int | None = None,
    monitor: Monitor = UNWATCHED,
) -> PhaseFit:
    """Learn the potential behind the samples' accelerations.

    Polynomials are one scaled least-squares solve. A network's hidden weights are trained with its
    output layer eliminated, in the weights of the reference fit.

    >>> import systems
    >>> system = systems.get("trapped_charges")
    >>> fit = learn(Particles(system, 1), system.draw())
    >>> fit.misfit < 1e-12
    True
    """
    model = model or Model()
    known = known_part(particles, model)
    if known is None and not model.external:
        raise InputError(
            f"{particles.system.name} has no external potential that could be taken as known."
        )
    slope = None if known is None else gradient_of(known, particles)(samples.q)
    against = reference(particles, samples, known=slope)
    starts = [start(particles, model, against, number) for number in seeds(seed, model.restarts)]
    basis = starts[0]
    trainable = [network for network in starts if is_trainable(network)]
    cutoff = NOISY_CUTOFF if against.noisy and trainable else ROUND_OFF
    history: tuple[float, ...] = ()
    if trainable:
        # Below the noise nothing is left to learn.
        tolerance = max(TOLERANCE, against.misfit if against.noisy else 0.0)
        form = model.form
        total = model.terms * ITERATIONS[form] if iterations is None else iterations
        outer = Outer(
            total, tolerance, monitor, warm=model.terms * WARM[form], least_gain=LEAST_GAIN[form]
        )
        basis, history = outer.train_best(trainable, Reduced([against.rows], [1.0]))
    with torch.no_grad():
        solved = solve_families([against.rows], basis, rcond=cutoff)
    return PhaseFit(
        particles,
        model,
        basis,
        solved.coefficients,
        against,
        samples,
        solved.residual,
        history,
    )


def start(particles: Particles, model: Model, against: Reference, seed: int) -> Basis:
    """The basis of a model before any training."""
    x = against.rows.x[0]
    coordinates = particles.coordinates
    if model.name == "neural":
        return _network(particles, model, x, seed)
    if model.form == "log-r":
        return flexible(particles, x, external=model.external)
    center, half = _sides(x[:, list(coordinates)], model.window)
    # The report's separate powers begin with the square, which only suits a box about the origin.
    if model.external and not center.any():
        return on(coordinates, Box.full(center, half, model.highest))
    return on(coordinates, Box.coupling(center, half, model.highest))


def _sides(q: Tensor, window: Window | None) -> tuple[Tensor, Tensor]:
    """Center and half width (d,) of the window, or of the box that the samples q (n, d) fill."""
    if window is not None:
        center = torch.tensor(window.center, dtype=torch.float64)
        return center, torch.full_like(center, window.width / 2)
    low, high = q.min(dim=0).values, q.max(dim=0).values
    return (high + low) / 2, (high - low) / 2


def _network(particles: Particles, model: Model, x: Tensor, seed: int) -> Basis:
    hidden = HIDDEN[model.form]
    if model.form == "raw":
        q = x[:, list(particles.coordinates)]
        return on(particles.coordinates, glorot(q, hidden, seed))
    r = particles.distances(x)
    pair = particles.between_pairs(
        ExpLog.start(r, model.terms, hidden[0], seed)
        if model.form == "exp-log"
        else _of_logarithm(glorot(r.log(), hidden, seed))
    )
    if not model.external:
        return pair
    axes = [Chebyshev.of(particles.along(axis, x), ONE_BODY_DEGREE) for axis in particles.axes]
    return particles.with_one_body(pair, list(axes))


def _of_logarithm(network: Network) -> Network:
    """The network of log r as a network of r."""
    logarithmic = torch.ones_like(network.scaling.logarithmic)
    return replace(network, scaling=replace(network.scaling, logarithmic=logarithmic))


def relative_error(fit: PhaseFit, held_out: PhaseSamples) -> float:
    """Root mean square of the accelerations' errors over theirs, on samples not learned from."""
    return phase_rows.relative_error(fit.acceleration(held_out.q), held_out)
