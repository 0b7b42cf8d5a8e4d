"""``--estimate`` and ``--budget``: what a run will take, as it is asked for and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.running import Runtime
from ..benchmark.files.wording import counted, duration

if TYPE_CHECKING:
    from ..benchmark.costs.schema import PlanCost, Span, TrialCost
    from ..benchmark.costs.work import Work
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.files.store import Store

EstimateOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--estimate",
        help="Time a few training steps and windows of what never ran here on the same data, and say what "
        "the run will take.",
    ),
]
BudgetOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Refuse to start what takes longer: 30min, 8h, 1.5d; what never ran is timed as by --estimate.",
    ),
]
SOURCES: Mapping[str, str] = {
    "stored": "stored trials of the same model, size, device and data",
    "other data": "stored trials on other data; validation and test without reading and scoring",
    "timed": "a few steps timed just now",
}
UNKNOWN = "not known"
KINDS_TOLD = 4
"""Kinds of trials whose parts are told before a run."""


def foresee(
    plan: Plan,
    todo: Sequence[str],
    store: Store,
    runtime: Runtime,
    *,
    elsewhere: bool,
    estimating: bool,
    budget: str | None,
) -> PlanCost:
    """Find out what the trials that are to run take, and hold it against the budget.

    Raises:
        UsageError: It is over the budget; or steps should be timed here that will run elsewhere.
    """
    from ..benchmark.costs.budget import check_budget
    from ..benchmark.costs.estimate import estimate
    from ..benchmark.profiling.hardware import device_name
    from .console import Console
    from .tables import say

    console = Console(stderr=True)
    if elsewhere and estimating:
        raise UsageError(
            "--estimate times steps on this machine, and these trials run elsewhere; leave it out."
        )
    timing = (lambda text: say(console, text)) if (estimating or budget) and not elsewhere else None
    device = _of_others(runtime.device) if elsewhere else device_name(runtime.device)
    cost = estimate(plan, todo, store, runtime, device, timing=timing)
    if budget and todo:
        check_budget(cost, budget)
    return replace(cost, can_be_timed=not elsewhere)


def _of_others(device: str) -> str | None:
    """Say whose stored trials count where nobody knows what a machine has: those of any GPU, of no CPU."""
    return None if device == "cuda" else ""


def told(cost: PlanCost) -> str:
    """Say in one sentence what a run takes; nothing where nothing is to run."""
    known = [one for one in cost.trials.values() if one]
    if not cost.trials:
        return ""
    if not known:
        remedy = "; --estimate times a few steps" if cost.can_be_timed else ""
        return f"how long this takes is not known: nothing like it ran here before{remedy}."
    sources = dict.fromkeys(SOURCES[one.source] for one in known)
    memory = f", {_memory(cost.memory)} of memory at the peak" if cost.memory else ""
    remedy = " (--estimate)" if cost.can_be_timed else ""
    unknown = f"; of {counted(cost.unknown, 'more trial')} nothing is known{remedy}" if cost.unknown else ""
    return (
        f"this takes about {_time(cost.seconds)} for {counted(len(known), 'trial')}, {cost.at_once} at once"
        f"{memory}; from {'; and from '.join(sources)}{unknown}"
    )


def parts(plan: Plan, cost: PlanCost) -> list[str]:
    """Say in a sentence for each kind of trial what it does in which time; of many kinds, of the first."""
    kinds: dict[tuple[str, str], str] = {}
    for name in cost.trials:
        kinds.setdefault((plan.trials[name].model.label, plan.trials[name].dataset.label), name)
    told = [
        f"each {model} on {dataset}: {_parts(cost.works[name], cost.trials[name])}"
        for (model, dataset), name in [*kinds.items()][:KINDS_TOLD]
    ]
    more = len(kinds) - len(told)
    return [*told, f"and {counted(more, 'more kind')} of trials (--dry-run)"] if more else told


def _parts(work: Work, cost: TrialCost | None) -> str:
    def takes(part: str) -> str:
        return f" ({duration(getattr(cost, part).middle)})" if cost else ""

    validation = f"{counted(work.validations, 'validation')} of {counted(work.validated, 'case')}"
    test = f"; test of {counted(work.tested, 'case')}, {counted(work.test_windows, 'window')}{takes('test')}"
    return (
        f"training {counted(work.steps, 'step')}{takes('training')}; "
        f"{validation}, {counted(work.validation_windows, 'window')} in all{takes('validation')}"
        + (test if work.tested else "")  # tuning opens no test split
        + (f"; else {duration(cost.beside.middle)}" if cost else "")
    )


def rows(plan: Plan, cost: PlanCost) -> list[dict[str, str]]:
    """Make a table of what each kind of trial takes."""
    kinds: dict[tuple[str, ...], list[TrialCost | None]] = {}
    for name, one in cost.trials.items():
        spec = plan.trials[name]
        kinds.setdefault((spec.model.label, spec.dataset.label, spec.recipe.name), []).append(one)
    return [
        {"model": kind[0], "dataset": kind[1], "trials": str(len(members)), **_cells(members[0])}
        for kind, members in kinds.items()
    ]


def _cells(one: TrialCost | None) -> dict[str, str]:
    parts = ("training", "validation", "test", "beside")
    if one is None:
        return {**dict.fromkeys((*parts, "each", "memory"), UNKNOWN), "from": "–"}
    times = {part: _time(getattr(one, part), spread=False) for part in parts}
    seen = counted(one.seen, "step" if one.source == "timed" else "trial")
    return {
        **times,
        "each": _time(one.seconds),
        "memory": _memory(one.memory),
        "from": f"{seen}{', other data' if one.source == 'other data' else ''}",
    }


def as_data(cost: PlanCost) -> dict[str, Any]:
    """Give what a plan takes as plain data: times in seconds, memory in MiB."""
    return {
        "seconds": asdict(cost.seconds) if cost.unknown < len(cost.trials) else None,
        "memory_mib": asdict(cost.memory) if cost.memory else None,
        "at_once": cost.at_once,
        "unknown": cost.unknown,
        "trials": {name: _trial(one) if one else None for name, one in cost.trials.items()},
    }


def _trial(one: TrialCost) -> dict[str, Any]:
    return {
        **{
            f"{part}_seconds": asdict(getattr(one, part))
            for part in ("training", "validation", "test", "beside")
        },
        "seconds": asdict(one.seconds),
        "memory_mib": asdict(one.memory),
        "memory_kind": one.memory_kind,
        "source": one.source,
        "seen": one.seen,
        "device": one.device,
    }


def _time(span: Span, *, spread: bool = True) -> str:
    low, middle, high = (duration(value) for value in (span.low, span.middle, span.high))
    return f"{middle} ({low} to {high})" if spread and low != high else middle


def _memory(span: Span) -> str:
    return f"{span.middle:,.0f} MiB" if span.middle < 10_240 else f"{span.middle / 1024:.1f} GiB"
