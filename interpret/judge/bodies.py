"""The certificate of a law of many bodies: what of the force it misses, and what it conserves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from interpret.bodies.encounters import blind_spots
from interpret.bodies.found import LEAST, Found
from interpret.bodies.swarm import EXACT, Swarm
from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.fitted import residuals
from interpret.judge.own_path import Rungs, along
from interpret.judge.support import Forces, cancellation, founded
from interpret.judge.thresholds import UNLIKELY, percent, short_of
from interpret.laws.law import Law
from interpret.select.criteria import CLOSE
from interpret.select.matrix import lengths
from training.features import Features
from training.prepare.preparation import prepare
from training.settings import Settings

Array = NDArray[np.float64]

BESIDE: Final = 10.0
"""How many times as much as a flexible law of the same links one may miss."""

MOST_FOLLOWED: Final = 12
"""Of so many coordinates the tangents of a path are worked out in seconds."""

SHOWN: Final = 0.9
AGAIN: Final = 3.0
"""The force of the last tenth may be missed so many times as much as that of the rest."""


def certify_bodies(law: Law, found: Found) -> Certificate:
    """Every check of a law of many bodies on the motion that it was read off."""
    checks = [*as_it_was_read(law).checks, _missed(found)]
    checks += founded(law, found.rows.swarm.points * found.rows.swarm.count)
    checks += [cancellation(_forces(found)), _flexible(found), _alone(found), _late(found)]
    checks += _encounters(found)
    checks += followed(law, found.rows.swarm) if found.noisy else [_energy(found)]
    return Certificate(tuple(checks))


def _missed(found: Found) -> Check:
    """The share of the force that the law misses, beside what noise makes of it."""
    share, noise = found.missed, found.noise
    said = f"of what the bodies' momenta do the law misses {percent(share)}"
    if found.noisy and noise > 0:
        ratio = share / noise
        said = f"{said}, noise makes {percent(noise)}"
        return Check("force", ratio, found.limit, "identified", said)
    beyond = float(np.sqrt(max(share**2 - noise**2, 0.0)))
    if beyond <= EXACT:
        return Check("force", beyond, EXACT, "identified", said)
    verdict = short_of(beyond)
    if noise > 0:
        said = f"{said}, noise makes {percent(noise)}"
    return Check("force", beyond, EXACT, verdict, said, beyond)


def _flexible(found: Found) -> Check:
    """What a flexible law along the same links misses: less where a term is missing."""
    best = max(found.reference, found.noise, LEAST)
    ratio = found.missed / best
    said = f"any function along the same links misses {percent(found.reference)}"
    if ratio <= BESIDE:
        return Check("flexible", ratio, BESIDE, "identified", said)
    verdict = short_of(found.missed)
    return Check("flexible", ratio, BESIDE, verdict, f"{said}: a term is missing", found.missed)


def _alone(found: Found) -> Check:
    """Whether another law of as many terms does as well, by its likelihood."""
    if not found.rival.support:
        return Check("rival", np.nan, np.nan, "identified", "no other law was compared")
    names = found.model.terms(found.rows.swarm)
    terms = ", ".join(str(names[k]) for k in found.rival.support)
    said = f"the best other law of as many terms, {terms}, misses {percent(found.rival.missed)}"
    if found.lead >= CLOSE:
        return Check("rival", -found.lead, -CLOSE, "identified", said)
    return Check("rival", -found.lead, -CLOSE, "ambiguous", f"{said}: as good as this one")


def _late(found: Found) -> Check:
    """The last tenth's force, by the law of the rest."""
    rows = found.rows
    columns = rows.columns(found.law.forces(rows.swarm.x))
    late = rows.late(SHOWN)
    if not late.any() or late.all():
        return Check("held out", np.nan, np.nan, "identified", "too few windows to hold some out")
    early = ~late
    scale = lengths(columns[early])
    values = np.linalg.lstsq(columns[early] / scale, rows.truth[early], rcond=1e-13)[0] / scale
    left = rows.truth - columns @ values
    size = float(np.linalg.norm(rows.truth[late])) or 1.0
    share = float(np.linalg.norm(left[late])) / size
    allowed = max(AGAIN * found.missed, AGAIN * found.noise, EXACT)
    said = f"the force of the last tenth, held out, is missed by {percent(share)}"
    if share <= allowed:
        return Check("held out", share, allowed, "identified", said)
    verdict = short_of(share)
    return Check("held out", share, allowed, verdict, said, share)


