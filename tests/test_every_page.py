"""The report of every system of the catalog, as a browser shows it."""

from __future__ import annotations

import re

import pytest

import systems
from interpret import fit
from interpret.pages.page import report
from tests.pages import Page, chromium, rendered

SMALLER = {
    "born": ({"steps": 8}, {"orders": 1, "samples": 600}),
    "luescher": ({}, {"learn": "structured", "samples": 120}),
}
"""What takes minutes is fitted to less, by settings and options; its page has the same parts."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", systems.names())
def test_a_browser_shows_the_report(name, tmp_path):
    chromium()
    settings, options = SMALLER.get(name, ({}, {}))
    run = fit(systems.get(name, settings), **options)
    text = report(run, tmp_path / "page.html")
    page = Page(text)
    assert (page.loads, page.unclosed) == ([], [])
    assert set(page.links) <= set(page.ids)
    assert len(text.encode()) < 2_000_000
    dom, said = rendered(tmp_path / "page.html", tmp_path / "page.png", "--window-size=1400,2400")
    assert said == ""
    shown = Page(dom)
    assert name in shown.text
    assert "<math" in dom
    # Nothing of Python, of a template or of a number that is none is shown.
    assert not re.search(r"\{\{|\{%|Traceback|\bNone\b|\bnan\b|<class|object at 0x", shown.text)
    assert (tmp_path / "page.png").stat().st_size > 20_000
