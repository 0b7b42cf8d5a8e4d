"""Studies at work: their trials, then those of the best settings, and what is said of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from .exit_codes import SOME_FAILED

if TYPE_CHECKING:
    from ..benchmark.contracts.running import Event, Runtime
    from ..benchmark.costs.schema import PlanCost
    from ..benchmark.executors.choosing import ChosenExecutor
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import Plugins
    from ..benchmark.tuning.planning import PlannedStudy
    from ..benchmark.tuning.study import RunningStudy
    from .console import Console

WAITS = "another emseg-bench command is tuning this; waiting for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where studies run, and what they leave."""

    store: Store
    plugins: Plugins
    runtime: Runtime
    chosen: ChosenExecutor
    storage: str


def run_studies(
    studies: Sequence[PlannedStudy], place: Place, at_once: int, cost: PlanCost, stream: TextIO | None
) -> int:
    """Tune, then train and test the best settings, and report; return the exit code.

    Args:
        studies: What is tuned.
        place: Where.
        at_once: Trials.
        cost: What they take, for people.
        stream: Takes the outcome as JSON; None: people are told.
    """
    from ..benchmark.tuning.storage import close_storage, open_storage, reached
    from ..benchmark.tuning.study import RunningStudy
    from .console import Console
    from .tables import say
    from .tuning_plan import announced

    console = Console(stderr=stream is not None)
    for text in announced(studies, cost):
        say(console, text)
    for note in dict.fromkeys([*place.chosen.notes, *(note for one in studies for note in one.notes)]):
        say(console, f"note: {note}", "yellow")
    place.store.prepare()
    storage = open_storage(place.storage, place.store)
    with ExitStack() as held, reached(place.storage):
        held.callback(close_storage, storage)
        for planned in sorted(studies, key=lambda one: one.spec.name):
            _hold(planned, place.store, held, console)
        running = [RunningStudy(one, storage, place.store) for one in studies]
        _tune(running, place, at_once, console)
        for study in running:
            say(console, _told(study))
        return _test(running, place, console, stream)


def _hold(planned: PlannedStudy, store: Store, held: ExitStack, console: Console) -> None:
    """Keep other commands from a study as long as this one works on it."""
    from ..benchmark.files.locks import locked
    from .tables import say

    folder = store.study(planned.spec.name)
    folder.path.mkdir(parents=True, exist_ok=True)
    held.enter_context(
        locked(folder.lock, on_wait=lambda: say(console, f"{planned.spec.name}: {WAITS}", "yellow"))
    )


def _tune(running: Sequence[RunningStudy], place: Place, at_once: int, console: Console) -> None:
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.trials.session import run_plan
    from ..benchmark.tuning.tuning import Tuning
    from .detaching import asking_whether_to_cancel
    from .trial_progress import show

    tuning = Tuning(running, place.store, at_once)
    runner = place.chosen.make(place.runtime)
    left = sum((study.spec.budget.trials or 0) - study.ended_trials for study in running)
    todo = 0 if any(study.spec.budget.hours for study in running) else left
    with asking_whether_to_cancel(runner, console), show(tuning.trials, todo, console) as view:

        def hear(event: Event) -> None:
            tuning.hear(event)
            view(event)

        run_plan(
            Plan({}, ()),
            place.store,
            runner,
            place.plugins,
            hear,
            place.runtime.timeout_minutes,
            tuning.more,
        )


def _told(study: RunningStudy) -> str:
    """Say what came of a study."""
    from ..benchmark.files.wording import counted, duration

    spec, state = study.spec, study.state()
    counts = Counter(one.state for one in state.trials)
    ends = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    text = (
        f"{spec.model_label} on {spec.dataset_label}: {counted(len(state.trials), 'trial')} ({ends}), "
        f"{duration(state.seconds)} of a device"
    )
    if not state.best:
        reasons = dict.fromkeys(one.reason for one in state.trials if one.reason)
        return f"{text}; no setting could be tried: {next(iter(reasons), 'none was complete')}"
    best = next(one for one in state.trials if one.number == state.best[0])
    scores = ", ".join(
        f"{one.name} {value:.4g}" for one, value in zip(spec.objectives, best.values, strict=True)
    )
    front = (
        f"; of {len(state.best)} on the Pareto front that of the best score" if len(state.best) > 1 else ""
    )
    setting = ", ".join(f"{key}={_value(value)}" for key, value in sorted(best.setting.items()))
    return f"{text}; the best on the validation split is trial {best.number} ({scores}){front}: {setting}"


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _test(running: Sequence[RunningStudy], place: Place, console: Console, stream: TextIO | None) -> int:
    """Train the best settings and test them, once each."""
    from ..benchmark.trials.session import Outcome, pending, run_plan
    from .detaching import asking_whether_to_cancel
    from .finishing import finish
    from .tables import say
    from .trial_progress import show

    plan = _final_plan(running)
    if not plan.trials:
        return SOME_FAILED
    for note in plan.notes:
        say(console, f"note: {note}", "yellow")
    outcome = Outcome(cached=tuple(plan.trials), ran=(), failed={})
    if todo := pending(plan, place.store):
        runner = place.chosen.make(place.runtime)
        with asking_whether_to_cancel(runner, console), show(plan.trials, len(todo), console) as view:
            outcome = run_plan(plan, place.store, runner, place.plugins, view, place.runtime.timeout_minutes)
    told = {"studies": [_as_data(study) for study in running]}
    code = finish(plan, place.plugins, place.store, outcome, stream, keep_stale=False, margin=None, also=told)
    return code if all(study.final for study in running) else SOME_FAILED


def _final_plan(running: Sequence[RunningStudy]) -> Plan:
    """Plan the trials of the best setting of each study that has one, and note them with it."""
    from ..benchmark.experiments.planning import Plan
    from ..datasets.inspection.remarks import remarks

    plans = []
    for study in running:
        state = study.state()
        if state.best:
            best = next(one for one in state.trials if one.number == state.best[0])
            plan = study.planned.final(best.setting, remarks)
            study.final = tuple(plan.trials)
            study.write()
            plans.append(plan)
    return Plan(
        {name: spec for plan in plans for name, spec in plan.trials.items()},
        tuple(dict.fromkeys(note for plan in plans for note in plan.notes)),
        manifests={name: one for plan in plans for name, one in plan.manifests.items()},
    )


def _as_data(study: RunningStudy) -> dict[str, Any]:
    from ..benchmark.files.validation import plain

    state = study.state()
    return {"name": study.spec.name, "folder": str(study.folder.path), **plain(state)}
