"""LawRegressor: scikit-learn's protocol over fit(), and what PySINDy's users bring along."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

import interpret
from interpret import LawRegressor
from systems.errors import InputError

T = np.linspace(0, 10, 201)
STATES = np.column_stack([np.cos(2 * T), -2 * np.sin(2 * T)])


@pytest.fixture(scope="module")
def spring() -> LawRegressor:
    """x'' = -4 x, from states."""
    return LawRegressor().fit(STATES, T)


def test_it_is_used_as_pysindy_is(spring, capsys):
    assert spring.equations() == ["x0dd = -4*x0"]
    rates = spring.predict(STATES)
    np.testing.assert_allclose(rates, np.column_stack([STATES[:, 1], -4 * STATES[:, 0]]), atol=1e-9)
    # Against second-order differences, which miss (ωh)²/6 of the slope themselves.
    assert 1 - 1e-4 < spring.score(STATES, T) <= 1
    np.testing.assert_allclose(spring.simulate(STATES[0], T), STATES, atol=1e-5)
    spring.print()
    assert "V(x0) = " in capsys.readouterr().out
    assert spring.verdict_ == "identified"


def test_a_step_stands_for_times():
    by_step = LawRegressor().fit(STATES, t=T[1])
    assert by_step.equations() == ["x0dd = -4*x0"]


def test_positions_alone_are_enough():
    model = LawRegressor().fit(STATES[:, :1], T)
    assert (model.velocities_, model.equations()) == (False, ["x0dd = -4*x0"])
    inner = slice(20, -20)  # a spline's velocities are worst at its ends
    np.testing.assert_allclose(
        model.predict(STATES[:, :1], T)[inner], -4 * STATES[inner, :1], atol=1e-3
    )


def test_two_coordinates_that_are_no_velocities_of_each_other():
    places = np.column_stack([np.cos(2 * T), np.cos(3 * T + 1)])
    model = LawRegressor().fit(places, T)
    assert model.coordinates_ == ("x0", "x1")
    pulled = model.law_.lambdify("numpy")(np.eye(2), np.zeros((2, 2)), T[:2])
    np.testing.assert_allclose(pulled, np.diag([-4.0, -9.0]), atol=1e-4)
    assert [each.partition(" = ")[0] for each in model.equations()] == ["x0dd", "x1dd"]


def test_columns_of_a_data_frame_keep_their_names():
    frame = pd.DataFrame(STATES, columns=["height", "speed"])
    model = LawRegressor(mass=[2.0]).fit(frame, T)
    assert model.equations() == ["heightdd = -4*height"]
    assert str(model.law_.potential) == "4*height**2"
    assert list(model.feature_names_in_) == ["height", "speed"]


def test_several_motions_are_one_law():
    model = LawRegressor().fit([STATES, 0.5 * STATES[:101]], [T, T[:101]])
    assert model.equations() == ["x0dd = -4*x0"]
    assert model.predict([STATES, STATES[:3]]).shape == (204, 2)


def test_values_are_learned_too():
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    model = LawRegressor("values", steps=2).fit(x, x[:, 0] + x[:, 1] ** 2)
    assert model.equations() == ["y(x0, x1) = x0 + x1**2"]
    assert model.score(x, x[:, 0] + x[:, 1] ** 2) == pytest.approx(1)


def test_its_settings_are_scikit_learns():
    model = LawRegressor(library="x0, x0**2", options={"angles": "x1"}, random_state=3)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert again.set_params(steps=3).steps == 3
    assert set(LawRegressor().get_params()) == {
        "kind", "mass", "library", "steps", "options", "random_state"
    }  # fmt: skip


def test_what_cannot_be_learned_is_said():
    with pytest.raises(NotFittedError):
        LawRegressor().predict(STATES)
    with pytest.raises(InputError, match="is of motion or values, not of 'maps'"):
        LawRegressor("maps").fit(STATES, T)
    with pytest.raises(InputError, match="201 states and times of shape"):
        LawRegressor().fit(STATES, T[:5])
    with pytest.raises(ValueError, match="must increase"):
        LawRegressor().fit(STATES, T[::-1])


def test_it_is_imported_when_it_is_asked_for():
    assert interpret.LawRegressor is LawRegressor


TIMES = "it gives labels where a motion has times, which must increase"
FEW = "twenty samples are the fewest that a map is learned from; it gives fewer"
EXPECTED = {"check_fit_score_takes_y": "the second argument is called t, as PySINDy's is"}
OF_VALUES = dict.fromkeys(
    (
        "check_n_features_in_after_fitting",
        "check_estimators_nan_inf",
        "check_regressors_no_decision_function",
        "check_fit2d_1feature",
    ),
    FEW,
)
OF_MOTIONS = dict.fromkeys(
    (
        *OF_VALUES,
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_positive_only_tag_during_fit",
        "check_estimators_dtypes",
        "check_dtype_object",
        "check_pipeline_consistency",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_regressors_train",
        "check_regressor_data_not_an_array",
        "check_supervised_y_2d",
        "check_regressors_int",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1sample",
        "check_dict_unchanged",
        "check_fit_idempotent",
        "check_fit_check_is_fitted",
        "check_n_features_in",
        "check_fit2d_predict1d",
        "check_requires_y_none",
    ),
    TIMES,
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("model", "expected"),
    [(LawRegressor("values", steps=1), OF_VALUES), (LawRegressor(), OF_MOTIONS)],
    ids=["values", "motion"],
)
def test_scikit_learns_own_checks(model, expected):
    """All pass but those that are named, each with its reason."""
    told = check_estimator(
        model, expected_failed_checks={**EXPECTED, **expected}, on_fail=None, on_skip=None
    )
    failed = [row["check_name"] for row in told if row["status"] == "failed"]
    assert failed == []
    assert sum(row["status"] == "passed" for row in told) >= (45 if expected is OF_VALUES else 20)
