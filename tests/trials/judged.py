"""What a user is told of data: the law in the end, its verdict, and the checks that it failed."""

from __future__ import annotations

import interpret
from interpret.experiments.motion import Motion
from interpret.laws.law import Law
from systems.problem import Problem, Samples


def judged(problem: Problem, samples: Samples, options: Motion) -> tuple[Law, dict[str, str]]:
    """The law that is told of samples, with its verdict, and what the checks say that it failed.

    What a run only says beside that is left out: it decides nothing, and takes longest.
    """
    found = interpret.conclude(problem, samples, options)
    (law,), (certificate,) = found.laws, found.certificates
    failed = {check.name: check.sentence for check in certificate.checks if not check.passed}
    return certificate.judged(law), failed
