"""Which candidates to keep: thresholded least squares along the whole threshold path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from systems.errors import InputError
from training.stencils import Array

Support = tuple[int, ...]
MOST_STLSQ_PASSES = 50


@dataclass(frozen=True)
class Compressed:
    """A regression problem after QR: |A c - b| = |R c - s| (+ a constant) for every c.

    ``design`` (at most K + 1, K), ``truth``; ``names`` of the columns, ``rows`` before QR.
    """

    design: Array
    truth: Array
    names: tuple[str, ...]
    rows: int

    @property
    def size(self) -> int:
        """K."""
        return int(self.design.shape[1])

    def solve(self, support: Support) -> tuple[Array, float]:
        """Least squares on the columns of ``support``: all K coefficients, and the residual."""
        coefficients = np.zeros(self.size)
        if support:
            columns = self.design[:, list(support)]
            scale = np.linalg.norm(columns, axis=0)
            scale = np.where(scale > 0, scale, 1.0)
            solved = np.linalg.lstsq(columns / scale, self.truth, rcond=1e-14)[0]
            coefficients[list(support)] = solved / scale
        return coefficients, float(np.linalg.norm(self.design @ coefficients - self.truth))


def stlsq(problem: Compressed, threshold: float, start: Support | None = None) -> Support:
    """Sequentially thresholded least squares: solve, drop |c_k| < threshold, repeat.

    Source: S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932.
    """
    support = tuple(range(problem.size)) if start is None else start
    for _ in range(MOST_STLSQ_PASSES):
        coefficients, _ = problem.solve(support)
        kept = tuple(k for k in support if abs(coefficients[k]) >= threshold)
        if kept == support:
            break
        support = kept
    return support


def thresholded(problem: Compressed, threshold: float) -> Support:
    """STLSQ at one threshold; InputError, with what to try, where nothing survives it."""
    support = stlsq(problem, threshold)
    if support:
        return support
    coefficients, _ = problem.solve(tuple(range(problem.size)))
    largest = float(np.abs(coefficients).max())
    smaller = _round_down(min(threshold, largest) / 2)
    while smaller > 0 and not stlsq(problem, smaller):
        smaller = _round_down(smaller / 2)
    raise InputError(
        f"threshold {threshold:g} removed all {problem.size} candidates; the largest coefficient "
        f"of the full library is {largest:.3g}: try {smaller:g}"
    )


def threshold_path(problem: Compressed) -> list[Support]:
    """The supports STLSQ passes through as the threshold grows from nothing to everything.

    The threshold acts on c_k |A_k| / |b|, the share of the data a term explains, so that it means
    the same for 1/r and r^6.
    """
    scale = np.linalg.norm(problem.design, axis=0)
    support: Support = tuple(range(problem.size))
    path = [support]
    while support:
        coefficients, _ = problem.solve(support)
        share = np.abs(coefficients) * scale
        smallest = min(share[k] for k in support)
        kept = tuple(k for k in support if share[k] > smallest)
        support = kept
        path.append(support)
    return path


def elimination_path(problem: Compressed) -> list[Support]:
    """Backward elimination: at every step drop the candidate whose loss hurts the fit least."""
    support: Support = tuple(range(problem.size))
    path = [support]
    while support:
        losses = _losses(problem, support)
        support = tuple(np.delete(support, int(np.argmin(losses))).tolist())
        path.append(support)
    return path


def _losses(problem: Compressed, support: Support) -> Array:
    """By how much |A c - b|² rises when each candidate of the support is dropped: c_k²/(G⁻¹)_kk.

    G = AᵀA of the columns scaled to unit length; the k-th row of A's pseudoinverse gives c_k, and
    its length (G⁻¹)_kk. A dependent column's loss is next to nothing, as it should be.
    """
    columns = problem.design[:, list(support)]
    scale = np.linalg.norm(columns, axis=0)
    inverse = np.linalg.pinv(columns / np.where(scale > 0, scale, 1.0), rcond=1e-14)
    lengths = (inverse**2).sum(axis=1)
    share = (inverse @ problem.truth) ** 2
    losses: Array = np.where(lengths > 0, share / np.where(lengths > 0, lengths, 1.0), 0.0)
    return losses


def plateau(problem: Compressed, factor: float) -> Support:
    """The smallest support, on either path, whose residual is within ``factor`` of the library's.

    Dropping a spurious term leaves the residual where it is; dropping a true one lifts it off the
    plateau by orders of magnitude. Of equally small supports the better fit is taken. An
    information criterion is no substitute: the residual is a network's error, not noise.
    """
    _, full = problem.solve(tuple(range(problem.size)))
    supports = set(threshold_path(problem)) | set(elimination_path(problem))
    residuals = {support: problem.solve(support)[1] for support in supports}
    floor = max(factor * full, 1e-15 * float(np.linalg.norm(problem.truth)))
    # Never nothing: where no term helps, the best single one is the fit that is then called no law.
    kept = [support for support in supports if support and residuals[support] <= floor]
    return min(kept, key=lambda support: (len(support), residuals[support]))


def _round_down(value: float) -> float:
    """The value cut to one significant digit."""
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(np.floor(value / power) * power)
