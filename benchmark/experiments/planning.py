"""From an experiment to its trials: names are looked up, data is checked, weights are found.

All that can go wrong before training goes wrong here, and nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ..contracts.basics import Precision
from ..contracts.cards import DatasetCard
from ..contracts.data import Dataset, Manifest
from ..contracts.errors import UsageError
from ..contracts.records import DatasetSpec, MethodSpec, ModelSpec, TrialSpec
from ..contracts.settings import Recipe, ScoringProtocol
from ..files.hashing import engine_rooms, fingerprints, manifest_sha256, sha256_of, split_sha256
from ..images.normalisation import settle_normalisation
from ..plugins.asked import complete_options, provider_of
from ..plugins.dataset_lookup import find_dataset
from ..plugins.references import DatasetReference, label
from ..plugins.registry import Catalogue
from ..plugins.strangers import blaming
from ..profiling.precision import AskedPrecision, resolve_precision
from .contexts import check_context
from .decoder_planning import plan_decoder
from .experiment import Experiment
from .label_counts import label_shares
from .methods import find_methods, find_steps, method_specs
from .metric_planning import object_notes, plan_scoring
from .model_planning import plan_models
from .opening import open_dataset
from .own_recipes import PlannedModel
from .parting import check_parts
from .regimes import ALL, regime_note


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run: trials by fingerprint, in order, and what must be said before they start."""

    trials: Mapping[str, TrialSpec]
    notes: tuple[str, ...]
    kept: Mapping[str, str] = field(default_factory=dict)
    """Stored trials that other code made and that stand for trials of the plan, by fingerprint."""
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    """What the datasets hold, by hash."""

    def manifest(self, name: str) -> Manifest:
        """Give what the dataset of a trial holds."""
        return self.manifests[self.trials[name].dataset.manifest_sha256]


@dataclass(frozen=True, slots=True)
class _OpenDataset:
    spec: DatasetSpec
    manifest: Manifest
    remarks: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of scores must know: what the data says of itself, and what was seen in it."""
        return *self.manifest.unread, *self.manifest.notes, *self.remarks


Remarks: TypeAlias = Callable[[Dataset, DatasetCard, Path], Iterable[str]]
"""Says what is to be known of a dataset, by its card, before it is used; the path is the cache folder's."""


def _no_remarks(_dataset: Dataset, _card: DatasetCard, _cache: Path) -> tuple[str, ...]:
    return ()


def make_plan(
    experiment: Experiment,
    catalogue: Catalogue,
    *,
    device: str,
    cache: Path,
    elsewhere: bool = False,
    remarks: Remarks = _no_remarks,
) -> Plan:
    """Plan every model on every dataset with every seed.

    Args:
        experiment: What was asked for.
        catalogue: What the plugins offer.
        device: Settles ``precision: auto``.
        cache: Folder of converted data and weights.
        elsewhere: Whether that device is another machine's, of which its name is all that is known.
        remarks: Looks at the data, which is no part of planning.

    Raises:
        UsageError: A name, option or reference is wrong.
        PluginError: Something that was asked for cannot be used.
        DataError: A dataset is not what it must be.
        WeightsError: Weights that were asked for cannot be had.
    """
    models, left_out = plan_models(experiment, catalogue)
    datasets = [_plan_dataset(reference, catalogue, cache, remarks) for reference in experiment.datasets]
    scorings = [
        plan_scoring(experiment.protocol, dataset.manifest, dataset.spec.label, catalogue)
        for dataset in datasets
    ]
    settle = partial(resolve_precision, device=device, elsewhere=elsewhere)
    trainings = [_training(model, experiment.protocol, catalogue, datasets, settle) for model in models]
    engine = engine_rooms()
    specs = [
        TrialSpec(
            model=one.model,
            dataset=dataset.spec,
            label_fraction=fraction,
            recipe=one.recipe,
            protocol=protocol,
            metrics=metrics,
            seed=experiment.seeds[0],
            threads=experiment.threads,
            engine_sha256=sha256_of(engine),
            engine_rooms=engine,
            methods=(*one.methods, *decoder.methods),
            decoder=decoder.reference,
            notes=(
                *one.notes,
                *dataset.notes,
                *object_notes(metrics, dataset.spec, decoder.reference),
            ),
        )
        for dataset, (protocol, metrics) in zip(datasets, scorings, strict=True)
        for fraction in _shares(experiment, dataset)
        for one in trainings
        for decoder in [plan_decoder(one.model, protocol, metrics, dataset.manifest, catalogue)]
    ]
    settled = (
        f"precision auto is {one.recipe.precision} where trials run elsewhere on {device}: what this machine "
        "has does not count, and --precision decides otherwise"
        for planned, one in zip(models, trainings, strict=True)
        if elsewhere and planned.recipe.precision == "auto"
    )
    notes = dict.fromkeys([*left_out, *settled, *(note for spec in specs for note in spec.notes)])
    by_name = {
        name: replace(spec, seed=seed)
        for spec in specs
        for seed, name in fingerprints(spec, experiment.seeds).items()
    }
    return Plan(by_name, tuple(notes), manifests={one.spec.manifest_sha256: one.manifest for one in datasets})


