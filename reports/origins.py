"""What of a board's numbers comes of other code: engine, libraries, data readers, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..benchmark.contracts.errors import EmsegError, StoreError
from ..benchmark.contracts.records import Provider
from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.files.printable import printable
from ..benchmark.files.store import TrialFolder
from ..benchmark.files.texts import read_json
from ..benchmark.plugins.libraries import NUMBER_MAKERS
from .naming import name_of, row_of
from .wording import listing

SHORT = 6
"""Digits of a hash."""
ALONE = "Scores may differ for that alone."
MOST_ENVIRONMENT_BYTES = 1 << 20


def code_remarks(board: Board) -> tuple[str, ...]:
    """Say where complete trials of a board ran with other code, since that alone may change a number."""
    trials = [trial for trial in board.trials if trial.record.status == "complete"]
    found = (_engine(trials, board), *_libraries(trials, board), *_providers(trials, board))
    return tuple(text for text in found if text)


def _engine(trials: Sequence[Trial], board: Board) -> str:
    kinds = _kinds(trials, lambda trial: trial.record.spec.engine_sha256[:SHORT])
    if len(kinds) < 2:
        return ""
    return (
        f"Trials ran with {len(kinds)} states of emseg-bench's training and evaluation code "
        f"({', '.join(kinds)}){_mixed(kinds.values(), board)}. {ALONE}"
    )


def _libraries(trials: Sequence[Trial], board: Board) -> list[str]:
    versions = {trial.record.fingerprint: libraries(trial) for trial in trials}
    names = dict.fromkeys(name for found in versions.values() for name in found)
    texts = []
    for name in names:
        kinds = _kinds(trials, lambda trial, name=name: versions[trial.record.fingerprint].get(name, ""))  # type: ignore[misc]
        kinds.pop("", None)  # a trial that does not say
        if len(kinds) > 1:
            told = listing([f"{printable(version)} ({_who(of, board)})" for version, of in kinds.items()])
            told += _mixed(kinds.values(), board)
            texts.append(f"Trials ran with different versions of {printable(name)}: {told}. {ALONE}")
    return texts


def _providers(trials: Sequence[Trial], board: Board) -> list[str]:
    texts = []
    specs = [trial.record.spec for trial in trials]
    wanted: dict[str, Callable[[Trial], Provider]] = {
        "the dataset": lambda trial: trial.record.spec.dataset.provider,
        **{
            f"the metric {metric.name}": lambda trial, name=metric.name: next(  # type: ignore[misc]
                item.provider for item in trial.record.spec.metrics if item.name == name
            )
            for metric in (specs[0].metrics if specs else ())
        },
    }
    for what, provider in wanted.items():
        kinds = _kinds(trials, lambda trial, provider=provider: _origin(provider(trial)))  # type: ignore[misc]
        if len(kinds) > 1:
            told = f"{listing([printable(kind) for kind in kinds])}{_mixed(kinds.values(), board)}"
            texts.append(f"Trials used different code of {printable(what)}: {told}. {ALONE}")
    return texts


def _origin(provider: Provider) -> str:
    return f"{provider.distribution} {provider.version} (code {provider.source_sha256[:SHORT]})"


def libraries(trial: Trial) -> Mapping[str, str]:
    """Give the versions of what makes numbers; of an older trial as far as its environment tells."""
    if trial.record.libraries:
        return trial.record.libraries
    folder = TrialFolder(trial.folder)
    try:
        told = read_json(folder.own(folder.environment), StoreError, MOST_ENVIRONMENT_BYTES)
        packages = told["packages"]
        return {name: str(packages[name]) for name in NUMBER_MAKERS if name in packages}
    except (EmsegError, KeyError, TypeError):
        return {}


def _kinds(trials: Iterable[Trial], kind: Callable[[Trial], str]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(kind(trial), []).append(trial)
    return found


def _who(trials: Iterable[Trial], board: Board) -> str:
    """Name rows."""
    return listing(list(dict.fromkeys(name_of(trial, board) for trial in trials)))


def _mixed(kinds: Iterable[Sequence[Trial]], board: Board) -> str:
    """Name the rows whose own seeds differ, which is worse than rows that do."""
    rows = [set(map(row_of, trials)) for trials in kinds]
    counts = {row: sum(row in members for members in rows) for row in set().union(*rows)}
    mixed = [name_of(trial, board) for of in kinds for trial in of if counts[row_of(trial)] > 1]
    return f"; seeds of one row differ in it: {listing(list(dict.fromkeys(mixed)))}" if mixed else ""
