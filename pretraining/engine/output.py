"""The folder that a pre-training leaves: every path in it is named here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Gt

from ...benchmark.contracts.basics import STRICT
from ...benchmark.contracts.errors import EmsegError, StoreError, TrialError, UsageError
from ...benchmark.files.claims import HeldError
from ...benchmark.files.locks import locked
from ...benchmark.files.store import to_json, write_whole
from ...benchmark.files.texts import read_json
from ...benchmark.files.validation import plain, validate
from ...benchmark.profiling.environment import Environment
from ...benchmark.training.processes import Processes
from .spec import PretrainingSpec, differences, fingerprint

if TYPE_CHECKING:
    from torch import Tensor

    from ...benchmark.weights.weight_info import WeightsInfo

RECORD_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingRecord:
    """What a pre-training was and cost."""

    __pydantic_config__ = STRICT

    version: Literal[1] = RECORD_VERSION
    fingerprint: str
    spec: PretrainingSpec
    started: str
    """ISO 8601, UTC; of the last session of a resumed pre-training."""
    finished: str
    steps: int
    """Optimiser steps."""
    loss: float
    """The last one read."""
    train_seconds: Annotated[float, Gt(0)]
    """Optimiser steps and data loading, over all sessions."""
    images_per_s: float
    """Over all processes."""
    processes: int
    resumed: int
    """How often it went on from a resume point."""
    dropped_resume_points: int = 0
    """How often it began anew because the resume point was damaged."""
    weights_sha256: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The files of one pre-training."""

    path: Path

    @property
    def spec(self) -> Path:
        """What is or was to be run."""
        return self.path / "spec.json"

    @property
    def record(self) -> Path:
        """What came of it; written last and whole, so where it is, the rest is."""
        return self.path / "record.json"

    @property
    def weights(self) -> Path:
        """The result, for emseg-bench."""
        return self.path / "weights.safetensors"

    @property
    def state_dict(self) -> Path:
        """The same weights as a plain ``state_dict`` of PyTorch, for other programs."""
        return self.path / "weights.pt"

    @property
    def curve(self) -> Path:
        """Loss and learning rate."""
        return self.path / "curve.csv"

    @property
    def panels(self) -> Path:
        """Sheets of example pictures."""
        return self.path / "panels"

    @property
    def tracker(self) -> Path:
        """What a tracker writes."""
        return self.path / "tracker"

    @property
    def resume(self) -> Path:
        """The resume point; removed at the end."""
        return self.path / "resume.pt"

    @property
    def scratch(self) -> Path:
        """For mmengine, which insists on one; removed at the end."""
        return self.path / "scratch"

    @property
    def lock(self) -> Path:
        """Held while the pre-training runs."""
        return self.path / "lock"

    def epoch(self, number: int) -> Path:
        """Name the weights after some epochs."""
        return self.path / f"epoch-{number:04}.safetensors"

    def panel(self, epoch: int) -> Path:
        """Name the sheet of example pictures after some epochs."""
        return self.panels / f"epoch-{epoch:04}.png"


def claim(folder: OutputFolder, spec: PretrainingSpec) -> None:
    """Make the folder this pre-training's, or find that it is already.

    Raises:
        UsageError: Another pre-training is in it.
        StoreError: It cannot be written to, or what is in it cannot be understood.
    """
    if folder.spec.exists():
        check_same(folder, spec)
        return
    try:
        write_whole(folder.spec, to_json(plain(spec)))
    except OSError as error:
        raise StoreError(
            f"cannot write to the output folder {folder.path} ({error.strerror}); choose another with --out."
        ) from error


@contextmanager
def held(folder: OutputFolder, spec: PretrainingSpec, processes: Processes) -> Iterator[None]:
    """Keep a folder for this pre-training while it runs; of several processes the first one holds it.

    Raises:
        UsageError: Another pre-training is in it, or another command runs in it.
        StoreError: It cannot be written to.
    """
    if not processes.leads:
        yield
        return
    claim(folder, spec)
    try:
        with locked(folder.lock, wait=False):
            yield
    except HeldError:
        raise UsageError(
            f"another command is pre-training in {folder.path}; wait for it, or choose another --out."
        ) from None


def check_same(folder: OutputFolder, spec: PretrainingSpec) -> None:
    """Check that what is in a folder is this pre-training, whole or in part.

    Raises:
        UsageError: It is another one.
        StoreError: It cannot be understood.
    """
    try:
        found = validate(PretrainingSpec, read_json(folder.spec, StoreError), "spec.json")
    except EmsegError as error:
        raise StoreError(
            f"{folder.spec} cannot be understood ({error}); choose another folder with --out, or remove it."
        ) from error
    if fingerprint(found) != fingerprint(spec):
        raise UsageError(
            f"{folder.path} holds another pre-training: {'; '.join(differences(found, spec))}. "
            "To go on with it, ask for the same; to begin a new one, choose another folder with --out."
        )


def read_record(folder: OutputFolder) -> PretrainingRecord | None:
    """Read the record of a complete pre-training; None if it is not complete.

    Raises:
        StoreError: It is damaged.
    """
    if not folder.record.exists():
        return None
    try:
        return validate(PretrainingRecord, read_json(folder.record, StoreError), "record.json")
    except EmsegError as error:
        raise StoreError(f"{folder.record} is damaged ({error}); remove it and run again.") from error


def save_weights(weights: Mapping[str, Tensor], path: Path, info: WeightsInfo) -> None:
    """Write weights whole, with what belongs to them.

    Raises:
        TrialError: They are not finite numbers.
    """
    from ...benchmark.weights.writing import write_weights

    broken = [name for name, value in weights.items() if not value.isfinite().all()]
    if broken:
        raise TrialError(
            f"the weights have become NaN or infinite ({broken[0]} and {len(broken) - 1} more), so they were "
            "not saved; lower the rate with --set recipe.learning_rate=..., or use --precision fp32."
        )
    write_weights(weights, path, info)
