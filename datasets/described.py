"""Remembers what a ``dataset.yaml`` says, so that reading it again needs neither YAML nor pydantic.

One JSON file per description in ``<cache>/datasets/described/``; it holds while size and time of change do.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ..benchmark.contracts.errors import DataError
from ..benchmark.files.store import write_whole
from ..benchmark.files.texts import read_json
from .description import Description, VolumeEntry, read_description

VERSION: Final = 4
"""Raised whenever `Description` changes."""


def recall_description(path: Path, cache: Path) -> Description:
    """Return what a ``dataset.yaml`` says, read if it is new or has changed.

    Raises:
        DataError: It cannot be read, has an unknown key or a value that makes no sense.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    state = [VERSION, status.st_size, status.st_mtime_ns]
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    store = cache / "datasets" / "described" / f"{name}.json"
    try:
        stored = read_json(store)
        if stored["state"] == state:
            return _rebuild(stored["description"])
    except (DataError, ValueError, AttributeError, KeyError, TypeError):
        pass  # nothing is remembered, or it is damaged
    description = read_description(path)
    with suppress(OSError):  # whatever else needs the cache will say that it cannot be written
        write_whole(store, json.dumps({"state": state, "description": asdict(description)}))
    return description


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
