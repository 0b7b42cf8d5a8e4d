"""From the metrics that were planned to callables."""

from __future__ import annotations

from collections.abc import Sequence

from .contracts import Metric, MetricSpec
from .lazy import resolve
from .metric_planning import find_metric
from .registry import Catalogue
from .strangers import blaming


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
