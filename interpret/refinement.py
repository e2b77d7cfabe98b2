"""refine(): back to the raw trajectories, for the last digits and the error bars."""

from __future__ import annotations

from interpret.law import Law
from interpret.noisefree import row_estimate
from interpret.samples import Samples
from interpret.subsets import noisy_estimate


def refine(law: Law, samples: Samples, *, select: bool = True) -> Law:
    """The law's coefficients from the raw data, with covariance and chi^2/n.

    - Noise-free data: least squares of the surviving terms on the unbiased rows, without the
      network in between; the error bars come from leaving out stretches of the data in turn and
      from how far the families of rows disagree.
    - Data whose energy drifts (friction): the same, on the force rows alone; an initial state and a
      potential do not make such a motion.
    - Noisy data: maximum likelihood. Gauss-Newton on the coefficients and every initial state
      against (q, p) as measured. With ``select`` the support is chosen anew among all subsets of
      the library, by BIC under the Fisher approximation, then by BIC itself for the best few.

    chi^2/n tests the law: about 1 (or below, noise-free) when nothing is missing.

    >>> from interpret.library import Library
    >>> from interpret.samples import probe
    >>> from interpret.regression import regress
    >>> from systems import get
    >>> from training import train
    >>> system = get("oscillator")
    >>> samples = probe(train(system, system.sample()))
    >>> law = refine(regress(samples, Library.of(system)), samples)
    >>> bool(law.stderr[0] < 1e-9)
    True
    """
    if samples.prepared.noisy and not samples.prepared.drift:
        return noisy_estimate(law, samples, select=select)
    return row_estimate(law, samples)
