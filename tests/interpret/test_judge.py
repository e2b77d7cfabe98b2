"""The judge: right laws are identified, wrong ones never, and the reason is said."""

from __future__ import annotations

import numpy as np
import pytest

import interpret
import systems
from interpret.judge.certificate import GRAVITY, Certificate, Check
from interpret.judge.defects import defects
from interpret.judge.support import Forces, surrogate
from interpret.laws.judgement import Judgement
from interpret.run import Run
from systems.dop853 import solve
from systems.errors import InputError
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from tests.builders import potential_law
from training.features import Features

x = symbol("x")
TIMES = np.linspace(0, 12, 400)


def motion(force, start=((1.0, 0.0), (0.6, 0.5)), noise=0.0, seed=0, times=TIMES) -> Trajectories:
    """q'' = force(q, v, t) from each start (q, v), to rounding error; t is the last variable."""
    start = np.array(start, dtype=float)
    d = start.shape[1] // 2

    def rate(y):
        q, v, t = y[:, :d].T, y[:, d:-1].T, y[:, -1]
        return np.concatenate([v, force(q, v, t), np.ones((1, len(y)))]).T

    path = solve(rate, np.column_stack([start, np.full(len(start), times[0])]), times)
    items = tuple(Trajectory(times, y[:, :d].copy(), y[:, d:-1].copy()) for y in path)
    names = ("x", "y")[:d]
    return Trajectories(names, np.ones(d), items).with_noise(noise, seed)


def spring(q, v, t):
    return -q - q**3


def dragged(q, v, t):
    return -q - q**3 - 0.1 * v


def driven(q, v, t):
    return -q - q**3 + 0.2 * np.cos(1.7 * t)


def beyond(q, v, t):
    return -np.tanh(3 * q)


LIBRARY = "x, x**2, x**3, x**4, x**5, x**6"


@pytest.mark.parametrize(
    "noise", [0.0, *(pytest.param(noise, marks=pytest.mark.slow) for noise in (0.01, 0.05))]
)
def test_a_right_law_is_identified(noise):
    run = interpret.fit(motion(spring, noise=noise), library=LIBRARY)
    assert {str(term) for term in run.law.terms} == {"x**2", "x**4"}
    assert run.law.verdict == "identified", run.certificate.table()
    assert all(check.passed for check in run.certificate.checks)
    kind = "agreement" if noise == 0 else "left over"
    assert kind in [check.name for check in run.certificate.checks]


WRONG = [(dragged, 0.0)]
OTHERS = [(beyond, 0.0), (dragged, 0.01), (driven, 0.0), (driven, 0.01), (beyond, 0.01)]
SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in OTHERS]


@pytest.mark.parametrize(("force", "noise"), [*WRONG, *SLOW])
def test_a_wrong_law_is_never_identified(force, noise):
    run = interpret.fit(motion(force, noise=noise), library=LIBRARY, parts="potential")
    assert run.law.verdict != "identified"
    assert run.law.reasons
    assert all(form is None for form in run.law.recognised)


@pytest.mark.slow
def test_a_magnetic_field_is_no_potential():
    def turned(q, v, t):
        return -q / 2 + 0.3 * np.array([v[1], -v[0]])

    start = ((1.0, 0.0, 0.2, 0.6), (0.3, 0.5, -0.4, 0.1))
    data = motion(turned, start, times=TIMES[:200])
    alone = interpret.fit(data, parts="potential")
    assert alone.law.verdict == "not in the library"
    by_name = {check.name: check for check in alone.certificate.checks}
    assert not by_name["agreement"].passed
    whole = interpret.fit(data)
    assert whole.law.verdict == "identified"
    assert [part.name for part in whole.law.parts] == ["potential", "gyroscopic"]


def test_a_forgotten_mass_makes_the_columns_contradictory():
    right = motion(spring)
    halved = tuple(Trajectory(i.t, i.q, i.p / 2) for i in right)
    run = interpret.fit(Trajectories(right.coordinates, right.mass, halved))
    assert run.law.verdict == "contradictory columns"
    assert "--mass 0.5" in run.text()


@pytest.mark.slow
def test_velocities_by_differences_are_left_aside():
    right = motion(spring)
    made = tuple(Trajectory(i.t, i.q, np.gradient(i.q, i.t, axis=0)) for i in right)
    run = interpret.fit(Trajectories(right.coordinates, right.mass, made), library=LIBRARY)
    assert {str(term) for term in run.law.terms} == {"x**2", "x**4"}
    assert np.abs(run.law.coefficients - [0.5, 0.25]).max() < 5 * run.law.stderr.max() < 1e-3
    assert "no data of their own" in run.text()


@pytest.mark.slow
def test_a_whole_library_is_a_surrogate():
    def yukawa(q, v, t):
        return np.exp(-q) * (1 / q + 1 / q**2) - 0.3

    data = motion(yukawa, start=((1.0, 0.0), (2.0, 0.3)))
    run = interpret.fit(data, parts="potential")
    assert run.law.verdict == "not in the library"
    assert interpret.fit(data, library="x, exp(-x)/x").law.verdict == "identified"


def test_few_points_are_too_few_for_many_candidates():
    run = interpret.fit(motion(spring, start=((1.0, 0.0),), times=np.linspace(0, 6, 25)))
    assert run.law.verdict in ("ambiguous", "not in the library")
    assert any("too few to choose among them" in reason for reason in run.law.reasons)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        pytest.param(np.cumsum, "% of the motion, evenly from sample to", marks=pytest.mark.slow),
        (np.asarray, "no term stands out"),
    ],
)
def test_noise_alone_has_no_law(steps, why):
    """Readings of nothing, and a random walk: no term stands out, or it misses half of it."""
    x = steps(np.random.default_rng(0).standard_normal(300))
    law = interpret.fit({"t": 0.01 * np.arange(300), "x": x}).law
    assert law.verdict == "not in the library"
    assert any(why in reason for reason in law.reasons)


