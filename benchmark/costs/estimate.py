"""What the trials of a plan take: the work of each at the speed of its kind, and all of them side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heapreplace
from typing import Final

from ..contracts.records import TrialSpec
from ..contracts.running import Runtime
from ..experiments.planning import Plan
from ..files.store import Store
from ..files.wording import counted, listed
from .schema import PlanCost, Span, Speed, TrialCost
from .stored import stored_speeds
from .timing import timed_speeds
from .work import Work, scoring_key, speed_key, work_of

ON_A_GPU: Final = "standard"
"""Name of the recipe that nobody should begin on a CPU unawares."""


def estimate(
    plan: Plan,
    todo: Sequence[str],
    store: Store,
    runtime: Runtime,
    device: str | None,
    *,
    timing: Callable[[str], None] | None,
) -> PlanCost:
    """Say what the trials that are still to run will take.

    Args:
        plan: What is to run.
        todo: Fingerprints of its trials that are not complete.
        store: What ran before.
        runtime: Where, and how many at once.
        device: Name of the CPU or GPU; None: a GPU elsewhere.
        timing: Steps of what never ran on the same data are timed, and this hears of it; None: they are not.
    """
    kinds = {name: (speed_key(spec), scoring_key(spec)) for name in todo for spec in (plan.trials[name],)}
    wanted = {"/".join(kind): plan.trials[name] for name, kind in kinds.items()}
    speeds = stored_speeds(wanted, plan.manifests, store, device) if wanted else {}
    notes: list[str] = []
    if timing is not None:
        known = {key for key, speed in speeds.items() if speed.source == "stored"}
        left = {key: spec for key, spec in wanted.items() if key not in known}
        timed, notes = timed_speeds(left, runtime, timing)
        speeds.update(timed)
    works = {name: work_of(plan.trials[name], plan.manifest(name)) for name in todo}
    costs = {name: _cost(works[name], speeds.get("/".join(kinds[name]))) for name in todo}
    found = [cost for cost in costs.values() if cost]
    return PlanCost(
        trials=costs,
        works=works,
        at_once=runtime.at_once,
        seconds=_side_by_side([cost.seconds for cost in found], runtime.at_once),
        memory=_memory(found, runtime),
        notes=(*notes, *_warnings(plan, costs, works, runtime), *_crowded(plan, todo, runtime)),
    )


def _cost(work: Work, speed: Speed | None) -> TrialCost | None:
    if speed is None:
        return None
    return TrialCost(
        training=speed.step * work.steps,
        validation=speed.validation * work.validation_px,
        test=speed.test * work.test_px,
        beside=speed.beside,
        memory=speed.memory,
        memory_kind=speed.memory_kind,
        source=speed.source,
        seen=speed.seen,
        device=speed.device,
    )


def _side_by_side(trials: Iterable[Span], places: int) -> Span:
    """Give each trial in turn the place that is free first; say when the last one ends."""
    spans = list(trials)
    return Span(
        low=_last_end([one.low for one in spans], places),
        middle=_last_end([one.middle for one in spans], places),
        high=_last_end([one.high for one in spans], places),
    )


def _last_end(seconds: Iterable[float], places: int) -> float:
    ends = [0.0] * places
    for each in seconds:
        heapreplace(ends, ends[0] + each)
    return max(ends)


def _memory(known: Sequence[TrialCost], runtime: Runtime) -> Span | None:
    """Add up the largest trials that may run at once on one GPU, or in this machine's memory."""
    if not known:
        return None
    at_once = runtime.workers if known[0].memory_kind == "CUDA" else runtime.at_once
    largest = sorted((cost.memory for cost in known), key=lambda span: span.middle)[-at_once:]
    return sum(largest[1:], start=largest[0])


def _warnings(
    plan: Plan, costs: Mapping[str, TrialCost | None], works: Mapping[str, Work], runtime: Runtime
) -> Iterator[str]:
    """Say where scoring outweighs training, and where a recipe for GPUs meets a CPU."""
    timed, counted_only = dict[str, str](), dict[str, str]()
    for name, cost in costs.items():
        if cost is None and works[name].scores_more_than_it_trains:
            counted_only[_pair(plan.trials[name])] = name
        elif cost is not None and cost.scores_more_than_it_trains:
            timed[_pair(plan.trials[name])] = name
    if timed:
        yield f"scoring takes longer than training: {listed(sorted(timed))}; {_less(plan, works, timed)}."
    if counted_only:
        yield (
            "validation and test put more pixels through the network than training does (counted, not "
            f"timed): {listed(sorted(counted_only))}; {_less(plan, works, counted_only)}."
        )
    slow = {_pair(plan.trials[name]) for name in costs if plan.trials[name].recipe.name == ON_A_GPU}
    if slow and runtime.device.startswith("cpu"):
        yield (
            f"the recipe {ON_A_GPU} is made for a GPU and meets a CPU here: {listed(sorted(slow))}; "
            "--recipe quick is made for a CPU."
        )


def _less(plan: Plan, works: Mapping[str, Work], pairs: Mapping[str, str]) -> str:
    """Say by which settings the trial that scores most would score less."""
    name = max(pairs.values(), key=lambda one: works[one].validation_px + works[one].test_px)
    work, spec, ways = works[name], plan.trials[name], list[str]()
    if work.validation_px > work.test_px / 2 and work.validated > 1:
        ways.append(f"--set recipe.validation_cases={max(1, work.validated // 4)}")
    if work.validation_px > work.test_px / 2 and work.validations > 1:
        ways.append(f"--set recipe.validations={max(1, work.validations // 2)}")
    if work.test_px > work.validation_px / 2 and spec.protocol.overlap > 0:
        ways.append("--set protocol.overlap=0 (a protocol of its own)")
    longer = f"train longer, --set recipe.iterations={2 * work.steps}"
    return f"if that is not what you want, score less, {' or '.join(ways)}, or {longer}" if ways else longer


def _pair(spec: TrialSpec) -> str:
    return f"{spec.model.label} on {spec.dataset.label}"


def _crowded(plan: Plan, todo: Sequence[str], runtime: Runtime) -> Iterator[str]:
    """Say where trials at once have fewer cores than threads, which no estimate of single trials knows."""
    cores = os.cpu_count() or 1
    threads = max((plan.trials[name].threads or 1 for name in todo), default=1)
    at_once = min(runtime.at_once, len(todo))
    if runtime.device.startswith("cpu") and at_once > 1 and at_once * threads > cores:
        yield (
            f"{at_once} trials at once with {counted(threads, 'thread')} each share "
            f"{counted(cores, 'core')}: each will take longer than is said here of one alone."
        )
