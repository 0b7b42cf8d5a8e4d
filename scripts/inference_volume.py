"""Segments and scores a volume on the disk, and measures the memory: ``bench_inference.py --volume 512``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
import torch
from emseg_bench.benchmark.contracts.data import Axes, Normalisation, ScoredCase
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation import metrics
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.benchmark.evaluation.scoring import values_of
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import AXES, segment_volume
from emseg_bench.benchmark.evaluation.votes import decide, votes
from emseg_bench.benchmark.profiling.memory import PeakMemory
from torch import nn

CLASSES = ("background", "grey", "bright")
GREYS = torch.tensor([95.0, 135.0, 175.0])
CROP = 16
"""Side of the corner that is computed again in memory, px."""

Array = np.ndarray[Any, Any]


def measure(side: int) -> None:
    """Draw a volume of `side` px, segment it along one and three axes, score it, and print what that took."""
    segmenter = make_segmenter()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        pixels, truth = draw(Path(folder), side)
        segmenter.model(torch.zeros(segmenter.batch_size, 1, segmenter.window, segmenter.window))
        for axes in AXES:
            run(segmenter, pixels, truth, axes, Path(folder))


def make_segmenter() -> Segmenter:
    """Build a network that takes the grey nearest to the mean of 3 x 3 px, and all that belongs to it."""
    levels = (GREYS / 255 - 0.5) / 0.1
    model = nn.Conv2d(1, len(CLASSES), 3, padding=1).requires_grad_(False)
    model.weight.copy_((levels / 9)[:, None, None, None].expand_as(model.weight))
    model.bias = nn.Parameter(-(levels**2) / 2, requires_grad=False)
    return Segmenter(
        model=model.eval().to(memory_format=torch.channels_last),
        normalisation=Normalisation(mean=(0.5,), std=(0.1,)),
        protocol=ScoringProtocol(name="bench"),
        window=256,
        size_divisor=1,
        device="cpu",
        batch_size=4,
        num_logits=len(CLASSES),
    )


def draw(folder: Path, side: int) -> tuple[Array, Array]:
    """Draw blocks of three kinds of grey with noise, slice by slice, into files that are mapped."""
    pixels, truth = (
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (side,) * 3)
        for name in ("pixels", "truth")
    )
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, len(CLASSES), (-(-side // 16),) * 3, np.uint8)
    for z in range(side):
        truth[z] = kinds[z // 16].repeat(16, axis=0).repeat(16, axis=1)[:side, :side]
        pixels[z] = 65 + 40 * truth[z] + rng.integers(0, 60, (side, side), np.uint8)
    return pixels, truth


def run(segmenter: Segmenter, pixels: Array, truth: Array, axes: Axes, folder: Path) -> None:
    """Segment and score along some axes, check a corner, and print a line."""
    labels = np.lib.format.open_memmap(folder / f"{axes}.npy", "w+", np.uint8, pixels.shape)
    before, start = psutil.Process().memory_info().rss, perf_counter()
    with PeakMemory("cpu") as memory:
        segment_volume(segmenter, pixels, axes, out=labels, scratch=folder)
        segmented = perf_counter() - start
        iou = score(truth, labels)
    beyond = memory.read().peak_mib - before / 2**20
    assert np.array_equal(labels[:CROP, :CROP, :CROP], corner(segmenter, pixels, axes)), "the corner differs"
    print(
        f"{axes}, {' x '.join(map(str, pixels.shape))}: peak {beyond:.0f} MiB beyond model and start-up, "
        f"segmented in {segmented:.0f} s, scored in {perf_counter() - start - segmented:.0f} s, IoU "
        f"{', '.join(f'{value:.4f}' for value in iou)}; a corner of {CROP}³ px equals the result in memory",
        flush=True,
    )


def score(truth: Array, labels: Array) -> list[float]:
    """Give each class's IoU from its counts."""
    case = ScoredCase(
        truth=truth,
        prediction=labels,
        class_names=CLASSES,
        counts=count(truth, labels, len(CLASSES), None),
        ignore_value=None,
        voxel_size_nm=None,
    )
    return values_of(case, {"iou": metrics.iou()})["iou"]


def corner(segmenter: Segmenter, pixels: Array, axes: Axes) -> Array:
    """Compute the labels of a corner in memory, from the slices that cross it."""
    total = np.zeros((len(CLASSES), CROP, CROP, CROP), np.uint8)
    for axis in AXES[axes]:
        planes = np.array(np.moveaxis(pixels, axis, 0)[:CROP])
        slices = segmenter.slices(planes, planes.shape[1:], "zyx"[axis])
        shares = [votes(logits, len(AXES[axes]))[:, :CROP, :CROP] for logits in slices]
        total += np.moveaxis(np.stack(shares, axis=1), 1, axis + 1)
    return decide(total, segmenter.protocol.threshold)
