"""From potentials and their scattering lengths to the laws of the Born series."""

from __future__ import annotations

import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from interpret import runs
from interpret.born.baselines import RIDGES, chosen_ridge, fit_kernel, fit_polynomial
from interpret.born.comparison import compare
from interpret.born.laws import read_laws
from interpret.born.proxy import Proxy
from interpret.keeping import kept
from interpret.provenance import provenance
from interpret.seeds import another
from interpret.told_run import ToldRun
from interpret.value import order as in_one_digit
from systems.errors import InputError
from systems.scattering import born_tensor, born_terms
from systems.supervised import Supervised, ValueSamples
from training.checkpoint import Checkpoint
from training.paper_perturbation import perturb_by_paper
from training.perturbation import Perturbation, perturb, relative_error
from training.stencils import Array
from training.watch import Watch

KIND = "born"
HELD_OUT = 2000
MOST_KERNEL = 3000
MOST_INPUTS = 1000
NAMES = ("J", "H", "T")
TENSORS = "tensors.npz"


@dataclass(frozen=True)
class AskedBorn:
    """What a fit of the Born series was asked for.

    orders    how many orders of the series, 1 to 3
    samples   potentials to train on; the system's own number by default
    noise     on a0, as a fraction of each value
    recipe    "default", or "paper" for Adam on an ordinary network, order by order
    steps     most outer iterations of the second network (of "paper": epochs of each)
    """

    orders: int = 3
    samples: int | None = None
    noise: float = 0.0
    recipe: str = "default"
    seed: int = 0
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.recipe not in ("default", "paper"):
            raise InputError(
                f"the Born series has the recipes default and paper, not {self.recipe}."
            )
        if self.orders not in (1, 2, 3):
            raise InputError(f"orders 1 to 3 can be read off, not {self.orders}.")


def fit_born(
    system: Supervised,
    asked: AskedBorn | None = None,
    *,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    watch: Watch | None = None,
) -> ToldRun:
    """Train order by order, read the derivatives at U = 0, and the law of each order off them.

    Least squares and kernel ridge on the same samples are told beside: where they do better the
    network is not needed. The Born series itself is read by the comparison alone.

    Raises InputError, one sentence saying what happened and what to try.
    """
    started = time.perf_counter()
    asked = asked or AskedBorn()
    samples = system.sample(asked.seed, asked.samples)
    if asked.noise:
        samples = samples.with_local_noise(asked.noise, another(asked.seed))
    with kept(out, resume) as checkpoint:
        found = _trained(samples, asked, watch, checkpoint)
    few = samples[:MOST_INPUTS]
    laws = read_laws(*found.derivatives, inputs=few.x / few.scale[:, None])
    comparisons = [compare(law) for law in laws]
    lines = [f"{system.name}   a0[U] by {len(samples)} potentials of {system.dimension} steps"]
    for law, comparison in zip(laws, comparisons, strict=True):
        lines += [str(law), f"truth: {comparison}"]
    errors = _errors(found.derivatives, system.dimension)
    lines.append(f"network              {_told(errors)}")
    baselines = _baselines(samples, asked, system.dimension)
    lines += [f"{name:20s} {_told(each)}" for name, each in baselines.items()]
    proxy = _proxy(found.derivatives, system, asked.seed)
    if proxy is not None:
        lines.append(f"held-out second Born approximation: median relative error {proxy:.1e}")
    effect = _effect(found, system.dimension)
    if effect:
        lines.append(effect)
    seconds = time.perf_counter() - started
    lines.append(f"{seconds:.1f} s, {found.iterations} outer iterations, {found.neurons} neurons")
    run = ToldRun(
        KIND,
        tuple(lines),
        {
            "system": system.name,
            "laws": [law.to_json() for law in laws],
            "comparisons": [comparison.to_json() for comparison in comparisons],
            "errors": errors,
            "baselines": baselines,
            "proxy_median_error": proxy,
            "iterations": found.iterations,
            "seconds": seconds,
        },
        {"source": system.name, **asdict(asked)},
        provenance(seed=asked.seed, digest=samples.digest()),
        {TENSORS: _npz(found.derivatives), runs.HISTORY: {"loss": list(found.history)}},
        found,
        None if out is None else Path(out),
    )
    if out is not None:
        run.save(out)
        (Path(out) / runs.CHECKPOINT).unlink(missing_ok=True)
    return run


def _trained(
    samples: ValueSamples, asked: AskedBorn, watch: Watch | None, checkpoint: Checkpoint
) -> Perturbation:
    if asked.recipe == "paper":
        return perturb_by_paper(
            samples.x, samples.y, samples.scale, orders=asked.orders, seed=asked.seed,
            epochs=asked.steps, watch=watch,
        )  # fmt: skip
    return perturb(
        samples.x,
        samples.y,
        samples.scale,
        orders=asked.orders,
        noisy=asked.noise > 0,
        seed=asked.seed,
        iterations=asked.steps,
        watch=watch,
        checkpoint=checkpoint,
    )


def _errors(derivatives: tuple[Array, ...], cells: int) -> dict[str, float]:
    """The relative Frobenius error of every derivative, n! times the Born tensor being true."""
    factorial = 1
    errors = {}
    for order, (name, tensor) in enumerate(zip(NAMES, derivatives, strict=False), start=1):
        factorial *= order
        errors[name] = relative_error(tensor, factorial * born_tensor(order, cells))
    return errors


def _baselines(samples: ValueSamples, asked: AskedBorn, cells: int) -> dict[str, dict[str, float]]:
    """Least squares of a quadratic, and power-series kernel ridge, on the same samples."""
    few = samples[:MOST_KERNEL]
    ridge = chosen_ridge(few) if asked.noise else RIDGES[0]
    kernel = fit_kernel(few, order=max(asked.orders, 2), ridge=ridge)
    found = {"kernel ridge": _errors(kernel, cells)}
    unknowns = cells * (cells + 3) // 2
    if len(samples) > unknowns:
        found["least squares"] = _errors(fit_polynomial(samples, order=2), cells)
    return found


def _effect(found: Perturbation, cells: int) -> str:
    """What subtracting the leading order has done to the Hessian, in words, or nothing."""
    if found.before is None or len(found.derivatives) == 1:
        return ""
    truth = 2 * born_tensor(2, cells)
    before, after = (relative_error(h, truth) for h in (found.before, found.derivatives[1]))
    return (
        f"the Hessian is off by {before:.0%} in the network trained on a0 itself, and by "
        f"{after:.0%} once the leading order is subtracted"
    )


def _proxy(derivatives: tuple[Array, ...], system: Supervised, seed: int) -> float | None:
    """The learned second Born approximation against the exact one, on potentials held out."""
    if len(derivatives) == 1:
        return None
    held_out = system.sample(another(seed), HELD_OUT).x
    held_out = held_out[held_out.any(axis=1)]
    exact = born_terms(held_out, 2).sum(axis=-1)
    return float(np.median(np.abs(Proxy.of(*derivatives[:2])(held_out) / exact - 1)))


def _told(errors: dict[str, float]) -> str:
    return "   ".join(f"{name} {in_one_digit(error)}" for name, error in errors.items())


def _npz(derivatives: tuple[Array, ...]) -> bytes:
    stream = io.BytesIO()
    named = dict(zip(NAMES, derivatives, strict=False))
    np.savez_compressed(stream, **named)  # type: ignore[arg-type]
    return stream.getvalue()
