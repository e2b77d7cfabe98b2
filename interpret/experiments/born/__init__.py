"""Born: the series of a map about zero, its Taylor tensors read as integrals over a potential."""

from __future__ import annotations

from dataclasses import dataclass

from interpret.experiments.options import LAW, TRAINING, Options, option


@dataclass(frozen=True, kw_only=True)
class Born(Options):
    """What is asked of the Born series; beside the options of every experiment:

    orders          how many orders of the series to read off, 1 to 3; 3 by default
    relative_noise  noise on a0 as a fraction of each value, where `noise` is one of their spread
    recipe          "default", or "paper" for Adam on an ordinary network, order by order
    """

    orders: int | None = option(
        "born: how many orders of the series to read off, 1 to 3.", LAW, choices=(1, 2, 3)
    )
    relative_noise: float | None = option(
        "born: add white noise, a fraction of each value.", TRAINING, least=0.0
    )
    recipe: str | None = option(
        "default, or paper, the paper's own.",
        TRAINING,
        metavar="NAME",
        choices=("default", "paper"),
    )
