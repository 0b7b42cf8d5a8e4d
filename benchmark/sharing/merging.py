"""Putting results folders together: what ran on two machines makes one leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ..contracts.errors import EmsegError, StoreError
from ..contracts.reporting import LeftOut, Trial
from ..evaluation.aggregation import primary_score
from ..files.locks import locked
from ..files.printable import printable
from ..files.regular import read_regular
from ..files.store import MOST_RECORD_BYTES, Store, TrialFolder, write_whole
from ..trials.board_order import take_over
from ..trials.boards import read_whole_trial
from ..trials.left_behind import left_behind
from ..trials.trial_names import trial_name
from .copying import copy_trial, studies_of, study_of
from .score_tables import first_difference


@dataclass(frozen=True, slots=True)
class Source:
    """A results folder, and what people call it."""

    name: str
    store: Store


@dataclass(slots=True)
class Merged:
    """What came of it."""

    taken: int = 0
    same: int = 0
    """Trials that were there already, with the same scores."""
    contradictions: list[str] = field(default_factory=list)
    """Trials that have other scores elsewhere: which, and which were kept."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Damaged trials of the sources."""


def merge_into(target: Store, sources: Sequence[Source], on_trial: Callable[[], None]) -> Merged:
    """Take over the trials of all sources, each once, the first source's first.

    A complete trial takes the place of a failed one, and one with all its files that of one whose bundle
    left some out.

    Args:
        target: Made if it is not there; what it holds counts as the first source.
        sources: What is put together.
        on_trial: Called after each trial of a source.

    Raises:
        StoreError: The target cannot be written to.
    """
    target.prepare()
    merged = Merged()
    origin: dict[str, str] = {}
    for source in sources:
        studies = set[str | None]()
        for folder in source.store.trials():
            try:
                trial = read_whole_trial(folder, source.store)
            except EmsegError as error:
                merged.left_out.append(LeftOut(trial=printable(folder.path.name), reason=str(error)))
            else:
                _take(source, trial, target, origin, merged)
                studies.add(study_of(trial.record))
            on_trial()
        _take_studies(source, studies, target, origin, merged)
        take_over(target, source.store)
    return merged


def _take(source: Source, trial: Trial, target: Store, origin: dict[str, str], merged: Merged) -> None:
    name = trial.record.fingerprint
    place = target.trial(name)
    place.path.mkdir(parents=True, exist_ok=True)
    with locked(place.lock):
        before = _standing(place, target)
        if before is None or _is_better(trial, before):
            copy_trial(TrialFolder(trial.folder), trial.record, place)
            origin[name] = source.name
            merged.taken += 1
        elif told := _contradiction(before, trial, origin.get(name, str(target.root)), source.name):
            merged.contradictions.append(told)
        else:
            merged.same += 1


def _take_studies(
    source: Source, names: Collection[str | None], target: Store, origin: dict[str, str], merged: Merged
) -> None:
    """Take over what reports read of the studies that trials were tuned by; those that are there stay."""
    for name, content in studies_of(source.store, names):
        place = target.root / name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
            origin[name] = source.name
        elif read_regular(place, MOST_RECORD_BYTES, StoreError) != content:
            here = origin.get(name, str(target.root))
            merged.contradictions.append(
                printable(f"{name} differs between {here} and {source.name}; that of {here} is kept")
            )


def _standing(place: TrialFolder, target: Store) -> Trial | None:
    """Read the trial that is there; None: there is none, or it is damaged."""
    try:
        return read_whole_trial(place, target)
    except EmsegError:
        return None


def _is_better(trial: Trial, before: Trial) -> bool:
    """Tell whether a trial is to take the place of one: it is complete alone, or the same with more files."""
    if trial.record.status != before.record.status:
        return trial.record.status == "complete"
    same = trial.record.checksum == before.record.checksum
    return same and len(_gone(trial)) < len(_gone(before))


def _gone(trial: Trial) -> frozenset[str]:
    return left_behind(TrialFolder(trial.folder))


def _contradiction(first: Trial, other: Trial, here: str, there: str) -> str:
    """Say how two complete runs of one trial differ, if they do.

    Args:
        first: The one that is kept.
        other: The one that is not.
        here: Where `first` comes from.
        there: Where `other` lies.
    """
    if not (first.record.status == other.record.status == "complete"):
        return ""
    difference = first_difference(first.cases, other.cases)
    if not difference:
        return ""
    spec = first.record.spec
    return printable(
        f"{trial_name(spec)} (trial {first.record.fingerprint[:12]}): "
        f"{spec.protocol.primary} is {_primary(first)} in {here} and {_primary(other)} in {there} "
        f"({difference}); that of {here} is kept"
    )


def _primary(trial: Trial) -> str:
    protocol = trial.record.spec.protocol
    score = primary_score(trial.cases, protocol.primary, skips_undefined=protocol.skips_undefined)
    return "undefined" if score is None else f"{score:.6g}"
