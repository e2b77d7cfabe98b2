"""fit(): every source, every choice of features, what is kept, what is said, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

import interpret
import systems
from interpret.experiments.motion.trajectories import features_of
from interpret.keep import folder as runs
from interpret.pipeline import fit
from interpret.run import Run
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.samples.trajectories import Trajectories, Trajectory
from tests.builders import thinned

q, r = symbol("q"), symbol("r")
WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")
POWERS = "q, q**2, q**3, q**4, q**5, q**6"


class Watch:
    """Remembers; interrupts after so many iterations, as Ctrl-C would."""

    def __init__(self, interrupt_after=None):
        self.steps = []
        self.interrupt_after = interrupt_after

    def update(self, step, total, loss):
        self.steps.append(step)
        if len(self.steps) == self.interrupt_after:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def oscillator(tmp_path_factory):
    """A run that was saved."""
    return fit("oscillator", out=tmp_path_factory.mktemp("runs") / "oscillator")


# Sources


def test_a_name(oscillator):
    assert oscillator.law.expr == q**2 / 2
    assert oscillator.comparison.verdict == "IDENTICAL"
    assert oscillator.law.system == "oscillator"
    assert oscillator.law.origin.dataset == "circles"
    assert oscillator.fit.learned.iterations == 0
    assert oscillator.fit.learned.neurons == 256


def test_a_system_and_its_name_are_the_same_thing(oscillator, folder):
    by_record = fit(systems.get("oscillator"))
    assert by_record.law == oscillator.law
    assert not list(folder.iterdir()), "nothing is written without `out`"


def test_absolute_values_are_candidates_and_features_like_any_other():
    """A ball between two slopes, V = |q|, and the same as a power of the distance r = |x|."""
    t = np.linspace(0, 0.9, 91)
    starts = np.array([1.0, 2.0, -1.5])
    side = np.sign(starts)[:, None]
    q = (starts[:, None] - side * t**2 / 2)[:, :, None]
    p = np.broadcast_to(-side * t, (3, 91))[:, :, None]
    data = Trajectories.from_arrays(["x"], [1.0], t, q, p)
    law = fit(data, library="abs(x), x**2").law
    assert law.terms == (sympy.Abs(sympy.Symbol("x")),)
    assert law.coefficients[0] == pytest.approx(1, rel=1e-6)
    law = fit(data, features="r=abs(x)", library="r, r**2").law
    assert law.terms == (sympy.Symbol("r"),)
    assert law.coefficients[0] == pytest.approx(1, rel=1e-6)


def test_a_dictionary_of_columns_is_fitted_and_what_was_understood_is_said():
    motion = systems.get("oscillator").draw()[0]
    columns = {"time": motion.t, "wobble": motion.q[:, 0], "wobble_dot": motion.p[:, 0]}

    run = fit(columns, name="wobbles")

    assert run.settings["source"] == "wobbles"
    assert float(run.law.potential.coeff(symbol("wobble"), 2)) == pytest.approx(0.5, abs=1e-6)
    assert run.notes[0] == "Columns: time time; coordinate wobble; velocity wobble_dot."


def test_trajectories_have_no_truth_and_say_how_they_are_predicted():
    run = fit(WELL.draw("T2", 0), library=POWERS, name="mine.csv")
    assert run.comparison is None
    assert run.law.system == "mine.csv"
    assert run.law.origin.dataset is None
    np.testing.assert_allclose(run.law.coefficients, [2, 3, -4, 1], rtol=1e-9)
    (held_out,) = [check for check in run.certificate.checks if check.name == "held out"]
    assert held_out.passed
    assert "the last tenth" in held_out.sentence


@pytest.mark.parametrize("part", [slice(0, 1), pytest.param(slice(1, 2), marks=pytest.mark.slow)])
def test_one_trajectory_is_enough(part):
    law = fit(WELL.draw("T2", 0)[part], library=POWERS).law
    np.testing.assert_allclose(law.coefficients, [2, 3, -4, 1], rtol=1e-7)


@pytest.mark.parametrize(
    ("length", "time", "mass", "noise"),
    [
        (1e-9, 1e-12, 1e-27, 0.0),
        pytest.param(1e6, 1e5, 1e3, 0.0, marks=pytest.mark.slow),
        pytest.param(1.0, 1e-6, 1.0, 0.0, marks=pytest.mark.slow),
        pytest.param(1e-9, 1e-12, 1e-27, 0.01, marks=pytest.mark.slow),
    ],
)
def test_units_do_not_matter(length, time, mass, noise):
    """Nanometres and picoseconds or light years: the same terms, the same numbers rescaled."""
    data = WELL.draw("T2", 0)
    if noise:
        data = data.with_noise(noise, seed=1)
    every = 25 if noise else 1
    items = tuple(
        Trajectory(
            item.t[::every] * time,
            item.q[::every] * length,
            item.p[::every] * mass * length / time,
        )
        for item in data
    )
    law = fit(Trajectories(("q",), (mass,), items), library=POWERS).law

    energy = mass * length**2 / time**2
    powers = np.arange(1, 5)
    assert law.terms == (q, q**2, q**3, q**4)
    scaled = law.coefficients * length**powers / energy
    np.testing.assert_allclose(scaled, [2, 3, -4, 1], rtol=0.05 if noise else 1e-9)


@pytest.mark.parametrize("unit", [1e9, pytest.param(1e-9, marks=pytest.mark.slow)])
def test_units_do_not_matter_for_the_invariant(unit):
    """Two charges a light second apart, and two in a crystal: r is |q1 - q2| or its centre."""
    if unit > 1:
        data, law = COULOMB.draw("exact", 0)[:30], COULOMB.motion().features["r"]
        coordinates = data.coordinates
    else:
        well = systems.from_potential("((x - 1)**2 + (y - 2)**2)**2")
        starts = np.random.default_rng(0).normal(size=(2, 5, 2))
        starts = starts + np.array([[[1, 2]], [[0, 0]]])
        data = well.motion().flow(*starts, np.linspace(0, 4, 400))
        coordinates, law = ("x", "y"), None
    items = tuple(Trajectory(item.t, item.q * unit, item.p * unit) for item in data)
    found = interpret.discover(Trajectories(coordinates, data.mass, items)).features

    if law is not None:
        assert found.definitions["r"] == law
    centre = np.array([[1.0, 2.0]]) * unit
    if law is None:
        assert abs(found.values(centre)[0, 0]) < 1e-3 * unit


# Features


@pytest.mark.slow
def test_samples_that_are_learned_from_step_by_step_may_name_their_data_set():
    system = systems.get("central_force")
    options = interpret.Motion(dataset="drawn")

    fitted = interpret.learn(system, system.draw("drawn"), options)
    (law,) = interpret.read(fitted)

    assert law.origin.dataset == "drawn"
    assert interpret.compare(law, system).worst_relative_error < 1e-5


def test_features_are_found_or_given():
    data = COULOMB.draw("exact", 0)[:8]
    asked = {"library": "1/r, 1/r**2", "parts": "potential"}
    auto = fit(data, **asked)
    own, *_ = features_of(systems.observed(data), data, COULOMB.motion().features)
    given, why, _ = features_of(COULOMB, data, "given")
    written = "r = sqrt((x1-x2)**2 + (y1-y2)**2 + (z1-z2)**2)"
    text = fit(data, features=written, **asked)

    assert auto.law.features == given.definitions == own.definitions == text.law.features
    assert auto.law.expr == -1 / (4 * sympy.pi * r)
    assert any("found from the forces" in note for note in auto.notes)
    assert "found" not in why


@pytest.mark.slow
def test_without_features_the_coordinates_are_learned():
    run = fit(systems.from_potential("x**2/2 + y**2 + x*y**2/5"), features="none")
    assert run.law.features == {}
    assert run.comparison.support_recall == 1.0
    assert run.comparison.worst_relative_error < 1e-6


def test_features_that_mean_nothing_are_refused():
    with pytest.raises(InputError, match="neither auto, given, none nor a definition"):
        fit("oscillator", features="automatic")


def test_a_feature_of_unknown_coordinates_is_refused():
    with pytest.raises(InputError, match="uses x, which is no coordinate"):
        fit("oscillator", features="r = sqrt(x**2)")


# Libraries and optimizers


def test_a_library_may_be_text_a_name_or_a_library():
    laws = [
        fit(swing(200), library=library, parts="potential").law.expr
        for library in ("q**2, q**4", "polynomial", interpret.Library([q**2, q]))
    ]
    assert laws == [q**2 / 2] * 3


def test_without_a_library_there_is_a_default():
    law = fit(WELL.draw("T2", 0)).law
    assert law.terms == (q, q**2, q**3, q**4)
    assert len(law.candidates) > 4


def test_a_malicious_library_is_refused():
    with pytest.raises(InputError):
        fit("oscillator", library="__import__('os').system('true')")


@pytest.mark.parametrize(
    "optimizer", ["stlsq", *(pytest.param(o, marks=pytest.mark.slow) for o in ("sr3", "ssr"))]
)
def test_pysindys_optimizers_can_be_asked_for(optimizer):
    assert fit("oscillator", optimizer=optimizer).law.expr == q**2 / 2


def test_a_threshold_is_obeyed():
    """A tiny one keeps everything, true or not; nobody second-guesses it."""
    law = fit("oscillator", threshold=1e-30).law
    assert law.terms == (q, q**2, q**3)


# Noise, seeds


@pytest.mark.slow
def test_noise_has_its_own_stream_and_its_own_seed():
    few = swing(100)
    first, again, other = (
        fit(few, library="q**2", parts="potential", noise=0.01, seed=seed).law for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    assert first.coefficients[0] != other.coefficients[0]
    assert (first.origin.seed, other.origin.seed) == (0, 1)


@pytest.mark.slow
def test_the_noise_is_that_much():
    """The fitted noise level, by chi^2/n under the level read off the data."""
    run = fit("oscillator", noise=0.03)
    clean = systems.get("oscillator").draw()
    noise = run.fit.learned.prepared.noise
    assert noise.q[0] == pytest.approx(0.03 * clean.channel_std()[0][0], rel=0.05)
    assert run.law.chi2_per_n == pytest.approx(1.0, abs=0.06)


# Runs


def test_a_run_is_a_folder_that_loads(oscillator):
    back = Run.load(oscillator.path)

    assert back.law == oscillator.law
    assert back.comparison == oscillator.comparison
    assert back.cost == oscillator.cost
    assert back.notes == oscillator.notes
    assert back.text() == oscillator.text()
    at = np.linspace(-5, 5, 7)[:, None]
    np.testing.assert_array_equal(back.potential(at), oscillator.potential(at))
    assert back.provenance["data_sha256"] == systems.get("oscillator").draw().digest()
    assert not (oscillator.path / runs.CHECKPOINT).exists()


def test_the_settings_say_what_was_asked(oscillator):
    settings = Run.load(oscillator.path).settings
    assert settings == oscillator.settings
    assert settings["source"] == "oscillator"
    assert settings["options"]["recipe"] == "default"
    assert settings["options"]["learn"] == "potential"
    assert settings["options"]["noise"] == 0


FEW = thinned("double_well", "T2", 10)
SMALL = {"recipe": "mlp", "steps": 8, "dataset": "T2"}


@pytest.mark.slow
def test_a_new_folder_is_made_even_when_training_takes_its_time(folder):
    """The first checkpoint is written before the run is saved."""
    run = fit(FEW, out=folder / "new", **SMALL)
    assert 1 <= run.fit.learned.iterations <= 8
    assert Run.load(folder / "new").law == run.law


def test_ctrl_c_keeps_a_checkpoint_to_go_on_from(folder):
    out = folder / "run"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        fit(FEW, out=out, progress=Watch(interrupt_after=5), **SMALL)
    assert (out / runs.CHECKPOINT).exists()
    assert not (out / runs.LAW).exists()

    watch = Watch()
    run = fit(FEW, out=out, resume=out, progress=watch, **SMALL)

    assert watch.steps[0] in (5, 6)
    assert watch.steps[-1] <= run.fit.learned.iterations <= 8
    assert run.comparison.verdict == "IDENTICAL"
    assert not (out / runs.CHECKPOINT).exists()


def test_resuming_nothing_is_refused(folder):
    with pytest.raises(InputError, match="holds no checkpoint"):
        fit(WELL, resume=folder, **SMALL)


# Refused in one sentence


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("columb", {}, r"no system 'columb'.*Did you mean 'coulomb'"),
        ("coulomb", {"dataset": "exakt"}, r"no data set 'exakt'.*Did you mean 'exact'"),
        ("oscillator", {"recipe": "papr"}, r"no recipe 'papr'.*Did you mean 'paper'"),
        ("oscillator", {"optimizer": "lasso"}, r"no optimizer 'lasso'"),
        ("oscillator", {"device": "tpu"}, r"no device 'tpu'"),
        ("oscillator", {"noise": -0.1}, r"the noise is -0.1; it must be 0 or more"),
        ("oscillator", {"library": "1/q"}, r"1/q is singular on the data"),
        ("oscillator", {"library": "q, q**2, q + q**2"}, r"collinear on the data"),
        ("oscillator", {"library": "w"}, r"w"),
        ("oscillator", {"threshold": 7.0}, r"threshold 7 removed all 3 candidates"),
        ("oscillator", {"library": "3"}, r"empty"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(source, options, message):
    with pytest.raises(InputError, match=message) as caught:
        fit(source, **options)
    assert "\n" not in str(caught.value)


def test_a_data_set_of_measured_trajectories_is_refused():
    with pytest.raises(InputError, match="measured samples are not drawn"):
        fit(WELL.draw("T2", 0), dataset="T2")


def swing(count, end=6.0, extra=()):
    t = np.linspace(0, end, count)
    item = Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None])
    return Trajectories(("q",), (1.0,), (item, *extra))


STILL = Trajectory(np.arange(30.0), np.zeros((30, 1)), np.zeros((30, 1)))
ODD = {
    "three samples": swing(3),
    "nineteen samples": swing(19),
    "at rest": Trajectories(("q",), (1.0,), (STILL,)),
    "one at rest among others": swing(200, extra=(STILL,)),
    "a short one among others": swing(200, extra=swing(4, 0.3).items),
    "pure noise": swing(200).with_noise(10.0, 0),
    "few and noisy": swing(25).with_noise(0.05, 0),
    "one step a turn": swing(40, 300.0),
    "a tiny stretch": swing(200, 1e-3),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("one step a turn", "pure noise")))
        for name in ODD
    ],
)
def test_odd_data_give_a_law_or_a_sentence(name):
    """Never a traceback of numpy's, never a warning (they are errors here)."""
    try:
        run = fit(ODD[name], library="q, q**2, q**3")
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert run.text()


@pytest.mark.parametrize(
    "data",
    [
        swing(300, extra=swing(4, 0.3).items).with_noise(0.01, 0),
        Trajectories(
            ("q",),
            (1.0,),
            (replace(swing(400)[0], t=np.r_[np.linspace(0, 1, 200), np.linspace(9, 10, 200)]),),
        ).with_noise(0.01, 0),
    ],
    ids=["short", "gap"],
)
def test_odd_noisy_data_give_a_law_or_a_sentence(data):
    try:
        fit(data, library="q, q**2, q**3")
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.slow
def test_what_others_pull_at_a_planet_makes_no_terms():
    """A near circle, pulled at by 5e-6 of the force: of its distance all functions are alike."""
    pulled = systems.Mechanics(
        ("x", "y"),
        (1.0, 1.0),
        parse("-1/sqrt(x**2 + y**2)"),
        others={"drive": parse("5e-6*x*cos(1.3*t)")},
    )
    orbit = pulled.flow([[0.993, 0.0]], [[0.0, 1.00702]], np.linspace(0, 2 * np.pi, 201))
    law = fit(orbit).law
    assert [str(term) for term in law.terms] == ["1/r"]
    assert law.coefficients == pytest.approx([-1], abs=1e-5)
