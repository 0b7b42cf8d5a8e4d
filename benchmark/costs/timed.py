"""What timing does in its own process: takes a few training steps and segments a piece of a test case."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ..contracts.data import Case, Dataset, Manifest, Metric, Sample
from ..contracts.records import TrialSpec
from ..contracts.running import Runtime
from ..contracts.settings import ScoringProtocol
from ..evaluation.evaluate import evaluate
from ..evaluation.inference import inference_batch
from ..evaluation.placing import crop_side, window_side
from ..executors.asking import be_quiet
from ..executors.devices import see_alone
from ..executors.temporary import use_own_folder
from ..plugins.strangers import RAISED, describe_error
from ..profiling.hardware import device_name
from ..profiling.latency import LATENCY_LIMITS, THROUGHPUT_LIMITS, WARM_UP
from ..profiling.load import OthersShare
from ..profiling.memory import PeakMemory
from ..training.memory_layout import channels_last
from ..training.train import TrainingSetup, train
from ..trials.parts import Parts, load_parts, seed_everything, segmenter_of
from .schema import Timed
from .work import pixels_of, while_training

MOST_STEPS: Final = 12
SECONDS: Final = 8.0
"""For the steps, and for windows, of which the first may take longer."""
SLOW: Final = 20.0
"""A first step that takes longer stands for all, although it warms up too."""
WINDOWS: Final = 2
"""Sides of the piece of an image that is segmented, in windows."""
SLICES: Final = 2
"""Of a volume."""


class _EnoughError(Exception):
    """Ends training."""


def serve(spec: TrialSpec, runtime: Runtime, answers: Connection) -> None:
    """Time a trial; answer what was found, or why nothing was, as JSON."""
    be_quiet()
    use_own_folder()
    if runtime.place:
        runtime = replace(runtime, device=see_alone(runtime.place))
    answer: dict[str, Any]
    try:
        with tempfile.TemporaryDirectory() as folder:
            answer = {"found": asdict(_time(spec, runtime, Path(folder)))}
    except RAISED as error:
        answer = {"fault": describe_error(error)}
    answers.send_bytes(json.dumps(answer).encode())


def _time(spec: TrialSpec, runtime: Runtime, folder: Path) -> Timed:
    torch.set_num_threads(spec.threads or torch.get_num_threads())
    start = time.perf_counter()
    seed_everything(spec.seed)
    parts = load_parts(spec, Path(runtime.cache))
    channels_last(parts.network.to(runtime.device))
    loading = time.perf_counter() - start
    with PeakMemory(runtime.device) as memory, OthersShare() as others:
        steps = _time_steps(parts, spec, runtime, folder)
        ranks = spec.protocol.primary
        segments = _Piece(parts, spec, runtime.device, folder)
        validation = segments.time(while_training(spec.protocol), {ranks: parts.metrics[ranks]})
        test = segments.time(spec.protocol, parts.metrics)
    peak = memory.read()
    return Timed(
        steps=steps,
        validation=validation,
        test=test,
        beside=loading + _profiling(spec, min(validation), runtime.device),
        memory_mib=peak.peak_mib,
        memory_kind=peak.kind,
        device=device_name(runtime.device),
        others_share=others.share,
    )


def _time_steps(parts: Parts, spec: TrialSpec, runtime: Runtime, folder: Path) -> list[float]:
    """Train until enough steps were timed; the first one warms up."""
    marks: list[float] = []

    def tell(_done: int, _loss: float) -> None:
        marks.append(time.perf_counter())
        first = marks[1] - marks[0]
        enough = len(marks) > 2 and marks[-1] - marks[1] > SECONDS
        if enough or first > SLOW or len(marks) > MOST_STEPS:
            raise _EnoughError

    setup = TrainingSetup(
        device=torch.device(runtime.device),
        folder=folder,
        fingerprint="",
        checkpoint_seconds=float("inf"),
        tell=tell,
        tell_loader=lambda _: marks.append(time.perf_counter()),
        note=lambda _: None,
        trials=runtime.at_once,
    )
    # of so few steps each one is told
    recipe = replace(spec.recipe, iterations=min(spec.recipe.iterations, MOST_STEPS), validations=1)
    short = replace(spec, recipe=recipe)
    with suppress(_EnoughError):
        train(parts.network, parts.dataset, short, parts.methods, parts.normalisation, lambda _: None, setup)
    each = [after - before for before, after in pairwise(marks)]
    return each[1:] or each


def _profiling(spec: TrialSpec, pace: float, device: str) -> float:
    """Say how long the profile of a trial takes (s), where a pixel takes `pace` s."""
    divisor = spec.model.size_divisor
    one = pace * window_side(spec.protocol, crop_side(spec.recipe, divisor), divisor) ** 2
    batch = one * inference_batch(device)
    latency = WARM_UP.expected(one) + LATENCY_LIMITS.expected(one)
    return latency + WARM_UP.expected(batch) + THROUGHPUT_LIMITS.expected(batch)


class _Piece:
    """A piece of the first test case, as a dataset of its own that is read already.

    Args:
        parts: Of the trial.
        spec: Of the trial.
        device: Of the network.
        folder: For scratch files.
    """

    def __init__(self, parts: Parts, spec: TrialSpec, device: str, folder: Path) -> None:
        self._parts, self._spec, self._device, self._folder = parts, spec, device, folder
        whole = parts.dataset.manifest.split("test")[0]
        self._case = _cut(whole, parts.dataset.manifest, spec)
        self._sample = _taken(parts.dataset, whole, self._case)

    @property
    def manifest(self) -> Manifest:
        """The whole dataset's."""
        return self._parts.dataset.manifest

    def read(self, _case: Case) -> Sample:
        """Give the piece."""
        return self._sample

    def time(self, protocol: ScoringProtocol, metrics: Mapping[str, Metric]) -> list[float]:
        """Segment and score the piece two times, and once before to warm up; give seconds per pixel."""
        pixels = pixels_of([self._case], self._spec, self.manifest, protocol)
        seconds: list[float] = []
        while len(seconds) < 3 and sum(seconds) < SECONDS:
            seconds.append(_clocked(lambda: self._evaluate(protocol, metrics)))
        return [value / pixels for value in seconds[1:] or seconds]

    def _evaluate(self, protocol: ScoringProtocol, metrics: Mapping[str, Metric]) -> None:
        precision = self._spec.recipe.precision
        evaluate(
            segmenter_of(self._parts, self._spec, self._parts.network, protocol, self._device),
            self,
            [self._case],
            metrics=metrics,
            precision="bf16" if precision == "bf16" else "fp32",
            on_case=lambda *_: None,
            scratch=self._folder,
        )


def _clocked(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _cut(case: Case, manifest: Manifest, spec: TrialSpec) -> Case:
    """Choose how large a piece is; of a volume that is seen along three axes a few slices of each."""
    divisor = spec.model.size_divisor
    side = WINDOWS * window_side(spec.protocol, crop_side(spec.recipe, divisor), divisor)
    if case.depth is not None and manifest.axes == "orthoplane":
        side = SLICES
    depth = None if case.depth is None else min(case.depth, SLICES)
    return replace(case, depth=depth, height=min(case.height, side), width=min(case.width, side))


def _taken(dataset: Dataset, whole: Case, piece: Case) -> Sample:
    """Read a case and take the piece out of its middle."""
    sample = dataset.read(whole)
    place: tuple[Any, ...] = tuple(
        slice((side - part) // 2, (side - part) // 2 + part)
        for side, part in zip(whole.sides, piece.sides, strict=True)
    )

    def taken(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.ascontiguousarray(values[(..., *place)])

    objects = None if sample.instances is None else taken(sample.instances)
    return replace(sample, image=taken(sample.image), labels=taken(sample.labels), instances=objects)