@pytest.mark.slow
@pytest.mark.parametrize("decimals", [2, 1])
def test_rounded_numbers_are_noise(decimals):
    """What coarse rounding takes away has the period of the motion: no force is missing for it."""
    right = motion(spring, times=np.linspace(0, 12, 200))
    made = tuple(Trajectory(i.t, i.q.round(decimals), i.p.round(decimals)) for i in right)
    run = interpret.fit(Trajectories(right.coordinates, right.mass, made), library=LIBRARY)
    assert run.law.verdict == "identified", run.certificate.table()
    assert {str(term) for term in run.law.terms} == {"x**2", "x**4"}


def test_the_flow_of_a_law_is_compared_from_sample_to_sample():
    data = motion(spring)
    features = Features.identity(("x",))
    assert defects(data, features, lambda q: q + q**3).share < 1e-8
    found = defects(data, features, lambda q: q)
    assert found.share > 0.1
    assert found.cause == "the potential of x"
    assert found.explained > 0.99


# The certificate itself


def checks() -> list[Check]:
    return [
        Check("one", 1.0, 2.0, "identified", "well"),
        Check("two", 3.0, 2.0, "approximate", "a little off", 0.02),
        Check("three", np.nan, np.nan, "ambiguous", "there are two"),
    ]


@pytest.mark.parametrize("verdict", GRAVITY)
def test_the_gravest_check_decides(verdict):
    order = list(GRAVITY)
    lighter = [Check(name, 0, 1, name, name) for name in order[: order.index(verdict) + 1]]
    assert Certificate(tuple(lighter)).verdict == verdict
    assert Certificate(tuple(reversed(lighter))).verdict == verdict


def test_an_approximate_law_says_by_how_much():
    certificate = Certificate(tuple(checks()[:2]))
    assert (certificate.verdict, certificate.missed) == ("approximate", 0.02)
    assert Judgement("approximate", missed=certificate.missed).words == "approximate (2 %)"


def test_the_gravest_reason_comes_first():
    assert Certificate(tuple(checks())).reasons == ("there are two", "a little off")


def test_a_certificate_is_kept(tmp_path):
    run = interpret.fit("oscillator", out=tmp_path / "run")
    again = Run.load(tmp_path / "run")
    assert again.certificate == run.certificate
    assert again.certified() == run.certified()
    assert len(again.certified().splitlines()) == len(run.certificate.checks) + 1


@pytest.mark.parametrize("damage", [{"verdict": "splendid"}, {"statistic": "many"}, {"name": None}])
def test_a_damaged_certificate_is_told(damage):
    rows = [check.to_json() for check in checks()]
    if damage == {"name": None}:
        del rows[0]["name"]
    else:
        rows[0] |= damage
    with pytest.raises(InputError):
        Certificate.from_json(rows)


def test_step_by_step_certifies_too():
    problem = systems.get("oscillator")
    fit = interpret.learn(problem, problem.draw())
    (law,) = interpret.read(fit)
    certificate = interpret.certify(interpret.refine(law, fit), fit)
    assert certificate.verdict == "identified"
    assert certificate.judged(law).verdict == "identified"


@pytest.mark.parametrize(
    "count", [20, *(pytest.param(n, marks=pytest.mark.slow) for n in (24, 30))]
)
def test_a_short_record_is_judged_to_its_end(count):
    """Its last tenth may be two samples, which are no trajectory."""
    run = interpret.fit(motion(spring, times=np.linspace(0, 5, count)), library="x**2, x**4")
    assert run.certificate.checks


@pytest.mark.parametrize(("missed", "passed"), [(1e-11, True), (1e-6, False), (np.inf, False)])
def test_a_series_that_ends_is_a_law_however_small_its_last_term(missed, passed):
    """A polynomial of x**4 to x**6, say, would miss x**6 of it: some 1e-6, never 1e-11."""
    law = potential_law(
        terms=(x, x**2, x**3, x**4),
        coefficients=[1.0, 0.5, 0.1, 1e-3],
        covariance=np.eye(4),
        candidates=(x, x**2, x**3, x**4, x**5),
        domain={"x": (-1.0, 1.0)},
        system="s",
        gauge="one constant",
        verdict="identified",
        chi2_per_n=1.0,
    )
    forces = Forces.of(law, Features.identity(("x",)), np.linspace(-1, 1, 50)[:, None])
    assert 1e-4 < forces.needed < 1e-2
    assert surrogate(law, forces, missed).passed == passed


def test_few_coarse_samples_do_not_tell_noise_from_what_is_missed():
    """Five samples a period, of a spring whose stiffness changes: whatever is left may be noise."""

    def changing(q, v, t):
        return -(1.5 + 0.3 * np.cos(0.7 * t)) * q - 0.7 * q**3

    run = interpret.fit(motion(changing, times=0.9 * np.arange(20.0)))
    assert run.law.verdict == "ambiguous"
    assert "too coarse to show their noise" in str(run)
    # A right law of as few samples, which show their noise.
    fine = motion(lambda q, v, t: -1.5 * q - 0.7 * q**3, noise=0.01, times=0.3 * np.arange(40.0))
    assert interpret.fit(fine).law.verdict == "identified"
