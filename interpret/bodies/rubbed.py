"""The law of bodies with the friction that it leaves, where there is some."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.drag import Drag
from interpret.bodies.found import LEAST, OVERLAPPING, Found, sandwich, settled
from interpret.bodies.kinds import kinds
from interpret.bodies.model import Model
from interpret.bodies.springs import CLEAR
from interpret.select.criteria import CLOSE

Array = NDArray[np.float64]


def rubbed(found: Found) -> Found:
    """The same law with a drag of each body, or of those alike, where the rows ask for it.

    Friction takes energy: what would give some is none. Momenta that are no data tell of none.
    """
    swarm = found.rows.swarm
    if swarm.positions_alone:
        return found
    rows = replace(found.rows, rubbing=False)
    families, count = found.law.families, len(found.chosen)
    groups: list[list[int]] = [[body] for body in range(swarm.count)]
    for _ in range(2):
        model = Model(families, Drag.of(swarm, groups))
        columns = rows.columns(model.forces(swarm.x))
        values, errors, missed = _solved(rows.truth, columns, len(rows.windows))
        errors = np.hypot(errors, rows.share(missed) * np.abs(values))[count:]
        clear = values[count:] > CLEAR * errors
        alike = kinds(np.where(clear, values[count:], 0.0)[:, None], errors[:, None])
        groups = [[body for k in kind for body in groups[k]] for kind in alike if clear[kind].all()]
        if not groups:
            return found
    drag = Drag.of(swarm, groups)
    whole = Model(found.model.families, drag)
    chosen = (*found.chosen, *range(len(whole) - len(drag), len(whole)))
    columns = rows.columns(Model(families, drag).forces(swarm.x))
    values, _, missed = _solved(rows.truth, columns, len(rows.windows))
    after = rows.share(missed)
    # What rows that let friction in beside are missed by is a share of what is left of them.
    part = float(np.linalg.norm(found.rows.truth) / np.linalg.norm(rows.truth))
    before = found.missed if not found.rows.rubbing else np.inf
    many = len(rows.truth) / OVERLAPPING
    gain = 2 * many * log(np.hypot(before, LEAST) / np.hypot(after, LEAST))
    if gain < len(drag) * log(many) + CLOSE:
        return found
    shares = (after, min(found.reference * part, after))
    law = settled(rows, Model(families, drag), tuple(range(len(values))), columns, shares)
    rival = found.rival
    if rival.support:
        other = Model(found.model.on(rival.support).families, drag)
        missed = _solved(rows.truth, rows.columns(other.forces(swarm.x)), len(rows.windows))[2]
        rival = replace(rival, missed=rows.share(missed))
    return replace(law, model=whole, chosen=chosen, rival=rival, remarks=found.remarks)


def _solved(truth: Array, columns: Array, windows: int) -> tuple[Array, Array, float]:
    """Least squares: coefficients, their error bars and |residual|."""
    scale = np.linalg.norm(columns, axis=0)
    values = np.linalg.lstsq(columns / scale, truth, rcond=1e-13)[0] / scale
    left = truth - columns @ values
    errors = np.sqrt(np.diag(sandwich(columns, left, windows)))
    return values, errors, float(np.linalg.norm(left))
