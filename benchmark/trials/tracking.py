"""Trackers: programs of others that draw curves while a trial runs, through mmengine's back ends.

A trial is one run, named alike in all of them.  A tracker that fails costs a note, and never the trial.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

from ..contracts.errors import UnknownNameError, UsageError
from ..contracts.records import TrialSpec
from ..files.locks import locked
from ..plugins.references import parse_method, split_list
from ..plugins.strangers import RAISED, describe_error

EXTRA: Final = 'pip install "emseg-bench[trackers]"'
PROJECT: Final = "emseg-bench"
"""Where runs stand in trackers that have projects or experiments, unless somebody says otherwise."""
SHORT: Final = 8
"""Digits of a fingerprint in a run's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A trial, as trackers know it."""

    name: str
    """``unet@scratch/synthetic-em/0-1a2b3c4d``"""
    fingerprint: str
    facts: Mapping[str, str]
    folder: Path
    """For what a tracker keeps in files, of all trials of a results folder."""


class Tracker(Protocol):
    """One run in one tracker."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Take values of a training step."""

    def end(self, *, failed: bool) -> None:
        """Close the run."""


class _TensorBoard:
    def __init__(self, run: Run) -> None:
        from mmengine.visualization import TensorboardVisBackend

        self._backend = TensorboardVisBackend(str(run.folder / "tensorboard" / run.name))

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._backend.add_scalars(dict(values), step)

    def end(self, *, failed: bool) -> None:
        self._backend.close()


class _Wandb:
    """The back end's own way to log knows no steps, and its way to close is gone from Weights & Biases."""

    def __init__(self, run: Run, mode: str = "", project: str = PROJECT, entity: str = "") -> None:
        from mmengine.visualization import WandbVisBackend

        folder = run.folder / "wandb"
        folder.mkdir(parents=True, exist_ok=True)
        chosen = {"mode": mode, "entity": entity}
        told = {"project": project, "name": run.name, "id": run.fingerprint[:32], "config": dict(run.facts)}
        settings = {**told, **{key: value for key, value in chosen.items() if value}, "resume": "allow"}
        self._wandb = WandbVisBackend(str(folder), init_kwargs=settings).experiment

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._wandb.log(dict(values), step=step)

    def end(self, *, failed: bool) -> None:
        self._wandb.finish(exit_code=int(failed))


class _MLflow:
    """The back end's own way to close wants a configuration of mmengine's."""

    def __init__(self, run: Run, uri: str = "", experiment: str = PROJECT) -> None:
        from mmengine.visualization import MLflowVisBackend

        folder = run.folder / "mlflow"
        folder.mkdir(parents=True, exist_ok=True)
        uri = uri or folder.absolute().as_uri()
        if uri.startswith("file:"):  # MLflow would rather have a database, which its small package lacks
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        backend = MLflowVisBackend(
            str(folder),
            exp_name=experiment,
            run_name=run.name,
            tags={**run.facts, "fingerprint": run.fingerprint},
            tracking_uri=uri,
        )
        with locked(run.folder / "mlflow.lock"):  # of trials at once one makes the experiment
            _go_on(run, experiment, uri)
        self._mlflow = backend.experiment

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._mlflow.log_metrics({_plain(name, "/ "): value for name, value in values.items()}, step)

    def end(self, *, failed: bool) -> None:
        self._mlflow.end_run("FAILED" if failed else "FINISHED")


