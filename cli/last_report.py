"""What the last report said, for a run that changes nothing: no table is read and nothing is drawn again.

It counts only while nothing that a report is made from has changed: the files of all trials, options, the
report itself, our own code and that of plugins.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ..benchmark.contracts.errors import DataError, EmsegError, StoreError
from ..benchmark.files.cache import cache_folder
from ..benchmark.files.hashing import sha256_of
from ..benchmark.files.seen import keep, recall, stamp, state_of
from ..benchmark.files.store import Store
from ..benchmark.plugins.asked import provider_of
from ..benchmark.plugins.kinds import KINDS
from ..benchmark.plugins.registry import OWN, Catalogue, Offer
from ..benchmark.trials.folder_state import state_of_trial

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("benchmark", "cli", "datasets", "models", "papers", "pretraining", "reports")
"""Our own code that reports may depend on."""


def state_of_report(store: Store, catalogue: Catalogue, options: Mapping[str, object]) -> str | None:
    """Name the state of all that a report is made from, and of the report.

    Args:
        store: The results folder.
        catalogue: What the plugins offer.
        options: What was asked for.

    Returns:
        Another name whenever something changed; None where that cannot be told, as of files that were written
        just before.
    """
    trials = state_of_trials(store)
    if None in trials.values():
        return None
    try:
        report = stamp(store.report, StoreError)
        return sha256_of([trials, report, dict(options), version(OWN), [*_own_code()], _others(catalogue)])
    except (OSError, EmsegError):
        return None


def state_of_trials(store: Store) -> dict[str, str | None]:
    """Name the state of all files of each trial; None where it cannot be told."""
    return {folder.path.name: state_of_trial(folder.path) for folder in store.trials()}


def recalled(store: Store, state: str | None) -> list[dict[str, Any]] | None:
    """Return what the terminal showed of a report in this state; None where nobody knows."""
    with suppress(EmsegError):
        return recall(_note(store), state, list) if state else None
    return None


def remember(store: Store, state: str | None, shown: list[dict[str, Any]]) -> None:
    """Keep what the terminal shows of a report, where it can be kept."""
    if state:
        with suppress(DataError):
            keep(_note(store), state, shown)


def _note(store: Store) -> Path:
    name = sha256(os.fsencode(store.root.resolve())).hexdigest()
    return cache_folder() / "reports" / f"{name}.json"


def _own_code() -> Iterator[list[object]]:
    for room in ROOMS:
        for place, folders, names in os.walk(ROOT / room):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for name in sorted(names):
                path = os.path.join(place, name)  # noqa: PTH118 - many, and a Path takes longer than its state
                yield [path, state_of(os.stat(path))]  # noqa: PTH116


def _others(catalogue: Catalogue) -> list[object]:
    """Name the code of all other distributions that offer something, and what is wrong with any."""
    offers: dict[tuple[str, str], Offer[Any]] = {}
    for kind in KINDS:
        for name, offer in catalogue.registry(kind).offers.items():
            if offer.distribution != OWN:
                offers[kind.key, name] = offer
    told = [[*key, *_provider(offer)] for key, offer in sorted(offers.items(), key=lambda item: item[0])]
    return [told, [str(problem) for problem in catalogue.problems]]


def _provider(offer: Offer[Any]) -> list[str]:
    if not hasattr(offer.card, "factory"):  # settings alone
        return [offer.distribution, offer.version, repr(offer.card)]
    found = provider_of(offer)
    return [found.distribution, found.version, found.source_sha256]
