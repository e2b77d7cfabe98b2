"""A landscape as the command line keeps it: picture, numbers, and a few sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interpret.keep import folder
from interpret.landscapes import landscape_plot
from interpret.landscapes.landscape import Landscape, landscape_of
from interpret.landscapes.view import View
from systems.problem import Problem
from training.learn.descents import DescentPath

PICTURE = "landscape.png"
DATA = "landscape.npz"
SUMMARY = "landscape.json"


@dataclass(frozen=True, eq=False)
class Drawn:
    """A landscape over two parameters with the paths of descents, of a system's window."""

    system: str
    window: str
    landscape: Landscape
    paths: tuple[DescentPath, ...]

    def files(self) -> Mapping[str, folder.Content]:
        """Picture, arrays and summary, by file name."""
        return {
            PICTURE: landscape_plot.png(self.landscape, self.paths),
            DATA: self.landscape.to_npz_bytes(self.paths),
            SUMMARY: self.json(),
        }

    def json(self) -> dict[str, Any]:
        """What is worth knowing without the picture, as plain numbers and text."""
        single, double = self.landscape.roughness()
        return {
            "system": self.system,
            "window": self.window,
            "parameters": list(self.landscape.names),
            "method": self.landscape.method,
            "optimum": self.landscape.optimum.tolist(),
            "roughness_dex": {"float32": single, "float64": double},
            "descents": {
                path.method: {
                    "steps": len(path.losses) - 1,
                    "ends_at": path.parameters[-1].tolist(),
                    "loss": float(path.losses[-1]),
                }
                for path in self.paths
            },
        }

    def __str__(self) -> str:
        names = self.landscape.names
        single, double = self.landscape.roughness()
        lines = [
            f"{self.system}, window {self.window}: loss over {names[0]} and {names[1]}, "
            f"{self.landscape.loss.shape[0]} × {self.landscape.loss.shape[1]} pixels by "
            f"{self.landscape.method}",
            f"optimum {_point(names, self.landscape.optimum)}",
            f"scatter along the valley: {single:.2g} dex in float32, {double:.2g} in float64: "
            f"what looks rough is round-off",
        ]
        lines += [
            f"{path.method:9s} {len(path.losses) - 1} steps to "
            f"{_point(names, path.parameters[-1])}, loss {path.losses[-1]:.1e}"
            for path in self.paths
        ]
        return "\n".join(lines)


def draw(system: Problem, view: View) -> Drawn:
    """The landscape of a window with all four descents on it (see ``landscape_of``)."""
    found, paths = landscape_of(system, view)
    window = next(iter(system.datasets)) if view.dataset is None else view.dataset
    return Drawn(system.name, window, found, paths)


def _point(names: Sequence[str], values: Any) -> str:
    return ", ".join(f"{n} = {float(x):.6g}" for n, x in zip(names, values, strict=True))
