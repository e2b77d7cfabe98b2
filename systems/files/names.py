"""What the names of columns say: of which coordinate a column is the velocity, and in which unit.

v_x, vx, x_dot, xd, dx/dt, ẋ and x_vel are velocities of x, omega of theta; a_x, xdd, d2x/dt2 and
x_ddot accelerations, p_x and px momenta. Tracker writes v_{x}.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from systems.errors import InputError
from systems.symbols import identifier, symbol

TIMES = ("t", "time", "times", "timestamp", "datetime", "elapsed", "elapsedtime", "zeit", "temps")
COUNTS = ("frame", "frames", "framenumber", "step", "date")
"""Names of the time, the counts where there is nothing better."""
LABELS = (
    *("trajectory", "trajectories", "traj", "trajectoryid", "trajid", "run", "runid", "trial"),
    *("trialid", "episode", "experiment", "experimentid", "id", "label", "particle"),
)
INDICES = ("", "unnamed: 0", "unnamed:_0", "index", "rownames", "__index_level_0__")

_UNIT = re.compile(
    r"(?P<name>.*\S)\s*[\[(](?P<unit>[^\])]*)[\])]|(?P<left>\S+)\s+/\s+(?P<right>\S+)"
)
_COORDINATE = re.compile(
    r"(x|y|z|q|r|s|u|rho|ρ|pos(ition)?|th(eta)?|θ|ϑ|phi|φ|ϕ|psi|ψ|ang(le)?|height|dist(ance)?)"
    r"[_ ]?\w?\d*",
    re.IGNORECASE,
)
_ANGLE = re.compile(r"(th(?:eta)?|ang(?:le)?|phi|psi|alpha|o|θ|ϑ|φ|ϕ|ψ)(.*)")
_VELOCITY = (
    *(
        r"d(.+)/dt",
        r"d(.+?)_?dt",
        r"(.+)\u0307",
        r"(.+)['′]",
        r"(.+?)_?dot",
        r"(.+_)v(?:el)?_?(.+)",
    ),
    *(r"v(?:el(?:ocity)?)?_?(.+)", r"(.+?)_?v(?:el(?:ocity)?)?", r"(.+)d", r"(.+)_t"),
)
_ACCELERATION = (
    *(r"d\^?[2²](.+)/dt\^?[2²]", r"(.+)\u0308", r"(.+)['′]{2}", r"(.+)″", r"(.+?)_?ddot"),
    *(r"(.+_)a(?:cc(?:el(?:eration)?)?)?_?(.+)", r"a(?:cc(?:el(?:eration)?)?)?_?(.+)"),
    *(r"(.+?)_?a(?:cc(?:el(?:eration)?)?)?", r"(.+)dd", r"(.+)_tt"),
)
_MOMENTUM = (r"p_?(.+)", r"mom(?:entum)?_?(.+)", r"(.+?)_?mom(?:entum)?", r"(.+_)p_?(.+)")
_BARE = {
    "acceleration": {"a", "acc", "accel", "acceleration"},
    "momentum": {"p", "mom", "momentum"},
    "velocity": {"v", "vel", "velocity", "speed", "omega", "ω", "angular_velocity"},
}
PATTERNS = {"acceleration": _ACCELERATION, "momentum": _MOMENTUM, "velocity": _VELOCITY}


@dataclass(frozen=True)
class Name:
    """What a column is called: as `written`, without its `unit`, and as a `symbol` of formulas.

    >>> Name.of("θ [rad]"), Name.of("v_{x}").symbol, Name.of("cart pos. (m)").symbol
    (Name(written='θ [rad]', bare='θ', unit='rad', symbol='θ'), 'v_x', 'cart_pos')
    >>> Name.of("beta").symbol
    'beta_'
    """

    written: str
    bare: str
    unit: str
    symbol: str

    @classmethod
    def of(cls, written: str) -> Name:
        """The name of a column, from its header."""
        bare, unit = unicodedata.normalize("NFC", written.strip()), ""
        bare = re.sub(r"[${}\\]", "", bare)
        if match := _UNIT.fullmatch(bare):
            bare = match["name"] or match["left"]
            unit = match["unit"] or match["right"] or ""
        return cls(written, bare, unit, _usable(bare))

    @property
    def key(self) -> str:
        """By what names are compared: without case and separators.

        >>> Name.of("Cart_X").key, Name.of("ϕ").key
        ('cartx', 'φ')
        """
        return key(self.bare)


def key(name: str) -> str:
    """A name by which two are compared."""
    return re.sub(r"[_\s.-]", "", unicodedata.normalize("NFKC", name).casefold())


def readings(name: str) -> Iterator[tuple[str, str]]:
    """What a name may say: (kind, key of a coordinate), the surest first; "" is any coordinate.

    >>> ("velocity", "cartx") in list(readings("cart_vx"))
    True
    >>> next(readings("theta_ddot"))
    ('acceleration', 'theta')
    """
    # Dots above a letter are characters of their own in NFD.
    lower = unicodedata.normalize("NFD", name).casefold().strip().replace(" ", "_")
    for kind, patterns in PATTERNS.items():
        for pattern in patterns:
            if match := re.fullmatch(pattern, lower):
                yield kind, key("".join(match.groups()))
    for kind, bare in _BARE.items():
        if lower in bare:
            yield kind, ""
        match = re.fullmatch(r"(.+?)_?(\d+)", lower)
        if match and match[1] in bare:
            yield kind, f"number:{match[2]}"
    if match := re.fullmatch(r"(omega|ω|w|alpha|α)_?(.*)", lower):
        kind = "acceleration" if match[1] in {"alpha", "α"} else "velocity"
        yield kind, f"angle:{key(match[2])}"


def belongs(coordinate: str, told: str) -> bool:
    """Whether a key that was read off a name is that of a coordinate.

    >>> belongs("theta1", "angle:1"), belongs("x", "angle:"), belongs("posx", "x")
    (True, False, True)
    """
    if told.startswith("number:"):
        return bool(re.fullmatch(rf"\D+{told.removeprefix('number:')}", coordinate))
    if not told.startswith("angle:"):
        return told in {coordinate, re.sub(r"^pos(ition)?|pos(ition)?$", "", coordinate)}
    match = _ANGLE.fullmatch(coordinate)
    return match is not None and told.removeprefix("angle:") in {match[2], coordinate}


def is_coordinate(name: str) -> bool:
    """Whether a name is one that coordinates usually have.

    >>> is_coordinate("x1"), is_coordinate("theta"), is_coordinate("force")
    (True, True, False)
    """
    return bool(_COORDINATE.fullmatch(name)) or key(name).startswith(("theta", "angle", "pos"))


def is_angle(name: str) -> bool:
    """Whether a name is one that angles usually have."""
    return bool(_ANGLE.match(key(name))) or key(name).endswith("angle")


def _usable(bare: str) -> str:
    """The name as an identifier that formulas read back as itself; "" for one without a letter."""
    if not re.search(r"[^\W_]", bare):
        return ""
    found = identifier(bare)
    try:
        symbol(found)
    except InputError:
        found = f"{found.strip('_')}_"
    return found


def distinct(names: Sequence[str]) -> bool:
    """Whether no two names are the same letters to Python, which takes ϕ for φ."""
    keys = {unicodedata.normalize("NFKC", name) for name in names}
    return len(keys) == len(names)
