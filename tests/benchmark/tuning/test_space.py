"""Spaces from recipes and cards: what is drawn from them fits, and is put in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.cards import ModelCard
from emseg_bench.benchmark.contracts.searching import Choice, FloatRange, IntRange, Parameter
from emseg_bench.benchmark.contracts.settings import Recipe
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.parting import check_parts
from emseg_bench.benchmark.experiments.tuned_settings import tuned_options, tuned_recipe
from emseg_bench.benchmark.plugins.asked import complete_options
from emseg_bench.benchmark.plugins.by_options import size_divisor
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.benchmark.plugins.parameters import parameter_fault, parameter_words
from emseg_bench.benchmark.plugins.references import parse_method
from emseg_bench.benchmark.tuning.space import defaults
from emseg_bench.benchmark.tuning.space.checking import check_space
from emseg_bench.benchmark.tuning.space.search_space import SearchSpace, space_rows, suggest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import FixedTrial

CATALOGUE = installed_plugins().catalogue
PAIRS = [(model.name, recipe.name) for model in CATALOGUE.models for recipe in CATALOGUE.recipes]


def asked(model: str, recipe: str) -> tuple[ModelCard, Recipe]:
    return CATALOGUE.models.offers[model].card, CATALOGUE.recipes.offers[recipe].card.recipe


def value_at(parameter: Parameter, share: float):
    """Give the value at a share of a parameter's range."""
    match parameter:
        case Choice():
            return parameter.choices[min(int(share * len(parameter.choices)), len(parameter.choices) - 1)]
        case IntRange():
            steps = (parameter.high - parameter.low) // parameter.step
            return parameter.low + round(share * steps) * parameter.step
        case FloatRange():
            return parameter.low + share * (parameter.high - parameter.low)


def divisor_of(card) -> int:
    return size_divisor(CATALOGUE.models.offers[card.name], complete_options(card, {}))


def default_space(recipe, card, catalogue, **more) -> SearchSpace:
    return defaults.default_space(recipe, card, catalogue, divisor=divisor_of(card), **more)


def drawn(space: SearchSpace, share: float) -> dict:
    return suggest(space, FixedTrial({key: value_at(one, share) for key, one in space.parameters.items()}))


def test_options_that_every_model_has_are_no_matter_of_a_space():
    card, recipe = asked("retina", "quick")
    space = SearchSpace({"model.hidden": Choice(choices=(192, 768))})
    check_space(space, recipe, card, CATALOGUE, "space", {"train": "lora[rank=4]", "context": "1"})


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PAIRS), st.floats(0, 1), st.integers(16, 512), st.integers(1, 4))
def test_whatever_is_drawn_fits_the_model_and_the_recipe(pair, share, side, processes):
    card, preset = asked(*pair)
    recipe = replace(preset, processes=processes, batch_size=preset.batch_size * processes)
    space = default_space(recipe, card, CATALOGUE, smallest_side=side)
    setting = drawn(space, share)
    tuned, options = tuned_recipe(setting, recipe, CATALOGUE), tuned_options(setting)

    find_methods(tuned, CATALOGUE)
    check_parts(tuned.batch_size, tuned.processes, tuned.accumulate)
    complete = complete_options(card, options)
    assert complete == complete_options(card, {}) | {
        key.removeprefix("model."): value for key, value in setting.items() if key.startswith("model.")
    }
    if tuned.crop != preset.crop:
        assert tuned.crop % divisor_of(card) == 0
        assert tuned.crop <= side
    untouched = {key for key in setting if key.startswith("recipe.")}
    assert untouched >= {"recipe.learning_rate", "recipe.weight_decay"}
    assert tuned.learning_rate == setting["recipe.learning_rate"]
    assert (tuned.name, tuned.iterations, tuned.validations) == (
        preset.name,
        preset.iterations,
        preset.validations,
    )


@pytest.mark.parametrize("model", [card.name for card in CATALOGUE.models])
def test_default_spaces_pass_their_own_check(model):
    card, recipe = asked(model, "quick")
    check_space(default_space(recipe, card, CATALOGUE), recipe, card, CATALOGUE)


def test_the_default_is_about_the_recipe():
    card, recipe = asked("retina", "quick")
    space = default_space(recipe, card, CATALOGUE).parameters
    assert space["recipe.learning_rate"] == FloatRange(low=2e-4, high=2e-2, log=True)
    assert space["recipe.crop"] == IntRange(low=64, high=128, step=16)
    assert space["recipe.batch_size"] == IntRange(low=4, high=16, log=True)
    assert space["model.hidden"] == Choice(choices=(192, 768))
    assert {key.rpartition(".")[2] for key in space if "augmentation" in key} == {
        *("affine", "brightness", "contrast", "noise", "blur"),
    }


