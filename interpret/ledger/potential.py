"""The accelerations of a potential alone, by the gradients of its terms in their own variables.

    q̈_i = -Σ_k c_k ∂φ_k(x(q))/∂q_i / m_i,    ∂φ/∂q = ∂x/∂q ∂φ/∂x

A distance of many coordinates is differentiated once, not once in every term.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sympy import Expr

from interpret.ledger.candidates import Candidates
from interpret.ledger.field import Array, Forces
from interpret.select import library_matrix
from systems.expressions import symbol
from training.features import Features


@dataclass(frozen=True)
class Potential:
    """Terms φ_k of the `features` x(q), and masses (d,)."""

    features: Features
    terms: tuple[Expr, ...]
    mass: Array

    @classmethod
    def of(cls, candidates: Candidates) -> Potential | None:
        """That of candidates; None where there is more than a potential of coordinates."""
        terms = tuple(item.term for item in candidates)
        more = candidates.inner or candidates.signals or not terms
        if more or any(item.part != "potential" for item in candidates):
            return None
        names = candidates.coordinates
        held = {name for term in terms for name in map(str, term.free_symbols)}
        if not held <= {*names, *candidates.features}:
            return None
        if held <= set(names):
            features = Features.identity(names)
        else:
            known = {name: candidates.features.get(name, symbol(name)) for name in sorted(held)}
            features = Features.of(names, known)
        return cls(features, terms, np.array(candidates.mass))

    def __call__(self, state: Array, t: Array, coefficients: Array, inner: Array) -> Forces:
        """The forces at states (S, 2d), as of `interpret.ledger.field.Field`."""
        d, x = len(self.mass), self.features
        q = state[:, :d]
        # The points last: all that follows are sums of a few rows as long as there are points.
        with np.errstate(all="ignore"):
            gradients, hessians = (np.moveaxis(part, 0, -1) for part in self._curved(x.values(q)))
            curved = coefficients @ hessians
            if not x.trivial:
                jacobian, bent = (np.moveaxis(part(q), 0, -1) for part in (x.jacobian, x.hessian))
                curved = np.einsum("afn,fgn->agn", jacobian, curved)
                curved = np.einsum("agn,bgn->abn", curved, jacobian)
                curved += np.einsum("abfn,fn->abn", bent, coefficients @ gradients)
                gradients = np.einsum("afn,fpn->apn", jacobian, gradients)
            slopes = np.zeros((len(q), d, 2 * d))
            slopes[:, :, :d] = np.moveaxis(curved, -1, 0) / -self.mass[:, None]
            columns = np.moveaxis(gradients, -1, 0) / -self.mass[:, None]
            return Forces(columns @ coefficients, slopes, columns)

    @cached_property
    def _curved(self) -> library_matrix.Derivatives:
        return library_matrix.compiled(self.terms, self.features.names, (1, 2))
