"""The built-in metrics, registered like anybody's: a file of cards per family."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from ..contracts.hookspecs import hookimpl
from . import cards_boundary, cards_objects, cards_overlap, cards_probability


@hookimpl
def emseg_metrics() -> tuple[MetricCard, ...]:
    """Return the metrics of overlap, of boundaries, of objects and of probabilities."""
    return (*cards_overlap.CARDS, *cards_boundary.CARDS, *cards_objects.CARDS, *cards_probability.CARDS)
