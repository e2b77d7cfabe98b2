"""What the checks of a law have in common: what counts as exact, as wrong, and as chance."""

from __future__ import annotations

from typing import Final

from interpret.laws.judgement import Verdict

EXACT: Final = 1e-4
"""Exact motion is explained when less of its force is left; integrators leave about as much."""

WRONG: Final = 0.05
"""A law that misses more of the force than this is not the law of these data."""

UNLIKELY: Final = 4.0
"""Deviations of χ² from one, in its own: 3e-5 of right laws are further off."""

CHANCE: Final = 1e-3
"""How probable a false alarm of all tests of one kind together may be."""

AGAIN: Final = 0.05
"""What is found along whole trajectories must be this improbable along halves of them too."""


def short_of(share: float) -> Verdict:
    """What a law is called that misses a share of the force that noise does not explain.

    >>> short_of(0.01), short_of(0.2), short_of(float("nan"))
    ('approximate', 'not in the library', 'not in the library')
    """
    return "approximate" if share < WRONG else "not in the library"


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.0123), percent(12.0)
    ('1.23 %', '12 times')
    """
    return f"{100 * share:.3g} %" if share < 10 else f"{share:.3g} times"
