"""report(): runs as one HTML file that loads nothing, to be read, printed and sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from interpret.keep.folder import unusable
from interpret.keep.provenance import DISTRIBUTION, version
from interpret.pages.sheets import TONES, beside, sheet
from interpret.pipeline import samples_of
from interpret.run import Run
from systems.errors import InputError
from systems.files.understood import Understood
from systems.problem import Problem

Source = Problem | Understood | None
"""What a run was fitted to; None: the catalog's system of its name."""


def report(
    runs: Run | Sequence[Run],
    out: str | Path | None = None,
    opened: Callable[[Run], Source] | None = None,
) -> str:
    """The page of one run, or of several side by side, as HTML; written to `out` too.

    `opened` says what a loaded run was fitted to, whose samples are drawn or read again; by default
    the catalog's system. Where they cannot be had again, the page says so, and does without.

    Raises InputError without runs, and where the file cannot be written.
    """
    several = [runs] if isinstance(runs, Run) else list(runs)
    if not several:
        raise InputError("a report is of one run at least.")
    sheets = []
    for run in several:
        doubt, samples = "", None
        try:
            source = opened(run) if opened is not None and run.fit is None else None
            samples = samples_of(run, source) if run.laws else None
        except InputError as error:
            doubt = f"its data cannot be had again, so nothing was drawn of them: {error}"
        sheets.append(sheet(run, samples, doubt))
    text = _rendered(sheets, beside(several))
    if out is not None:
        try:
            Path(out).write_text(text, encoding="utf-8")
        except OSError as error:
            raise unusable(out, error) from error
    return text


def _rendered(sheets: Sequence[object], compared: object) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("interpret.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["own"] = own
    environment.filters["tone"] = lambda verdict: TONES.get(str(verdict), "middling")
    return environment.get_template("page.html").render(
        sheets=sheets, compared=compared, version=version(DISTRIBUTION)
    )


def own(svg: str, prefix: str) -> str:
    """The picture with names that no other on the page has; those that nothing refers to go.

    >>> own('<g id="axes_1"><path id="m1"/><use href="#m1"/></g>', "a-")
    '<g><path id="a-m1"/><use href="#a-m1"/></g>'
    """
    reference = r"""(?:(?<=url\(#)|(?<=href="#))[^)"]+"""
    used = set(re.findall(reference, svg))
    named = re.sub(
        r' id="([^"]*)"', lambda at: f' id="{prefix}{at[1]}"' if at[1] in used else "", svg
    )
    return re.sub(reference, lambda at: prefix + at[0], named)
