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
from .naming import MARK, name_of, row_of
from .wording import listing

SHORT = 6
"""Digits of a hash."""
ALONE = "Scores may differ for that alone."
MOST_ENVIRONMENT_BYTES = 1 << 20


def code_remarks(board: Board) -> tuple[str, ...]:
    """Say where complete trials of a board ran with other code, since that alone may change a number."""
    trials = board.complete
    current = [trial for trial in trials if not trial.outdated]
    found = (
        _outdated(trials, board),
        _engine(current, board),
        _threads(trials, board),
        *_libraries(trials, board),
        *_providers(current, board),
    )
    return tuple(text for text in found if text)


def _outdated(trials: Iterable[Trial], board: Board) -> str:
    kinds: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        kinds.setdefault(trial.outdated, []).append(trial)
    kinds.pop((), None)
    if not kinds:
        return ""
    told = "; ".join(
        f"since {_who(of, board)} ran, {printable(listing(changed))} changed" for changed, of in kinds.items()
    )
    return (
        f"Rows with {MARK} were made by other code than is installed here now, so their scores, and their "
        f"places among the others, may differ for that alone: {told}."
    )


def _engine(trials: Sequence[Trial], board: Board) -> str:
    kinds = _kinds(trials, lambda trial: trial.record.spec.engine_sha256[:SHORT])
    if len(kinds) < 2:
        return ""
    return (
        f"Trials ran with {len(kinds)} states of emseg-bench's training and evaluation code "
        f"({_by_whom(kinds, board)}). {ALONE}"
    )


def _threads(trials: Sequence[Trial], board: Board) -> str:
    kinds = _kinds(trials, _number_of_threads)
    kinds.pop("", None)  # a trial that does not say
    if len(kinds) < 2:
        return ""
    told = _by_whom(kinds, board) + _mixed(kinds.values(), board)
    return f"Trials computed with different numbers of CPU threads: {told}. {ALONE}"


def _number_of_threads(trial: Trial) -> str:
    """Say with how many threads a trial computed; of an older one its profile does, but not of a GPU's."""
    profile = trial.record.profile
    if profile and profile.threads is None:
        return ""
    return str(trial.record.spec.threads or (profile.threads if profile else "") or "")


def _libraries(trials: Sequence[Trial], board: Board) -> list[str]:
    versions = {trial.record.fingerprint: libraries(trial) for trial in trials}
    names = dict.fromkeys(name for found in versions.values() for name in found)
    texts = []
    for name in names:
        kinds = _kinds(trials, lambda trial, name=name: versions[trial.record.fingerprint].get(name, ""))  # type: ignore[misc]
        kinds.pop("", None)  # a trial that does not say
        if len(kinds) > 1:
            told = _by_whom(kinds, board) + _mixed(kinds.values(), board)
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
            told = _by_whom(kinds, board)
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


def _by_whom(kinds: Mapping[str, Sequence[Trial]], board: Board) -> str:
    """List versions with the rows that ran with them: ``1.0 (unet) and 2.0 (retina)``."""
    return listing([f"{printable(kind)} ({_who(of, board)})" for kind, of in kinds.items()])


def _who(trials: Iterable[Trial], board: Board) -> str:
    """Name rows."""
    return listing(list(dict.fromkeys(name_of(trial, board) for trial in trials)))


def _mixed(kinds: Iterable[Sequence[Trial]], board: Board) -> str:
    """Name the rows whose own seeds differ, which is worse than rows that do."""
    rows = [set(map(row_of, trials)) for trials in kinds]
    counts = {row: sum(row in members for members in rows) for row in set().union(*rows)}
    mixed = [name_of(trial, board) for of in kinds for trial in of if counts[row_of(trial)] > 1]
    return f"; seeds of one row differ in it: {listing(list(dict.fromkeys(mixed)))}" if mixed else ""
