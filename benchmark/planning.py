"""From an experiment to its trials: names are looked up, data is checked, weights are found.

All that can go wrong before training goes wrong here, and nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .contracts import (
    Card,
    Dataset,
    DatasetCard,
    DatasetSpec,
    Initialisation,
    Manifest,
    MetricCard,
    MetricSpec,
    ModelCard,
    ModelSpec,
    OptionValue,
    Provider,
    Recipe,
    TrialSpec,
)
from .errors import DataError, PluginError, UnknownNameError, UsageError, WeightsUnavailableError
from .every_model import wanted_models
from .experiment import Experiment
from .hashing import engine_sha256, fingerprint, manifest_sha256, sha256_of_file, sha256_of_source
from .lazy import resolve, source_of
from .normalisation import settle_normalisation
from .profiling.precision import resolve_precision
from .references import DatasetReference, ModelReference, label, parse_dataset, parse_metric, parse_model
from .registry import Catalogue, Offer
from .strangers import blaming, unusable
from .validation import validate
from .weight_info import read_info


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run: trials by fingerprint, in order, and what must be said before they start."""

    trials: Mapping[str, TrialSpec]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _OpenDataset:
    spec: DatasetSpec
    manifest: Manifest


def make_plan(experiment: Experiment, catalogue: Catalogue, *, device: str, cache: Path) -> Plan:
    """Plan every model on every dataset with every seed.

    Args:
        experiment: What was asked for.
        catalogue: What the plugins offer.
        device: Settles ``precision: auto``.
        cache: Folder of converted data and weights.

    Raises:
        UsageError: A name, option or reference is wrong.
        PluginError: Something that was asked for cannot be used.
        DataError: A dataset is not what it must be.
        WeightsError: Weights that were asked for cannot be had.
    """
    models, left_out = _plan_models(experiment, catalogue)
    datasets = [_plan_dataset(reference, catalogue, cache) for reference in experiment.datasets]
    metrics = tuple(plan_metric(text, catalogue) for text in experiment.protocol.metrics)
    _check_fit(experiment, [model for model, _ in models], datasets)
    _check_voxel_sizes(metrics, datasets, catalogue)
    recipe = replace(experiment.recipe, precision=resolve_precision(experiment.recipe.precision, device))
    engine = engine_sha256()
    trials = [
        TrialSpec(
            model=model,
            dataset=dataset.spec,
            label_fraction=fraction,
            recipe=recipe,
            protocol=experiment.protocol,
            metrics=metrics,
            seed=seed,
            engine_sha256=engine,
            notes=(*filter(None, [note, _unfrozen(recipe, model)]), *dataset.manifest.notes),
        )
        for dataset in datasets
        for fraction in experiment.label_fractions
        for model, note in models
        for seed in experiment.seeds
    ]
    notes = dict.fromkeys([*left_out, *(note for trial in trials for note in trial.notes)])
    return Plan({fingerprint(trial): trial for trial in trials}, tuple(notes))


def _plan_models(
    experiment: Experiment, catalogue: Catalogue
) -> tuple[list[tuple[ModelSpec, str]], list[str]]:
    """Plan the models; those that only ``all`` asks for may be left out, and then a sentence says why."""
    planned, left_out = [], []
    for text, named in wanted_models(experiment.models, catalogue.models.offers).items():
        try:
            planned.append(plan_model(text, catalogue, strict=experiment.strict_weights))
        except (PluginError, UsageError) as error:
            if named:
                raise
            left_out.append(f"{text} is left out of 'all': {error}")
    if not planned:
        raise UsageError("\n".join(["no registered model can be used.", *left_out]))
    return planned, left_out


def plan_model(text: str, catalogue: Catalogue, *, strict: bool) -> tuple[ModelSpec, str]:
    """Look a model reference up; return the model and what must be said about its weights."""
    reference = parse_model(text)
    offer = catalogue.find(catalogue.models, reference.name)
    card = offer.card
    options = complete_options(card, reference.options)
    asked = _initialisation(card, reference)
    path, note = None, ""
    init = asked
    if asked.source is not None:
        try:
            with blaming(offer, f"looking for its {asked.name} weights"):
                path = resolve(asked.source, offer).obtain(options, reference.location)
        except WeightsUnavailableError as error:
            if strict or reference.init is not None:
                raise
            init = _scratch(card)
            note = f"{card.name}: trained from scratch, for its {asked.name} weights are not here. {error}"
    info = read_info(path) if path else None
    return (
        ModelSpec(
            name=card.name,
            options=options,
            init=init.name,
            requested_init=asked.name,
            weights_path=str(path) if path else None,
            weights_sha256=sha256_of_file(path) if path else None,
            normalisation=info.normalisation if info else None,
            provider=provider_of(offer),
            label=_model_label(reference, options, card, init, path),
            family=card.family,
            citation=card.citation,
            size_divisor=card.size_divisor,
        ),
        note,
    )


def open_dataset(reference: DatasetReference, offer: Offer[DatasetCard], cache: Path) -> Dataset:
    """Open a dataset and check what every dataset must have.

    Raises:
        UsageError: A place or an option is wrong or missing.
        DataError: The data is not what it must be.
        PluginError: The adapter failed otherwise.
    """
    card = offer.card
    if card.needs_location and not reference.location:
        raise UsageError(f"the dataset {card.name!r} needs a place; write {card.name}:PATH.")
    if reference.location and not card.needs_location:
        raise UsageError(
            f"the dataset {card.name!r} takes no place, got {reference.location!r}; write just {card.name}."
        )
    options = complete_options(card, reference.options)
    with blaming(offer, "opening it"):
        dataset: Dataset = resolve(card.factory, offer)(reference.location, cache, **options)
        manifest = dataset.manifest
    if not isinstance(manifest, Manifest):
        raise unusable(offer, f"its manifest is a {type(manifest).__name__}, expected a Manifest")
    for split in ("train", "val", "test"):
        if not manifest.split(split):
            raise DataError(
                f"the dataset {card.name!r} has no case in its {split} split, expected at least one."
            )
    return dataset


