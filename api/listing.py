"""What there is to choose from, as cards; importing and asking loads neither torch nor pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..benchmark.plugins.loading import installed_plugins

if TYPE_CHECKING:
    from ..benchmark.contracts.cards import DatasetCard, MetricCard, ModelCard, ProtocolCard, RecipeCard


def list_models() -> tuple[ModelCard, ...]:
    """Give the cards of all models, built-in or of plugins, as ``emseg-bench list models`` shows them."""
    return tuple(installed_plugins().catalogue.models)


def list_datasets() -> tuple[DatasetCard, ...]:
    """Give the cards of all datasets; of one that needs a path it is written behind: ``folder:/data/x``."""
    return tuple(installed_plugins().catalogue.datasets)


def list_metrics() -> tuple[MetricCard, ...]:
    """Give the cards of all metrics, with units and directions."""
    return tuple(installed_plugins().catalogue.metrics)


def list_recipes() -> tuple[RecipeCard, ...]:
    """Give the ways to train that have a name."""
    return tuple(installed_plugins().catalogue.recipes)


def list_protocols() -> tuple[ProtocolCard, ...]:
    """Give the ways to score that have a name."""
    return tuple(installed_plugins().catalogue.protocols)
