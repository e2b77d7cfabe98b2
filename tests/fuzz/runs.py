"""The folder of a run, with anything in its files: loaded, printed, compared and asked again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from interpret.cli.request import Request
from interpret.cli.source import Source
from interpret.judge.certificate import Certificate, Check
from interpret.keep import folder
from interpret.laws import kept
from interpret.laws.comparison import compare
from interpret.laws.integrals import BornIntegral
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Part, Variables
from interpret.laws.poles import Poles, pole
from interpret.laws.report import WRITERS
from interpret.pipeline import compare_run
from interpret.run import Run
from systems.expressions import symbol
from systems.find import get
from tests.fuzz.harness import Target
from tests.fuzz.mutations import changed_bytes, changed_tree

PLACE = Path("mine")
CERTIFICATE = Certificate(
    (
        Check("left over", 3.5, 5.0, "identified", "nothing is left over"),
        Check("held out", 0.2, 0.1, "approximate", "it misses 20 %", 0.2),
    )
)
FORMS: tuple[Callable[[Run], object], ...] = (
    Run.certified,
    *(partial(Run.written, form=name) for name in WRITERS),
)
"""What is made of a run beside its text and its JSON, which its loading makes."""


def _law(system: str, part: str, terms: tuple[Any, ...], numbers: list[float], **more: Any) -> Law:
    """A law of all terms but the last, which is a candidate only."""
    return Law(
        origin=Origin(system, None, 3),
        parts=(Part(part, terms[:-1], terms),),
        coefficients=np.array(numbers),
        covariance=np.diag(1e-12 * np.ones(len(numbers))),
        gauge="one constant",
        judgement=Judgement("ambiguous", ("q**3 fits as well",), 1.01, ("a remark",)),
        **more,
    )


def _runs() -> list[dict[str, Any]]:
    """What stands in the folders of a motion, a Born series, levels, and a run of version 0.1."""
    q, r = symbol("q"), symbol("r")
    given = {"notes": ["a note"], "seconds": 1.5, "iterations": 3, "neurons": 48}
    found = []
    for experiment, system, law in (
        (
            "motion",
            "double_well",
            _law(
                "double_well",
                "potential",
                (q, q**2, q**3, q**4, q**5),
                [2.0, 3.0, -4.0, 1.0],
                variables=Variables({"q": (-1.0, 1.0)}, {}),
            ),
        ),
        (
            "born",
            "born",
            _law(
                "born",
                "map",
                (r**2, r),
                [-1.0],
                variables=Variables({"r": (0.0, 1.0)}, {}),
                form=BornIntegral(1),
            ),
        ),
        (
            "levels",
            "luescher",
            _law(
                "luescher",
                "map",
                (pole(0), pole(1), pole(2)),
                [1.0, 6.0],
                variables=Variables({"q": (0.0, 2.0)}, {}),
                form=Poles(),
            ),
        ),
    ):
        problem = get(system)
        found.append(
            {
                folder.LAW: kept.to_json([law]),
                folder.CERTIFICATE: {"laws": [CERTIFICATE.to_json()]},
                folder.COMPARISON: {"comparisons": [compare(law, problem).to_json()]},
                folder.SETTINGS: {
                    "experiment": experiment,
                    "source": system,
                    "options": {"seed": 3},
                    "came_to": {**given, "numbers": {"errors": {"J": 0.1}}},
                },
                folder.PROVENANCE: {"seed": 3, "versions": {"numpy": "2"}},
                folder.HISTORY: {"loss": [1.0, 0.5]},
                folder.REQUEST: {"source": asdict(Source(system=system)), "options": {"seed": 3}},
            }
        )
    # Version 0.1 kept one law by itself.
    flat = dict(found[0][folder.LAW]["laws"][0])
    old = {**flat, "candidates": flat["candidates"]["potential"]}
    for name in ("form", "undetermined", "remarks"):
        old.pop(name)
    asked = {"source": "double_well", "knows_external": False}
    found.append({folder.LAW: old, folder.SETTINGS: {"asked": asked, "came_to": given}})
    return found


RUNS = _runs()


def make(rng: random.Random) -> dict[str, bytes]:
    """The files of a run, one of them or more tampered with."""
    files = rng.choice(RUNS)
    chosen = rng.sample(list(files), rng.choice((1, 1, 2)))
    written = {}
    for name, content in files.items():
        tree = changed_tree(rng, content) if name in chosen else content
        text = json.dumps(tree)
        if name in chosen and rng.random() < 0.02:
            text = "[" * 100_000 if rng.random() < 0.5 else '{"a":' * 3000 + "1" + "}" * 3000
        data = text.encode()
        written[name] = changed_bytes(rng, data) if rng.random() < 0.03 else data
    return written


def use(files: dict[str, bytes]) -> None:
    """Show the run in every form, compare it, and read what was asked for."""
    PLACE.mkdir(exist_ok=True)
    for item in PLACE.iterdir():
        item.unlink()
    for name, content in files.items():
        (PLACE / name).write_bytes(content)
    run = Run.load(PLACE)
    # One form of it, the same whenever it is tried again.
    turn = sum(map(len, files.values()))
    FORMS[turn % len(FORMS)](run)
    if run.laws and turn % 16 == 0:
        compare_run(run, truth="q**4/4 - q**2/2")
    if (PLACE / folder.REQUEST).exists():
        request = Request.from_json(folder.read(PLACE / folder.REQUEST))
        request.source.open()


TARGET = Target("runs", make, use)
