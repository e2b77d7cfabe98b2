"""Lüscher's formula read off points (q², δ), wherever they come from.

    table = read_poles(q2, phases)            # the integers C3(n), with error bars
    blind = blind_poles(k, boxes, phases)     # 4π² and 4π, without knowing of them
    laws = read_laws(table, blind)            # k cot δ = (4π/L³) Σ c/(n 4π²/L² - k²) + smooth
    compare(laws[0], systems.get("luescher")) # beside the truth
    collapse(k, boxes, n * np.pi - phases)    # a function of k L^β: β = 1

The points may be levels of a trained network, of a model or of a lattice. `pole_fit` has the least
squares that `poles` and `blind` share.
"""

from interpret.reading.poles.blind import BlindPoles, blind_poles
from interpret.reading.poles.collapse import Collapse, collapse
from interpret.reading.poles.multiples import Unit, find_unit
from interpret.reading.poles.pole_laws import integers, read_laws
from interpret.reading.poles.pole_reading import PoleTable, read_poles

__all__ = [
    "BlindPoles",
    "Collapse",
    "PoleTable",
    "Unit",
    "blind_poles",
    "collapse",
    "find_unit",
    "integers",
    "read_laws",
    "read_poles",
]
