"""Where the data are: what supports each term, and what they leave open among the candidates."""

from __future__ import annotations

from typing import Final

import numpy as np

from interpret.judge.certificate import Check
from interpret.judge.support import Array, Forces
from interpret.laws.formula import text
from interpret.laws.law import Law
from interpret.reading.probes import Probes

FEWEST: Final = 3.0
"""A term that is felt at fewer points is a curve through them: two points fit any two numbers."""

NOTHING: Final = 1e-8
"""A mixture of candidates whose forces cancel to this part makes none: exact data have about as
many digits left, and noisy ones fewer."""

PART: Final = 0.05
"""What takes less part in a mixture than this, in parts of the largest, is not named."""


def supported(law: Law, samples: Probes) -> Check:
    """How many points each term rests on: (Σ f²)²/Σ f⁴ of its forces f, and over which range."""
    _, q, _, _ = samples.prepared.trajectories.stack()
    forces = Forces.of(law, samples.prepared.features, q)
    squares = (forces.columns.reshape(-1, q.shape[1], len(law.terms)) ** 2).sum(axis=1)
    fourth = (squares**2).sum(axis=0)
    share = squares.sum(axis=0) ** 2 / np.where(fourth > 0, fourth, 1.0) / len(squares)
    points = share * len(q)
    weakest = int(np.argmin(points))
    ranges = ", ".join(
        f"{name} from {low:.3g} to {high:.3g}" for name, (low, high) in samples.domain.items()
    )
    rests = f"{text(law.terms[weakest])} rests on {points[weakest]:.0f} of {len(q)} points"
    if points[weakest] >= FEWEST:
        return Check("domain", FEWEST, float(points[weakest]), "identified", f"{ranges}; {rests}")
    why = f"{rests}: too few to tell it from another function ({ranges})"
    return Check("domain", FEWEST, float(points[weakest]), "ambiguous", why)


def unfixed(law: Law, samples: Probes) -> Check:
    """Mixtures of the candidates whose force is nothing on these data, and that hold a term of law.

    Any multiple of one may be added to the law. They are the singular vectors of the candidates'
    forces, each of length one, whose singular values are round-off: copied columns, one circular
    orbit, one normal mode.
    """
    for name, (low, high) in samples.domain.items():
        if high - low <= NOTHING * max(abs(low), abs(high)):
            why = (
                f"{name} is {low:.6g} throughout: the data fix the force there, and nothing of how "
                f"it depends on {name}"
            )
            return Check("unfixed", NOTHING, 0.0, "ambiguous", why)
    _, q, _, _ = samples.prepared.trajectories.stack()
    terms = law.candidates or law.terms
    slopes = Forces.slopes(terms, samples.prepared.features, q)
    columns = slopes.reshape(-1, slopes.shape[2])
    if not np.isfinite(columns).all():
        return Check("unfixed", np.nan, np.nan, "identified", "not every candidate has a force")
    lengths = np.linalg.norm(columns, axis=0)
    kept = np.flatnonzero(lengths > 0)
    _, singular, right = np.linalg.svd(columns[:, kept] / lengths[kept], full_matrices=False)
    own = np.isin(kept, [terms.index(term) for term in law.terms])
    for value, mixture in zip(singular[::-1], right[::-1], strict=True):
        taking = np.abs(mixture) > PART * np.abs(mixture).max()
        if value > NOTHING * singular[0] or not (taking & own).any() or taking.sum() < 2:
            continue
        parts = _mixture(mixture[taking] / lengths[kept][taking])
        told = " ".join(
            f"{part} {text(terms[k])}" for part, k in zip(parts, kept[taking], strict=True)
        )
        why = f"on these data {told} makes no force: any multiple of it may be added to the law"
        return Check("unfixed", NOTHING, float(value / singular[0]), "ambiguous", why)
    least = float(singular[-1] / singular[0])
    said = "every mixture of the candidates that holds a term of the law makes a force"
    return Check("unfixed", NOTHING, max(least, NOTHING), "identified", said)


def _mixture(parts: Array) -> list[str]:
    """Coefficients with their signs, the first of them one.

    >>> _mixture(np.array([2.0, -1.0]))
    ['+ 1', '- 0.5']
    """
    scaled = parts / parts[0]
    return [f"{'-' if part < 0 else '+'} {abs(part):.4g}" for part in scaled]
