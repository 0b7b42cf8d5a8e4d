"""By which rules a board's trials were scored: the data's, and the protocol's."""

from __future__ import annotations

from typing import Literal

from ..benchmark.contracts.records import Record
from ..benchmark.contracts.reporting import Trial
from .schema import Scoring


def scoring(trial: Trial) -> Scoring:
    """Read the rules off one complete trial; the others of its board have the same."""
    record = trial.record
    return Scoring(
        unit=_unit(trial),
        classes=scored_classes(record),
        skips_undefined=record.spec.protocol.skips_undefined,
        mask_by_truth=record.mask_by_truth,
        axes=record.axes,
    )


def scored_classes(record: Record) -> tuple[int, ...]:
    """Give the labels of the classes that have scores."""
    return record.scored_classes or tuple(range(len(record.class_names)))


def _unit(trial: Trial) -> Literal["image", "volume", "case"]:
    if trial.record.axes is None:
        return "image"
    return "volume" if (trial.cases["depth"] > 1).all() else "case"
