"""What is read off a learned Lagrangian besides its law: couplings, symmetry, freedom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import sympy
import torch

from interpret.discovery.lagrangian import discover_lagrangian
from interpret.discovery.symmetry import group_of
from interpret.keep.folder import Content
from interpret.pictures.picture import Picture
from interpret.reading.couplings.couplings import Couplings
from interpret.reading.couplings.expansion import expand
from systems.equations import velocity
from systems.samples.phase_space import Window
from training.bases.box import Box
from training.bases.composite import Shared
from training.bases.perceptron import Perceptron
from training.learn.lagrangian import GeneralFit
from training.learn.points import PhaseFit

COUPLINGS = "couplings.json"
ORDER = 4
TWO = 2


def couplings(fit: PhaseFit, window: Window) -> tuple[Couplings, float] | None:
    """The coupling tensor of two particles on a line and its symmetry defect, where it has one.

    A polynomial of the coordinates is its own tensor. Any other function is expanded about the
    window's center to fourth order, unless the particles meet there.
    """
    coordinates = fit.particles.mechanics.coordinates
    if len(coordinates) != TWO:
        return None
    box = fit.basis.basis if isinstance(fit.basis, Shared) else None
    if isinstance(box, Box):
        found = Couplings.of(box, fit.coefficients.numpy(), coordinates)
    elif abs(window.center[0] - window.center[1]) <= window.gap or fit.model.form == "raw":
        return None
    else:
        found = expand(fit, window.center, ORDER, scale=window.width / 2)
    identical = fit.particles.identical
    return found, found.defect(group_of(window, identical))


def words(found: tuple[Couplings, float] | None) -> tuple[str, ...]:
    """One sentence about the couplings, or none."""
    if found is None:
        return ()
    tensor, defect = found
    where = ", ".join(f"{x:.4g}" for x in tensor.center)
    return (
        f"couplings about ({where}) to order {tensor.highest} in {COUPLINGS}; "
        f"defect under the window's own symmetry {defect:.1e}",
    )


def dead(fit: PhaseFit) -> tuple[str, ...]:
    """A sentence about the units of a ReLU network that are 0 on all samples."""
    network = cast(Perceptron, cast(Shared, fit.basis).basis)
    count = network.dead(torch.from_numpy(fit.samples.q))
    return (f"dead: {count} of {network.hidden_units} units are 0 on all samples",)


def files(found: tuple[Couplings, float] | None) -> Mapping[str, Content]:
    """The couplings as numbers, and what a picture of them needs."""
    if found is None:
        return {}
    tensor, defect = found
    return {
        COUPLINGS: {**tensor.to_json(), "symmetry_defect": defect},
        **_picture(tensor).files(),
    }


def _picture(tensor: Couplings) -> Picture:
    numbers = {"tensor": tensor.tensor, "center": tensor.center, "scale": tensor.scale}
    return Picture("couplings", numbers, ("couplings c_ij", *tensor.coordinates))


def freedom(fit: GeneralFit) -> tuple[str, ...]:
    """How many inequivalent Lagrangians the data admit, among those quadratic in everything.

    Equal masses in a harmonic trap decouple into center of mass and distance: two Lagrangians, and
    masses that only the choice of a diagonal M has fixed.
    """
    system = fit.system.motion()
    rates = [velocity(name) for name in system.coordinates]
    places = [sympy.Symbol(name) for name in system.coordinates]
    squares = [a * b for group in (rates, places) for i, a in enumerate(group) for b in group[i:]]
    laws = [1 / distance for distance in system.distances.values()]
    found = discover_lagrangian(fit.samples, (*squares, *laws)).freedom
    if found.nullity == 1:
        return ("nullity 1: up to a factor and total derivatives the data admit one Lagrangian",)
    if found.nullity == 0:
        return ()
    return (
        f"nullity {found.nullity}: the data admit {found.nullity} independent Lagrangians, so that "
        f"the masses rest on M being diagonal",
    )
