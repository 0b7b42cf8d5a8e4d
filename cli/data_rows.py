"""What lists say of published datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..benchmark.plugins.registry import Catalogue
from ..datasets.fetching.presence import state
from ..datasets.fetching.store import DataStore
from .cells import cell

Row = dict[str, Any]

COLUMNS: Mapping[str, str] = {
    "name": "name",
    "state": "here",
    "megabytes": "MB",
    "dimension": "dimension",
    "classes": "classes",
    "voxel_size_nm": "voxel size (nm)",
    "licence": "licence",
}
"""Keys of rows, and what stands above them; the first ones are shown in any terminal."""


def published_rows(catalogue: Catalogue, store: DataStore) -> list[Row]:
    """Describe every dataset that is made of published files."""
    return [
        {
            "name": card.name,
            "state": state(card, store),
            "megabytes": card.megabytes,
            "dimension": card.dimension,
            "classes": list(card.classes) if card.classes else None,
            "voxel_size_nm": list(card.voxel_size_nm) if card.voxel_size_nm else None,
            "licence": card.licence,
            "description": card.description,
            "derived_from": list(card.derived_from),
        }
        for card in catalogue.datasets
        if card.files or card.derived_from
    ]


def shown(rows: Sequence[Row], columns: int) -> list[dict[str, str]]:
    """Give the first columns of rows as text."""
    return [{title: cell(row[key]) for key, title in list(COLUMNS.items())[:columns]} for row in rows]
