"""Making a card with one fault, and hearing which checks it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from emseg_bench.benchmark.contracts.cards import (
    AugmentationCard,
    DatasetCard,
    DecoderCard,
    ExecutorCard,
    LossCard,
    MetricCard,
    ModelCard,
    OptimiserCard,
    PostProcessingCard,
    ProtocolCard,
    RecipeCard,
    ReportSectionCard,
    ScheduleCard,
)
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol
from emseg_bench.benchmark.plugins.kinds import BY_KEY
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.registry import Catalogue, Offer
from emseg_bench.testing.running import run_check
from emseg_bench.testing.targets import card_target

CARDS = {
    "model": ModelCard(
        name="odd", family="cnn", description="odd", factory="none:none", citation="none", licence="MIT"
    ),
    "dataset": DatasetCard(
        name="odd", description="odd", factory="none:none", citation="none", licence="MIT"
    ),
    "metric": MetricCard(
        name="odd",
        description="odd",
        factory="none:none",
        aggregation="mean",
        empty_rule="NaN",
        reference="none",
    ),
    "loss": LossCard(name="odd", description="odd", factory="none:none"),
    "schedule": ScheduleCard(name="odd", description="odd", factory="none:none"),
    "optimiser": OptimiserCard(name="odd", description="odd", factory="none:none"),
    "augmentation": AugmentationCard(name="odd", description="odd", factory="none:none"),
    "postprocessing": PostProcessingCard(name="odd", description="odd", factory="none:none"),
    "decoder": DecoderCard(name="odd", description="odd", factory="none:none"),
    "executor": ExecutorCard(name="odd", description="odd", factory="none:none"),
    "section": ReportSectionCard(name="odd", title="Odd", order=900, factory="none:none"),
    "recipe": RecipeCard(
        name="odd", description="odd", recipe=Recipe(name="odd", iterations=4, batch_size=2, crop=64)
    ),
    "protocol": ProtocolCard(name="odd", description="odd", protocol=ScoringProtocol(name="odd")),
}

WITH_NAMES = {"recipe", "protocol"}
"""Kinds whose cards name what others offer."""


@pytest.fixture
def failing(monkeypatch) -> Callable[..., dict[str, str]]:
    """Check a card that differs from a sound one; gives what it fails, with the messages."""

    def check(kind: str, **changes) -> dict[str, str]:
        catalogue = load_plugins().catalogue if kind in WITH_NAMES else Catalogue()
        card = replace(CARDS[kind], **changes)
        catalogue.registry(BY_KEY[kind]).add(Offer(card, "emseg-odd", "1.0"))
        target = card_target(kind, "odd", catalogue)
        bench = target.open()
        outcomes = [run_check(check, target.name, bench) for check in target.checks]
        return {one.check: one.message for one in outcomes if one.status == "failed"}

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield check
    torch.set_num_threads(threads)
