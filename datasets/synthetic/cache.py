"""Drawn images on disk: a folder that exists whole or not at all.

    <cache>/datasets/synthetic-em/<key>/manifest.json
    <cache>/datasets/synthetic-em/<key>/{train,val,test}/{images,masks}/00.png

The key is a hash of the options and the generator's version.  The layout is that of a ``folder:``
dataset, so the folder also shows what one looks like.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ...benchmark.contracts.data import Case, Manifest
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.copies import keep
from ...benchmark.files.texts import read_json
from .options import GENERATOR_VERSION, SyntheticOptions

MANIFEST = "manifest.json"


def cached_folder(options: SyntheticOptions, cache: Path) -> Path:
    """Return the folder of these options' images, drawing them first if it does not exist.

    Args:
        options: What is drawn.
        cache: The cache folder.

    Raises:
        DataError: The cache cannot be written.
    """
    folder = cache / "datasets" / "synthetic-em" / _key(options)
    try:
        keep(folder, partial(_draw, options))
    except OSError as error:
        raise DataError(
            f"synthetic-em cannot write its images to {folder}: {error}. "
            "Make the cache folder writable, free some space, or choose another with EMSEG_BENCH_CACHE."
        ) from error
    return folder


def _key(options: SyntheticOptions) -> str:
    """Name the folder: 16 hexadecimal digits."""
    settings = json.dumps({"generator": GENERATOR_VERSION, **asdict(options)}, sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


def _draw(options: SyntheticOptions, folder: Path) -> None:
    from .drawing import draw_all

    manifest = draw_all(options, folder)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a cached folder.

    Raises:
        DataError: It is missing or damaged.
    """
    try:
        stored = read_json(folder / MANIFEST)
        return Manifest(
            dataset=stored["dataset"],
            class_names=tuple(stored["class_names"]),
            channels=stored["channels"],
            mean=tuple(stored["mean"]),
            std=tuple(stored["std"]),
            cases=tuple(Case(**case) for case in stored["cases"]),
            voxel_size_nm=tuple(stored["voxel_size_nm"]),
            split_rule=stored["split_rule"],
        )
    except (DataError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, folder / MANIFEST) from error


def damaged(folder: Path, path: Path) -> DataError:
    """Return the error for a file of the cache that was changed, cut or deleted."""
    return DataError(
        f"{path} is missing or is not what synthetic-em wrote there. "
        f"Delete the folder {folder}: it is drawn again, with the same pixels."
    )
