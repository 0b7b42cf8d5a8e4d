"""One study while it runs: settings are asked of optuna, and what came of them is told.

All that is known stands in optuna's storage, so that a command that is killed at any moment loses nothing:
what it left unfinished there is taken up by the next one, under the same number.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from ..contracts.errors import EmsegError, UsageError
from ..contracts.records import Record
from ..experiments.tuned_settings import Setting
from ..files.store import Store, TrialFolder, to_json, write_whole
from ..files.texts import parse_json
from ..files.validation import plain
from ..trials.result_tables import CURVE as CURVE_COLUMNS
from ..trials.result_tables import read_table
from .planning import LATENCY, PlannedStudy
from .progress import CURVE, DEATHS, FINGERPRINT, REASON, SECONDS, STORED, state_of
from .pruners import DEFAULT_PRUNER, make_pruner
from .records import StudySpec, StudyState
from .samplers import make_sampler
from .space.search_space import SearchSpace, suggest
from .storage import reached

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

SPEC: Final = "emseg_bench"
"""Attribute of a study in the storage: what it is."""
MAY_CHANGE: Final = frozenset({"budget", "storage", "version"})
"""Of a study that goes on."""
MOST_TRIALS: Final = 10_000
"""Where hours alone bound a study, for settings that cannot be tried take none."""
MOST_DEATHS: Final = 2
"""A trial whose process died is run once more."""


class RunningStudy:
    """Asks and tells.

    Args:
        planned: What the study is.
        storage: Where optuna keeps it; it is made there if it is new.
        store: Takes its two files.

    Raises:
        UsageError: Another study of its name is there, or the storage cannot be used.
    """

    def __init__(self, planned: PlannedStudy, storage: BaseStorage, store: Store) -> None:
        self.planned = planned
        self.folder = store.study(planned.spec.name)
        self.final: tuple[str, ...] = ()
        self._storage = storage
        self._trials: dict[int, Trial] = {}
        with reached(planned.spec.storage):
            self._study = _opened(planned.spec, storage)
        self._left = deque(one.number for one in self._frozen() if not one.state.is_finished())
        self._check_budget()
        write_whole(self.folder.spec, to_json(plain(planned.spec)))
        self.write()

    @property
    def spec(self) -> StudySpec:
        """What the study is."""
        return self.planned.spec

    @property
    def prunes(self) -> bool:
        """Whether trials may be ended early, and so wait for a verdict on each validation."""
        return self.spec.pruner.partition("[")[0] != DEFAULT_PRUNER

    def state(self) -> StudyState:
        """Say how far it is."""
        return state_of(self.spec, self._frozen(), self.final)

    @property
    def ended_trials(self) -> int:
        """How many have ended."""
        return sum(one.state.is_finished() for one in self._frozen())

    def write(self) -> None:
        """Write down how far it is, for reports."""
        write_whole(self.folder.state, to_json(plain(self.state())))

    # ---------------------------------------------------------------------------------------- asking
    def next(self, running_seconds: float) -> tuple[int, Setting] | None:
        """Take up what was left unfinished, or ask for another setting; None: the budget is spent.

        Args:
            running_seconds: That the devices of its running trials have been held for so far.
        """
        if self._left:
            return self._taken_up(self._left.popleft())
        if not self._has_budget(running_seconds):
            return None
        number = len(self._frozen())
        self._study.sampler = make_sampler(self.spec.sampler, self.spec.seed, number)
        trial = self._study.ask()
        return self._drawn(trial)

    def _taken_up(self, number: int) -> tuple[int, Setting]:
        """Draw what was not drawn yet as it would have been: after what was, from the same random numbers."""
        from optuna.trial import Trial

        frozen = self._frozen()[number]
        sampler = make_sampler(self.spec.sampler, self.spec.seed, number)
        self._study.sampler = sampler
        trial = Trial(self._study, frozen._trial_id)
        if FINGERPRINT not in frozen.user_attrs:
            for key in sorted(frozen.params):
                if key not in trial.relative_params:
                    sampler.sample_independent(self._study, frozen, key, frozen.distributions[key])
        return self._drawn(trial)

    def _drawn(self, trial: Trial) -> tuple[int, Setting]:
        self._trials[trial.number] = trial
        return trial.number, suggest(SearchSpace(self.spec.space), trial)

    def _has_budget(self, running_seconds: float) -> bool:
        budget, trials = self.spec.budget, self._frozen()
        if len(trials) >= (budget.trials or MOST_TRIALS):
            return False
        spent = running_seconds + sum(one.user_attrs.get(SECONDS, 0.0) for one in trials)
        return budget.hours is None or spent < 3600 * budget.hours

    def _check_budget(self) -> None:
        """Refuse a budget that is overspent: it would be told of the model as if it were kept.

        Raises:
            UsageError: It is.
        """
        wanted, there = self.spec.budget.trials, len(self._frozen())
        if wanted is not None and there > wanted:
            raise UsageError(
                f"the study {self.spec.name} has {there} trials already, more than --trials {wanted}; ask "
                "for as many or more, or choose another folder with --out."
            )

    # --------------------------------------------------------------------------------------- telling
    def begun(self, number: int, fingerprint: str) -> bool:
        """Hear which trial tries a setting; say whether that was known already."""
        before = self._trials[number].user_attrs.get(FINGERPRINT)
        if before != fingerprint:
            self._trials[number].set_user_attr(FINGERPRINT, fingerprint)
            self.write()
        return bool(before == fingerprint)

    def scored(self, number: int, iteration: int, score: float) -> bool:
        """Hear of a validation; say whether the trial is to end there."""
        trial = self._trials[number]
        curve = [tuple(point) for point in trial.user_attrs.get(CURVE, ())]
        iterations = [known for known, _ in curve]
        if iteration not in iterations:
            trial.set_user_attr(CURVE, [*curve, (iteration, score)])
            if len(self.spec.objectives) == 1:
                trial.report(score, step=len(curve) + 1)
            self.write()
        return self.prunes and bool(trial.should_prune())

    def died(self, number: int) -> bool:
        """Hear that a trial's process died; say whether it is run again."""
        trial = self._trials[number]
        deaths: int = trial.user_attrs.get(DEATHS, 0) + 1
        trial.set_user_attr(DEATHS, deaths)
        if deaths < MOST_DEATHS:
            self._left.append(number)
        return deaths < MOST_DEATHS

    def ended(self, number: int, record: Record, folder: TrialFolder, *, stored: bool = False) -> None:
        """Hear how a trial ended, by its record; `stored`: it had before the study asked."""
        trial = self._trials[number]
        trial.set_user_attr(SECONDS, 0.0 if stored else _seconds(record))
        trial.set_user_attr(STORED, stored)
        if record.status == "failed":
            self.failed(number, record.reason or "")
            return
        curve = _curve(folder, record)
        trial.set_user_attr(CURVE, curve)
        if record.pruned_at is not None:
            self._tell(number, "PRUNED")
            return
        known = self._frozen()[number].intermediate_values
        for step, (_, score) in enumerate(curve, start=1) if len(self.spec.objectives) == 1 else ():
            if step not in known:
                trial.report(score, step=step)
        self._complete(number, record)

    def _complete(self, number: int, record: Record) -> None:
        selection, profile = record.selection, record.profile
        if selection is None or selection.score is None or profile is None:
            self.failed(number, f"{self.spec.protocol.primary} applies to no validation case")
            return
        found = {selection.metric: selection.score, LATENCY: profile.latency_p50_ms}
        self._tell(number, "COMPLETE", [found[one.name] for one in self.spec.objectives])

    def failed(self, number: int, reason: str) -> None:
        """Hear that a setting could not be tried."""
        self._trials[number].set_user_attr(REASON, reason)
        self._tell(number, "FAIL")

    def _tell(self, number: int, state: str, values: Sequence[float] | None = None) -> None:
        from optuna.trial import TrialState

        self._study.tell(self._trials.pop(number), values, state=TrialState[state])
        self.write()

    def _frozen(self) -> Sequence[FrozenTrial]:
        """Give all trials as the storage has them, by number."""
        return sorted(self._study.get_trials(deepcopy=False), key=lambda one: one.number)


