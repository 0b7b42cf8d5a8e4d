"""Training crops per second: our loader against Pillow with a pipeline per sample, as people write it.

Both make the same of the same images: random crops, of which half are rotated and zoomed, mirrored, turned
by quarters, changed in brightness and contrast, a fifth blurred, with noise; float32 images and int64
labels.  The plain one is a torch Dataset that opens PNG files with Pillow and calls torchvision's
transforms.  The two alternate in one process, one thread each and one per loader process, and the ratio of
the medians is printed.  Our side decodes each file once, before the clock starts.

In the last setting our side has the images as memory maps, as published datasets are kept, and the plain
one as PNG files still.

    python scripts/bench_loader.py --seconds 2 --rounds 5
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training import loader as our_loader
from emseg_bench.benchmark.training.augmentation import ZOOM
from emseg_bench.benchmark.training.methods import make_augmentation
from emseg_bench.benchmark.training.options import AugmentationOptions
from PIL import Image
from torch.utils.data import DataLoader, RandomSampler
from torch.utils.data import Dataset as TorchDataset
from torchvision import tv_tensors
from torchvision.transforms import v2

SETTINGS = [(512, 64, False), (1024, 64, False), (2048, 16, True)]
"""Side of the images in px, how many there are, and whether ours are memory-mapped."""
WARM_UP = 12
"""Batches that are not timed: what loader processes have ready when the clock starts would count too much."""
CPU = torch.device("cpu")
STANDARD = recipes()["standard"]
METHODS = find_methods(STANDARD, load_plugins().catalogue)
AUGMENTATION = AugmentationOptions(**METHODS.augmentation.options)


# --------------------------------------------------------------------------------------------- images
def draw(folder: Path, side: int, count: int, *, mapped: bool) -> None:
    """Draw images like EM, blobs under noise, with their masks."""
    rng = np.random.default_rng(0)
    for number in range(count):
        blobs = cv2.GaussianBlur(rng.standard_normal((side, side), dtype=np.float32), (0, 0), 12)
        mask = (blobs > blobs.std()).astype(np.uint8)
        grey = 128 + 40 * blobs / blobs.std() + 12 * rng.standard_normal(blobs.shape)
        image = grey.clip(0, 255).astype(np.uint8)
        for kind, pixels in (("image", image), ("mask", mask)):
            Image.fromarray(pixels).save(folder / f"{kind}{number}.png")
            if mapped:
                np.save(folder / f"{kind}{number}.npy", pixels)


class OurImages:
    """The drawn images as one of our datasets."""

    def __init__(self, folder: Path, side: int, count: int, *, mapped: bool) -> None:
        self._folder, self._mapped = folder, mapped
        cases = [
            Case(id=str(number), split="train", height=side, width=side, sha256="") for number in range(count)
        ]
        self.manifest = Manifest(
            dataset="drawn",
            class_names=("background", "blob"),
            channels=1,
            mean=(0.5,),
            std=(0.2,),
            cases=tuple(cases),
            split_rule="all train",
        )

    def read(self, case: Case) -> Sample:
        """Read one."""
        return Sample(self._pixels(f"image{case.id}")[None], self._pixels(f"mask{case.id}"))

    @cache  # noqa: B019 - maps stay open as long as the dataset
    def _map(self, name: str) -> np.ndarray[Any, Any]:
        return np.load(self._folder / f"{name}.npy", mmap_mode="r")

    def _pixels(self, name: str) -> np.ndarray[Any, Any]:
        if self._mapped:
            return self._map(name)
        return np.asarray(Image.open(self._folder / f"{name}.png"))


# ------------------------------------------------------------------------------------- the plain way
class PlainImages(TorchDataset[tuple[torch.Tensor, torch.Tensor]]):
    """The drawn images with torchvision's transforms, which do what `AugmentationOptions` say."""

    def __init__(self, folder: Path, count: int, crop: int) -> None:
        self._folder, self._count = folder, count
        wide = math.ceil(crop * math.sqrt(2) / ZOOM[0])  # what a rotated and zoomed out crop may show
        warp = v2.RandomAffine(180, scale=ZOOM, interpolation=v2.InterpolationMode.BILINEAR)
        a = AUGMENTATION
        self._change = v2.Compose(
            [
                v2.RandomChoice(
                    [v2.Compose([v2.RandomCrop(wide), warp, v2.CenterCrop(crop)]), v2.RandomCrop(crop)],
                    p=[a.affine, 1 - a.affine],
                ),
                v2.RandomHorizontalFlip(a.flip),
                v2.RandomVerticalFlip(a.flip),
                v2.RandomChoice([v2.RandomRotation((angle, angle)) for angle in (0, 90, 180, 270)]),
                v2.RandomApply([v2.GaussianBlur(7, (0.5, 1.5))], a.blur),
                v2.ColorJitter(a.brightness, a.contrast),
                v2.ToDtype({tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int64}, scale=True),
            ]
        )

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Open, crop and change one."""
        with Image.open(self._folder / f"image{number}.png") as file:
            image = tv_tensors.Image(v2.functional.pil_to_tensor(file))
        with Image.open(self._folder / f"mask{number}.png") as file:
            mask = tv_tensors.Mask(v2.functional.pil_to_tensor(file)[0])
        image, mask = self._change(image, mask)
        image = v2.functional.gaussian_noise(image, sigma=AUGMENTATION.noise * float(torch.rand(())))
        return image.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)


# -------------------------------------------------------------------------------------------- timing
Batches = Callable[[], Iterator[tuple[torch.Tensor, torch.Tensor]]]


def ours(data: OurImages, options: argparse.Namespace, workers: int, scratch: Path) -> Batches:
    """Give what starts our loader."""
    recipe = replace(
        STANDARD,
        iterations=10**6,
        batch_size=options.batch,
        crop=options.crop,
        foreground_crops=0.0,
    )
    our_loader.choose_workers = lambda *_: workers  # beside a CPU it would choose none
    spec: Any = SimpleNamespace(recipe=recipe, label_fraction=1.0, seed=0)
    crops = make_augmentation(METHODS, recipe, options.crop, None)
    loader, plan = our_loader.make_loader(data, spec, crops, CPU, scratch, 1)
    print(f"  {plan}")
    return lambda: (batch.on(CPU) for batch in loader)


def plain(folder: Path, count: int, options: argparse.Namespace, workers: int) -> Batches:
    """Give what starts the plain loader."""
    images = PlainImages(folder, count, options.crop)
    loader = DataLoader(
        images,
        options.batch,
        sampler=RandomSampler(images, replacement=True, num_samples=10**7),
        num_workers=workers,
        prefetch_factor=our_loader.PREFETCH if workers else None,
    )
    return lambda: iter(loader)


def rate(batches: Batches, options: argparse.Namespace) -> float:
    """Count the crops of some seconds; return crops/s."""
    stream = batches()
    for _ in range(WARM_UP):
        images, labels = next(stream)
    wanted = (options.batch, 1, options.crop, options.crop), torch.float32, torch.int64
    assert (tuple(images.shape), images.dtype, labels.dtype) == wanted
    start, made = time.perf_counter(), 0
    while time.perf_counter() - start < options.seconds:
        made += len(next(stream)[0])
    return made / (time.perf_counter() - start)


def compare(folder: Path, setting: tuple[int, int, bool], workers: int, options: argparse.Namespace) -> None:
    """Time both in turn and print a line."""
    side, count, mapped = setting
    print(f"{side} px, {count} images, {workers} loader processes")
    data = OurImages(folder, side, count, mapped=mapped)
    both = plain(folder, count, options, workers), ours(data, options, workers, folder)
    rounds = [[rate(batches, options) for batches in both] for _ in range(options.rounds)]
    theirs, mine = (median(column) for column in zip(*rounds, strict=True))
    ratios = sorted(one / other for other, one in rounds)
    print(
        f"  plain {theirs:.0f} crops/s, ours {mine:.0f} crops/s: {mine / theirs:.1f} times "
        f"(rounds: {ratios[0]:.1f} to {ratios[-1]:.1f})",
        flush=True,
    )


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crop", type=int, default=256, help="px")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="loader processes")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def main() -> None:
    """Compare in every setting."""
    options = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    for setting in SETTINGS:
        side, count, mapped = setting
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder), side, count, mapped=mapped)
            for workers in options.workers:
                compare(Path(folder), setting, workers, options)


if __name__ == "__main__":
    main()
