"""`interpret systems`: what there is to fit."""

from __future__ import annotations

import systems


def test_every_system_is_listed_with_its_datasets(interpret):
    outcome = interpret("systems")

    assert outcome.code == 0
    assert outcome.err == ""
    for name in systems.names():
        assert name in outcome.out
        for drawn in systems.get(name).datasets:
            assert drawn in outcome.out
