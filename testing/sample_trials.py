"""Trials as a results folder holds them, made up: two models with two seeds each, and one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from ..benchmark.contracts.records import (
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    Profile,
    Provider,
    Record,
    Selection,
    TrialSpec,
)
from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.contracts.settings import Recipe, ScoringProtocol
from ..benchmark.files.hashing import fingerprint

CLASSES: Final = ("background", "mito <&> co")
"""As people may call them: a page has to escape it."""

MODELS: Final = {"contract-a@scratch": (0.6, 0.7), 'contract-b["<&>"]@scratch': (0.5, 0.55)}
"""IoU of each seed, by label."""

CASES: Final = 3

_PROVIDER = Provider(distribution="emseg-contract", version="1.0", source_sha256="5" * 64)


def sample_board(folder: Path, slug: str, *, failed_only: bool = False) -> Board:
    """Make a board.

    Args:
        folder: Its trials', of which there is nothing on disk.
        slug: Its name; the scores follow it.
        failed_only: Whether no trial is complete.
    """
    complete = [
        _complete(folder, spec(label, seed), score - 0.01 * len(slug))
        for label, scores in MODELS.items()
        for seed, score in enumerate(scores)
    ]
    failed = _failed(folder, spec("contract-c@scratch", 0))
    trials = (failed,) if failed_only else (*complete, failed)
    return Board(title=f"{slug} <&>", slug=slug, trials=trials, primary=_metric())


def spec(label: str, seed: int) -> TrialSpec:
    """Say what a trial is; nothing of the names in it is installed."""
    return TrialSpec(
        model=ModelSpec(
            name=label.partition("@")[0].partition("[")[0],
            options={"label": label},
            init="scratch",
            requested_init="scratch",
            provider=_PROVIDER,
            label=label,
            family="cnn",
            citation="none",
            size_divisor=1,
        ),
        dataset=DatasetSpec(
            name="contract-data",
            location=None,
            options={},
            manifest_sha256="d" * 64,
            provider=_PROVIDER,
            label="contract-data",
            citation="none",
        ),
        recipe=Recipe(name="contract", iterations=10 - seed, batch_size=2, crop=32, precision="fp32"),
        protocol=ScoringProtocol(name="contract", metrics=("iou",), primary="iou"),
        metrics=(_metric(),),
        seed=seed,
        engine_sha256="e" * 64,
    )


def _failed(folder: Path, what: TrialSpec) -> Trial:
    """Make a trial that failed."""
    record = replace(
        complete_record(what),
        status="failed",
        reason="loss is NaN at iteration 3 <&>",
        selection=None,
        profile=None,
    )
    return Trial(record, folder / record.fingerprint, _cases([]), pd.DataFrame(columns=_CURVE))


def _complete(folder: Path, what: TrialSpec, score: float) -> Trial:
    curve = pd.DataFrame(
        [(i, "train/loss", 1 / i) for i in range(1, 11)] + [(10, "val/iou", score)], columns=_CURVE
    )
    record = complete_record(what)
    return Trial(record, folder / record.fingerprint, _cases([*_rows(score)]), curve)


def complete_record(what: TrialSpec) -> Record:
    """Make the record of a trial that reached its end."""
    return Record(
        fingerprint=fingerprint(what),
        spec=what,
        status="complete",
        started="2026-01-01T10:00:00+00:00",
        finished="2026-01-01T10:02:00+00:00",
        class_names=CLASSES,
        voxel_size_nm=(5.0, 5.0),
        selection=Selection(iteration=10, metric="iou", score=0.5),
        profile=_profile(),
        initialisation="random weights from the seed",
    )


_CURVE: Final = ["iteration", "series", "value"]
_TABLE: Final = [
    *("case", "group", "depth", "height", "width"),
    *("class_index", "class_name", "metric", "value"),
]


def _rows(score: float) -> Iterator[tuple[str | int | float | None, ...]]:
    """Yield scores and counts of each case and class, 100 px of either."""
    for case in range(CASES):
        for index, name in enumerate(CLASSES):
            iou = min(1.0, score + 0.01 * case + 0.2 * (index == 0))
            common = (f"case-{case}", None, 1, 64, 64, index, name)
            tp = round(100 * iou)
            counts = {"tp": tp, "fp": 100 - tp, "fn": 0, "tn": 64 * 64 - 100}
            yield (*common, "iou", tp / 100)
            yield from ((*common, count, float(value)) for count, value in counts.items())


def _cases(rows: list[tuple[str | int | float | None, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=_TABLE)


def _metric() -> MetricSpec:
    return MetricSpec(
        name="iou",
        title="IoU",
        version=1,
        provider=_PROVIDER,
        unit="1",
        direction="higher",
        aggregation="mean over cases",
        empty_rule="NaN where a class is in neither truth nor prediction",
    )


def _profile() -> Profile:
    return Profile(
        device="CPU <&>",
        precision="fp32",
        threads=2,
        parameters=1000,
        trainable_parameters=1000,
        input_shape=(1, 1, 64, 64),
        flops=None,
        latency_p50_ms=4.0,
        latency_p95_ms=5.0,
        latency_runs=10,
        throughput_batch=2,
        throughput_images_per_s=300.0,
        memory_kind="process RSS",
        peak_memory_mib=512.0,
        peak_memory_reserved_mib=None,
        train_seconds=6.5,
        train_images_per_s=50.0,
        validation_seconds=0.5,
        test_seconds=0.5,
    )
