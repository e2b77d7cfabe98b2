"""A page of HTML as a browser takes it in: what it would load, its text, and what is not closed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "link", "br", "input", "img", "hr", "col", "wbr"}
LOADING = {"src", "href", "xlink:href", "data", "action", "poster", "srcset"}
IN_CODE = re.compile(r"""(?:url\(|@import\b|\bfetch\(|\bimport\s*\()\s*["']?([^"')\s]+)""")


@dataclass
class Page(HTMLParser):
    """The text, the ids, what would be loaded from elsewhere, and tags that were left open."""

    source: str
    text: str = ""
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        self.unclosed += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in LOADING and value:
                self._refer(value)
            if name == "style" and value:
                self.loads += [one for one in IN_CODE.findall(value) if one[0] not in "#d"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unclosed.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            self.loads += [
                one for one in IN_CODE.findall(data) if not one.startswith(("#", "data:"))
            ]
        else:
            self.text += data

    def _refer(self, value: str) -> None:
        if value.startswith("#"):
            self.links.append(value[1:])
        elif not value.startswith("data:"):
            self.loads.append(value)


FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--enable-logging=stderr"),
)


def chromium() -> str:
    """The browser; the test is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium on this machine (Debian's package `chromium`)")
    return found


def rendered(page: Path, picture: Path, *flags: str) -> tuple[str, str]:
    """The page as the browser has it once its script has run, and what its console says."""
    profile = picture.with_suffix(".profile")
    common = [chromium(), *FLAGS, f"--user-data-dir={profile}", *flags]
    said = ""
    for asked in ("--dump-dom", f"--screenshot={picture}"):
        outcome = subprocess.run(
            [*common, asked, page.resolve().as_uri()],
            capture_output=True, text=True, timeout=120, check=True, env={**os.environ},
        )  # fmt: skip
        said += "".join(line for line in outcome.stderr.splitlines(True) if "CONSOLE" in line)
        if asked == "--dump-dom":
            dom = outcome.stdout
    return dom, said
