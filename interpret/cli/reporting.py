"""`interpret report`: finished runs as one page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from interpret.pages.page import Source
    from interpret.run import Run

PAGE = "report.html"


def report(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN…", help="Folders of runs, or their names under runs/."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Where to write it; report.html in the run's folder by default.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write finished runs as one page of HTML, which needs no network: several side by side."""
    from interpret.keep.folder import find
    from interpret.pages.page import report as written
    from interpret.run import Run

    folders = [find(run) for run in runs]
    page = out if out is not None else (folders[0] if len(folders) == 1 else Path()) / PAGE
    written([Run.load(folder) for folder in folders], page, opened)
    print(f"written to {page}")
    if show:
        typer.launch(str(page.resolve().as_uri()))


def opened(run: Run) -> Source:
    """What a run was fitted to; one that Python saved was not asked for on the command line."""
    from interpret.cli.request import Request
    from interpret.keep.folder import load

    assert run.path is not None, "a run that was loaded has a folder"
    asked = load(run.path)["request"]
    return None if asked is None else Request.from_json(asked).source.open()
