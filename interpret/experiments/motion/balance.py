"""What there is to tell of an account of forces: its work, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interpret.experiments.verbs import Findings
from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.learned import OF_SPEED, Curve
from interpret.ledger.left_over import left_over
from interpret.ledger.work import work
from interpret.pictures import forces as plots
from interpret.pictures.picture import Picture

Array = NDArray[Any]


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
    pictures.append(Picture("choice", *_compared(account, title)))
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


def _compared(account: Account, title: str) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The sets of candidates that the account was settled among, by what each misses."""
    candidates = account.setting.candidates
    sets = {item.chosen: float(item.missed.max()) for item in account.contenders}
    sets = {account.chosen: float(account.missed.max()), **sets}
    order = sorted(sets, key=lambda chosen: (len(chosen), chosen))
    named = [
        ", ".join(str(candidates.items[k].term) for g in chosen for k in candidates.groups[g])
        for chosen in order
    ]
    numbers = {
        "sizes": np.array([len(chosen) for chosen in order]),
        "left": np.array([sets[chosen] for chosen in order]),
        "chosen": np.array([order.index(account.chosen)]),
    }
    return numbers, (title, "missed of the motion's range, rms", *named)
