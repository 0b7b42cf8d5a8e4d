"""Resume points: all that is needed to go on as if nothing had happened."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, fields, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ..files.disk import keeping
from ..files.leftovers import replacing
from ..files.printable import brief
from ..files.regular import shown
from ..files.validation import validate
from ..profiling.memory import MemoryPeak
from .processes import agree
from .resume_point import check_alike, check_optimiser, check_state, read_point
from .state import CurvePoint, TrainingState
from .watch import WatchHook

KEPT = "A resume point from before it is kept: make room, and the same command goes on from there."


LATER: Mapping[str, Any] = {"compiled": 0, "memory": None}
"""Of a state, what resume points of older pre-trainings lack."""


class ResumeHook(Hook):  # type: ignore[misc]
    """Saves a resume point every so many seconds, and goes on from one that it finds.

    The file holds tensors and plain lists, so it loads with ``weights_only=True``; mmengine's own
    checkpoints pickle objects and do not.

    Args:
        path: The resume point.
        fingerprint: Of the trial; another trial's file is left alone.
        seconds: Between two saves.
        state: Saved and brought back with the weights.
        watch: Its clock is stopped while saving.
        tell: Hears that a damaged resume point was dropped.
        network: Whose best weights the state keeps; None: it keeps none.
        saves: False: goes on from the point only, which another process writes.
    """

    priority = "LOWEST"  # after everything that belongs to the iteration

    def __init__(
        self,
        path: Path,
        fingerprint: str,
        seconds: float,
        state: TrainingState,
        watch: WatchHook,
        tell: Callable[[str], None],
        network: nn.Module | None = None,
        *,
        saves: bool = True,
    ) -> None:
        self._path, self._fingerprint, self._seconds = path, fingerprint, seconds
        self._state, self._watch, self._tell, self._saves = state, watch, tell, saves
        self._network = network
        self._saved = time.monotonic()

    def before_train(self, runner: Runner) -> None:
        """Go on from the resume point, if there is one that is whole; a damaged one is dropped.

        Raises:
            UsageError: Of several processes some see another one, or none.
        """
        if self._path.exists():
            self._go_on(runner)
        agree(str(runner.train_loop.iter), "resume point")
        self._saved = time.monotonic()

    def _go_on(self, runner: Runner) -> None:
        start, clean = _snapshot(runner), replace(self._state)
        try:
            self._restore(runner, read_point(self._path))
        except Exception as failure:  # noqa: BLE001 - torch raises what it likes on a damaged file
            _put_back(runner, start)
            for item in fields(clean):
                setattr(self._state, item.name, getattr(clean, item.name))
            self._state.dropped += 1
            if self._saves:
                _remove(self._path)
            self._tell(
                f"its resume point {shown(self._path)} is damaged ({_why(failure, self._path)}); it was "
                "dropped, and training begins anew"
            )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save when it is time, but not after the last iteration: `train` does where something follows it."""
        due = self._saves and time.monotonic() - self._saved >= self._seconds
        if due and batch_idx + 1 < runner.max_iters:
            self._watch.pause()
            self.save(runner, batch_idx + 1)
            self._watch.restart()
            self._saved = time.monotonic()

    def save(self, runner: Runner, iteration: int) -> None:
        """Write the resume point whole: a kill at any moment leaves the former one, as do broken weights."""
        if not all(bool(value.isfinite().all()) for value in runner.model.state_dict().values()):
            return  # the loss will show it
        content = self._content(runner, iteration)
        with keeping(self._path, KEPT), replacing(self._path) as temporary:
            with temporary.open("wb") as file:  # by name, torch refuses one that begins with a point
                torch.save(content, file)
            _sync(temporary)

    def _content(self, runner: Runner, iteration: int) -> dict[str, Any]:
        return {
            "fingerprint": self._fingerprint,
            "iteration": iteration,
            "model": runner.model.state_dict(),
            "optimiser": runner.optim_wrapper.state_dict(),
            "schedules": [plain_state(schedule.state_dict()) for schedule in runner.param_schedulers],
            "random": _random_states(),
            "state": _pack(self._state),
        }

    def _restore(self, runner: Runner, content: Mapping[str, Any]) -> None:
        if content["fingerprint"] != self._fingerprint:
            return
        content = {**content, "state": {**LATER, **content["state"]}}
        check_alike(content, self._content(runner, 0), "content")
        check_optimiser(content["optimiser"], runner.optim_wrapper.optimizer)
        check_state(content["state"], self._network)
        most = runner.max_iters + bool(content["state"]["best_weights"])  # after the last, they are all
        if content["iteration"] not in range(1, most):
            raise ValueError(f"it was saved after {content['iteration']} of {runner.max_iters} iterations")
        runner.model.load_state_dict(content["model"])
        runner.optim_wrapper.load_state_dict(content["optimiser"])
        for schedule, saved in zip(runner.param_schedulers, content["schedules"], strict=True):
            schedule.load_state_dict(saved)
        runner.train_loop.iter = content["iteration"]
        _unpack(content["state"], self._state)
        _set_random_states(content["random"])


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _snapshot(runner: Runner) -> dict[str, Any]:
    """Keep what a damaged resume point might change before it is found out."""
    return {
        "model": {name: value.clone() for name, value in runner.model.state_dict().items()},
        "optimiser": deepcopy(runner.optim_wrapper.state_dict()),
        "schedules": [deepcopy(schedule.state_dict()) for schedule in runner.param_schedulers],
        "iteration": runner.train_loop.iter,
        "random": _random_states(),
    }


