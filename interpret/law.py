"""The law: what the project is for. A closed form with error bars, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from interpret.constants import recognise
from interpret.json_numbers import finite, number
from systems.errors import InputError
from systems.expressions import parse, symbol, text
from systems.integrate import compile

Array = NDArray[np.float64]
Verdict = Literal["identified", "ambiguous", "not in the library"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Law:
    """V(x) = sum_j c_j phi_j(x) + c, the phi_j taken from a candidate library.

    - `terms`: the surviving candidates phi_j, in the order of the library `candidates`.
    - `coefficients` (k,) and `covariance` (k, k): c_j with their errors, in the data's units.
    - `recognised`: the closed form of each c_j, or None. Left out, or (), it is found within the
      error bars (see `constants.recognise`); none is sought for what is not in the library.
    - `features`: what the variables of the terms are, as expressions of the coordinates; empty
      when they are the coordinates themselves.
    - `domain`: the range of each variable in the data. Outside, the law is an extrapolation.
    - `gauge`: what the data cannot fix, in words.
    - `verdict` and its `reasons`: "identified", "ambiguous" (another law fits as well) or "not in
      the library" (then the terms are a best fit, and no law).
    - `chi2_per_n`: chi^2 per data point of the law on the data; near 1 when it explains them.
    - `dataset`, `seed`: the data set of the system, from which its truth is known.

    Laws are values: equal when all of this is equal. Raises InputError for shapes that do not
    match, for terms that were no candidates, and for a verdict that is none.

    >>> r = symbol("r")
    >>> law = Law(system="coulomb", terms=(1 / r,), coefficients=np.array([-0.0795774715]),
    ...           covariance=np.array([[9e-20]]), candidates=(1 / r, r**-2),
    ...           domain={"r": (0.3, 4.0)}, gauge="one constant", verdict="identified",
    ...           chi2_per_n=1.0)
    >>> law.expr, law.numeric, law.absent
    (-1/(4*pi*r), -0.0795774715/r, (r**(-2),))
    >>> law == Law.from_json(law.to_json())
    True
    """

    system: str
    terms: tuple[Expr, ...]
    coefficients: Array
    covariance: Array
    recognised: tuple[Expr | None, ...] = ()
    candidates: tuple[Expr, ...]
    features: Mapping[str, Expr] = field(default_factory=dict)
    domain: Mapping[str, tuple[float, float]]
    gauge: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    chi2_per_n: float
    dataset: str | None = None
    seed: int = 0

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
        strangers = [str(term) for term in self.terms if term not in self.candidates]
        if strangers:
            raise InputError(f"the law has terms that were no candidates: {', '.join(strangers)}.")
        if self.verdict not in get_args(Verdict):
            known = ", ".join(get_args(Verdict))
            raise InputError(f"{self.verdict!r} is no verdict; the verdicts are {known}.")
        if not self.recognised:
            object.__setattr__(self, "recognised", self._recognise())
        if len(self.recognised) != size:
            raise InputError(f"a law of {size} terms needs {size} closed forms or None.")

    def _recognise(self) -> tuple[Expr | None, ...]:
        if self.verdict == "not in the library":
            return (None,) * len(self.terms)
        pairs = zip(self.coefficients, self.stderr, strict=True)
        return tuple(recognise(float(value), float(error)) for value, error in pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and self.to_json() == other.to_json()

    @property
    def stderr(self) -> Array:
        """The standard error of each coefficient (k,); nan where the variance is negative."""
        variance = np.diag(self.covariance)
        known = variance >= 0
        return np.where(known, np.sqrt(np.where(known, variance, 0.0)), np.nan)

    @property
    def expr(self) -> Expr:
        """The law as a sympy expression without the constant, closed forms where recognised."""
        pairs = zip(self.recognised, self.coefficients, self.terms, strict=True)
        return sympy.Add(
            *(
                (sympy.Float(float(value)) if form is None else form) * term
                for form, value, term in pairs
            )
        )

    @property
    def numeric(self) -> Expr:
        """The law as a sympy expression without the constant, all coefficients as measured."""
        return replace(self, recognised=(None,) * len(self.terms)).expr

    @property
    def absent(self) -> tuple[Expr, ...]:
        """The candidates that were tried and not kept."""
        return tuple(c for c in self.candidates if c not in self.terms)

    def __call__(self, x: ArrayLike) -> Array:
        """V at the points x, without the constant: (n, f), or (n,) for one variable, to (n,).

        The columns are the variables of `domain`, in its order; coefficients as measured.

        >>> q = symbol("q")
        >>> law = Law(system="s", terms=(q**2,), coefficients=[0.5], covariance=[[1e-4]],
        ...           candidates=(q**2,), domain={"q": (-1.0, 1.0)}, gauge="one constant",
        ...           verdict="identified", chi2_per_n=1.0)
        >>> law([1.0, 2.0]), law.gradient([1.0, 2.0])[:, 0]
        (array([0.5, 2. ]), array([1., 2.]))
        """
        return self._evaluated([self.numeric], x)[:, 0]

    def gradient(self, x: ArrayLike) -> Array:
        """dV/dx at the points x: (n, f), or (n,) for one variable, to (n, f)."""
        return self._evaluated([self.numeric.diff(symbol(name)) for name in self.domain], x)

    def _evaluated(self, expressions: list[Expr], x: ArrayLike) -> Array:
        points = np.asarray(x, dtype=np.float64).reshape(-1, len(self.domain))
        return compile(expressions, tuple(self.domain))(points)

    def in_coordinates(self) -> Expr:
        """`expr` with the features written out in the coordinates of the data."""
        definitions = {symbol(name): expression for name, expression in self.features.items()}
        return self.expr.xreplace(definitions)

    def to_json(self) -> dict[str, Any]:
        """The law as plain strings, numbers, lists and dicts; what is not finite becomes None.

        Expressions are text that `systems.expressions.parse` and sympy read back.
        """
        parts = zip(self.terms, self.coefficients, self.stderr, self.recognised, strict=True)
        return {
            "system": self.system,
            "dataset": self.dataset,
            "seed": self.seed,
            "terms": [
                {
                    "term": text(term),
                    "coefficient": finite(value),
                    "stderr": finite(error),
                    "recognised": None if form is None else text(form),
                }
                for term, value, error, form in parts
            ],
            "covariance": [[finite(entry) for entry in row] for row in self.covariance],
            "candidates": [text(candidate) for candidate in self.candidates],
            "features": {name: text(expression) for name, expression in self.features.items()},
            "domain": {
                name: [finite(low), finite(top)] for name, (low, top) in self.domain.items()
            },
            "gauge": self.gauge,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "chi2_per_n": finite(self.chi2_per_n),
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Law:
        """The law that `to_json` wrote, bit for bit; None is read as nan.

        Raises InputError, with what is wrong, when it is no law. Expressions are parsed against a
        whitelist, never evaluated.
        """
        try:
            return _read(contents)
        except KeyError as error:
            raise InputError(f"the law lacks {error}; fit the run again.") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(f"the law is damaged ({error}); fit the run again.") from error

    def __str__(self) -> str:
        from interpret import report

        return report.text(self)

    def _repr_latex_(self) -> str:
        from interpret import report

        return f"$\\displaystyle {report.latex(self)}$"

    def _repr_html_(self) -> str:
        from interpret import report

        return report.html(self)


def _read(contents: Mapping[str, Any]) -> Law:
    parts = contents["terms"]
    size = len(parts)
    forms = (part["recognised"] for part in parts)
    covariance = [[number(entry) for entry in row] for row in contents["covariance"]]
    domain = {name: (number(low), number(top)) for name, (low, top) in contents["domain"].items()}
    return Law(
        system=str(contents["system"]),
        terms=tuple(parse(part["term"]) for part in parts),
        coefficients=np.array([number(part["coefficient"]) for part in parts]),
        covariance=np.array(covariance).reshape(size, size),
        recognised=tuple(None if form is None else parse(form) for form in forms),
        candidates=tuple(parse(candidate) for candidate in contents["candidates"]),
        features={name: parse(expression) for name, expression in contents["features"].items()},
        domain=domain,
        gauge=str(contents["gauge"]),
        verdict=cast(Verdict, contents["verdict"]),
        reasons=tuple(str(reason) for reason in contents["reasons"]),
        chi2_per_n=number(contents["chi2_per_n"]),
        dataset=contents["dataset"],
        seed=int(contents["seed"]),
    )
