"""From a protocol to the metrics that score a dataset, and what they need of it; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts.cards import MetricCard
from ..contracts.data import Manifest
from ..contracts.errors import UsageError
from ..contracts.records import DatasetSpec, MetricSpec
from ..contracts.settings import ScoringProtocol
from ..plugins.asked import complete_options, provider_of
from ..plugins.references import parse_metric
from ..plugins.registry import Catalogue, Offer
from .volume_protocol import any_volume, only_volumes, volume_protocol


def plan_scoring(
    protocol: ScoringProtocol, manifest: Manifest, label: str, catalogue: Catalogue
) -> tuple[ScoringProtocol, tuple[MetricSpec, ...]]:
    """Settle how a dataset is scored: a published protocol has another rule for volumes.

    Args:
        protocol: What was asked for.
        manifest: Of the dataset.
        label: Names it in errors.
        catalogue: What the plugins offer.

    Raises:
        UsageError: A metric is wrong, or needs what the dataset lacks.
        UnknownNameError: There is no such metric.
    """
    volumes = only_volumes(manifest.split("test"))
    settled = replace(volume_protocol(protocol) if volumes else protocol, volumes="alike")
    metrics = tuple(plan_metric(text, catalogue) for text in settled.metrics)
    for metric in metrics:
        _check_needs(metric, manifest, label, catalogue)
    return settled, metrics


def plan_metric(text: str, catalogue: Catalogue) -> MetricSpec:
    """Look a metric reference up.

    Raises:
        UsageError: It has another form, or an option is wrong.
        UnknownNameError: There is no such metric.
    """
    reference, offer = parse_metric(text), find_metric(text, catalogue)
    card = offer.card
    return MetricSpec(
        name=str(reference),
        title=card.title,
        options=complete_options(card, reference.options),
        version=card.version,
        provider=provider_of(offer),
        unit=card.unit,
        direction=card.direction,
        of_objects=card.of_objects,
        aggregation=card.aggregation,
        empty_rule=card.empty_rule,
    )


def find_metric(text: str, catalogue: Catalogue, provider: str = "") -> Offer[MetricCard]:
    """Find the metric that a reference names.

    Args:
        text: The reference.
        catalogue: What the plugins offer.
        provider: Distribution that provided it when something was stored that needs it again.

    Raises:
        UsageError: It has another form.
        UnknownNameError: There is no such metric.
    """
    return catalogue.find(catalogue.metrics, parse_metric(text).name, provider)


def object_notes(metrics: Sequence[MetricSpec], dataset: DatasetSpec, decoder: str = "") -> tuple[str, ...]:
    """Say what true objects are, where metrics of objects meet a dataset that knows them one by one.

    Args:
        metrics: That score.
        dataset: That is scored.
        decoder: What finds predicted objects; empty: connected components.
    """
    if not (dataset.has_instances and any(metric.of_objects for metric in metrics)):
        return ()
    return (
        f"{dataset.label} knows true objects one by one, so metrics of objects take those that touch for "
        f"several; predicted objects are {f'found by {decoder}' if decoder else 'connected components'}.",
    )


def _check_needs(metric: MetricSpec, manifest: Manifest, label: str, catalogue: Catalogue) -> None:
    """Check that lengths in nm can be computed, never in px instead, and that there will be probabilities."""
    needs = find_metric(metric.name, catalogue).card.needs
    volumes = any_volume([*manifest.split("val"), *manifest.split("test")])
    if "probabilities" in needs and volumes:
        raise UsageError(
            f"the metric {metric.name} needs probabilities, and {label} is scored in volumes, of which label "
            "maps alone are made: probabilities of whole volumes would not fit into memory. Leave it out."
        )
    sides = manifest.voxel_size_nm
    if "voxel size" in needs and sides is None:
        raise UsageError(
            f"the metric {metric.name} measures in nm, and the voxel size of {label} is not known; "
            "say it in the dataset's description (voxel_size_nm), or leave the metric out."
        )
    if "voxel size" in needs and volumes and len(sides or ()) < 3:
        raise UsageError(
            f"the metric {metric.name} measures in nm, and of the voxels of {label} only the sides {sides} "
            "(y, x) are known; say z too in the dataset's description (voxel_size_nm), or leave the metric "
            "out."
        )
