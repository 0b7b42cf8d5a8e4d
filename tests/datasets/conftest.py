"""Small folders of images and masks, as people have them."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.cards import DatasetCard
from emseg_bench.benchmark.contracts.data import Dataset
from emseg_bench.benchmark.contracts.published import ConvertedArrays
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published.cards import MODULES, PUBLIC
from PIL import Image

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FAKES = Path(__file__).parent / "fakes"


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


@pytest.fixture(scope="session")
def load_fake() -> Callable[[str], ModuleType]:
    """Return a function that loads ``fakes/<module>.py``, which fakes what a module of public datasets reads.

    Its ``make(folder)`` writes the files of all the module's cards, tiny, under their published names, with
    the layout, types, axes and quirks of the real ones.  What it shares with others it imports by
    ``from .drawing import ...``.
    """

    def load(module: str) -> ModuleType:
        path = FAKES / f"{module}.py"
        assert path.exists(), f"public datasets are tested on fakes of their files; write {path}"
        if "emseg_fakes" not in sys.modules:
            package = ModuleType("emseg_fakes")
            package.__path__ = [str(FAKES)]
            sys.modules[package.__name__] = package
        return importlib.import_module(f"emseg_fakes.{module}")

    return load


@pytest.fixture
def make_fake(load_fake: Callable[[str], ModuleType], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a module's fake files in an empty folder and gives the folder."""

    def make(module: str) -> Path:
        folder = tmp_path / "published" / module
        folder.mkdir(parents=True)
        load_fake(module).make(folder)
        return folder

    return make


@dataclass
class UnpackedFiles:
    """Published files, archives of which are unpacked when a conversion asks for them."""

    folder: Path

    def path(self, name: str) -> Path:
        file, unpacked = self.folder / name, self.folder / "unpacked" / name
        if not name.endswith((".zip", ".tar.gz")):
            return file
        if not unpacked.exists():
            filter_ = {} if name.endswith(".zip") else {"filter": "data"}
            shutil.unpack_archive(file, unpacked, **filter_)
        return unpacked


@dataclass
class Written:
    """What a conversion has written, whole arrays by part and name."""

    image: dict[str, np.ndarray] = field(default_factory=dict)
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    instances: dict[str, np.ndarray] = field(default_factory=dict)
    group: dict[str, str | None] = field(default_factory=dict)

    def add(self, part, name, image, labels=None, *, instances=None, group=None) -> None:
        key = f"{part}/{name}"
        assert key not in self.image
        self.group[key] = group
        given = {"image": image, "labels": labels, "instances": instances}
        for kind, slices in given.items():
            if slices is not None:
                stack = np.stack([np.asarray(slices[z]) for z in range(slices.shape[0])])
                assert stack.shape == tuple(slices.shape) == tuple(image.shape)
                getattr(self, kind)[key] = stack


@pytest.fixture
def converted(make_fake: Callable[[str], Path]) -> Callable[..., Written]:
    """Return a function that converts a module's fake files, or a folder's, and gives what was written."""

    def convert(module: str, conversion: Callable[..., None], folder: Path | None = None) -> Written:
        written = Written()
        conversion(UnpackedFiles(folder or make_fake(module)), written)
        return written

    return convert


@dataclass
class StoredFiles(UnpackedFiles):
    """Published files, beside a store with the arrays of other datasets."""

    store: DataStore

    def dataset(self, name: str) -> ConvertedArrays:
        return self.store.open_arrays(name)


@pytest.fixture(scope="module")
def published(
    load_fake: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Dataset]:
    """Return a function that opens a card of a public module, with its options, on arrays of fake files."""
    store = DataStore(tmp_path_factory.mktemp("cache"))
    files = tmp_path_factory.mktemp("published")

    def convert(card: DatasetCard) -> None:
        module = next(module for module in MODULES if card in module.CARDS).__name__.rpartition(".")[2]
        for name in card.derived_from:
            convert(next(card for card in PUBLIC if card.name == name))
        if store.has_arrays(card.name):
            return
        if card.files and not (files / module).exists():
            (files / module).mkdir()
            load_fake(module).make(files / module)
        with store.new_arrays(card.name, card.version, ()) as writer:
            card.convert(StoredFiles(files / module, store), writer)

    def open_(module: ModuleType, name: str | None = None, **options: object) -> Dataset:
        card = next(card for card in module.CARDS if name in (None, card.name))
        convert(card)
        return card.factory(None, store.cache, **options)

    return open_
