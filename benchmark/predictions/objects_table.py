"""The table of a label map's objects, beside their numbers."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from ..files.spreadsheets import csv_of
from ..files.store import write_whole
from .objects import Objects
from .writing.about import About


def write_objects(target: Path, objects: Objects, about: About) -> None:
    """Write a line per object: number, class, size.

    Args:
        target: File of the numbers; the table lies beside it.
        objects: The objects.
        about: Of the label map.
    """
    names = dict(about.classes)
    unit = "px" if about.image else "voxels"
    table = pd.DataFrame(
        {
            "object": range(1, len(objects.sizes) + 1),
            "value": objects.values,
            "class": [names[value] for value in objects.values.tolist()],
            unit: objects.sizes,
        }
    )
    if about.voxel_size_nm:
        table["nm2" if about.image else "nm3"] = objects.sizes * math.prod(about.voxel_size_nm)
    write_whole(target.with_suffix(".csv"), csv_of(table))
