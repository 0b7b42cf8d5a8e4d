"""Today's code, beside the code that made stored trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..contracts.errors import EmsegError, TrialError
from ..contracts.records import MethodSpec, Provider, TrialSpec
from ..files.hashing import engine_rooms, row_sha256, sha256_of
from ..plugins.asked import provider_of
from ..plugins.kinds import KINDS
from ..plugins.loading import load_plugins
from ..plugins.registry import Catalogue, Registry
from .staleness import code_changes


def check_code(spec: TrialSpec) -> None:
    """Check that the code here is what a trial was planned with, perhaps on another machine.

    Raises:
        TrialError: It is not: its fingerprint would tell a lie.
    """
    now = Today(load_plugins().catalogue)
    if changes := now.changes(spec, row_sha256(spec)):
        raise TrialError(
            f"what is installed here is not what planned this trial: {', '.join(changes)} changed. Install "
            "the same in both places, or plan it again."
        )


class Today:
    """What is installed now, of all code that makes a trial's numbers.

    Args:
        catalogue: What the plugins offer.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._rooms = engine_rooms()
        self._engine = sha256_of(self._rooms)
        self._methods = {kind.noun: catalogue.registry(kind) for kind in KINDS}
        self._known: dict[tuple[str, str], Provider | None] = {}
        self._changes: dict[tuple[str, str], tuple[str, ...]] = {}

    def changes(self, spec: TrialSpec, row: str) -> tuple[str, ...]:
        """Name what code changed since a trial ran; of what is not installed here nothing is known.

        Args:
            spec: Of the trial.
            row: Its `row_sha256`; what is found holds for all trials of the row on the same data.
        """
        key = row, spec.dataset.label
        if key not in self._changes:
            self._changes[key] = code_changes(spec, self._of(spec))
        return self._changes[key]

    def _of(self, spec: TrialSpec) -> TrialSpec:
        """Give a trial as today's code would run it."""
        model, dataset = spec.model, spec.dataset
        return replace(
            spec,
            model=replace(model, provider=self._now(self._catalogue.models, model.name, model.provider)),
            dataset=replace(
                dataset, provider=self._now(self._catalogue.datasets, dataset.name, dataset.provider)
            ),
            metrics=tuple(
                replace(metric, provider=self._now(self._catalogue.metrics, metric.name, metric.provider))
                for metric in spec.metrics
            ),
            methods=tuple(map(self._method, spec.methods)),
            engine_sha256=self._engine,
            engine_rooms=self._rooms,
        )

    def _method(self, method: MethodSpec) -> MethodSpec:
        registry = self._methods.get(method.kind)
        if registry is None:
            return method
        return replace(method, provider=self._now(registry, method.name, method.provider))

    def _now(self, registry: Registry[Any], reference: str, was: Provider) -> Provider:
        """Say who provides something now, if that is the same distribution still."""
        name = reference.partition("[")[0]
        key = registry.kind, name
        if key not in self._known:
            self._known[key] = self._provider(registry, name)
        now = self._known[key]
        return now if now and now.distribution == was.distribution else was

    def _provider(self, registry: Registry[Any], name: str) -> Provider | None:
        try:
            return provider_of(self._catalogue.find(registry, name))
        except EmsegError:
            return None
