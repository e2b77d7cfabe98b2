"""What there is to tell of an account of forces: its work, and its pictures."""

from __future__ import annotations

from interpret.experiments.verbs import Findings
from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.left_over import left_over
from interpret.ledger.work import work
from interpret.pictures import forces as plots
from interpret.pictures.picture import Picture


def balance(law: Law, account: Account) -> Findings:
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
        pictures.append(Picture("drag", plots.drag_numbers(law, courses), (title,)))
    files = {name: kept for picture in pictures for name, kept in picture.files().items()}
    return Findings((str(done),), {"work": done.to_json()}, files)