def _go_on(run: Run, experiment: str, uri: str) -> None:
    """Go on with the run of a trial that is resumed, if there is one; else the back end begins one."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    known = mlflow.set_experiment(experiment)
    found = mlflow.MlflowClient().search_runs(
        [known.experiment_id], f"tags.fingerprint = '{run.fingerprint}'"
    )
    if found:
        mlflow.start_run(run_id=found[0].info.run_id)


@dataclass(frozen=True, slots=True)
class _Kind:
    package: str
    options: Mapping[str, tuple[str, ...]]
    """Each with the values that it takes; none are named where it takes any."""
    open: Callable[..., Tracker]


KINDS: Final[Mapping[str, _Kind]] = {
    "tensorboard": _Kind("tensorboard", {}, _TensorBoard),
    "wandb": _Kind(
        "wandb",
        {"mode": ("online", "offline", "disabled", "shared"), "project": (), "entity": ()},
        _Wandb,
    ),
    "mlflow": _Kind("mlflow", {"uri": (), "experiment": ()}, _MLflow),
}


def check_trackers(text: str) -> tuple[str, ...]:
    """Read ``tensorboard,mlflow[uri=http://host:5000]``, and check that all of them can be used.

    Raises:
        UsageError: One is not written so, is named twice, or its package is not installed.
        UnknownNameError: There is no such tracker or option.
    """
    references = tuple(split_list(text))
    asked = [parse_method(reference, "tracker") for reference in references]
    for one in asked:
        check_tracker(one.name)
        known = KINDS[one.name].options
        for option, value in one.options.items():
            if option not in known:
                raise UnknownNameError(f"option of the tracker {one.name}", option, known)
            if known[option] and value not in known[option]:
                raise UnknownNameError(f"{option} of the tracker {one.name}", str(value), known[option])
    if len({one.name for one in asked}) < len(asked):
        raise UsageError(f"got --tracker {text}, which names a tracker twice.")
    return references


def check_tracker(name: str) -> None:
    """Check that a tracker can be used.

    Raises:
        UnknownNameError: There is no such tracker.
        UsageError: Its package is not installed.
    """
    if name not in KINDS:
        raise UnknownNameError("tracker", name, KINDS)
    if find_spec(KINDS[name].package) is None:
        raise UsageError(
            f"--tracker {name} needs the package {KINDS[name].package!r}, which is not installed; "
            f"install it with: {EXTRA}"
        )


class Trackers:
    """Context manager that tells all trackers of a trial what happens in it, and closes them.

    Args:
        references: Which, as `check_trackers` gives them.
        run: The trial.
        note: Hears what goes wrong; the tracker concerned hears nothing from then on.
    """

    def __init__(self, references: Sequence[str], run: Run, note: Callable[[str], None]) -> None:
        self._note = note
        self._open: dict[str, Tracker] = {}
        for reference in references:
            self._safely(reference, partial(self._begin, reference, run))

    def __enter__(self) -> Trackers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reference, tracker in [*self._open.items()]:
            self._safely(reference, partial(tracker.end, failed=error is not None))

    def curve(self, points: Sequence[tuple[int, str, float]]) -> None:
        """Tell of what training and validation gave: iterations, series, values."""
        for step, several in groupby(points, key=lambda point: point[0]):
            self.log({series: value for _, series, value in several}, step)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Tell of values at a training step."""
        for reference, tracker in [*self._open.items()]:
            self._safely(reference, partial(tracker.log, values, step))

    def _begin(self, reference: str, run: Run) -> None:
        asked = parse_method(reference, "tracker")
        options = {name: str(value) for name, value in asked.options.items()}
        self._open[reference] = KINDS[asked.name].open(run, **options)

    def _safely(self, reference: str, work: Callable[[], Any]) -> None:
        try:
            work()
        except RAISED as error:
            self._open.pop(reference, None)
            self._note(f"the tracker {reference} failed and hears no more: {describe_error(error)}")


def run_of(spec: TrialSpec, fingerprint: str, trial: Path) -> Run:
    """Name a trial for trackers.

    Args:
        spec: Model, data set, seed.
        fingerprint: Of the trial.
        trial: Its folder in a results folder.
    """
    facts = {
        "model": spec.model.label,
        "dataset": spec.dataset.label,
        "label_fraction": f"{spec.label_fraction:g}",
        "recipe": spec.recipe.name,
        "seed": str(spec.seed),
    }
    parts = (spec.model.label, spec.dataset.label, f"{spec.seed}-{fingerprint[:SHORT]}")
    name = "/".join(_plain(part).strip(".") or "_" for part in parts)
    return Run(
        name=name, fingerprint=fingerprint, facts=facts, folder=trial.absolute().parents[1] / "trackers"
    )


def _plain(text: str, more: str = "@+=") -> str:
    """Replace what a folder's name, or a name in a tracker, may not hold."""
    return re.sub(rf"[^\w.{re.escape(more)}-]", "_", text)