def followed(law: Law, swarm: Swarm) -> Iterator[Check]:
    """The checks along the law's own path: what noise hides in short windows adds up there."""
    if len(law.parts) > 1:
        said = "the own path of bodies with friction is not followed"
        yield Check("noise", np.nan, np.nan, "identified", said)
        return
    if len(swarm.coordinates) > MOST_FOLLOWED:
        said = f"of more than {MOST_FOLLOWED} coordinates the law's own path is not followed"
        yield Check("noise", np.nan, np.nan, "identified", said)
        return
    data = swarm.trajectories()
    prepared = prepare(data, Features.identity(data.coordinates), Settings())
    if prepared.smoothed is None:
        said = "the noise is too small for the law's own path to say more"
        yield Check("noise", np.nan, np.nan, "identified", said)
        return
    terms = tuple(map(law.written_out, law.terms))
    rungs = Rungs.of(residuals(prepared, terms, law.coefficients))
    if rungs.longest is None:
        said = "the law could not be fitted along the trajectories, however short"
        yield Check("noise", np.nan, np.nan, "ambiguous", said)
        return
    yield from along(rungs, prepared)


def _encounters(found: Found) -> Iterator[Check]:
    """Which encounters were too close to say anything, and whether enough is left without them."""
    told, share, enough_left = blind_spots(found.rows)
    if told and enough_left:
        yield Check("encounters", share, 0.5, "identified", f"left out: {told}")
    elif told:
        yield Check("encounters", share, 0.5, "ambiguous", f"the law rests on {told}")


def _energy(found: Found) -> Check:
    """Kinetic and potential energy together, along each trajectory, beside the kinetic one."""
    swarm, law = found.rows.swarm, found.law
    heat = ((swarm.p**2).sum(axis=2) / (2 * swarm.mass[:, None])).sum(axis=0)
    steps = _of_steps(found) if swarm.step else np.zeros(swarm.points)
    stored = law.values(swarm.x)
    total = heat + found.values[: len(stored)] @ stored + steps + _rubbed_off(found)
    drift, moved, made = (
        np.concatenate([e - np.median(e) for e in np.split(each, swarm.ends[:-1])])
        for each in (total, heat, steps)
    )
    size = max(float(np.median(np.abs(moved))), 1e-300)
    share = float(np.median(np.abs(drift))) / size
    # What steps make to the next order is about the square of what they make to this one.
    allowed = max(UNLIKELY * found.missed, EXACT, UNLIKELY * (np.median(np.abs(made)) / size) ** 2)
    said = f"energy changes by {percent(share)} of what the kinetic energy does"
    if share <= allowed:
        return Check("energy", share, allowed, "identified", said)
    said = f"{said}: something takes it, as friction does"
    return Check("energy", share, allowed, "approximate", said, found.missed)


def _rubbed_off(found: Found) -> Array:
    """What friction has taken since the beginning of each trajectory (n,)."""
    swarm, drag = found.rows.swarm, found.law.drag
    if drag is None:
        return np.zeros(swarm.points)
    pulled = np.einsum("k,kind->ind", found.values[-len(drag) :], drag.forces)
    power = -(pulled * drag.velocities).sum(axis=(0, 2))
    parts = zip(swarm.times, np.split(power, swarm.ends[:-1]), strict=True)
    taken = [CubicSpline(t, rate).antiderivative()(t) for t, rate in parts]
    return np.concatenate([each - each[0] for each in taken])


def _of_steps(found: Found) -> Array:
    """What Störmer–Verlet's steps h conserve beside the energy, h² (q̇ᵀV''q̇/12 - |F|²/24m): (n,).

    E. Hairer, C. Lubich, G. Wanner, Geometric Numerical Integration, IX.3.
    """
    swarm = found.rows.swarm
    mass = swarm.mass[:, None, None]
    ahead = swarm.step * swarm.p / mass
    bent = ahead * (found.force(swarm.x - ahead) - found.force(swarm.x + ahead)) / 24
    squares = (swarm.step * found.force(swarm.x)) ** 2 / (24 * mass)
    return np.asarray((bent - squares).sum(axis=(0, 2)))


def _forces(found: Found) -> Forces:
    """The forces of the law's terms at the samples."""
    forces = found.law.forces(found.rows.swarm.x) * found.values[:, None, None, None]
    return Forces.at_points(forces.transpose(2, 1, 3, 0).reshape(forces.shape[2], -1, len(forces)))
