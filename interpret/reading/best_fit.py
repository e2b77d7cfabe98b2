"""What is shown where there is no law: a fit of few terms, none of which cancels the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.reading.regression import compressed
from interpret.select.library import Library
from interpret.select.matrix import lengths
from interpret.select.supports import ranked

CANCEL: Final = 100.0
"""Terms a hundred times larger than their sum cancel by two digits: they are an interpolation."""

FEW: Final = 3


def shown(law: Law, samples: Probes) -> Law:
    """The law itself, or the best fit of at most three terms where its own terms cancel.

    The size of a term is that of its values and slopes on the data, beside those of V.
    """
    problem = compressed(samples, Library(law.candidates))
    place = {candidate: k for k, candidate in enumerate(law.candidates)}
    used = [place[term] for term in law.terms]
    sizes = np.abs(law.coefficients) * lengths(problem.design)[used]
    if sizes.max(initial=0.0) <= CANCEL * problem.length:
        return law
    found = ranked(problem, FEW)
    kept = list(found.supports[int(np.argmin(found.residuals))])
    coefficients, residual = problem.solve(tuple(kept))
    (part,) = law.parts
    terms = tuple(law.candidates[k] for k in kept)
    fewer = replace(
        law,
        parts=(replace(part, terms=terms),),
        coefficients=coefficients[kept],
        covariance=residual**2 * problem.inverse_gram(tuple(kept)),
        recognised=(),
    )
    digits = np.log10(sizes.max() / problem.length)
    return fewer.doubted(
        law.verdict,
        f"terms of the whole library's fit cancel by {digits:.0f} digits, so that the best fit of "
        f"at most {FEW} terms is shown",
    )
