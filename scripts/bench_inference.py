"""Measure inference: against MONAI's sliding windows, or on a volume that lies on the disk.

    python scripts/bench_inference.py [--repeats 9] [--threads 2]
    python scripts/bench_inference.py --volume 512

Without ``--volume``: one large image and stacks of small slices, seen in the same windows by the same model
and blended alike, by ours and by MONAI's `sliding_window_inference`, which is called for each slice as RETINA
does.  Both run alternately in one process, and the ratio is the median over the alternations, so that a busy
machine harms both alike.  Peak memory is that of a process of its own for each, beyond what it held before.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median
from time import perf_counter, process_time

import psutil
import torch
from emseg_bench.benchmark.evaluation.forward import Forward
from emseg_bench.benchmark.evaluation.grid import overlapping
from emseg_bench.benchmark.evaluation.sliding_window import predict_images
from emseg_bench.benchmark.profiling.memory import PeakMemory
from torch import Tensor, nn

TOLERANCE = 1e-5
"""Largest difference of logits, as a share of the largest logit where that is above 1."""


@dataclass(frozen=True)
class Setting:
    """What is measured."""

    model: str
    slices: int
    """1: an image."""
    side: int
    window: int
    classes: int = 1
    overlap: float = 0.5

    def __str__(self) -> str:
        """Say it in a row of a table."""
        what = f"{self.slices} slices of {self.side}²" if self.slices > 1 else f"image {self.side}²"
        return f"{what}, window {self.window}, {self.model}, {self.classes} output(s)"


SETTINGS = (
    Setting("convolution", 1, 1024, 128),
    Setting("convolution", 1, 1024, 256),
    Setting("convolution", 1, 1024, 256, classes=4),
    Setting("unet", 1, 1024, 256),
    Setting("convolution", 64, 160, 96),
    Setting("convolution", 64, 160, 128),
    Setting("convolution", 64, 160, 96, classes=4),
    Setting("unet", 64, 160, 96),
    Setting("unet", 64, 160, 128),
    Setting("unet", 64, 96, 96),
)


def make_model(setting: Setting) -> nn.Module:
    """Build a convolution, beside which the work around windows shows, or a U-Net on ResNet-18.

    Weights are channels-last, so that MONAI's windows take the same kernels as ours.
    """
    torch.manual_seed(0)
    if setting.model == "convolution":
        model: nn.Module = nn.Conv2d(1, setting.classes, 3, padding=1)
    else:
        import segmentation_models_pytorch as smp

        model = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=setting.classes)
    return model.eval().to(memory_format=torch.channels_last)


def make_slices(setting: Setting) -> list[Tensor]:
    """Draw normalised slices, (1, H, W) each."""
    generator = torch.Generator().manual_seed(0)
    return list(torch.randn(setting.slices, 1, setting.side, setting.side, generator=generator))


def ours(model: nn.Module, slices: Sequence[Tensor], setting: Setting, batch: int) -> list[Tensor]:
    """Predict with this project's engine."""
    side, window, overlap = slices[0].shape[-1], setting.window, setting.overlap
    grid = overlapping(side, side, side=window, overlap=overlap, size_divisor=1, padding="mirror")
    axis = "z" if len(slices) > 1 else None
    forward = Forward(model=model)
    return list(
        predict_images(forward, slices, grid, blending="gaussian", batch_size=batch, slices_along=axis)
    )


def monai(model: nn.Module, slices: Sequence[Tensor], setting: Setting, batch: int) -> list[Tensor]:
    """Predict with MONAI's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai.inferers import sliding_window_inference
    window, overlap = setting.window, setting.overlap
    return [
        sliding_window_inference(image[None], window, batch, model, overlap=overlap, mode="gaussian")[0]
        for image in slices
    ]


WAYS = {"ours": ours, "MONAI": monai}


def seconds(run: Callable[[], object]) -> float:
    """Time one run; on one thread by the processor's time, in which others' work counts less."""
    clock = process_time if torch.get_num_threads() == 1 else perf_counter
    start = clock()
    run()
    return clock() - start


def compare(number: int, options: argparse.Namespace) -> float:
    """Measure one setting, print a row and return the ratio of times, MONAI's to ours."""
    setting = SETTINGS[number]
    model, slices = make_model(setting), make_slices(setting)
    runs = [lambda way=way: way(model, slices, setting, options.batch) for way in WAYS.values()]
    with torch.inference_mode():
        mine, theirs = (torch.stack(run()) for run in runs)
        difference = ((mine - theirs).abs().max() / theirs.abs().max().clamp_min(1)).item()
        assert difference < TOLERANCE, f"logits differ by {difference:.0e}"
        pairs = [tuple(seconds(run) for run in runs) for _ in range(options.repeats)]
    ratio = median(monai_seconds / our_seconds for our_seconds, monai_seconds in pairs)
    memory = " | ".join(f"{peak(number, way, options):.0f}" for way in WAYS)
    times = " | ".join(f"{median(column) * 1e3:.0f}" for column in zip(*pairs, strict=True))
    print(f"| {setting} | {times} | {ratio:.2f} | {memory} | {difference:.0e} |", flush=True)
    return ratio


def peak(number: int, way: str, options: argparse.Namespace) -> float:
    """Measure the peak memory of one way in a process of its own, MiB beyond what it held before."""
    command = [sys.executable, __file__, "--child", json.dumps([number, way])]
    command += ["--threads", str(options.threads), "--batch", str(options.batch)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(number: int, way: str, batch: int) -> None:
    """Print the peak memory of one way."""
    setting = SETTINGS[number]
    model, slices = make_model(setting), make_slices(setting)
    with torch.inference_mode():
        WAYS[way](model, [torch.zeros(1, setting.window, setting.window)] * batch, setting, batch)
        give_back()
        before = psutil.Process().memory_info().rss / 2**20
        with PeakMemory("cpu") as memory:
            WAYS[way](model, slices, setting, batch)
    print(memory.read().peak_mib - before)


def give_back() -> None:
    """Have the C library return what is free, so that the start's memory is not used again uncounted."""
    gc.collect()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):  # glibc
        library.malloc_trim(0)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--volume", type=int, metavar="SIDE", help="segment and score a volume of this side")
    parser.add_argument("--settings", default=",".join(map(str, range(len(SETTINGS)))), help="0,1,...")
    parser.add_argument("--batch", type=int, default=4, help="windows per forward pass")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.child:
        child(*json.loads(options.child), options.batch)
    elif options.volume:
        from inference_volume import measure

        measure(options.volume)
    else:
        print("| | ours (ms) | MONAI (ms) | MONAI / ours | ours (MiB) | MONAI (MiB) | difference |")
        print("|---|---|---|---|---|---|---|")
        ratios = [compare(int(number), options) for number in options.settings.split(",")]
        print(f"geometric mean of MONAI / ours: {geometric_mean(ratios):.2f} ({options.threads} thread(s))")


if __name__ == "__main__":
    main()