def provider_of(offer: Offer[Any]) -> Provider:
    """Say which distribution offers something, with the hash of its source.

    That is the package (or single file) of the plugin, and that of the factory if it lies elsewhere.
    """
    places = {place for place in (offer.source, source_of(offer.card.factory, offer)) if place}
    outer = [place for place in places if not any(other in place.parents for other in places)]
    source = sha256_of_source(outer)
    return Provider(distribution=offer.distribution, version=offer.version, source_sha256=source)


def _check_fit(experiment: Experiment, models: Sequence[ModelSpec], datasets: Sequence[_OpenDataset]) -> None:
    """Check what of the recipe depends on the data or the weights.

    Raises:
        UsageError: There is not one class weight per class, or the normalisation does not fit.
    """
    weights = experiment.recipe.class_weights
    for dataset in datasets:
        names = dataset.manifest.class_names
        if weights and (len(names) == 2 or len(weights) != len(names)):
            takes = "a binary task takes none" if len(names) == 2 else f"expected {len(names)}"
            raise UsageError(
                f"recipe.class_weights: got {len(weights)} for the classes {', '.join(names)} of "
                f"{dataset.spec.label}; {takes}."
            )
    for dataset in datasets:
        for model in models:
            settle_normalisation(experiment.recipe, model, dataset.manifest)


def _check_voxel_sizes(
    metrics: Sequence[MetricSpec], datasets: Sequence[_OpenDataset], catalogue: Catalogue
) -> None:
    """Check that lengths in nm can be computed: they are never given in px instead.

    Raises:
        UsageError: A metric needs a voxel size that a dataset lacks.
    """
    unknown = [dataset.spec.label for dataset in datasets if dataset.manifest.voxel_size_nm is None]
    for metric in metrics:
        card = catalogue.find(catalogue.metrics, parse_metric(metric.name).name).card
        if unknown and "voxel size" in card.needs:
            raise UsageError(
                f"the metric {metric.name} measures in nm, and the voxel size of {unknown[0]} is not known; "
                "say it in the dataset's description (voxel_size_nm), or leave the metric out."
            )


def _unfrozen(recipe: Recipe, model: ModelSpec) -> str:
    """Say where a recipe's freezing does nothing, if it does."""
    if not recipe.freeze or model.weights_path:
        return ""
    return (
        f"{model.label} starts from scratch, so nothing of it is frozen: all of it trains, although the "
        f"recipe freezes {', '.join(recipe.freeze)} in models that start from weights."
    )


def _plan_dataset(text: str, catalogue: Catalogue, cache: Path) -> _OpenDataset:
    reference = parse_dataset(text)
    offer = catalogue.find(catalogue.datasets, reference.name)
    manifest = open_dataset(reference, offer, cache).manifest
    location = str(Path(reference.location).expanduser().resolve()) if reference.location else None
    name = label(reference.name, reference.options)
    spec = DatasetSpec(
        name=reference.name,
        location=location,
        options=complete_options(offer.card, reference.options),
        manifest_sha256=manifest_sha256(manifest),
        provider=provider_of(offer),
        label=f"{name}:{Path(location).name}" if location else name,
        citation=offer.card.citation,
    )
    return _OpenDataset(spec, manifest)


def plan_metric(text: str, catalogue: Catalogue) -> MetricSpec:
    """Look a metric reference up.

    Raises:
        UsageError: It has another form, or an option is wrong.
        UnknownNameError: There is no such metric.
    """
    reference = parse_metric(text)
    offer: Offer[MetricCard] = catalogue.find(catalogue.metrics, reference.name)
    card = offer.card
    return MetricSpec(
        name=str(reference),
        options=complete_options(card, reference.options),
        version=card.version,
        provider=provider_of(offer),
        unit=card.unit,
        direction=card.direction,
        aggregation=card.aggregation,
        empty_rule=card.empty_rule,
    )


def complete_options(card: Card, given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Check options against the card's dataclass and fill in the defaults."""
    type_ = getattr(card, "options", None)
    if type_ is None:
        if given:
            raise UsageError(f"{card.name} takes no options, got {', '.join(given)}.")
        return {}
    return asdict(validate(type_, {key: _scalar(value) for key, value in given.items()}, card.name))


def _scalar(value: OptionValue) -> Any:
    """Read ``768`` as a number and ``true`` as a truth value, as YAML does."""
    if not isinstance(value, str):
        return value
    import yaml

    return yaml.safe_load(value)


def _initialisation(card: ModelCard, reference: ModelReference) -> Initialisation:
    if reference.init is None:
        return card.initialisations[0]
    if found := card.initialisation(reference.init):
        return found
    raise UnknownNameError(
        f"initialisation of {card.name}", reference.init, (init.name for init in card.initialisations)
    )


def _scratch(card: ModelCard) -> Initialisation:
    found = card.initialisation("scratch")
    if found is None:
        raise UsageError(f"{card.name} cannot start from scratch, and its weights are not on this machine.")
    return found


def _model_label(
    reference: ModelReference,
    options: Mapping[str, OptionValue],
    card: ModelCard,
    init: Initialisation,
    path: Path | None,
) -> str:
    """Name a row: options as far as they were given, and always the initialisation that is used."""
    given = {key: options[key] for key in reference.options}
    place = f":{path.name}" if path and reference.location else ""
    return f"{label(card.name, given)}@{init.name}{place}"
