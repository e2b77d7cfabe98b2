"""Which integrator wrote the data? Its first error term is a signature."""

from __future__ import annotations

import numpy as np

from systems.samples.trajectories import Trajectories

EXACT = 1 / 12
VERLET = 1 / 4
BETWEEN = 0.16
MOST_TRAJECTORIES = 50


def fingerprint(trajectories: Trajectories) -> float:
    """c in q_+ - q - h (v + v_+)/2 = -c h^2 (a_+ - a), by least squares over all steps.

    c = 1/12 for the exact flow (the error of the trapezoid rule) and 1/4 for velocity Verlet
    (where it is an identity: q_+ - q = h v + h^2 a/2 and v_+ - v = h (a + a_+)/2). The
    acceleration differences come from second differences of v, so the law is not needed.

    Returns nan where no trajectory has four samples.

    >>> from systems import get
    >>> round(fingerprint(get("oscillator").draw()), 3)
    0.083
    """
    numerator = 0.0
    denominator = 0.0
    for trajectory in trajectories.items[:MOST_TRAJECTORIES]:
        if len(trajectory.t) < 4:
            continue
        v = trajectory.p / trajectories.mass
        h = np.diff(trajectory.t)[:, None]
        defect = trajectory.q[1:] - trajectory.q[:-1] - h / 2 * (v[1:] + v[:-1])
        inner = h[1:-1]
        jump = inner * (v[3:] - v[2:-1] - v[1:-2] + v[:-3]) / 2
        numerator -= float((defect[1:-1] * jump).sum())
        denominator += float((jump * jump).sum())
    return numerator / denominator if denominator > 0 else float("nan")


def is_verlet(trajectories: Trajectories) -> bool:
    """Whether the data are velocity Verlet's: an even grid, and c nearer to 1/4 than to 1/12."""
    for trajectory in trajectories.items[:MOST_TRAJECTORIES]:
        steps = np.diff(trajectory.t)
        if np.ptp(steps) > 1e-6 * steps.mean():
            return False
    return abs(fingerprint(trajectories) - VERLET) < abs(VERLET - BETWEEN)


def ends_are_verlet(trajectories: Trajectories) -> bool:
    """Whether the first and last velocities are velocity Verlet's rather than a formula's.

    Verlet's first is v_0 = (q_1 - q_0)/h - h a_0/2, with a_0 carried on from the second
    differences inside; np.gradient's is the same with a_0 = 0, or, of the second order, with a_1.
    Even steps are supposed. False where no trajectory has six samples.
    """
    apart = np.zeros(3)
    for index, item in enumerate(trajectories):
        if len(item) < 6:
            continue
        h = float(item.t[1] - item.t[0])
        v = trajectories.velocity(index)
        # The last velocity is the first of the motion run backwards, with its sign changed.
        for q, end in ((item.q[:6], v[0]), (item.q[:-7:-1], -v[-1])):
            a = (q[2:] - 2 * q[1:-1] + q[:-2]) / h**2
            carried = 4 * a[0] - 6 * a[1] + 4 * a[2] - a[3]
            bent = (q[1] - q[0]) / h - h / 2 * np.stack([carried, np.zeros_like(end), a[0]])
            apart += ((bent - end) ** 2).sum(axis=1)
    return bool(apart.any()) and int(np.argmin(apart)) == 0
