"""Motion: the law of forces, from trajectories or from points of phase space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from interpret.experiments.motion.named import names, sigmas
from interpret.experiments.options import (
    LAW,
    TRAINING,
    Options,
    device_option,
    optimizer_option,
    option,
    threshold_option,
)
from systems.errors import InputError, nearest

if TYPE_CHECKING:
    from interpret.select.library import Library

EVERY: Final = ("dataset", "noise", "seed")
POINTS: Final = (*EVERY, "learn", "samples")

SHAPE: Final = ("learn", "parts", "features", "angles", "library")

NETWORK: Final = ("recipe", "restarts", "steps")

USES: Final[Mapping[str, tuple[str, ...]]] = {
    "potential": (*EVERY, *SHAPE, "threshold", "optimizer", *NETWORK, "device"),
    "forces": (
        *(*EVERY, *SHAPE),
        *("dissipation", "gyroscopic", "drive", "drive_law"),
        *("known", "bounds", "same", "sigma", "each"),
    ),
    "bodies": (*EVERY, "learn", "parts", "library"),
    "exact": (*POINTS, "descent", "steps"),
    "polynomial": (*POINTS, "inputs", "trap", "library", "terms"),
    "coupling": (*POINTS, "inputs", "trap", "library", "terms"),
    "neural": (*POINTS, "inputs", "trap", "library", "terms", *NETWORK, "penalty"),
    "general": (*POINTS, "library", "terms", "restarts", "steps"),
    "lagrangian": (*POINTS, "library", "angles", "dissipation", "drive", "prescribed"),
}
"""What can be learned of a motion, and the options that mean something to it."""

PARTS: Final = ("potential", "dissipative", "gyroscopic", "drive")
"""The parts of a law of motion that are learned of trajectories."""

AUTO: Final = "auto"
NEURAL: Final = "neural"
"""What is learned by a network before it is read."""


@dataclass(frozen=True, kw_only=True)
class Motion(Options):
    """What is asked of a motion; beside the options of every experiment:

    learn      "potential" (V from trajectories, and no other part) or "forces" (all parts, straight
               away); of points of phase space "polynomial" (V, the default there), "exact" (the
               numbers in the known form), "coupling" (what is left of V inside a known trap),
               "neural" (either, by a network), "general" (L(q, q̇), nothing of its form given) or
               "lagrangian" (L from candidates; of trajectories too, with friction and drives)
    parts      of trajectories: "auto" (V, and where it does not explain the motion all parts), or
               some of "potential, dissipative, gyroscopic, drive"
    dissipation, gyroscopic
               candidates of these parts in place of the usual ones: Rayleigh functions such as
               "v**2/2, abs(v)" (v the speed, xd the velocity of x), and terms such as
               "x*yd - y*xd"; dissipation "neural": a network learns the drag f(|v|), which is read
               with a power of the speed, v**p, beside the usual friction
    drive      measured columns u(t) that drive the motion: the forces c u(t), on any coordinate
    drive_law  functions of these columns in the place of u, such as "u, u**3, tanh(k*u)"; "neural":
               a network learns Q(u), which is read with powers and the shape that is most like it
    known      terms with their coefficients, which are not learned: "9.81*y" of V,
               "dissipative=0.05*v**2" of another part, or a mapping of parts to terms
    bounds     what coefficients of candidates lie between, "q**2: 0.., q**4: 0..1", and constants
               inside of candidates, "p: 1..3"; or a mapping to pairs, None for an open end
    same       candidates that share one coefficient, "x**2, y**2"; several such sets with ";"
    sigma      the σ of values: a number for all, "x=0.01, xd=0.1" for each channel, or a column of
               the data, "x=sigma_x"; what it does not name is found from the data
    each       candidates, listed, whose coefficients may differ from trajectory to trajectory, or
               "all"; by default all trajectories share them
    prescribed coordinates whose motion is given and not explained, such as that of a servo cart
    features   what V depends on: "auto" (found from the data where there are several coordinates),
               "given" (the system's own), "none" (the coordinates), "r=sqrt(x**2+y**2)" or a
               mapping of names to expressions
    angles     which coordinates are angles, "theta,phi" or a list: their candidates are sines and
               cosines; by default those whose names or jumps by 2π say so
    inputs     what polynomials and networks are shown: "raw", "log-r" or "exp-log"
    library    candidates: expressions, listed; the name of a library; a Library; the system's own
               by default
    threshold  STLSQ's; by default the whole threshold path and the plateau rule
    optimizer  "path", or PySINDy's "stlsq", "sr3", "ssr"
    recipe     "default", "mlp" (fully trained), "paper" (H. S. Bhat's own), "report" (E. Bigwood's)
    penalty    λ of the recipe "report", on the sum of its weights and biases; 1e-6 by default
    restarts   of networks that are trained in full: so many start, and the worse half is given up
               again and again; the one that comes furthest is trained
    device     "cpu", "cuda", or "auto" for a GPU where there is one and it helps
    trap       the external potential: "known", "unknown", or "auto" (known to coupling and neural)
    terms      most terms of a law; 4 by default
    descent    of exact: "gd", "momentum", "adam" or "adagrad" beside the solve

    >>> Motion(trap="open")
    Traceback (most recent call last):
        ...
    systems.errors.InputError: there is no trap 'open'; there are auto, known, unknown.
    >>> Motion(parts="potential, drag")
    Traceback (most recent call last):
        ...
    systems.errors.InputError: a motion has no part 'drag'; there are auto, or some of potential, \
dissipative, gyroscopic, drive.
    """

    learn: str | None = option(
        "What is learned: of trajectories the potential alone, forces, all parts straight away, or "
        "bodies, one law for all pairs or bonds; of points of phase space exact, polynomial, "
        "coupling, neural, general or lagrangian; of levels neural or structured.",
        LAW,
        metavar="NAME",
        choices=tuple(USES),
    )
    parts: str | Sequence[str] | None = option(
        "Parts of the law: auto, or some of potential, dissipative, gyroscopic, drive.",
        LAW,
        metavar="PART,…",
    )
    dissipation: str | Sequence[Any] | None = option(
        "Candidates of the friction, such as 'v**2/2, v**p'; neural: learned by a network, read.",
        LAW,
        metavar="EXPR,…",
    )
    gyroscopic: str | Sequence[Any] | None = option(
        "Candidates of the gyroscopic part, such as 'x*yd - y*xd'.",
        LAW,
        metavar="EXPR,…",
    )
    drive: str | Sequence[str] | None = option(
        "Measured columns of the data file that drive the motion, such as u.",
        LAW,
        metavar="COLUMN,…",
    )
    drive_law: str | Sequence[Any] | None = option(
        "Functions of these columns: 'u, tanh(k*u)'; neural: Q(u) learned by a network, read.",
        LAW,
        metavar="EXPR,…|neural",
    )
    known: str | Mapping[str, Any] | None = option(
        "Terms with known coefficients: '9.81*y' of V, 'dissipative=0.05*v**2' of another part.",
        LAW,
        metavar="EXPR,…",
    )
    bounds: str | Mapping[str, Any] | None = option(
        "Bounds on coefficients of candidates, and on constants inside: 'q**4: 0.., p: 1..3'.",
        LAW,
        metavar="EXPR: LOW..HIGH,…",
    )
    same: str | Sequence[Any] | None = option(
        "Candidates that share one coefficient: 'x**2, y**2'; several sets with ';'.",
        LAW,
        metavar="EXPR,EXPR",
    )
    sigma: str | Mapping[str, Any] | float | None = option(
        "The σ of values: 0.01 of all, or 'x=0.01, xd=sigma_v', numbers or columns of the data.",
        LAW,
        metavar="NUMBER|X=…",
    )
    each: str | Sequence[Any] | None = option(
        "Candidates whose coefficients may differ from trajectory to trajectory, or all.",
        LAW,
        metavar="EXPR,…|all",
    )
    prescribed: str | Sequence[str] | None = option(
        "Coordinates whose motion is given and not explained, such as a servo's.",
        LAW,
        metavar="X,…",
    )
    features: str | Mapping[str, Any] | None = option(
        "What the potential depends on, such as 'r=sqrt(x**2+y**2)'; auto (find it), given, none.",
        LAW,
        metavar="F=EXPR,…",
    )
    angles: str | Sequence[str] | None = option(
        "Coordinates that are angles: their candidates are sines and cosines.",
        LAW,
        metavar="X,…",
    )
    inputs: str | None = option(
        "What a polynomial or a network is shown: raw, log-r or exp-log; of levels grid or raw.",
        LAW,
        metavar="NAME",
        choices=("raw", "log-r", "exp-log"),
    )
    library: str | Sequence[Any] | Library | None = option(
        "The candidate terms, such as '1/r, 1/r**2', or the name of a library.",
        LAW,
        metavar="EXPR,…",
    )
    threshold: float | None = threshold_option()
    optimizer: str | None = optimizer_option()
    recipe: str | None = option(
        "default; mlp: a small network trained in full, as a cross-check; paper: the papers' own; "
        "report: the ReLU network's, of neural.",
        TRAINING,
        metavar="NAME",
        choices=("default", "mlp", "paper", "report"),
    )
    penalty: float | None = option("λ of the recipe report; 1e-6 by default.", TRAINING, least=0.0)
    restarts: int | None = option(
        "Networks that start; the one that comes furthest is trained in full. 1 by default.",
        TRAINING,
        least=1,
        most=256,
    )
    device: str | None = device_option()
    trap: str | None = option(
        "The external potential: known, unknown, or auto: known to coupling and neural.",
        LAW,
        metavar="NAME",
        choices=("auto", "known", "unknown"),
    )
    terms: int | None = option("A law has at most so many terms; 4 by default.", LAW, least=1)
    descent: str | None = option(
        "exact: gd, momentum, adam or adagrad beside the solve.",
        TRAINING,
        metavar="METHOD",
        choices=("gd", "momentum", "adam", "adagrad"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learn is not None:
            self.refuse_unused(self.learn, USES)
        strange = [name for name in self.asked_parts if name not in (AUTO, *PARTS)]
        if strange or (AUTO in self.asked_parts and len(self.asked_parts) > 1):
            raise InputError(
                f"a motion has no part {', '.join(strange or self.asked_parts)!r}; there are "
                f"{AUTO}, or some of {', '.join(PARTS)}."
                f"{nearest(strange[0], PARTS) if strange else ''}"
            )
        sigmas(self.sigma)

    @property
    def asked_parts(self) -> tuple[str, ...]:
        """The names of the parts that were given, none by default."""
        return names(self.parts)

    @property
    def driving(self) -> tuple[str, ...]:
        """The columns that drive the motion."""
        return names(self.drive)