def _shares(experiment: Experiment, dataset: _OpenDataset) -> tuple[float, ...]:
    counts, shares = experiment.label_counts or (), experiment.label_fractions or ()
    return label_shares(counts, shares, dataset.spec.training_cases or 0, dataset.spec.label)


@dataclass(frozen=True, slots=True)
class _Training:
    """A model with what it is trained by."""

    model: ModelSpec
    recipe: Recipe
    methods: tuple[MethodSpec, ...]
    """That other packages provide."""
    notes: tuple[str, ...]


def _training(
    planned: PlannedModel,
    protocol: ScoringProtocol,
    catalogue: Catalogue,
    datasets: Sequence[_OpenDataset],
    settle: Callable[[AskedPrecision], Precision],
) -> _Training:
    """Look up what a model is trained and scored by, and check that it fits.

    Raises:
        UsageError: Something of the recipe is wrong; says whose, where it is a model's own.
    """
    model, recipe = planned.spec, planned.recipe
    try:
        _check_fit(recipe, model, datasets)
        recipe = replace(recipe, precision=settle(recipe.precision))
        methods = method_specs([*find_methods(recipe, catalogue), *find_steps(protocol, catalogue)])
    except UsageError as error:
        raise UsageError(f"{model.label}: {error}" if model.own_recipe else str(error)) from error
    notes = [planned.note, regime_note(model), _unfrozen(recipe, model)]
    return _Training(model, recipe, methods, tuple(filter(None, notes)))


def _check_fit(recipe: Recipe, model: ModelSpec, datasets: Sequence[_OpenDataset]) -> None:
    """Check what of a recipe depends on the data or the weights.

    Raises:
        UsageError: There is not one class weight per class, the normalisation does not fit, or a batch
            cannot be parted; or both recipe and model say what is frozen.
    """
    if recipe.freeze and model.train != ALL:
        raise UsageError(
            f"recipe.freeze: got {', '.join(recipe.freeze)} for {model.label}, of which train={model.train} "
            "says what is frozen; say one: --set recipe.freeze=[], or train=all."
        )
    weights = recipe.class_weights
    for dataset in datasets:
        names = dataset.manifest.class_names
        if weights and (len(names) == 2 or len(weights) != len(names)):
            takes = "a binary task takes none" if len(names) == 2 else f"expected {len(names)}"
            raise UsageError(
                f"recipe.class_weights: got {len(weights)} for the classes {', '.join(names)} of "
                f"{dataset.spec.label}; {takes}."
            )
        check_context(model.context, dataset.manifest, dataset.spec.label)
        settle_normalisation(recipe, model, dataset.manifest)
    check_parts(recipe.batch_size, recipe.processes, recipe.accumulate)


def _unfrozen(recipe: Recipe, model: ModelSpec) -> str:
    """Say where a recipe's freezing does nothing, if it does."""
    if not recipe.freeze or model.weights_path:
        return ""
    return (
        f"{model.label} starts from scratch, so nothing of it is frozen: all of it trains, although the "
        f"recipe freezes {', '.join(recipe.freeze)} in models that start from weights."
    )


def _plan_dataset(text: str, catalogue: Catalogue, cache: Path, remarks: Remarks) -> _OpenDataset:
    reference, offer = find_dataset(text, catalogue)
    dataset = open_dataset(reference, offer, cache)
    manifest = dataset.manifest
    location = str(Path(reference.location).expanduser().resolve()) if reference.location else None
    spec = DatasetSpec(
        name=reference.name,
        location=location,
        options=complete_options(offer.card, reference.options),
        manifest_sha256=manifest_sha256(manifest),
        split_sha256=split_sha256(manifest),
        has_instances=manifest.has_instances,
        training_cases=len(manifest.split("train")) or None,
        provider=provider_of(offer),
        label=_row_name(reference, location),
        citation=offer.card.citation,
    )
    with blaming(offer, "reading it"):
        return _OpenDataset(spec, manifest, tuple(remarks(dataset, offer.card, cache)))


def _row_name(reference: DatasetReference, location: str | None) -> str:
    """Name a dataset for people: of a path, in an option too, the last part."""
    name = label(reference.name, {key: Path(str(value)).name for key, value in reference.options.items()})
    return f"{name}:{Path(location).name}" if location else name
