"""Draws all images of the dataset, writes them and sums them up in a manifest."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...benchmark.contracts.data import SPLITS, Case, Manifest, Split
from .generator import draw_pair
from .options import CLASS_NAMES, VOXEL_SIZE_NM, SyntheticOptions

Grey = NDArray[np.uint8]


def draw_all(options: SyntheticOptions, folder: Path) -> Manifest:
    """Draw every image and mask into `folder`.

    Args:
        options: What is drawn.
        folder: A folder that does not exist yet.

    Returns:
        The manifest; image k of a split is drawn from (seed, split, k) alone.
    """
    cases: list[Case] = []
    histogram = np.zeros(256, np.int64)
    for split in SPLITS:
        (folder / split / "images").mkdir(parents=True)
        (folder / split / "masks").mkdir()
        for index in range(getattr(options, split)):
            image, labels = _draw(options, split, index)
            case = _case(split, index, image, labels)
            _save(folder, case, image, labels)
            cases.append(case)
            if split == "train":
                histogram += np.bincount(image.ravel(), minlength=256)
    return _manifest(options, tuple(cases), histogram)


def _draw(options: SyntheticOptions, split: Split, index: int) -> tuple[Grey, Grey]:
    """Draw one pair; every other image has a nucleus, so that even one image shows all classes."""
    seed = np.random.SeedSequence(options.seed, spawn_key=(SPLITS.index(split), index))
    return draw_pair(options.size, seed, with_nucleus=index % 2 == 0)


def _case(split: Split, index: int, image: Grey, labels: Grey) -> Case:
    height, width = image.shape
    digest = pixel_hash(image, labels)
    return Case(id=f"{split}/{index:02d}", split=split, height=height, width=width, sha256=digest)


def pixel_hash(image: Grey, labels: Grey) -> str:
    """Hash the pixels of (H, W) image and labels, not their files: PNG encoders differ."""
    digest = hashlib.sha256(repr((image.shape, labels.shape)).encode())
    digest.update(image.tobytes())
    digest.update(labels.tobytes())
    return digest.hexdigest()


def pair_paths(folder: Path, case: Case) -> tuple[Path, Path]:
    """Return where image and mask of a case lie."""
    split, stem = case.id.split("/")
    return folder / split / "images" / f"{stem}.png", folder / split / "masks" / f"{stem}.png"


def _save(folder: Path, case: Case, image: Grey, labels: Grey) -> None:
    for path, pixels in zip(pair_paths(folder, case), (image, labels), strict=True):
        Image.fromarray(pixels).save(path)


def _manifest(options: SyntheticOptions, cases: tuple[Case, ...], histogram: NDArray[np.int64]) -> Manifest:
    """Sum up; `histogram` holds how often each of the 256 grey values occurs in the training split."""
    grey = np.arange(256) / 255
    mean = float(np.average(grey, weights=histogram))
    variance = float(np.average((grey - mean) ** 2, weights=histogram))
    return Manifest(
        dataset="synthetic-em",
        class_names=CLASS_NAMES,
        channels=1,
        mean=(mean,),
        std=(math.sqrt(variance),),
        cases=cases,
        voxel_size_nm=VOXEL_SIZE_NM,
        split_rule=f"every image is drawn from its own random stream (seed {options.seed}, split, number)",
    )
