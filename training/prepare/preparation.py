"""From trajectories to rows: is there noise, who integrated, which samples, which residuals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from systems.samples.trajectories import Trajectories
from training.bases.network import placed
from training.features import Features
from training.prepare.admission import admit
from training.prepare.dissipation import energy_trend
from training.prepare.fingerprint import is_verlet
from training.prepare.noise import SMALLEST_NOISE, Noise, estimate
from training.prepare.selection import Indices, select
from training.prepare.stencils import Array
from training.rows import trajectories as rows
from training.rows.trajectories import ForceRows, LevelRows, Rows
from training.settings import Settings
from training.solve.families import solve_families
from training.solve.linear import ROUND_OFF

if TYPE_CHECKING:
    from training.prepare.smoothing import Smooth

NOISY_CUTOFF = 1e-6
CLEAN_PASSES = 5
VERLET = "Störmer–Verlet"
UNLIKE_NOISE = 0.1


@dataclass(frozen=True)
class Prepared:
    """What the trainer learns from.

    ``families`` of rows; ``points`` the chosen samples; ``trajectories`` as measured, ``smoothed``
    if noisy, with the splines' ``curves``; ``drift`` of the energy, relative, where it is not
    conserved, else 0.
    """

    features: Features
    families: tuple[Rows, ...]
    points: Points
    trajectories: Trajectories
    smoothed: Trajectories | None
    noise: Noise
    integrator: str
    drift: float = 0.0
    curves: tuple[Smooth, ...] = ()

    @property
    def noisy(self) -> bool:
        """Whether the rows come from smoothed data."""
        return self.smoothed is not None

    @property
    def sigma(self) -> Array:
        """The noise of the 2d channels, q then p: no less than a part of their spread."""
        spread = np.concatenate(self.trajectories.channel_std())
        noise = np.concatenate([self.noise.q, self.noise.p])
        level: Array = np.maximum(noise, SMALLEST_NOISE * spread)
        return level

    @property
    def rcond(self) -> float:
        """Singular values of the network's design kept: all above round-off, or above the noise."""
        return NOISY_CUTOFF if self.noisy else ROUND_OFF

    @property
    def passes(self) -> int:
        """Reweighting passes: noise makes all rows alike, clean rows differ by their bias."""
        return 1 if self.noisy else CLEAN_PASSES


@dataclass(frozen=True)
class Points:
    """The chosen samples: ``time`` (n,), ``x`` (n, f), ``jacobian`` (n, d, f), ``group`` (n,)."""

    time: Tensor
    x: Tensor
    jacobian: Tensor
    group: Tensor


def prepare(trajectories: Trajectories, features: Features, settings: Settings) -> Prepared:
    """Choose samples and rows.

    - no noise, Störmer-Verlet data: Verlet's exact second difference alone (the energy of the true
      Hamiltonian is not conserved by it: energy rows would cost 3e-6 and more);
    - no noise otherwise: energy rows and Hermite-Simpson force rows;
    - noise, or positions alone: the same energy rows and the spline's own force, on jointly
      smoothed q and p;
    - energy that drifts steadily (friction): no energy rows.

    Raises InputError for data that no potential can be learned from (``admission``).
    """
    admit(trajectories, features)
    noise = estimate(trajectories)
    if trajectories.derived:
        return _without_false_energy(_smoothed(trajectories, features, settings, noise))
    if noise.negligible and is_verlet(trajectories):
        return _verlet(trajectories, features, settings, noise)
    if noise.negligible or _coarse_not_noisy(trajectories, features, settings, noise):
        return _without_false_energy(_clean(trajectories, features, settings, noise))
    return _without_false_energy(_smoothed(trajectories, features, settings, noise))


def unsmoothed(prepared: Prepared) -> Prepared:
    """The energy and force rows of the data as measured, for what noise and smoothing hide."""
    return _clean(prepared.trajectories, prepared.features, Settings(), prepared.noise)


def unsmoothed_energy(prepared: Prepared) -> LevelRows:
    """Its energy rows alone."""
    chosen = select(prepared.trajectories, prepared.features, Settings().points)
    return rows.energy(prepared.trajectories, prepared.features, chosen)


