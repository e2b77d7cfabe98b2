"""refine(): back to the raw trajectories, for the last digits and the error bars."""

from __future__ import annotations

from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.refinement.noisefree import row_estimate
from interpret.refinement.noisy import noisy_estimate


def refine(law: Law, samples: Probes, *, select: bool = True) -> Law:
    """The law's coefficients from the raw data, with covariance and chi^2/n.

    - Noise-free data: least squares of the surviving terms on the unbiased rows, without the
      network in between; the error bars come from leaving out stretches of the data in turn and
      from how far the families of rows disagree.
    - Data whose energy drifts (friction): the same, on the force rows alone; an initial state and a
      potential do not make such a motion.
    - Noisy data: maximum likelihood, by the force ledger. Gauss-Newton on the coefficients and
      every initial state against (q, p) as measured, or the means of cells of them. With
      ``select`` the terms are chosen anew, by the extended BIC of each set with its own noise.

    chi^2/n tests the law: about 1 (or below, noise-free) when nothing is missing.

    >>> from interpret.select.library import Library
    >>> from interpret.reading.probes import probe
    >>> from interpret.reading.regression import regress
    >>> from systems import get
    >>> from training import Settings, train
    >>> system = get("oscillator")
    >>> samples = probe(train(system, system.draw()[:2], Settings(width=64)))
    >>> law = refine(regress(samples, Library.of(system)), samples)
    >>> bool(law.stderr[0] < 1e-9)
    True
    """
    if samples.prepared.noisy and not samples.prepared.drift:
        return noisy_estimate(law, samples, select=select)
    return row_estimate(law, samples)
