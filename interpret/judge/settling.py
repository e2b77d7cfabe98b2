"""What would settle an ambiguous verdict: the next motion, where rivals of the law are known."""

from __future__ import annotations

from dataclasses import replace

from interpret.judge.certificate import RIVAL, Certificate
from interpret.laws.law import Law
from interpret.ledger.motion import Courses
from interpret.planning.releases import next_release


def with_release(certificate: Certificate, law: Law, courses: Courses) -> Certificate:
    """The certificate with where to release the next motion, beside the first rival.

    Where something else than rivals makes the law graver than ambiguous, no motion is asked for.
    """
    if certificate.verdict != "ambiguous":
        return certificate
    release = next_release(law, courses)
    first = next((k for k, item in enumerate(certificate.checks) if item.name == RIVAL), None)
    if release is None or first is None:
        return certificate
    checks = list(certificate.checks)
    checks[first] = replace(checks[first], release=release)
    return Certificate(tuple(checks))
