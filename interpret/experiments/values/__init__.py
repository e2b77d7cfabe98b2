"""Values: a map of one's own, y = f(x), known by its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpret.experiments.options import LAW, Options, option

if TYPE_CHECKING:
    from interpret.select.library import Library


@dataclass(frozen=True, kw_only=True)
class Values(Options):
    """What is asked of a map; beside the options of every experiment:

    library    candidates: expressions, a named library, a Library; the map's own by default
    threshold  STLSQ's; by default the whole threshold path and the plateau rule
    optimizer  "path", or PySINDy's "stlsq", "sr3", "ssr"
    """

    library: str | Library | None = option(
        "The candidate terms, such as 'x, x*y'.", LAW, metavar="EXPR,…"
    )
    threshold: float | None = option(
        "Drop smaller coefficients; by default all thresholds are tried.", LAW, least=0.0
    )
    optimizer: str | None = option(
        "path, stlsq, sr3 or ssr.",
        LAW,
        metavar="NAME",
        choices=("path", "stlsq", "sr3", "ssr"),
    )