def test_what_is_asked_for_or_does_not_fit_is_left_out():
    card, recipe = asked("retina", "quick")
    assert "model.hidden" not in default_space(recipe, card, CATALOGUE, kept={"hidden"}).parameters
    assert default_space(recipe, card, CATALOGUE, smallest_side=100).parameters["recipe.crop"].high == 96
    assert "recipe.crop" not in default_space(recipe, card, CATALOGUE, smallest_side=64).parameters
    pan, _ = asked("pan", "quick")
    assert "recipe.crop" not in default_space(recipe, pan, CATALOGUE).parameters
    published, plain = asked("retina", "retina-2025")
    space = default_space(plain, published, CATALOGUE).parameters
    assert "recipe.warmup" not in space
    assert "recipe.augmentation.probability" in space
    parted = default_space(replace(recipe, batch_size=8, accumulate=4), card, CATALOGUE).parameters
    assert parted["recipe.batch_size"] == IntRange(low=4, high=16, step=4)


def test_a_setting_is_put_in_its_place():
    _, recipe = asked("segformer", "quick")
    setting = {
        "recipe.learning_rate": 0.003,
        "recipe.crop": 64,
        "recipe.optimiser": "sgd[nesterov=true]",
        "recipe.augmentation.noise": 0.05,
        "recipe.augmentation.rotate90": False,
        "model.size": "b1",
    }
    tuned, options = tuned_recipe(setting, recipe, CATALOGUE), tuned_options(setting)
    assert (tuned.learning_rate, tuned.crop, options) == (0.003, 64, {"size": "b1"})
    assert parse_method(tuned.optimiser, "optimiser").options == {"nesterov": "true"}
    augmentation = parse_method(tuned.augmentation, "augmentation").options
    assert (augmentation["noise"], augmentation["rotate90"], augmentation["flip"]) == ("0.05", "false", "0.5")
    unlike = {"learning_rate", "crop", "optimiser", "augmentation", "loss", "schedule"}
    assert {key for key in Recipe.__slots__ if getattr(tuned, key) != getattr(recipe, key)} <= unlike
    assert tuned_recipe({}, tuned, CATALOGUE) == tuned


def test_the_table_shows_what_is_tried_and_what_there_is():
    card, recipe = asked("segformer", "quick")
    complete, options = tuned_recipe({}, recipe, CATALOGUE), complete_options(card, {})
    rows = {
        row["setting"]: row for row in space_rows(default_space(recipe, card, CATALOGUE), complete, options)
    }
    assert rows["recipe.learning_rate"] == {
        "setting": "recipe.learning_rate",
        "tried": "0.0002 to 0.02 (log)",
        "untuned": "0.002",
    }
    assert rows["recipe.crop"]["tried"] == "64 to 128 by 32"
    assert (rows["model.size"]["tried"], rows["model.size"]["untuned"]) == ("b0 | b1 | b2", "b0")
    assert rows["recipe.augmentation.brightness"]["untuned"] == "0.2"


@pytest.mark.parametrize(
    ("parameter", "gist"),
    [
        (FloatRange(low=0.5, high=0.1), "low=0.5 and high=0.1"),
        (FloatRange(low=float("nan"), high=1.0), "low=nan, expected a number that is finite"),
        (FloatRange(low=0.0, high=1.0, log=True), "more than 0"),
        (FloatRange(low=0.0, high=1.0, step=2.0), "step=2"),
        (IntRange(low=0, high=8, log=True), "more than 0"),
        (IntRange(low=1, high=8, log=True, step=2), "one of both"),
        (IntRange(low=1.0, high=8), "low=1.0, expected a whole number"),
        (IntRange(low=True, high=8), "low=True, expected a whole number"),
        (Choice(choices=(1, 1)), "1 twice"),
        (Choice(choices=("a",)), "1 choice"),
        (Choice(choices=("a", None)), "expected texts"),
        (Choice(choices=["a", "b"]), "expected texts"),
        ("a|b", "expected a FloatRange, an IntRange or a Choice"),
    ],
)
def test_a_parameter_says_what_is_wrong_with_it(parameter, gist):
    assert gist in parameter_fault(parameter)


def test_sound_parameters_have_no_fault_and_words():
    sound = {
        FloatRange(low=0.0, high=0.3, step=0.1): "0 to 0.3 by 0.1",
        IntRange(low=4, high=16, log=True): "4 to 16 (log)",
        Choice(choices=(True, False)): "true | false",
    }
    assert {one: parameter_words(one) for one in sound} == sound
    assert [parameter_fault(one) for one in sound] == ["", "", ""]
