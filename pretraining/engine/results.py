"""Writes what a pre-training leaves: weights while it goes on, and everything at its end."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pandas as pd
import torch
from torch import Tensor

from ...benchmark.contracts.pretraining import PretrainingMethod
from ...benchmark.files.clock import now
from ...benchmark.files.hashing import sha256_of_file
from ...benchmark.files.spreadsheets import csv_of
from ...benchmark.files.store import to_json, write_whole
from ...benchmark.files.validation import plain
from ...benchmark.plugins.registry import foreign
from ...benchmark.profiling.environment import describe_environment
from ...benchmark.training.processes import Processes
from ...benchmark.training.state import TrainingState
from ...benchmark.weights.weight_info import WeightsInfo
from .output import OutputFolder, PretrainingRecord, save_weights
from .panels import write_sheet
from .spec import PretrainingSpec, fingerprint


class Results:
    """What one pre-training writes.

    Args:
        folder: Where.
        spec: What is pre-trained.
        method: Gives weights and pictures.
        state: Curve and times.
        processes: How many train together.
    """

    def __init__(
        self,
        folder: OutputFolder,
        spec: PretrainingSpec,
        method: PretrainingMethod,
        state: TrainingState,
        processes: Processes,
    ) -> None:
        self._folder, self._spec, self._method = folder, spec, method
        self._state, self._processes = state, processes
        self._started = now()

    def save_epoch(self, epoch: int) -> None:
        """Keep the weights after an epoch.

        Raises:
            TrialError: They are not finite numbers.
        """
        self._save(self._folder.epoch(epoch), epoch)

    def draw_panels(self, views: list[Tensor], epoch: int) -> None:
        """Picture some views, if the method has anything to show."""
        columns = self._method.panels(views)
        if columns:
            write_sheet(columns, self._folder.panel(epoch))

    def finish(self, device: str) -> PretrainingRecord:
        """Write the result; the record last, for where it is, the rest is.

        Raises:
            TrialError: The weights are not finite numbers.
        """
        folder, spec, state = self._folder, self._spec, self._state
        self._save(folder.weights, spec.recipe.epochs)
        torch.save(dict(self._method.weights()), folder.state_dict)
        write_whole(folder.curve, csv_of(pd.DataFrame(state.curve, columns=["iteration", "series", "value"])))
        record = PretrainingRecord(
            fingerprint=fingerprint(spec),
            spec=spec,
            started=self._started,
            finished=now(),
            steps=spec.steps,
            loss=next(point.value for point in reversed(state.curve) if point.series == "train/loss"),
            train_seconds=state.train_seconds,
            images_per_s=spec.steps * spec.recipe.batch_size / state.train_seconds,
            processes=self._processes.count,
            resumed=state.resumed,
            dropped_resume_points=state.dropped,
            weights_sha256=sha256_of_file(folder.weights),
            environment=describe_environment(device),
        )
        write_whole(folder.record, to_json(plain(record)))
        folder.resume.unlink(missing_ok=True)
        rmtree(folder.scratch, ignore_errors=True)
        return record

    def _save(self, path: Path, epoch: int) -> None:
        spec = self._spec
        info = WeightsInfo(
            model=spec.model,
            options=spec.model_options,
            normalisation=spec.normalisation,
            window=spec.recipe.crop,
            distribution=foreign(spec.model_provider.distribution),
            origin=(
                f"{spec.method} pre-training ({spec.recipe.name}) of {spec.model_label}, {epoch} epochs of "
                f"{spec.tiles} images, seed {spec.seed}"
            ),
        )
        save_weights(
            {name: value.detach().cpu() for name, value in self._method.weights().items()}, path, info
        )
