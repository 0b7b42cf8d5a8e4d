"""Remembers what a ``dataset.yaml`` says, so that reading it again needs neither YAML nor pydantic.

One JSON file per description in ``<cache>/datasets/described/``; it holds while the file does not change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ..benchmark.files.seen import made_once, stamp
from .description import Description, VolumeEntry, read_description

VERSION: Final = 4
"""Raised whenever `Description` changes."""


def recall_description(path: Path, cache: Path) -> Description:
    """Return what a ``dataset.yaml`` says, read if it is new or has changed.

    Raises:
        DataError: It cannot be read, has an unknown key or a value that makes no sense.
    """
    state = [VERSION, *stamp(path)]
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    note = cache / "datasets" / "described" / f"{name}.json"
    return made_once(note, state, lambda: read_description(path), asdict, _rebuild)


def _rebuild(stored: Mapping[str, Any]) -> Description:
    """Undo what `dataclasses.asdict` and JSON do: numbers that became names, tuples that became lists."""
    classes, groups, splits, volumes = (stored[key] for key in ("classes", "groups", "splits", "volumes"))
    return Description(
        classes=None if classes is None else {int(value): name for value, name in classes.items()},
        ignore_value=stored["ignore_value"],
        background=stored["background"],
        voxel_size_nm=_tuple(stored["voxel_size_nm"]),
        volume=stored["volume"],
        groups=_tuples(groups) if isinstance(groups, Mapping) else groups,
        splits=None if splits is None else _tuples(splits),
        volumes=None if volumes is None else tuple(_entry(volume) for volume in volumes),
        axes=stored["axes"],
        intensity=_tuple(stored["intensity"]),
        boundaries=_tuple(stored["boundaries"]),
        positions=stored["positions"],
        instances=stored["instances"],
    )


def _entry(stored: Mapping[str, Any]) -> VolumeEntry:
    return VolumeEntry(**{**stored, "voxel_size_nm": _tuple(stored["voxel_size_nm"])})


def _tuple(values: Any) -> Any:
    return None if values is None else tuple(values)


def _tuples(stored: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: tuple(values) for key, values in stored.items()}
