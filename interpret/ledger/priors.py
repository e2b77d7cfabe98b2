"""What is known of a law beforehand: terms with their coefficients, bounds, and equalities.

Σ_k c_k φ_k    with c_k given,    low ≤ c_k ≤ high,    or one c for the sum of several φ
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy
from sympy import Expr

from interpret.ledger.candidates import FREE, Candidate, Candidates, Given
from interpret.ledger.motion import mark
from systems.errors import InputError, nearest

Range = tuple[float, float]


def with_known(candidates: Candidates, part: str, terms: Sequence[Expr]) -> Candidates:
    """These and terms of a part whose coefficients are known, each a number times the rest.

    A candidate that is a multiple of one of them is no longer sought.

    >>> q = sympy.Symbol("q")
    >>> spring = Candidates(("q",), (2.0,)).with_terms("potential", [q**2, q**4])
    >>> found = with_known(spring, "potential", [q**2 / 2])
    >>> [(item.term, item.given) for item in found]
    [(q**4, None), (q**2, Given(value=0.5, why='known'))]
    """
    found = candidates
    for term in terms:
        factor, rest = term.as_independent(*term.free_symbols, as_Add=False)
        others = (i for i in found if i.part != part or ratio(rest, i.term) is None)
        found = replace(found, items=tuple(others)).with_terms(part, [rest])
        last = replace(found.items[-1], given=Given(float(factor)))
        found = replace(found, items=(*found.items[:-1], last))
    return found


def tied(candidates: Candidates, terms: Sequence[Expr]) -> Candidates:
    """The same with one coefficient for the sum of several terms, in the place of theirs.

    Raises InputError for terms that are no candidates, or of more than one part.

    >>> x, y = sympy.symbols("x y")
    >>> bowl = Candidates(("x", "y"), (1.0, 2.0)).with_terms("potential", [x**2, y**2, x * y])
    >>> [(item.term, item.acceleration) for item in tied(bowl, [x**2, 2 * y**2])]
    [(x**2 + 2*y**2, (-2*x, -2*y)), (x*y, (-y, -x/2))]
    """
    places = [place(candidates, term) for term in terms]
    if len(set(places)) < len(places):
        raise InputError(f"{_listed(terms)} are not all different, and share no coefficient.")
    items = [candidates.items[k] for k in places]
    if len({item.part for item in items}) > 1:
        parts = ", ".join(item.part for item in items)
        raise InputError(f"{_listed(terms)} are of the parts {parts}, and share no coefficient.")
    first = min(places)
    whole = sympy.Add(*terms)
    together = candidates.with_terms(items[0].part, [whole]).items[-1]
    found: list[Candidate] = []
    for k, item in enumerate(candidates.items):
        if k == first:
            found.append(together)
        elif k not in places and ratio(whole, item.term) is None:
            found.append(item)
    return replace(candidates, items=tuple(found))


def bounded(candidates: Candidates, term: Expr, bounds: Range) -> Candidates:
    """The same with bounds on the coefficient of a term, or on a constant inside of terms.

    Raises InputError for what is neither.

    >>> q, p = sympy.symbols("q p")
    >>> spring = Candidates(("q",), (1.0,)).with_terms("potential", [q**2 / 2, q**p])
    >>> found = bounded(spring.with_unknowns(), q**2, (0.0, 3.0))
    >>> found.items[0].bounds, bounded(found, p, (1.0, 4.0)).ranges
    ((0.0, 6.0), {p: (1.0, 4.0)})
    """
    if term in candidates.inner:
        return replace(candidates, ranges={**candidates.ranges, term: bounds})
    k = place(candidates, term)
    item = candidates.items[k]
    # c φ = c' φ' where φ' = r φ and c = r c'.
    r = float(ratio(term, item.term) or 1.0)
    low, high = sorted(r * end if end else 0.0 for end in bounds)
    own = replace(item, bounds=(low, high))
    return replace(candidates, items=(*candidates.items[:k], own, *candidates.items[k + 1 :]))


def apart(candidates: Candidates, some: Sequence[int], datasets: Sequence[str]) -> Candidates:
    """The same with coefficients of some candidates for each data set, told apart by its signal.

    >>> q = sympy.Symbol("q")
    >>> spring = Candidates(("q",), (1.0,)).with_terms("potential", [q**2 / 2])
    >>> [(item.dataset, item.acceleration) for item in apart(spring, [0], ["a", "b"])]
    [('a', (-_set0*q,)), ('b', (-_set1*q,))]
    """
    marks = [sympy.Symbol(mark(j)) for j in range(len(datasets))]
    found: list[Candidate] = []
    for k, item in enumerate(candidates):
        if k not in some:
            found.append(item)
            continue
        if item.bounds != FREE:
            raise InputError(
                f"{item.term} has bounds and a coefficient of each data set; give one of the two."
            )
        for own, name in zip(marks, datasets, strict=True):
            pushed = tuple(own * a for a in item.acceleration)
            found.append(replace(item, acceleration=pushed, dataset=name))
    signals = (*candidates.signals, *map(str, marks))
    return replace(candidates, items=tuple(found), signals=signals)


def place(candidates: Candidates, term: Expr) -> int:
    """The number of the candidate that a term is a multiple of; InputError where there is none."""
    for k, item in enumerate(candidates.items):
        if item.given is None and ratio(term, item.term) is not None:
            return k
    names = [str(item.term) for item in candidates if item.given is None]
    raise InputError(
        f"there is no candidate {term}; there are {', '.join(names)}.{nearest(str(term), names)}"
    )


def ratio(one: Expr, other: Expr) -> Expr | None:
    """The number that one term is of another; None where it is no number.

    >>> x, y = sympy.symbols("x y")
    >>> ratio(x**2 + y**2, (x**2 + y**2) / 2), ratio(x, y)
    (2, None)
    """
    if one.free_symbols != other.free_symbols:
        return None
    found = sympy.simplify(one / other)
    return found if found.is_number else None


def _listed(terms: Sequence[Expr]) -> str:
    return ", ".join(map(str, terms))
