"""Settings refuse what cannot be meant."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from systems.errors import InputError
from training.recipes.table import BY_NAME
from training.settings import RECIPES, Settings


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_known_and_kept(recipe):
    settings = Settings(recipe=recipe, seed=7)
    assert Settings(**json.loads(json.dumps(asdict(settings)))) == settings


def test_every_recipe_is_in_the_table_that_training_looks_up():
    assert set(BY_NAME) == set(RECIPES)


def test_an_unknown_recipe_is_refused():
    with pytest.raises(InputError, match=r"no recipe 'mpl'. Did you mean 'mlp'"):
        Settings(recipe="mpl")
