"""What tells trials apart on boards: which table one belongs to, which row, which model."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts.records import TrialSpec
from ..experiments.terms import terms
from ..files.hashing import model_sha256, row_sha256, sha256_of


@dataclass(frozen=True, slots=True)
class Subject:
    """Hashes of what a trial has in common with others."""

    board: str
    """All trials of one table."""
    row: str
    """Model and all code that made its numbers."""
    model: str


class Subjects:
    """Works out what trials are about, once for all that share the parts of their specifications."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[TrialSpec, Subject]] = {}

    def of(self, spec: TrialSpec) -> Subject:
        """Say what a trial is about."""
        parts = (spec.model, spec.dataset, spec.recipe, spec.protocol, spec.metrics, spec.methods)
        key = (*map(id, parts), spec.label_fraction, spec.engine_sha256)
        if key not in self._known:
            board = sha256_of([spec.dataset.manifest_sha256, terms(spec)])
            # the specification is kept, too, so that the addresses of its parts stay taken
            self._known[key] = spec, Subject(board, row_sha256(spec), model_sha256(spec.model))
        return self._known[key][1]
