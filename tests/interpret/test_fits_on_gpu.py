"""`--device cuda`: the same laws, with the same words."""

from __future__ import annotations

import pytest

import interpret

FITS = {
    "oscillator": {},
    "double_well": {"dataset": "T2"},
    "central_force": {},
    "coulomb": {},
    "kepler": {},
    "damped_pendulum": {"noise": 0.01},
    "henon_heiles": {"noise": 0.01},
}


@pytest.mark.gpu
@pytest.mark.parametrize("name", FITS)
def test_the_law_is_the_same(name):
    here = interpret.fit(name, **FITS[name])
    there = interpret.fit(name, **FITS[name], device="cuda")
    assert there.comparison.verdict == here.comparison.verdict
    assert there.law.terms == here.law.terms


@pytest.mark.gpu
def test_the_papers_recipe_finds_the_oscillator(tmp_path):
    """By the kernel, which the run says; what was trained there is read here."""
    run = interpret.fit("oscillator", recipe="paper", device="cuda", out=tmp_path / "run")
    assert "kernel compiled for this GPU" in run.text()
    assert interpret.Run.load(tmp_path / "run").law == run.law
    assert run.law.coefficients[-1:] == pytest.approx([0.5], rel=0.05)
