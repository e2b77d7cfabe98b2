"""What is said of one coordinate's columns and of all, and the option that mends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from interpret.judge.conversions import conversion

Verdict = Literal[
    "agrees",
    "not told",
    "not used",
    "used",
    "computed",
    "derived",
    "motionless",
    "copied",
    "contradictory",
    "permuted",
    "varying",
]
"""agrees: p/m is dq/dt within the error. not told: the error is too large to say. not used: off by
more than the error, by less than a tenth. computed: a difference formula's, from q. derived: the
smoother's, from q. motionless, copied: q says nothing of its own. contradictory: p/m is no dq/dt;
permuted: it is another coordinate's; varying: the ratio depends on a coordinate."""

AGAINST: Final = frozenset({"contradictory", "permuted", "varying"})
"""The verdicts on a coordinate that make the columns contradictory."""

WITHOUT_VELOCITY: Final = frozenset({"not used", "computed", "derived"}) | AGAINST
"""The verdicts that leave the positions alone as data."""

CONTRADICTORY: Final = "contradictory columns"


@dataclass(frozen=True)
class Channel:
    """`ratio` = (p/m)/(dq/dt) of one coordinate with its standard `error`, and what it says.

    `other` is the coordinate that it copies, that its p belongs to or that its ratio depends on;
    `amount` the share by which the ratio varies, or that the two have not in common, and `written`
    the formula that computed the velocities.
    """

    coordinate: str
    ratio: float
    error: float
    verdict: Verdict
    other: str = ""
    amount: float = 0.0
    written: str = ""
    velocities: bool = False

    @property
    def velocity(self) -> str:
        """What p/m is called: p_x/m, or v_x where the columns are velocities."""
        return f"v_{self.coordinate}" if self.velocities else f"p_{self.coordinate}/m"

    @property
    def conversion(self) -> str:
        """The known conversion that the ratio is, "" where it is none."""
        return conversion(self.ratio, self.error, self.coordinate)

    @property
    def massive(self) -> bool:
        """Whether another mass mends the ratio, and no conversion explains it as well."""
        constant = self.verdict == "contradictory" and not self.amount and self.ratio > 0
        return constant and not self.velocities and not self.conversion

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        return SENTENCES[self.verdict].format(c=self, q=self.coordinate, cause=_cause(self))


SENTENCES: Final[dict[Verdict, str]] = {
    "agrees": "{c.velocity} is d{q}/dt: their ratio is {c.ratio:.6g} ± {c.error:.1g}",
    "not told": "whether {c.velocity} is d{q}/dt cannot be told: {c.ratio:.2g} ± {c.error:.1g}",
    "not used": (
        "{c.velocity} is {c.ratio:.4g} ± {c.error:.1g} times d{q}/dt: the velocities are not used, "
        "and the law is judged on the positions"
    ),
    "used": (
        "{c.velocity} is {c.ratio:.4g} ± {c.error:.1g} times d{q}/dt: positions and velocities "
        "are used alike"
    ),
    "computed": (
        "the velocities of {q} are {c.written} of its values: they are no data of their own"
    ),
    "derived": "the velocities of {q} are those of its smoothed values: no data of their own",
    "motionless": "{q} never moves: nothing can be said of how the law depends on it",
    "copied": "{q} is a linear function of {c.other} throughout: they cannot be told apart",
    "contradictory": "{cause}",
    "permuted": "{c.velocity} is the velocity of {c.other}, not of {q}: the columns are exchanged",
    "varying": (
        "the kinetic energy depends on position: the ratio of {c.velocity} and d{q}/dt varies "
        "with {c.other}, by {c.amount:.0%}"
    ),
}


