"""Small folders of images and masks, as people have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def pixels(seed: int, shape: tuple[int, ...] = (24, 32)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def labels(seed: int, shape: tuple[int, int] = (24, 32), classes: int = 2) -> np.ndarray:
    mask = np.random.default_rng(1000 + seed).integers(0, classes, shape, dtype=np.uint8)
    mask.flat[:classes] = range(classes)
    return mask


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes PNG pairs ``00``, ``01``, ... below ``cells/<part>``."""

    def make(number: int = 5, part: str = "", classes: int = 2, start: int = 0) -> Path:
        root = tmp_path / "cells"
        for kind in ("images", "masks"):
            (root / part / kind).mkdir(parents=True, exist_ok=True)
        for k in range(start, start + number):
            Image.fromarray(pixels(k)).save(root / part / "images" / f"{k:02d}.png")
            Image.fromarray(labels(k, classes=classes)).save(root / part / "masks" / f"{k:02d}.png")
        return root

    return make


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Return a function that finds a data pack beside the repository, or skips the test."""

    def find(name: str) -> Path:
        if not (SHARED_DATA / name).is_dir():
            pytest.skip(f"needs real data in {SHARED_DATA / name}")
        return SHARED_DATA / name

    return find
