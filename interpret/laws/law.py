"""The law: what the project is for. A closed form with error bars, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from interpret.laws import particular, report
from interpret.laws.constants import recognise
from interpret.laws.forms import Form, Sum
from interpret.laws.formula import readable, text
from interpret.laws.json_numbers import finite
from interpret.laws.judgement import Judgement, Origin, Verdict
from interpret.laws.measured import Equation, Measured
from interpret.laws.moving import Moving
from interpret.laws.parts import KINDS, MAP, Part, Variables, gauged
from interpret.laws.report import Statement
from systems.errors import InputError
from systems.expressions import text as written

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Law(Moving):
    """y(x) = Σ_k c_k φ_k(x), each φ_k a term of one of its parts.

    - `parts`: their terms φ_k, taken from candidates. The k terms of the law are those of all
      parts, one part after the other.
    - `coefficients` (k,) and `covariance` (k, k): c_k with their errors, in the data's units.
    - `recognised`: the closed form of each c_k, or None. Left out, or (), it is found within the
      error bars (see `constants.recognise`); none is sought for what is not in the library.
    - `variables`: what the terms are written in. `gauge`: what the data cannot fix, in words.
    - `form`: what the terms look like, summed: a sum, integrals, or poles.

    What it does next, such as `equations` and `simulate`, is in `interpret.laws.moving`. Laws are
    values: equal when all of this is. Raises InputError for shapes that do not match.

    >>> from systems.expressions import symbol
    >>> r = symbol("r")
    >>> law = Law(origin=Origin("coulomb"), parts=(Part("potential", (1 / r,), (1 / r, r**-2)),),
    ...           coefficients=np.array([-0.0795774715]), covariance=np.array([[9e-20]]),
    ...           variables=Variables({"r": (0.3, 4.0)}, {}), gauge="one constant")
    >>> law.expr, law.numeric, law.absent
    (-1/(4*pi*r), -0.0795774715/r, (r**(-2),))
    >>> law.potential
    -1/(4*pi*r)
    """

    origin: Origin
    parts: tuple[Part, ...]
    coefficients: Array
    covariance: Array
    recognised: tuple[Expr | None, ...] = ()
    variables: Variables
    gauge: str = ""
    judgement: Judgement = field(default_factory=Judgement)
    form: Form = field(default_factory=Sum)

    def __post_init__(self) -> None:
        size = len(self.terms)
        for name, shape in (("coefficients", (size,)), ("covariance", (size, size))):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise InputError(
                    f"a law of {size} terms needs {name} of shape {shape}, not {array.shape}."
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise InputError(f"a law has each part once, not {', '.join(names)}.")
        if not self.recognised:
            object.__setattr__(self, "recognised", self._recognise())
        if len(self.recognised) != size:
            raise InputError(f"a law of {size} terms needs {size} closed forms or None.")

    def _recognise(self) -> tuple[Expr | None, ...]:
        if self.verdict == "not in the library":
            return (None,) * len(self.terms)
        pairs = zip(self.coefficients.tolist(), self.stderr.tolist(), strict=True)
        return tuple(recognise(value, error) for value, error in pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and self.to_json() == other.to_json()

    # What is asked most, by short names

    @property
    def system(self) -> str:
        """The name of the system that the law was read off."""
        return self.origin.system

    @property
    def terms(self) -> tuple[Expr, ...]:
        """The terms of all parts, in the order of the coefficients."""
        return tuple(term for part in self.parts for term in part.terms)

    @property
    def candidates(self) -> tuple[Expr, ...]:
        """What all parts were chosen from."""
        return tuple(candidate for part in self.parts for candidate in part.candidates)

    @property
    def absent(self) -> tuple[Expr, ...]:
        """The candidates that were tried and not kept."""
        return tuple(candidate for part in self.parts for candidate in part.absent)

    @property
    def domain(self) -> Mapping[str, tuple[float, float]]:
        """The range of each variable in the data."""
        return self.variables.domain

    @property
    def features(self) -> Mapping[str, Expr]:
        """The variables that are functions of the coordinates."""
        return self.variables.features

    @property
    def verdict(self) -> Verdict:
        """What is to be held of it."""
        return self.judgement.verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not simply identified."""
        return self.judgement.reasons

    @property
    def chi2_per_n(self) -> float:
        """χ² per data point, near 1 when the law explains the data."""
        return self.judgement.chi2_per_n

    @property
    def stderr(self) -> Array:
        """The standard error of each coefficient (k,); nan where the variance is negative."""
        variance = np.diag(self.covariance)
        known = variance >= 0
        return np.where(known, np.sqrt(np.where(known, variance, 0.0)), np.nan)

    def quantity(self, part: Part) -> str:
        """What a problem's truths call this part: of a map, the quantity that is mapped to."""
        return self.form.name if part.name == MAP else part.name

    def measured(self, part: Part | None = None) -> list[Measured]:
        """The terms with their coefficients, of one part or of all."""
        names = [each.name for each in self.parts for _ in each.terms]
        given = [each.given.get(term, "") for each in self.parts for term in each.terms]
        numbers = (self.coefficients.tolist(), self.stderr.tolist(), self.recognised)
        rows = zip(names, self.terms, *numbers, given, strict=True)
        return [Measured(*row) for row in rows if part is None or row[0] == part.name]

    # Expressions

    @property
    def expr(self) -> Expr:
        """The law as a sympy expression without the constant, closed forms where recognised.

        The parts are added as they stand: of a law of motion ask `potential` and its likes.
        """
        return self._sum(self.measured())

    @property
    def numeric(self) -> Expr:
        """The law as a sympy expression without the constant, all coefficients as measured."""
        return replace(self, recognised=(None,) * len(self.terms)).expr

    # Numbers

    def __call__(self, x: ArrayLike) -> Array:
        """The law at the points x, without the constant: (n, f), or (n,) for one variable, to (n,).

        The columns are the variables of `domain`, in its order; coefficients as measured.

        >>> from systems.expressions import symbol
        >>> q = symbol("q")
        >>> law = Law(origin=Origin("s"), parts=(Part("potential", (q**2,), (q**2,)),),
        ...           coefficients=[0.5], covariance=[[1e-4]],
        ...           variables=Variables({"q": (-1.0, 1.0)}, {}))
        >>> law([1.0, 2.0]), law.gradient([1.0, 2.0])[:, 0]
        (array([0.5, 2. ]), array([1., 2.]))
        """
        return self.form.evaluate(self._pairs, tuple(self.domain), x)

    def gradient(self, x: ArrayLike) -> Array:
        """The derivatives by each variable at the points x: (n, f), or (n,) for one, to (n, f)."""
        return self.form.gradient(self._pairs, tuple(self.domain), x)

    @property
    def _pairs(self) -> list[tuple[float, Expr]]:
        return list(zip(self.coefficients.tolist(), self.terms, strict=True))

    # Changed

    def refined(self, coefficients: Array, covariance: Array, chi2_per_n: float) -> Law:
        """The same terms with better numbers; closed forms are sought anew."""
        better = replace(self, coefficients=coefficients, covariance=covariance, recognised=())
        return replace(better, judgement=replace(self.judgement, chi2_per_n=chi2_per_n))

    def doubted(self, verdict: Verdict, *reasons: str) -> Law:
        """The same law with another verdict, for these reasons beside those it has."""
        judgement = replace(self.judgement, verdict=verdict, reasons=(*self.reasons, *reasons))
        return replace(self, judgement=judgement)

    def of(self, dataset: str) -> Law:
        """The law with the coefficients of one data set, where these were told apart."""
        numbers = self.coefficients, self.covariance
        parts, own, errors = particular.of_dataset(self.parts, *numbers, dataset)
        return replace(self, parts=parts, coefficients=own, covariance=errors, recognised=())

    # Said

    def equation(self, part: Part) -> Equation:
        """A part as it is written, such as V(r) = ...."""
        names = particular.names_of(part.terms, self.variables)
        left = self.form.left(KINDS[part.name].symbol, names)
        terms = particular.said(self.measured(part), self.variables)
        return Equation(left, terms, self.form, self.gauge if gauged(part.name) else "")

    def statement(self) -> Statement:
        """What is printed of the law: `interpret.laws.report` writes it as text and as HTML."""
        equations = list(map(self.equation, self.parts))
        inside = self.variables.inside
        said = particular.said(self.measured(), self.variables)
        rows = [
            *((self.form.term(each.term), *each.row()) for each in said),
            *particular.rows(said, self.parts, self.form),
        ]
        where = (f"{name} = {text(what)}" for name, what in self.features.items())
        return Statement(
            system=self.system,
            equations=tuple(map(str, equations)),
            closed=tuple(each.closed for each in equations if each.closed),
            latex=self.latex,
            verdict=self.judgement.words,
            reasons=self.reasons,
            remarks=(*self.judgement.remarks, *particular.remarks(said, self.parts, self.form)),
            where=(*where, *inside.words(self.terms)),
            table=(("term", "recovered", "error bar"), *rows),
            absent=tuple(self.form.term(inside.named(term)) for term in self.absent),
            chi2_per_n=self.chi2_per_n,
        )

    @property
    def latex(self) -> str:
        r"""The law as LaTeX, without dollars: ``V(r) = - \frac{1}{4 \pi r} + c``."""
        equations = r" \\ ".join(self.equation(part).latex for part in self.parts)
        return r", \quad ".join([equations, *self.variables.inside.words(self.terms)])

    def summary(self) -> dict[str, Any]:
        """The law as ``--json`` prints it; the constant is left out."""
        return {
            "expression": readable(self.expr) if np.isfinite(self.coefficients).all() else None,
            "latex": self.latex,
            "terms": [each.to_json() for each in self.measured()],
            **self.variables.inside.to_json(),
            **particular.to_json(self.parts),
            "gauge": self.gauge,
        }

    def to_json(self) -> dict[str, Any]:
        """The law as plain strings, numbers, lists and dicts; what is not finite becomes None.

        Expressions are text that `systems.expressions.parse` and sympy read back. See
        `interpret.laws.kept`, which reads it.
        """
        return {
            "system": self.origin.system,
            "dataset": self.origin.dataset,
            "seed": self.origin.seed,
            "form": self.form.to_json(),
            "terms": [each.to_json() for each in self.measured()],
            "covariance": [[finite(entry) for entry in row] for row in self.covariance],
            "candidates": {part.name: list(map(written, part.candidates)) for part in self.parts},
            "undetermined": {each.name: [*map(written, each.undetermined)] for each in self.parts},
            **particular.to_json(self.parts),
            **self.variables.to_json(),
            "gauge": self.gauge,
            **self.judgement.to_json(),
        }

    def __str__(self) -> str:
        return report.text([self.statement()])

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def _repr_html_(self) -> str:
        return report.html([self.statement()])
