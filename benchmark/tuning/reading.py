"""From the files of studies to what reports are told of them; one that is damaged costs itself only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts.basics import OptionValue
from ..contracts.errors import EmsegError, StoreError
from ..contracts.reporting import Board, LeftOut
from ..contracts.searching import Choice, Parameter
from ..contracts.studies import Goal, Study, Tried
from ..files.printable import printable
from ..files.regular import check_within, shown
from ..files.store import Store, StudyFolder
from ..files.validation import read_versioned
from ..trials.boards import Stored, load_boards
from ..trials.today import Today
from .records import STUDY_VERSION, StudySpec, StudyState, TuningTrial

REMEDY = "remove its folder; its trials and what was found stay"


def load_reported(store: Store, today: Today | None = None, *, keep_stale: bool = False) -> Stored:
    """Read all that a report is made from: boards, and the studies by which their models were tuned.

    Args:
        store: Where they are.
        today: Says of which trials the code has changed since; None: nobody asks.
        keep_stale: Whether trials that other code made stand beside those that replaced them.
    """
    return with_studies(load_boards(store, today, keep_stale=keep_stale), store)


def with_studies(stored: Stored, store: Store) -> Stored:
    """Give each board of the open division the studies that its models were tuned by."""
    studies, left_out = load_studies(store)
    by_name = {study.name: study for study in studies}
    boards = [_with_studies(board, by_name) for board in stored.boards]
    return replace(stored, boards=boards, left_out=(*stored.left_out, *left_out))


def _with_studies(board: Board, studies: dict[str, Study]) -> Board:
    tuned = (trial.record.spec.model.tuned for trial in board.trials)
    names = dict.fromkeys(one.study for one in tuned if one)
    return replace(board, studies=tuple(studies[name] for name in names if name in studies))


def load_studies(store: Store) -> tuple[tuple[Study, ...], tuple[LeftOut, ...]]:
    """Read all studies of a results folder, and say which cannot be read, and why."""
    studies, left_out = [], []
    for folder in store.studies():
        try:
            studies.append(_study(folder, store))
        except EmsegError as error:
            name = printable(f"study {folder.path.name}")
            left_out.append(LeftOut(trial=name, reason=str(error)))
    return tuple(studies), tuple(left_out)


def _study(folder: StudyFolder, store: Store) -> Study:
    """Read one study.

    Raises:
        StoreError: It is damaged, or its files contradict each other.
    """
    for path in (folder.spec, folder.state):
        check_within(store.root / "studies", path.absolute(), "the results folder", StoreError)
    spec = read_versioned(StudySpec, folder.spec, STUDY_VERSION, StoreError, REMEDY)
    state = read_versioned(StudyState, folder.state, STUDY_VERSION, StoreError, REMEDY)
    _check_sense(spec, state, folder)
    ranking = next(i for i, one in enumerate(spec.objectives) if one.name == spec.protocol.primary)
    order = sorted(range(len(spec.objectives)), key=lambda i: i != ranking)
    goals = tuple(
        Goal(name=one.name, higher=one.direction == "maximize", unit=one.unit)
        for one in (spec.objectives[i] for i in order)
    )
    return Study(
        name=spec.name,
        identity=spec.model_sha256,
        goals=goals,
        space=spec.space,
        sampler=spec.sampler,
        pruner=spec.pruner,
        seed=spec.seed,
        tried=tuple(
            _tried(one, order, higher=goals[0].higher) for one in state.trials if one.state != "running"
        ),
        best=state.best,
        seconds=state.seconds,
    )


def _tried(trial: TuningTrial, order: Sequence[int], *, higher: bool) -> Tried:
    values = tuple(trial.values[i] for i in order) if trial.values else ()
    scores = [score for _, score in trial.curve]
    reached = (max(scores) if higher else min(scores)) if scores else None
    return Tried(
        number=trial.number,
        state=trial.state,
        setting=trial.setting,
        values=values,
        validation=values[0] if values else reached if trial.state == "pruned" else None,
        seconds=trial.seconds,
    )


def _check_sense(spec: StudySpec, state: StudyState, folder: StudyFolder) -> None:
    """Check that two files are of one study, and say nothing that no study could.

    Raises:
        StoreError: They are not, or do.
    """
    settings = [item for trial in state.trials for item in trial.setting.items()]
    numbers = [trial.number for trial in state.trials]
    valued = {trial.number for trial in state.trials if trial.state == "complete"}
    faults = {
        f"it is named {spec.name!r}": spec.name != folder.path.name,
        f"none of its objectives is {spec.protocol.primary}": spec.protocol.primary
        not in {one.name for one in spec.objectives},
        "two of its trials have one number": len({*numbers}) < len(numbers),
        "its best trials are not complete": not valued.issuperset(state.best),
        "a trial has values for other objectives": any(
            len(trial.values) != len(spec.objectives) * (trial.number in valued) for trial in state.trials
        ),
        "a trial has a setting that its search space does not hold": not all(
            key in spec.space and _holds(spec.space[key], value) for key, value in settings
        ),
        "a trial took less than no time": min([state.seconds, *(one.seconds for one in state.trials)]) < 0,
    }
    if found := [text for text, wrong in faults.items() if wrong]:
        raise StoreError(f"{shown(folder.path)}: {printable(found[0])}; {REMEDY}.")


def _holds(parameter: Parameter, value: OptionValue) -> bool:
    if isinstance(parameter, Choice):
        return value in parameter.choices
    return not isinstance(value, str) and parameter.low <= value <= parameter.high