def _opened(spec: StudySpec, storage: BaseStorage) -> Study:
    """Make the study, or go on with it.

    Raises:
        UsageError: There is another one of its name.
    """
    import optuna

    study = optuna.create_study(
        study_name=spec.name,
        storage=storage,
        directions=[one.direction for one in spec.objectives],
        pruner=make_pruner(spec.pruner, spec.recipe.validations),
        load_if_exists=True,
    )
    told = {key: value for key, value in plain(spec).items() if key not in MAY_CHANGE}
    before = study.user_attrs.get(SPEC)
    if before is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(SPEC, json.dumps(told))
        return study
    kept = parse_json(before, f"what the storage says of the study {spec.name}", UsageError) if before else {}
    if differing := _differing(told, kept):
        raise UsageError(
            f"the study {spec.name} is there already, and was asked for with another {', '.join(differing)}; "
            "ask for the same again, or choose another folder with --out (and, with --storage, another "
            "database)."
        )
    return study


def _differing(told: dict[str, Any], before: object) -> list[str]:
    """Name what is another than before, where tuples are lists by now."""
    known = before if isinstance(before, dict) else {}
    return [key for key, value in told.items() if json.dumps(known.get(key)) != json.dumps(value)]


def _seconds(record: Record) -> float:
    """Say how long a trial held its devices: its last attempt, or all of them as far as they computed."""
    last = datetime.fromisoformat(record.finished) - datetime.fromisoformat(record.started)
    profile = record.profile
    computed = profile.train_seconds + profile.validation_seconds if profile else 0.0
    return record.spec.recipe.processes * max(last.total_seconds(), computed)


def _curve(folder: TrialFolder, record: Record) -> list[tuple[int, float]]:
    """Read the validation scores that a trial left."""
    try:
        table = read_table(folder.own(folder.curve), CURVE_COLUMNS)
    except EmsegError:
        return []
    scores: pd.DataFrame = table[table["series"] == f"val/{record.spec.protocol.primary}"]
    return list(zip(scores["iteration"].tolist(), scores["value"].tolist(), strict=True))
