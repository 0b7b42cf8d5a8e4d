"""Everything that is known of a dataset: what its card says, what is here, how it is divided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.data import Manifest
from ...benchmark.experiments.opening import open_dataset
from ...benchmark.files.hashing import manifest_sha256, split_sha256
from ...benchmark.plugins.asked import complete_options
from ...benchmark.plugins.references import DatasetReference
from ...benchmark.plugins.registry import Catalogue
from .presence import state
from .records import read_records
from .store import DataStore


@dataclass(frozen=True, slots=True)
class Describer:
    """Describes datasets, published or not, as plain data."""

    catalogue: Catalogue
    store: DataStore

    def describe(self, reference: DatasetReference) -> dict[str, Any]:
        """Give the fields of a card, then the files, then what the opened dataset says.

        Raises:
            EmsegError: The reference is wrong, or the dataset is here and cannot be opened.
        """
        offer = self.catalogue.find(self.catalogue.datasets, reference.name)
        card = offer.card
        here = state(card, self.store) if card.files or card.derived_from else None
        return {
            "name": card.name,
            "description": card.description,
            "classes": _listed(card.classes),
            "voxel_size_nm": _listed(card.voxel_size_nm),
            "dimension": card.dimension,
            "ignore_rule": card.ignore_rule,
            "licence": card.licence,
            "citation": card.citation,
            "used_in": list(card.used_in),
            "page": card.page,
            "derived_from": list(card.derived_from),
            "distribution": f"{offer.distribution} {offer.version}",
            **({"state": here, "arrays": self._arrays(card)} if here else {}),
            "files": self._files(card),
            **(self._opened(reference) if here in (None, "converted") else {}),
        }

    def _arrays(self, card: DatasetCard) -> str | None:
        """Say where a dataset's arrays lie, if there are any, damaged or not."""
        there = self.store.has_arrays(card.name, card.version)
        return str(self.store.arrays(card.name, card.version)) if there else None

    def _files(self, card: DatasetCard) -> list[dict[str, Any]]:
        known = read_records(self.store.records(card.name))
        rows = []
        for file in card.files:
            path, record = self.store.files(card.name) / file.name, known.get(file.name)
            here = {"sha256_on_record": record and record.sha256, "came_from": record and record.origin}
            rows.append({**asdict(file), **here, "here": str(path) if path.is_file() else None})
        return rows

    def _opened(self, reference: DatasetReference) -> dict[str, Any]:
        offer = self.catalogue.find(self.catalogue.datasets, reference.name)
        manifest = open_dataset(reference, offer, self.store.cache).manifest
        return {"options": complete_options(offer.card, reference.options), **_contents(manifest)}


def _contents(manifest: Manifest) -> Mapping[str, Any]:
    """Say what an opened dataset holds; its own classes, where the card leaves them to the data."""
    return {
        "classes": list(manifest.class_names),
        "voxel_size_nm": _listed(manifest.voxel_size_nm),
        "splits": Counter(case.split for case in manifest.cases),
        "split_rule": manifest.split_rule,
        "split_sha256": split_sha256(manifest),
        "manifest_sha256": manifest_sha256(manifest),
        "mean": list(manifest.mean),
        "std": list(manifest.std),
        "notes": [*manifest.unread, *manifest.notes],
    }


def _listed(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)