def _cause(channel: Channel) -> str:
    """What a contradiction most likely comes from."""
    q, velocity = channel.coordinate, channel.velocity
    if channel.amount:
        return (
            f"{velocity} is no multiple of d{q}/dt: {channel.amount:.0%} of it is something else; "
            f"is it the velocity or momentum of {q}?"
        )
    if channel.ratio == 0:
        return f"{q} moves, and {velocity} is zero throughout: are there velocities in the file?"
    said = f"{velocity} is {channel.ratio:.4g} times d{q}/dt"
    if channel.conversion:
        return f"{said}: {channel.conversion}"
    if channel.massive:
        return f"{said}: is the mass {short(channel.ratio, channel.error)} times what was given?"
    return f"{said}: are both in the same units?"


def short(value: float, error: float) -> str:
    """The number in as few digits, four at most, as its error leaves it the same.

    >>> short(0.4297, 0.0004), short(0.4296, 1e-9)
    ('0.43', '0.4296')
    """
    texts = (f"{value:.{digits}g}" for digits in (1, 2, 3))
    near = (text for text in texts if abs(float(text) - value) <= error)
    return next(near, f"{value:.4g}")


@dataclass(frozen=True)
class Channels:
    """What the columns say of every coordinate: each a `Channel`; with the `mass` supposed."""

    items: tuple[Channel, ...]
    mass: tuple[float, ...]

    def __iter__(self) -> Iterator[Channel]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Channel:
        return self.items[index]

    @property
    def verdict(self) -> str:
        """ "contradictory columns" where a coordinate is against it, "" where none is."""
        return CONTRADICTORY if any(item.verdict in AGAINST for item in self) else ""

    @property
    def positions_only(self) -> bool:
        """Whether the velocities are no data to judge a law by, for any coordinate."""
        return any(item.verdict in WITHOUT_VELOCITY for item in self)

    def all_used(self) -> Channels:
        """The same for a law that velocities are used for though they are a little off."""
        used = (replace(c, verdict="used") if c.verdict == "not used" else c for c in self)
        return replace(self, items=tuple(used))

    @property
    def unfixed(self) -> tuple[str, ...]:
        """The coordinates that say nothing of their own: motionless or copied ones."""
        return tuple(c.coordinate for c in self if c.verdict in ("motionless", "copied"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be said: everything but that a column agrees."""
        return tuple(item.sentence for item in self if item.verdict != "agrees")

    @property
    def option(self) -> str:
        """The option of the command line that mends the columns, "" where none does.

        >>> half = Channel("x", 0.5, 1e-9, "contradictory")
        >>> Channels((half,), (2.0,)).option
        '--mass 1'
        """
        permuted = {c.coordinate: c.other for c in self if c.verdict == "permuted"}
        if permuted:
            # p_x is the velocity of y: so y's momentum is p_x.
            source = {other: name for name, other in permuted.items()}
            kind, letter = ("velocities", "v") if self[0].velocities else ("momenta", "p")
            names = (source.get(c.coordinate, c.coordinate) for c in self)
            return f"--{kind} {','.join(f'{letter}_{name}' for name in names)}"
        wrong = [c for c in self if c.verdict in AGAINST]
        if not wrong or not all(c.massive for c in wrong):
            return ""
        pairs = zip(self, self.mass, strict=True)
        masses = (short(m * c.ratio, m * c.error) if c.massive else f"{m:g}" for c, m in pairs)
        return f"--mass {','.join(masses)}"

    def rows(self) -> list[tuple[str, ...]]:
        """A table: the coordinate, the ratio, its error and the verdict; the first row its head."""
        head = ("coordinate", "(p/m)/(dq/dt)", "error", "verdict")
        body = ((c.coordinate, f"{c.ratio:.6g}", f"{c.error:.1g}", c.verdict) for c in self)
        return [head, *body]

    def to_json(self) -> dict[str, object]:
        """Everything as plain values."""
        return {
            "verdict": self.verdict,
            "option": self.option,
            "channels": [
                {
                    "coordinate": c.coordinate,
                    "ratio": c.ratio,
                    "error": c.error,
                    "verdict": c.verdict,
                    "sentence": c.sentence,
                }
                for c in self
            ],
        }
