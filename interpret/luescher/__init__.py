"""Lüscher's formula read off points (q², δ), wherever they come from.

    table = read_poles(q2, phases)            # the integers C3(n), with error bars
    blind = blind_poles(k, boxes, phases)     # 4π² and 4π, without knowing of them
    law = read_law(table, blind)              # k cot δ = (4π/L³) Σ c/(n 4π²/L² - k²) + smooth
    compare(law)                              # beside the truth
    collapse(k, boxes, n * np.pi - phases)    # a function of k L^β: β = 1

The points may be levels of a trained network, of a model or of a lattice. `pole_fit` has the least
squares that `poles` and `blind` share.
"""

from interpret.luescher.blind import BlindPoles, blind_poles
from interpret.luescher.collapse import Collapse, collapse
from interpret.luescher.comparison import LuescherComparison, compare
from interpret.luescher.law import LuescherLaw, read_law
from interpret.luescher.multiples import Unit, find_unit
from interpret.luescher.poles import PoleTable, read_poles

__all__ = [
    "BlindPoles",
    "Collapse",
    "LuescherComparison",
    "LuescherLaw",
    "PoleTable",
    "Unit",
    "blind_poles",
    "collapse",
    "compare",
    "find_unit",
    "read_law",
    "read_poles",
]
