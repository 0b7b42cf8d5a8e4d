"""From what a user asks for to a `PretrainingSpec`: everything that can be wrong with it shows here.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.cards import ModelCard, PretrainingCard
from ...benchmark.contracts.data import Normalisation
from ...benchmark.contracts.errors import UnknownNameError, UsageError
from ...benchmark.contracts.pretraining import PretrainingRecipe
from ...benchmark.experiments.methods import find_method, method_specs
from ...benchmark.experiments.named import complete_references
from ...benchmark.experiments.parting import check_parts
from ...benchmark.experiments.settings import describe_changes, parse_settings
from ...benchmark.files.validation import merge, validate
from ...benchmark.plugins.asked import complete_options, provider_of
from ...benchmark.plugins.by_options import extra_outputs, size_divisor
from ...benchmark.plugins.references import CONTEXT, TRAIN, parse_model
from ...benchmark.plugins.registry import Catalogue, Offer
from ...benchmark.profiling.precision import resolve_precision
from ...benchmark.training.processes import Processes
from .images import count_tiles
from .index import ImageIndex, Tell, open_index
from .spec import PretrainingSpec

REFERENCES = ("optimiser", "schedule")
"""The keys of a recipe that name something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A pre-training as it was asked for."""

    method: str
    model: str
    """A reference without an initialisation: ``retina``, ``unet[encoder=resnet50]``."""
    images: Path
    recipe: str | None = None
    """None: the method's first."""
    settings: Sequence[str] = ()
    """``recipe.KEY=VALUE`` and ``method.OPTION=VALUE``."""
    seed: int = 0
    skip_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class PretrainingPlan:
    """What will run, on which images."""

    spec: PretrainingSpec
    index: ImageIndex
    recipe: str
    """The recipe for people: its name and what was changed in it."""


def make_plan(
    request: Request, catalogue: Catalogue, *, device: str, processes: Processes, cache: Path, tell: Tell
) -> PretrainingPlan:
    """Look everything up and index the images.

    Args:
        request: What was asked for.
        catalogue: What the plugins offer.
        device: Settles ``precision: auto``.
        processes: How many share each batch.
        cache: Keeps the index.
        tell: Hears how far the index is.

    Raises:
        UsageError: A name, option or setting is wrong, or the recipe does not fit model or processes.
        PluginError: Something that was asked for cannot be used.
        DataError: The images are not what they must be.
    """
    changes = parse_settings(request.settings, ("recipe", "method"))
    offer = catalogue.find(catalogue.pretraining, request.method)
    reference = parse_model(request.model)
    if reference.init is not None:
        raise UsageError(
            f"got --model {request.model}, expected a model without '@': pre-training starts from scratch."
        )
    model = catalogue.find(catalogue.models, reference.name)
    recipe = _recipe(offer.card, request.recipe, changes.get("recipe", {}), catalogue)
    recipe = replace(recipe, precision=resolve_precision(recipe.precision, device))
    if TRAIN in reference.options:
        raise UsageError(
            f"got --model {request.model}: pre-training trains all that it can; leave {TRAIN} out."
        )
    if model.card.context or CONTEXT in reference.options:
        remedy = "take another" if model.card.context else f"leave {CONTEXT} out"
        raise UsageError(
            f"got --model {request.model}: pre-training sees single images, and a model with {CONTEXT} sees "
            f"slices with their neighbours; {remedy}."
        )
    options = complete_options(model.card, reference.options)
    _check_fit(model, options, recipe, processes)
    _check_trainable(offer.card, model, options)
    index = open_index(request.images, cache, tell, skip_unreadable=request.skip_unreadable)
    spec = PretrainingSpec(
        model=model.card.name,
        model_options=options,
        model_provider=provider_of(model),
        method=offer.card.name,
        method_options=complete_options(offer.card, changes.get("method", {})),
        method_provider=provider_of(offer),
        recipe=recipe,
        methods=method_specs(
            (
                find_method(catalogue.optimisers, recipe.optimiser, catalogue),
                find_method(catalogue.schedules, recipe.schedule, catalogue),
            )
        ),
        normalisation=recipe.normalisation or _normalisation(index),
        folder=str(index.root),
        images=len(index),
        tiles=count_tiles(index, recipe.tile),
        images_sha256=index.sha256(),
        seed=request.seed,
    )
    return PretrainingPlan(spec, index, _describe(offer.card, recipe))


def _recipe(
    card: PretrainingCard, name: str | None, changes: Mapping[str, Any], catalogue: Catalogue
) -> PretrainingRecipe:
    """Give a recipe of the method, changed; what it names keeps its text where nobody asks for another.

    So the identities of pre-trainings stay, which may go on after an update.
    """
    presets = {recipe.name: recipe for recipe in card.recipes}
    chosen = presets.get(name or card.recipes[0].name)
    if chosen is None:
        raise UnknownNameError(f"recipe of {card.name}", str(name), presets)
    layers = [asdict(chosen), changes]
    named = complete_references(layers, catalogue, keys=[key for key in REFERENCES if key in changes])
    return validate(PretrainingRecipe, merge(*layers) | named, "recipe")


def _describe(card: PretrainingCard, recipe: PretrainingRecipe) -> str:
    preset = next(preset for preset in card.recipes if preset.name == recipe.name)
    return ", ".join([recipe.name, *describe_changes(recipe, preset)])


def _check_fit(
    model: Offer[ModelCard],
    options: Mapping[str, OptionValue],
    recipe: PretrainingRecipe,
    processes: Processes,
) -> None:
    divisor = size_divisor(model, options)
    if recipe.crop % divisor:
        raise UsageError(
            f"recipe.crop: got {recipe.crop} px, but {model.card.name} takes multiples of {divisor} px."
        )
    check_parts(recipe.batch_size, processes.count, recipe.accumulate)
    if recipe.normalisation and not len(recipe.normalisation.mean) == len(recipe.normalisation.std) == 1:
        raise UsageError("recipe.normalisation: expected one mean and one std, for grey images.")


def _check_trainable(
    card: PretrainingCard, model: Offer[ModelCard], options: Mapping[str, OptionValue]
) -> None:
    if card.needs_encoder and model.card.encoder is None:
        raise UsageError(
            f"the method {card.name!r} trains an encoder, and {model.card.name} does not say which part is "
            "one; take another model or method."
        )
    if not card.needs_encoder and model.card.reconstruction is None and extra_outputs(model, options):
        raise UsageError(
            f"the method {card.name!r} trains a whole network of one output, and {model.card.name} has more; "
            "take another model or method."
        )


def _normalisation(index: ImageIndex) -> Normalisation:
    mean, std = index.statistics()
    if not std:
        raise UsageError(
            f"all pixels of the images in {index.root} have one value; there is nothing to learn."
        )
    return Normalisation(mean=(mean,), std=(std,))