def _without_false_energy(prepared: Prepared) -> Prepared:
    """Drop the energy rows where energy is not conserved, and remember by how much."""
    levels, force = prepared.families
    assert isinstance(levels, LevelRows)
    assert isinstance(force, ForceRows)
    trend = energy_trend(levels, force, prepared.points.time)
    if not trend.dissipative:
        return prepared
    return replace(prepared, families=(force,), drift=trend.drift)


def _verlet(
    trajectories: Trajectories, features: Features, settings: Settings, noise: Noise
) -> Prepared:
    chosen = tuple(
        np.unique(index.clip(1, len(item.t) - 2))
        for item, index in zip(
            trajectories, select(trajectories, features, settings.points), strict=True
        )
    )
    force = rows.compact(rows.verlet(trajectories, features, chosen))
    points = _points(trajectories, features, chosen)
    return Prepared(features, (force,), points, trajectories, None, noise, VERLET)


def _clean(
    trajectories: Trajectories, features: Features, settings: Settings, noise: Noise
) -> Prepared:
    chosen = select(trajectories, features, settings.points)
    families = (
        rows.energy(trajectories, features, chosen),
        rows.compact(rows.hermite_simpson(trajectories, features, chosen)),
    )
    points = _points(trajectories, features, chosen)
    return Prepared(features, families, points, trajectories, None, noise, "exact flow")


def _smoothed(
    trajectories: Trajectories, features: Features, settings: Settings, noise: Noise
) -> Prepared:
    # Splines load much of scipy, and only noisy data need them.
    from training.prepare.smoothing import smooth

    smoothed = smooth(trajectories, noise)
    items = tuple(item.trajectory for item in smoothed)
    quiet = Trajectories(trajectories.coordinates, trajectories.mass, items)
    chosen = select(quiet, features, settings.points)
    gradient = [-item.force[index] for item, index in zip(smoothed, chosen, strict=True)]
    force = rows.compact(rows.given(quiet, features, chosen, gradient))
    families = (rows.energy(quiet, features, chosen), force)
    points = _points(quiet, features, chosen)
    return Prepared(
        features, families, points, trajectories, quiet, noise, "smoothed", curves=smoothed
    )


def _coarse_not_noisy(
    trajectories: Trajectories, features: Features, settings: Settings, noise: Noise
) -> bool:
    """Do the energy rows close far better than the noise read off the differences would allow?

    Sixth differences mistake coarse sampling for noise. Noise of level sigma moves T by
    (v sigma_p)^2 in the mean square; a network with a quarter as many neurons as samples cannot
    hide that, so a residual ten times smaller means there was none. With the forces' rows beside
    them the energy rows close no better than alone.
    """
    chosen = select(trajectories, features, settings.points)
    energy = rows.energy(trajectories, features, chosen)
    samples = len(energy.level)
    width = max(2, min(settings.width, samples // 4))
    basis = placed(energy.x, width, settings.seed)
    _, _, p, _ = trajectories.stack()
    blur = float(((p / trajectories.mass * noise.p) ** 2).sum(axis=1).mean())
    heat = float(rows.centre(energy.level[:, None], energy.group).square().mean())
    allowed = UNLIKE_NOISE * float(np.sqrt(blur / heat)) if heat > 0 else 0.0
    if solve_families([energy], basis).residuals[0] >= allowed:
        return False
    families = _clean(trajectories, features, settings, noise).families
    return solve_families(families, basis, passes=CLEAN_PASSES).residuals[0] < allowed


def _points(trajectories: Trajectories, features: Features, chosen: Indices) -> Points:
    q = np.concatenate([item.q[i] for item, i in zip(trajectories, chosen, strict=True)])
    t = np.concatenate([item.t[i] for item, i in zip(trajectories, chosen, strict=True)])
    jacobian = torch.from_numpy(np.ascontiguousarray(features.jacobian(q)))
    levels = rows.energy(trajectories, features, chosen)
    return Points(torch.from_numpy(t), levels.x, jacobian, levels.group)
