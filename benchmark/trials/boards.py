"""From stored trials to boards: what may stand in one table, and what a newer trial replaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from ..contracts.errors import EmsegError, StoreError
from ..contracts.records import Record, TrialSpec
from ..contracts.reporting import OWN_TRAINING, Board, LeftOut, Trial
from ..evaluation.scoring import with_depth
from ..experiments.experiment import describe
from ..experiments.label_counts import describe_labels
from ..experiments.tuning_budget import describe_tuning
from ..files.printable import printable
from ..files.regular import check_within, shown
from ..files.store import Store, TrialFolder
from .alike_tables import AlikeTables
from .board_order import board_order
from .folder_state import state_of_trial
from .index import Index
from .kept_files import changed_files
from .record_checks import check_place
from .records import load_record
from .result_tables import CURVE, REMEDY, SANITY, SCORES, no_tables, read_table
from .subjects import Subject, Subjects
from .today import Today

IS_CLOSED = (
    "Closed division: no model was tuned on these data. Models that were stand on boards of their own, the "
    "open division, and are never ranked among these."
)


@dataclass(frozen=True, slots=True)
class Member:
    """A stored trial that is to stand on a board."""

    trial: Trial
    folder: TrialFolder
    subject: Subject
    changed: tuple[str, ...]
    """Files beside its record, none of them scores, that are not what the record says."""

    @property
    def record(self) -> Record:
        """What came of it."""
        return self.trial.record


@dataclass(frozen=True, slots=True)
class _Tables:
    """What reads the tables of all trials."""

    scores: AlikeTables = field(default_factory=lambda: AlikeTables(SCORES, with_depth))
    curves: AlikeTables = field(default_factory=lambda: AlikeTables(CURVE))


@dataclass(frozen=True, slots=True)
class Stored:
    """All that a results folder holds for a report."""

    boards: list[Board]
    """As runs asked for them, the last run first; then what no run here asked for, the newest first."""
    left_out: tuple[LeftOut, ...]
    """Trials that cannot be reported."""


def load_boards(store: Store, today: Today | None = None, *, keep_stale: bool = False) -> Stored:
    """Read all records of a store and group them; a trial that is damaged costs itself only.

    Args:
        store: Where they are.
        today: Says of which trials the code has changed since; None: nobody asks.
        keep_stale: Whether trials that other code made stand beside those that replaced them.
    """
    groups: dict[str, list[Member]] = {}
    left_out: list[LeftOut] = []
    index, subjects, tables = Index(store), Subjects(), _Tables()
    for folder in store.trials():
        try:
            trial, changed = _known_or_read(folder, store, index, tables)
        except EmsegError as error:
            left_out.append(LeftOut(trial=printable(folder.path.name), reason=str(error)))
            continue
        spec = trial.record.spec
        if spec.purpose == "tune":
            continue
        subject = subjects.of(spec)
        trial = replace(trial, outdated=today.changes(spec, subject.row) if today else (), row=subject.row)
        groups.setdefault(subject.board, []).append(Member(trial, folder, subject, changed))
    index.save()
    boards = {name: _board(members, keep_stale=keep_stale) for name, members in groups.items()}
    places = {name: place for place, name in enumerate(board_order(store))}
    order = sorted(boards, key=lambda name: boards[name].finished, reverse=True)
    order.sort(key=lambda name: places.get(name, len(places)))
    return Stored(_distinguish(_labelled(_divided([boards[name] for name in order]))), tuple(left_out))


# ----------------------------------------------------------------------------------------- trials
def _known_or_read(
    folder: TrialFolder, store: Store, index: Index, tables: _Tables
) -> tuple[Trial, tuple[str, ...]]:
    """Take a trial from the index, or else from its own files; and say which of these changed since it ran.

    Raises:
        EmsegError: It is damaged, or its scores are not those that it wrote.
    """
    state = state_of_trial(folder.path)
    if state and (known := index.find(folder, state)):
        return known, ()
    trial, changed = read_trial(folder, store, tables)
    if state and not changed and state == state_of_trial(folder.path):
        index.take(folder, state, trial)
    return trial, changed


def read_trial(
    folder: TrialFolder, store: Store, tables: _Tables | None = None
) -> tuple[Trial, tuple[str, ...]]:
    """Read a stored trial from its own files.

    Args:
        folder: The trial's.
        store: Where it lies.
        tables: What reads tables, where many trials are read; None: each by itself.

    Returns:
        The trial, and which files beside its scores changed since it ran.

    Raises:
        EmsegError: It is damaged, or its scores are not those that it wrote.
    """
    check_within(store.root / "trials", folder.path.absolute(), "the results folder", StoreError)
    record = load_record(folder)
    check_place(record, folder)
    changed = changed_files(folder, record.files)
    scores = {path.name for path in (folder.cases, folder.curve, folder.sanity, folder.reliability)}
    if spoilt := [text for text in changed if text.partition(" ")[0] in scores]:
        raise StoreError(
            f"{shown(folder.path)}: {', '.join(spoilt)} is not what the trial wrote, so its scores are not "
            f"believed. {REMEDY}."
        )
    return _trial(record, folder, tables or _Tables()), tuple(changed)


def read_whole_trial(folder: TrialFolder, store: Store) -> Trial:
    """Read a stored trial of which every file is as it wrote it.

    Raises:
        EmsegError: It is damaged, or a file has changed.
    """
    trial, changed = read_trial(folder, store)
    if changed:
        raise StoreError(f"{shown(folder.path)}: {', '.join(changed)} is not what the trial wrote. {REMEDY}.")
    return trial


def _trial(record: Record, folder: TrialFolder, tables: _Tables) -> Trial:
    if record.status != "complete":
        return Trial(record, folder.path, *no_tables())
    if record.spec.purpose == "tune":
        return Trial(record, folder.path, no_tables()[0], tables.curves.read(folder.own(folder.curve)))
    primary, classes = record.spec.protocol.primary, len(record.class_names)
    cases = tables.scores.read(
        folder.own(folder.cases),
        (primary, classes),
        lambda table: _check_scores(table, primary, classes, folder.cases),
    )
    return Trial(record, folder.path, cases, tables.curves.read(folder.own(folder.curve)))


def _check_scores(cases: pd.DataFrame, primary: str, classes: int, path: Path) -> None:
    """Check that a table holds scores of named cases and of the record's classes, some by the ranking metric.

    Raises:
        StoreError: It does not.
    """
    if not (cases["metric"] == primary).any():
        raise StoreError(f"{shown(path)} holds no score of its primary metric {primary!r}. {REMEDY}.")
    if cases[["case", "metric"]].isna().to_numpy().any():
        raise StoreError(f"{shown(path)} holds scores of no case or no metric, expected names. {REMEDY}.")
    labels = cases["class_index"]
    if labels.isna().any() or not labels.between(0, classes - 1).all():
        raise StoreError(
            f"{shown(path)} scores classes {labels.min()} to {labels.max()}, expected 0 to {classes - 1}. "
            f"{REMEDY}."
        )


# ----------------------------------------------------------------------------------------- boards
def _board(members: Sequence[Member], *, keep_stale: bool) -> Board:
    kept = sorted(_current(members, keep_stale=keep_stale), key=_place)
    spec = kept[0].record.spec
    data = [spec.dataset.label, describe_labels(spec.label_fraction, spec.dataset.training_cases)]
    settings = [*_training(spec), describe(spec.protocol)]
    sanity, unread = _sanity(kept)
    return Board(
        title=" · ".join(filter(None, [*data, *settings])),
        slug="",
        trials=tuple(member.trial for member in kept),
        superseded=len(members) - len(kept),
        primary=next(metric for metric in spec.metrics if metric.name == spec.protocol.primary),
        sanity=sanity,
        remarks=(*_changed(kept), *unread),
    )


def _training(spec: TrialSpec) -> list[str]:
    """Say what all models of a board were trained by."""
    if spec.model.tuned:
        return ["open division", describe_tuning(spec.model.tuned), spec.recipe.precision]
    return [OWN_TRAINING] if spec.model.own_recipe else [describe(spec.recipe), spec.recipe.precision]


def _place(member: Member) -> tuple[str, str, str, int]:
    """Where a trial stands among those of its board."""
    spec = member.record.spec
    return spec.model.label, member.subject.model, member.subject.row, spec.seed


def _current(members: Iterable[Member], *, keep_stale: bool) -> list[Member]:
    """Keep of each model and seed what today's code made, or else the newest.

    Beside a failure stays the result that it could not replace; where that is asked for, what other code
    made stays, too.
    """
    kept: dict[tuple[str, int], list[Member]] = {}
    for member in sorted(members, key=lambda member: (not member.trial.outdated, member.record.finished)):
        key = member.subject.model, member.record.spec.seed
        before = _complete(kept.get(key, []))
        if member.record.status == "complete":
            before = [one for one in before if keep_stale and one.subject.row != member.subject.row]
        kept[key] = [*before, member]
    return [member for group in kept.values() for member in group]


def _complete(members: Iterable[Member]) -> list[Member]:
    return [member for member in members if member.record.status == "complete"]


def _changed(members: Iterable[Member]) -> list[str]:
    """Say which trials have files that are not what they wrote."""
    return [_told(member) for member in members if member.changed]


def _told(member: Member) -> str:
    spec, files = member.record.spec, printable(", ".join(member.changed))
    return (
        f"{spec.model.label}, seed {spec.seed} (trial {member.record.fingerprint[:12]}): {files}: not what "
        "the trial wrote. Its scores are unchanged; bring the files back, or remove its folder and run again."
    )


Sanity: TypeAlias = tuple[pd.DataFrame | None, list[str]]


def _sanity(members: Iterable[Member]) -> Sanity:
    """Read one trial's sanity scores, for they are the same in all; and say which cannot be read."""
    unread: list[str] = []
    for member in _complete(members):
        path = member.folder.sanity
        if not path.is_symlink() and not path.exists():
            continue
        try:
            return with_depth(read_table(member.folder.own(path), SANITY)), unread
        except EmsegError as error:
            unread.append(f"scores that need no model are not taken from one trial: {error}")
    return None, unread


