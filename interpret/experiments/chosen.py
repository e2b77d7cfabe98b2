"""What is kept of how a law's terms were chosen: the file of that picture."""

from __future__ import annotations

from interpret.laws.law import Law
from interpret.pictures.choices import path_numbers
from interpret.pictures.picture import Picture
from interpret.reading.probes import Probes
from interpret.reading.regression import compressed
from interpret.select.library import Library
from interpret.select.matrix import Compressed


def way_down(law: Law, problem: Compressed) -> dict[str, bytes]:
    """The way from the whole library down to the law, in the problem of all its candidates."""
    support = tuple(law.candidates.index(term) for term in law.terms)
    numbers, labels = path_numbers(problem, support)
    return Picture("choice", numbers, (law.system, *labels)).files()


def of_potential(law: Law, rows: Probes) -> dict[str, bytes]:
    """The same of a potential, on what was learned; nothing for a law in other variables."""
    if not law.terms or not set(law.domain) <= set(rows.features.names):
        return {}
    return way_down(law, compressed(rows, Library(law.candidates)))
