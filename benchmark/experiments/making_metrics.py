"""From the metrics that were planned to callables."""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts.data import Metric
from ..contracts.records import MetricSpec
from ..plugins.lazy import resolve
from ..plugins.registry import Catalogue
from ..plugins.strangers import blaming
from .metric_planning import find_metric


def make_metrics(specs: Sequence[MetricSpec], catalogue: Catalogue) -> dict[str, Metric]:
    """Make metrics, by the names that they were asked for.

    Raises:
        PluginError: A factory cannot be loaded, or fails.
    """
    return {spec.name: _make(spec, catalogue) for spec in specs}


def _make(spec: MetricSpec, catalogue: Catalogue) -> Metric:
    offer = find_metric(spec.name, catalogue, spec.provider.distribution)
    with blaming(offer, "making it"):
        metric: Metric = resolve(offer.card.factory, offer)(**spec.options)
    return metric