def _divided(boards: Sequence[Board]) -> list[Board]:
    """Call boards of the closed division so where there are some of the open one."""
    if not any(board.division == "open" for board in boards):
        return [*boards]
    return [
        board
        if board.division == "open"
        else replace(board, title=f"{board.title} · closed division", remarks=(IS_CLOSED, *board.remarks))
        for board in boards
    ]


def _labelled(boards: Sequence[Board]) -> list[Board]:
    """Call boards of all labels so where there are some of the same data with fewer."""
    specs = [board.trials[0].record.spec for board in boards]
    partial = {spec.dataset.manifest_sha256 for spec in specs if spec.label_fraction < 1}
    return [
        replace(board, title=board.title.replace(spec.dataset.label, f"{spec.dataset.label} · all labels", 1))
        if spec.label_fraction == 1 and spec.dataset.manifest_sha256 in partial
        else board
        for board, spec in zip(boards, specs, strict=True)
    ]


def _distinguish(boards: list[Board]) -> list[Board]:
    """Give each board a title and a file name of its own: equal names, other data or settings."""
    titles = [board.title for board in boards]
    named = []
    for number, board in enumerate(boards, start=1):
        data = board.trials[0].record.spec.dataset.manifest_sha256[:6]
        title = f"{board.title} (data {data})" if titles.count(board.title) > 1 else board.title
        slug = re.sub(r"[^a-z0-9]+", "-", board.title.lower()).strip("-")[:60]
        named.append(replace(board, title=title, slug=f"{number}-{slug}"))
    return named
