"""The certificate of a law of a series: does the network that it was read off say the same?"""

from __future__ import annotations

import math
from typing import Final, cast

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.convergence import convergence
from interpret.laws.integrals import BornIntegral
from interpret.laws.law import Law
from interpret.reading.tensors.kernels import law_tensor
from training.learn.series import TOLERANCE, WARM, Perturbation, relative_error

ANOTHER: Final = 0.5
"""A network whose derivative is off the law's by half has not learned that order."""


def certify_series(law: Law, learned: Perturbation, steps: int) -> Certificate:
    """How it was read off the samples, whether the training had ended, and what the network says.

    `steps` are those that the last network was given.
    """
    checks = [*as_it_was_read(law).checks]
    if learned.stages:
        checks.append(convergence(learned.stages[-1].history, steps, TOLERANCE, WARM))
    if law.terms:
        checks.append(_agreement(law, learned))
    return Certificate(tuple(checks))


def _agreement(law: Law, learned: Perturbation) -> Check:
    """The derivative of the network beside n! times the law's tensor, in the Frobenius norm."""
    order = cast(BornIntegral, law.form).order
    derivative = learned.derivatives[order - 1]
    own = math.factorial(order) * law_tensor(law, len(derivative))
    off = relative_error(derivative, own)
    said = f"the network's derivative of order {order} is off the law's by {off:.2g} of it"
    if off <= ANOTHER:
        return Check("agreement", off, ANOTHER, "identified", said)
    return Check("agreement", off, ANOTHER, "ambiguous", f"{said}: train longer")
