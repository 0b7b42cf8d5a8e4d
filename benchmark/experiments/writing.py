"""From trials back to the experiments that plan them: for strangers who repeat what somebody has run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, Final, TypeAlias, TypeVar

import yaml

from ..contracts.basics import OptionValue
from ..contracts.records import DatasetSpec, ModelSpec, TrialSpec
from ..contracts.settings import Recipe, ScoringProtocol
from ..files.hashing import sha256_of
from ..files.validation import plain
from ..plugins.asked import complete_options
from ..plugins.references import CONTEXT, TRAIN, escaped, written
from ..plugins.registry import Catalogue, Registry
from .label_counts import number_of
from .own_recipes import told_recipe
from .presets import protocols, recipes
from .regimes import ALL
from .tuned_settings import tuned_options

NAME: Final = "experiment.yaml"
HEAD: Final = """# What was run, complete: every setting is written out, whatever later defaults are.
# Paths are those of the machine where it ran; put your own in their places, and run it again with
#     emseg-bench run {name}
"""
TUNED_HEAD: Final = """# This makes a row of the open division again, with the setting that tuning found.
# Nothing is searched: 'emseg-bench tune' does that.
"""

Part = TypeVar("Part")
Side: TypeAlias = Callable[[TrialSpec], Hashable]
SHARES: Final[tuple[Side, ...]] = (
    lambda spec: spec.dataset.manifest_sha256,
    lambda spec: spec.label_fraction,
    lambda spec: (spec.model.label, spec.model.weights_sha256),
    lambda spec: spec.seed,
)
"""What an experiment multiplies, in the order in which trials are parted that are no full grid."""
COUNTS: Final[tuple[Side, ...]] = (SHARES[0], lambda spec: _labels_of(spec), *SHARES[2:])
"""The same, with labels by their number where that says which they are: of several data sets it is one
number, where shares are several."""


def experiment_files(specs: Iterable[TrialSpec], catalogue: Catalogue) -> dict[str, str]:
    """Write experiments that plan these trials, by their files' names.

    There is one where all trials are one grid of models, datasets, label fractions and seeds; else there are
    several, ``experiment-1.yaml`` and so on.

    A model that ran by a recipe of its own is planned by the shared one too, as ``run`` does.  A row of the
    open division has a file of its own, with what tuning found: its trials are planned again, and no search.

    Args:
        specs: Of stored trials.
        catalogue: Says which options are defaults and need not be written.
    """
    specs = list(specs)
    own = [spec for spec in specs if spec.model.own_recipe]
    tuned = [spec for spec in specs if spec.model.tuned]
    shared = [spec for spec in specs if not spec.model.own_recipe and not spec.model.tuned] or own
    grids = [grid for alike in _alike([*shared, *tuned]) for grid in _grids(alike)]
    names = [NAME] if len(grids) == 1 else [f"experiment-{i}.yaml" for i in range(1, len(grids) + 1)]
    return {
        name: HEAD.format(name=name) + _text(grid, own, catalogue)
        for name, grid in zip(names, grids, strict=True)
    }


def _text(grid: Sequence[TrialSpec], own: Sequence[TrialSpec], catalogue: Catalogue) -> str:
    tuned = grid[0].model.tuned
    if tuned is None:
        return _yaml(_experiment(grid, own, catalogue))
    return TUNED_HEAD + _yaml({**_experiment(grid, (), catalogue), "tuned": plain(tuned)})


def _yaml(data: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))


def _alike(specs: Iterable[TrialSpec]) -> list[list[TrialSpec]]:
    """Group trials that are trained and scored alike."""
    groups: dict[str, list[TrialSpec]] = {}
    for spec in specs:
        tuned = spec.model.tuned and plain(spec.model.tuned)
        settings = sha256_of([plain(spec.recipe), plain(spec.protocol), spec.threads, tuned])
        groups.setdefault(settings, []).append(spec)
    return list(groups.values())


def _labels_of(spec: TrialSpec) -> tuple[str, float]:
    """Give the key and value that say how much is labelled: a number, unless it is all, or no whole one."""
    cases, share = spec.dataset.training_cases, spec.label_fraction
    number = number_of(share, cases) if cases else 0
    if cases and share < 1 and number / cases == share:
        return "label_counts", number
    return "label_fractions", share


def _labels(specs: Sequence[TrialSpec]) -> dict[str, list[float]]:
    """Say how much is labelled: by shares that are whole percents, else by numbers where they make a grid."""
    shares = _each(spec.label_fraction for spec in specs)
    percents = all(round(100 * share, 9).is_integer() for share in shares)
    if _is_full(specs, SHARES) and (percents or not _is_full(specs, COUNTS)):
        return {"label_fractions": shares}
    told: dict[str, list[float]] = {}
    for key, value in _each(map(_labels_of, specs)):
        told.setdefault(key, []).append(value)
    return told


def _is_full(specs: Sequence[TrialSpec], sides: Sequence[Side]) -> bool:
    """Say whether trials are all combinations of what stands on the sides."""
    combinations = prod(len({side(spec) for spec in specs}) for side in sides)
    return len({tuple(side(spec) for side in sides) for spec in specs}) == combinations


def _grids(specs: Sequence[TrialSpec], sides: Sequence[Side] = SHARES) -> Iterator[Sequence[TrialSpec]]:
    """Part trials into full grids."""
    if _is_full(specs, SHARES) or _is_full(specs, COUNTS):
        yield specs
        return
    parts: dict[Hashable, list[TrialSpec]] = {}
    for spec in specs:
        parts.setdefault(sides[0](spec), []).append(spec)
    for part in parts.values():
        yield from _grids(part, sides[1:])


def _experiment(specs: Sequence[TrialSpec], own: Sequence[TrialSpec], catalogue: Catalogue) -> dict[str, Any]:
    """Write what plans a grid, and with it the trials of its models by recipes of their own."""
    first, by_card = specs[0], False
    models: dict[str, Any] = {}
    for model in _distinct(spec.model for spec in specs):
        text = _model(model, catalogue)
        models[text] = text
        for other in own:
            if _is_same(other.model, model):
                named = other.model.own_recipe == told_recipe(other.recipe)
                models[text] = {"model": text, "recipe": _recipe(other.recipe)} if named else text
                by_card = by_card or not named
    return {
        "models": [*models.values()],
        "datasets": _each(_dataset(one, catalogue) for one in _distinct(spec.dataset for spec in specs)),
        **_labels(specs),
        "seeds": sorted({spec.seed for spec in specs}),
        **({"threads": first.threads} if first.threads else {}),
        **({"own_recipes": True} if by_card else {}),
        "recipe": _recipe(first.recipe),
        "protocol": _protocol(first.protocol),
    }


def _is_same(own: ModelSpec, shared: ModelSpec) -> bool:
    def parts(model: ModelSpec) -> list[Any]:
        return [model.name, dict(model.options), model.train, model.init, model.weights_sha256]

    return parts(own) == parts(shared)


def _distinct(parts: Iterable[Part]) -> Iterable[Part]:
    """Leave out what is the very same object, for stored trials share their parts."""
    return {id(part): part for part in parts}.values()


def _each(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {**({"preset": recipe.name} if recipe.name in recipes() else {}), **plain(recipe)}


def _protocol(protocol: ScoringProtocol) -> dict[str, Any]:
    return {**({"preset": protocol.name} if protocol.name in protocols() else {}), **plain(protocol)}


def _model(model: ModelSpec, catalogue: Catalogue) -> str:
    place = f":{escaped(model.weights_path)}" if model.init == "file" and model.weights_path else ""
    found = tuned_options(model.tuned.setting) if model.tuned else {}
    asked = {key: value for key, value in model.options.items() if key not in found}
    offer = catalogue.models.offers.get(model.name)
    shared: dict[str, OptionValue] = {
        **({} if model.train == ALL else {TRAIN: model.train}),
        **({} if model.context == (offer.card.context if offer else 0) else {CONTEXT: model.context}),
    }
    return f"{_named(model.name, {**asked, **shared}, catalogue.models)}@{model.init}{place}"


def _dataset(dataset: DatasetSpec, catalogue: Catalogue) -> str:
    place = f":{escaped(dataset.location)}" if dataset.location else ""
    return _named(dataset.name, dataset.options, catalogue.datasets) + place


def _named(name: str, options: Mapping[str, OptionValue], registry: Registry[Any]) -> str:
    """Write a name with the options that are not what they are by default."""
    offer = registry.offers.get(name)
    usual = complete_options(offer.card, {}) if offer else {}
    return written(name, {key: value for key, value in options.items() if usual.get(key) != value})
