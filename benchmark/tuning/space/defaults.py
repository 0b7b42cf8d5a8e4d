"""The search space of those who bring none: about the recipe that is tuned, and what cards say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import lcm
from typing import Final

from ...contracts.cards import ModelCard
from ...contracts.searching import FloatRange, IntRange, Parameter
from ...contracts.settings import Recipe
from ...experiments.named import NAMED
from ...experiments.tuned_settings import MODEL, RECIPE
from ...plugins.references import parse_method
from ...plugins.registry import OWN, Catalogue
from .search_space import SearchSpace

FACTOR: Final = 10.0
"""Learning rate and weight decay are tried up to so much smaller and larger than the recipe's."""
NO_DECAY: Final = FloatRange(low=1e-6, high=1e-2, log=True)
"""Weight decay of recipes that have none."""
LARGEST_RATE, LARGEST_DECAY = 100.0, 100.0
CROPS: Final = (2 / 3, 4 / 3)
"""Of the recipe's crop: the least side and the largest."""
SMALLEST_CROP, CROP_STEP = 32, 16
SMALLEST_BATCH: Final = 2
"""BatchNorm learns nothing from less, and some models refuse it."""
LOSS_WEIGHT: Final = FloatRange(low=0.1, high=1.0)
WARMUP: Final = FloatRange(low=0.0, high=0.3)


def default_space(
    recipe: Recipe,
    card: ModelCard,
    catalogue: Catalogue,
    *,
    divisor: int,
    kept: Collection[str] = (),
    smallest_side: int | None = None,
) -> SearchSpace:
    """Make the space of a model and a recipe.

    Args:
        recipe: That is tuned.
        card: Of the model.
        catalogue: What the plugins offer.
        divisor: Both sides of the model's input are multiples of this, px.
        kept: Options of the model that stay as they are: those that it was asked for with, and all where it
            starts from weights, which belong to the options.
        smallest_side: Of the training images, px: no crop is larger; None: not known.
    """
    found = {
        **{f"{RECIPE}.{key}": one for key, one in _of_recipe(recipe, divisor, catalogue, smallest_side)},
        **{f"{RECIPE}.{key}": one for key, one in _of_named(recipe, catalogue)},
        **{f"{MODEL}.{key}": one for key, one in card.search_space.items() if key not in kept},
    }
    return SearchSpace(found)


def _of_recipe(
    recipe: Recipe, divisor: int, catalogue: Catalogue, smallest_side: int | None
) -> Iterator[tuple[str, Parameter]]:
    yield "learning_rate", _about(recipe.learning_rate, LARGEST_RATE)
    yield "weight_decay", _about(recipe.weight_decay, LARGEST_DECAY) if recipe.weight_decay else NO_DECAY
    if crops := _crops(recipe.crop, divisor, smallest_side):
        yield "crop", crops
    if batches := _batches(recipe):
        yield "batch_size", batches
    if catalogue.find(catalogue.losses, _named(recipe.loss)).distribution == OWN:
        yield "ce_weight", LOSS_WEIGHT
        yield "dice_weight", LOSS_WEIGHT
    if catalogue.find(catalogue.schedules, _named(recipe.schedule)).card.warmup:
        yield "warmup", WARMUP


def _of_named(recipe: Recipe, catalogue: Catalogue) -> Iterator[tuple[str, Parameter]]:
    """Give what the cards of loss, optimiser, schedule and augmentation say."""
    for key, registry in NAMED.items():
        card = catalogue.find(getattr(catalogue, registry), _named(getattr(recipe, key))).card
        yield from ((f"{key}.{name}", one) for name, one in card.search_space.items())


def _named(reference: str) -> str:
    return parse_method(reference, "name").name


def _about(value: float, largest: float) -> FloatRange:
    return FloatRange(low=value / FACTOR, high=min(value * FACTOR, largest), log=True)


def _crops(crop: int, divisor: int, smallest_side: int | None) -> IntRange | None:
    """Give sides about the recipe's that the model takes as they are and the images hold; None: only one."""
    step = lcm(divisor, CROP_STEP)
    largest = crop * CROPS[1] if smallest_side is None else min(crop * CROPS[1], smallest_side)
    low = max(round(crop * CROPS[0] / step), -(-SMALLEST_CROP // step), 1) * step
    high = int(largest // step) * step
    return IntRange(low=low, high=high, step=step) if low < high else None


def _batches(recipe: Recipe) -> IntRange | None:
    """Give half to twice the recipe's batch, in parts that its processes share alike; None: only one."""
    part = recipe.processes * recipe.accumulate
    low = max(recipe.batch_size // 2 // part, -(-SMALLEST_BATCH // part)) * part
    high = min(2 * recipe.batch_size, 65_536) // part * part
    if low >= high:
        return None
    return IntRange(low=low, high=high, log=True) if part == 1 else IntRange(low=low, high=high, step=part)
