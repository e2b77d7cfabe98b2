"""Values: a map of one's own, y = f(x), known by its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpret.experiments.options import LAW, Options, optimizer_option, option, threshold_option

if TYPE_CHECKING:
    from interpret.select.library import Library


@dataclass(frozen=True, kw_only=True)
class Values(Options):
    """What is asked of a map; beside the options of every experiment:

    library    candidates: expressions, a named library, a Library; the map's own by default
    threshold  STLSQ's; by default the whole threshold path and the plateau rule
    optimizer  "path", or PySINDy's "stlsq", "sr3", "ssr"
    """

    library: str | Sequence[Any] | Library | None = option(
        "The candidate terms, such as 'x, x*y'.", LAW, metavar="EXPR,…"
    )
    threshold: float | None = threshold_option()
    optimizer: str | None = optimizer_option()
