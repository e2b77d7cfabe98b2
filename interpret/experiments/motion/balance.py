"""What there is to tell of an account of forces: its work, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interpret.experiments.verbs import Findings
from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.learned import OF_SPEED, Curve
from interpret.ledger.left_over import left_over
from interpret.ledger.work import work
from interpret.pictures import forces as plots
from interpret.pictures.picture import Picture


def balance(law: Law, account: Account, curves: Sequence[Curve] = ()) -> Findings:
    """A sentence on who does the work, its numbers, and what the forces' pictures are drawn of."""
    if not law.terms or account.solution is None:
        return Findings()
    courses, names = account.setting.courses, account.setting.candidates.coordinates
    done = work(law, courses)
    scale = float((courses.accelerations**2).sum(axis=1).mean() ** 0.5)
    rest = left_over(account)[: plots.MOST_PANELS]
    title = law.system
    variables = [item.variable for item in rest]
    pictures = [
        Picture("forces", plots.force_numbers(law, courses), (title, *names)),
        Picture("left_over", plots.left_over_numbers(rest, scale), (title, *names, *variables)),
    ]
    if any(part.name == "dissipative" and part.terms for part in law.parts):
        numbers = plots.drag_numbers(law, courses)
        for curve in curves:
            if curve.variable == OF_SPEED:
                numbers |= {"learned at": curve.x, "learned": curve.values}
        pictures.append(Picture("drag", numbers, (title,)))
    files = {name: kept for picture in pictures for name, kept in picture.files().items()}
    told: dict[str, Any] = {"work": done.to_json()}
    if curves:
        told["learned"] = [curve.to_json() for curve in curves]
    return Findings((str(done),), told, files)
