"""The hooks that a plugin may implement; group ``emseg_bench`` of the entry points.

A plugin is a module or object with functions of these names, marked with
``emseg_bench.hookimpl``.  Hooks that return cards are called once, when plugins are loaded, so a
plugin module imports no torch: its cards name their factories as ``"module:attribute"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pluggy

from .cards import (
    AugmentationCard,
    DatasetCard,
    DecoderCard,
    ExecutorCard,
    LossCard,
    MetricCard,
    ModelCard,
    OptimiserCard,
    PostProcessingCard,
    PretrainingCard,
    ProtocolCard,
    RecipeCard,
    ReportSectionCard,
    ScheduleCard,
    WeightsCard,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .records import Record, TrialSpec
    from .running import Event

PROJECT = "emseg_bench"
INTERFACE: Final = (1, 2)
"""The version of what plugins are written for.  The first number rises when something that plugins rely on is
taken away or changes its meaning, the second when something is added."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as a hook: ``@hookimpl`` above it."""


@hookspec
def emseg_models() -> Sequence[ModelCard]:  # type: ignore[empty-body]
    """Return the cards of the models that this plugin offers."""


@hookspec
def emseg_datasets() -> Sequence[DatasetCard]:  # type: ignore[empty-body]
    """Return the cards of the dataset adapters that this plugin offers."""


@hookspec
def emseg_metrics() -> Sequence[MetricCard]:  # type: ignore[empty-body]
    """Return the cards of the metrics that this plugin offers."""


@hookspec
def emseg_weights() -> Sequence[WeightsCard]:  # type: ignore[empty-body]
    """Return the cards of the published weight files that this plugin knows."""


@hookspec
def emseg_pretraining_methods() -> Sequence[PretrainingCard]:  # type: ignore[empty-body]
    """Return the cards of the pre-training methods that this plugin offers."""


@hookspec
def emseg_recipes() -> Sequence[RecipeCard]:  # type: ignore[empty-body]
    """Return the cards of the recipes that this plugin offers."""


@hookspec
def emseg_losses() -> Sequence[LossCard]:  # type: ignore[empty-body]
    """Return the cards of the losses that recipes may name."""


@hookspec
def emseg_schedules() -> Sequence[ScheduleCard]:  # type: ignore[empty-body]
    """Return the cards of the schedules of the learning rate that recipes may name."""


@hookspec
def emseg_optimisers() -> Sequence[OptimiserCard]:  # type: ignore[empty-body]
    """Return the cards of the optimisers that recipes may name."""


@hookspec
def emseg_augmentations() -> Sequence[AugmentationCard]:  # type: ignore[empty-body]
    """Return the cards of the ways to cut and change training crops that recipes may name."""


@hookspec
def emseg_protocols() -> Sequence[ProtocolCard]:  # type: ignore[empty-body]
    """Return the cards of the scoring protocols that this plugin offers."""


@hookspec
def emseg_postprocessing() -> Sequence[PostProcessingCard]:  # type: ignore[empty-body]
    """Return the cards of the steps that protocols may take predicted label maps through."""


@hookspec
def emseg_decoders() -> Sequence[DecoderCard]:  # type: ignore[empty-body]
    """Return the cards of the decoders that find objects in what was segmented."""


@hookspec
def emseg_executors() -> Sequence[ExecutorCard]:  # type: ignore[empty-body]
    """Return the cards of the executors that this plugin offers."""


@hookspec
def emseg_report_sections() -> Sequence[ReportSectionCard]:  # type: ignore[empty-body]
    """Return the cards of the report sections that this plugin adds."""


@hookspec
def emseg_trial_started(fingerprint: str, trial: TrialSpec) -> None:
    """Hear, in the command's process, that a trial has begun to run.

    Args:
        fingerprint: The trial's name in the store.
        trial: What is run.
    """


@hookspec
def emseg_trial_event(event: Event) -> None:
    """Hear, in the command's process, all news of trials: whatever the executor tells.

    It comes after `emseg_trial_started` and before `emseg_trial_finished`.  The command waits for it, so it
    has to be brief; what goes wrong in it is told once.

    Args:
        event: Of the trial that ``event.fingerprint`` names: ``started``, ``progress`` (which phase, and how
            much of it is done), ``note``, ``complete`` or ``failed``.
    """


@hookspec
def emseg_trial_finished(record: Record, folder: Path) -> None:
    """Hear, in the command's process, that a trial's record has been written.

    Args:
        record: What came of it; ``record.status`` says whether it is complete or failed.
        folder: What it left behind: of a complete trial ``cases.parquet`` and ``curve.parquet``, with the
            columns of `Trial.cases` and `Trial.curve`; `scores_of` has the means of its test scores.
    """