def _put_back(runner: Runner, start: dict[str, Any]) -> None:
    runner.model.load_state_dict(start["model"])
    runner.optim_wrapper.load_state_dict(start["optimiser"])
    for schedule, saved in zip(runner.param_schedulers, start["schedules"], strict=True):
        schedule.load_state_dict(saved)
    runner.train_loop.iter = start["iteration"]
    _set_random_states(start["random"])


def _why(failure: Exception, path: Path) -> str:
    """Give the start of what was wrong with a file that the sentence around it names."""
    first = str(failure).strip().partition("\n")[0].replace(str(path), "it") or "nothing more is known"
    return brief(f"{type(failure).__name__}: {first}", 300)


def plain_state(saved: dict[str, Any]) -> dict[str, Any]:
    """Keep of a schedule's state what is a number or a list of numbers."""
    return {key: value for key, value in saved.items() if isinstance(value, bool | int | float | list | None)}


def _random_states() -> dict[str, Any]:
    numpy: Any = np.random.get_state()  # noqa: NPY002 - models may draw from it
    kind, keys, position, has_gauss, gauss = numpy
    version, internal, following = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(gauss)],
        "python": [version, list(internal), following],
    }


def _set_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, internal, following = states["python"]
    random.setstate((version, tuple(internal), following))


def _pack(state: TrainingState) -> dict[str, Any]:
    return {
        "curve": [list(point) for point in state.curve],
        "best_score": state.best_score,
        "best_iteration": state.best_iteration,
        "best_weights": state.best_weights,
        "train_seconds": state.train_seconds,
        "compile_seconds": state.compile_seconds,
        "validation_seconds": state.validation_seconds,
        "resumed": state.resumed,
        "dropped": state.dropped,
        "compiled": state.compiled,
        "memory": asdict(state.memory) if state.memory else None,
    }


def _unpack(saved: Mapping[str, Any], state: TrainingState) -> None:
    for name, value in saved.items():
        setattr(state, name, value)
    state.curve = [CurvePoint(*point) for point in _points(saved["curve"])]
    state.memory = validate(MemoryPeak, saved["memory"], "memory") if saved["memory"] else None
    state.resumed += 1


def _points(saved: Sequence[Sequence[Any]]) -> Sequence[tuple[int, str, float]]:
    return [(int(iteration), str(series), float(value)) for iteration, series, value in saved]


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
