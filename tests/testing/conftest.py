"""Making a card with one fault, and hearing which checks it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from emseg_bench.benchmark.contracts.cards import DatasetCard, MetricCard, ModelCard
from emseg_bench.benchmark.plugins.kinds import BY_KEY
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
}


@pytest.fixture
def failing(monkeypatch) -> Callable[..., dict[str, str]]:
    """Check a card that differs from a sound one; gives what it fails, with the messages."""

    def check(kind: str, **changes) -> dict[str, str]:
        catalogue = Catalogue()
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
