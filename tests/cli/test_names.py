"""Names beyond ASCII, from the header of a file to every command that takes or prints them."""

from __future__ import annotations

import json

import numpy as np

from interpret.discovery.coordinates import angles


def test_a_name_survives_every_command(interpret, folder):
    """The file says θ₁ with an accent typed apart, the user says it in either form."""
    decomposed, composed = "e\u0301₁", "\u00e91"
    t = np.linspace(0, 8, 90)
    columns = [t, 1.2 * np.cos(t), -1.2 * np.sin(t)]
    rows = [",".join(f"{number:.15g}" for number in row) for row in np.column_stack(columns)]
    header = f"t,{decomposed},v_{decomposed}"
    (folder / "swing.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")

    library = f"{decomposed}, {decomposed}**2"
    fitted = interpret("fit", "swing.csv", "--library", library, "--out", "run", "--quiet")

    assert fitted.code == 0, fitted.err
    assert f"{composed}**2/2" in fitted.out
    assert f"{composed}**2/2" in interpret("show", "run").out
    assert json.loads(interpret("show", "run", "--json").out)["law"]["expression"] == (
        f"{composed}**2/2"
    )
    for name in (decomposed, composed):
        compared = interpret("compare", "run", "--truth", f"{name}**2/2")
        assert "IDENTICAL" in compared.out, compared.err
    other = interpret("compare", "run", "--truth", "x**2/2")
    assert other.code == 2
    assert composed in other.err


def test_an_angle_is_named_as_its_column_is():
    assert angles(["r", "θ1"], "θ₁") == ("θ1",)
    assert angles(["\u00e9", "e"], "e\u0301") == ("\u00e9",)


def test_columns_of_accelerations_are_named_on_the_command_line(interpret, folder):
    """Points of a spring without times: a command finds their potential, inspect writes it."""
    rng = np.random.default_rng(0)
    x, u = rng.uniform(-1, 1, (2, 60))
    rows = [f"{a:.15g},{b:.15g},{-4 * a:.15g}" for a, b in zip(x, u, strict=True)]
    (folder / "points.csv").write_text("\n".join(["place,rate,change", *rows]) + "\n")
    named = ("--coordinates", "place", "--velocities", "rate", "--accelerations", "change")

    seen = interpret("inspect", "points.csv", *named)
    assert seen.code == 0, seen.err
    command = seen.out.splitlines()[-1]
    assert command == (
        "interpret fit points.csv --coordinates place --velocities rate --accelerations change"
    )
    fitted = interpret(*command.split()[1:], "--quiet")
    assert fitted.code == 0, fitted.err
    assert "2*place**2" in fitted.out
