import numpy as np

from systems import Supervised, ValueSamples
from systems.expressions import parse_list


def period(x):
    return 2 * np.pi * np.sqrt(x[:, 0] / x[:, 1])


def draw(seed, count):
    x = np.random.default_rng(seed).uniform((0.2, 1.0), (2.0, 10.0), (count, 2))
    return ValueSamples(x, period(x), np.ones(count))


SYSTEM = Supervised(
    "pendulum",
    "the period of small swings",
    "C. Huygens, 1673",
    ("l", "g"),
    "T",
    period,
    draw,
    candidates=parse_list("l, l/g, sqrt(l), sqrt(l/g), 1/g"),
    truth="2*pi*sqrt(l/g)",
)
