"""The certificate of a map's law: does it make the values, and does a network agree?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.laws.law import Law
from interpret.laws.verdicts import LARGEST_Z
from interpret.select.library import Library
from systems.samples.values import ValueSamples
from training.learn.maps import ValueFit
from training.rows.values import HELD_OUT

Array = NDArray[np.float64]

BY_CHANCE: Final = 1e-3
"""A law is refused where noise alone would make it miss so much less often."""

SURROGATE: Final = 0.5
"""A law that keeps more than this part of a library of powers is an expansion, and no law."""

FEWEST: Final = 50
"""Of fewer samples a fifth, held out, is too few to tell noise from what a law lacks."""

ROUND_OFF: Final = 1e-12
EXACT: Final = 1e-9
"""Values that are missed by no more than this part of their spread are met to their last digits."""

NEGLIGIBLE: Final = 1e-4
"""A law that misses less of the spread needs no witness: exact motion counts as explained there."""

WITHIN: Final = 3.0
"""A network that misses so many times what the law does knows too little to bear witness."""

OF_A_MEDIAN: Final = 1.17
"""Deviation of the median of n absolute normal residuals in parts of itself, times √n.

Source: 1/(2 f(m) m) for the half-normal density f at its median m = 0.6745 σ.
"""


@dataclass(frozen=True)
class Missed:
    """What a law leaves of the values y (n,) at x (n, d), and a network of held-out ones.

    ``kept`` is the part of a library of powers that the law keeps, 0 of any other library.
    """

    law: Law
    samples: ValueSamples
    network: float
    kept: float

    @property
    def left(self) -> Array:
        """y - law(x), shape (n,)."""
        values: Array = self.samples.y - self.law(self.samples.x)
        return values

    @property
    def spread(self) -> float:
        """The norm of y about its mean."""
        return float(np.linalg.norm(self.samples.y - self.samples.y.mean()))

    @property
    def share(self) -> float:
        """What the law misses, in parts of the spread."""
        return float(np.linalg.norm(self.left)) / self.spread

    @property
    def is_exact(self) -> bool:
        """Whether the values are met to their last digits."""
        return self.share <= EXACT


def certify_values(law: Law, samples: ValueSamples, learned: ValueFit, kept: float) -> Certificate:
    """Held-out values, noise as the network sees it, neighbours, support, and the network itself.

    A law that meets the values to their last digits needs no witness: its checks are passed.
    """
    missed = Missed(law, samples, learned.held_out, kept)
    checks = [*as_it_was_read(law).checks]
    if law.terms:
        checks += [_noise(missed), _neighbours(missed), _held_out(missed)]
    return Certificate((*checks, _support(missed), _enough(missed), _network(missed)))


def _enough(missed: Missed) -> Check:
    rows = len(missed.samples)
    if rows >= FEWEST or missed.is_exact:
        return Check("samples", FEWEST, rows, "identified", f"{rows} samples")
    why = f"{rows} samples are too few to tell noise from what the law lacks"
    return Check("samples", FEWEST, rows, "ambiguous", why)


def _support(missed: Missed) -> Check:
    found = f"{len(missed.law.terms)} of {len(missed.law.candidates)} candidates were kept"
    if missed.kept <= SURROGATE or missed.is_exact:
        return Check("support", missed.kept, SURROGATE, "identified", found)
    why = f"it keeps {missed.kept:.0%} of all powers, as an expansion of any map does"
    return Check("support", missed.kept, SURROGATE, "not in the library", why)


def _noise(missed: Missed) -> Check:
    """What the law misses over what the network misses of held-out values, by the F test."""
    from scipy.special import fdtri

    rows = len(missed.samples)
    limit = float(np.sqrt(fdtri(rows, max(1, rows // HELD_OUT), 1 - BY_CHANCE)))
    noise = max(missed.network, ROUND_OFF)
    ratio = missed.share / noise
    said = f"{ratio:.2g} times what the network misses of held-out ones"
    if ratio <= limit or missed.is_exact:
        return Check("noise", ratio, limit, "identified", f"the law misses the values by {said}")
    samples, law = missed.samples, missed.law
    design = Library(law.candidates).evaluate(samples.x, samples.names[:-1])
    rest = samples.y - design @ np.linalg.lstsq(design, samples.y, rcond=ROUND_OFF)[0]
    full = float(np.linalg.norm(rest)) / missed.spread / noise
    why = f"the best law misses the values by {said}, all candidates together by {full:.2g} times"
    return Check("noise", ratio, limit, "not in the library", why)


def _neighbours(missed: Missed) -> Check:
    deviations = shared(missed.samples.x, missed.left)
    said = f"neighbours share what the law leaves by {deviations:.2g} deviations"
    if deviations <= LARGEST_Z or missed.is_exact:
        return Check("neighbours", deviations, LARGEST_Z, "identified", said)
    why = f"what it leaves is no noise: neighbours share it by {deviations:.2g} deviations"
    return Check("neighbours", deviations, LARGEST_Z, "not in the library", why)


def _held_out(missed: Missed) -> Check:
    """Every fifth value by the law fitted to the others, in medians: outliers are no evidence."""
    samples = missed.samples
    design = Library(missed.law.terms).evaluate(samples.x, samples.names[:-1])
    hidden = np.arange(len(samples)) % HELD_OUT == 0
    shown = np.linalg.lstsq(design[~hidden], samples.y[~hidden], rcond=None)[0]
    rest = np.abs(samples.y - design @ shown)
    ratio = float(np.median(rest[hidden]) / max(np.median(rest[~hidden]), 1e-300))
    limit = 1 + LARGEST_Z * OF_A_MEDIAN * math.sqrt(1 / hidden.sum() + 1 / (~hidden).sum())
    said = f"held-out values are missed by {ratio:.2g} times what fitted ones are"
    if ratio <= limit or missed.is_exact:
        return Check("held out", ratio, limit, "identified", said)
    return Check("held out", ratio, limit, "not in the library", f"{said}: the law is overfitted")


def _network(missed: Missed) -> Check:
    """Does the network know the map well enough to bear witness for what is noise?"""
    ratio = missed.network / max(missed.share, ROUND_OFF)
    said = f"the network misses held-out values by {ratio:.2g} times what the law misses"
    if ratio <= WITHIN or missed.share <= NEGLIGIBLE:
        return Check("agreement", ratio, WITHIN, "identified", said)
    why = f"{said}, so it cannot tell noise from what the law lacks: train longer, or give more"
    return Check("agreement", ratio, WITHIN, "ambiguous", why)


def shared(x: Array, left: Array) -> float:
    """How alike residuals (n,) are at the nearest neighbours among x (n, d), in deviations.

    r = Σ e_i e_nn(i)/Σ e_i² has, for noise, the deviation √(2/n) at most: two samples may be each
    other's neighbours.

    >>> x = np.linspace(0, 1, 50)[:, None]
    >>> noise = np.random.default_rng(0).standard_normal(50)
    >>> shared(x, np.sin(6 * x[:, 0])) > 4, abs(shared(x, noise)) < 3
    (True, True)
    """
    from scipy.spatial import KDTree

    scaled = x / np.where(np.ptp(x, axis=0) > 0, np.ptp(x, axis=0), 1.0)
    nearest = KDTree(scaled).query(scaled, k=2)[1][:, 1]
    size = max(float(left @ left), np.finfo(float).tiny)
    return float(left @ left[nearest]) / size * math.sqrt(len(left) / 2)
