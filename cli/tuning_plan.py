"""What ``emseg-bench tune`` says before it starts: what is tried of each model, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

import typer

from ..benchmark.contracts.records import TrialSpec
from ..benchmark.experiments.planning import Plan
from ..benchmark.experiments.tuning_budget import describe_budget
from ..benchmark.files.hashing import fingerprint
from ..benchmark.files.wording import counted, duration

if TYPE_CHECKING:
    from ..benchmark.costs.schema import PlanCost
    from ..benchmark.tuning.planning import PlannedStudy


def costed(studies: Sequence[PlannedStudy], untuned: Plan) -> Plan:
    """Plan, for what they cost, one trial that tunes and one that is tested of each study."""
    finals = {fingerprint(_tested(study)): _tested(study) for study in studies}
    return replace(untuned, trials={**untuned.trials, **finals})


def _tested(study: PlannedStudy) -> TrialSpec:
    return replace(study.untuned(), purpose="compare")


def announced(studies: Sequence[PlannedStudy], cost: PlanCost) -> Iterator[str]:
    """Say in sentences what each study has to spend, and what its trials take as they are without tuning."""
    for study in studies:
        spec, seeds = study.spec, len(study.experiment.seeds)
        looked_for = " and ".join(one.name for one in spec.objectives)
        budget = describe_budget(spec.budget.trials, spec.budget.hours)
        yield (
            f"{spec.model_label} on {spec.dataset_label}: {budget} for {looked_for} on the "
            f"validation split; sampler {spec.sampler}, pruner {spec.pruner}; then {counted(seeds, 'trial')} "
            f"of the best setting, tested{_cost(study, cost)}"
        )


def _cost(study: PlannedStudy, cost: PlanCost) -> str:
    one, last = (cost.trials.get(fingerprint(spec)) for spec in (study.untuned(), _tested(study)))
    if one is None or last is None:
        return "; what a trial takes is not known" + ("; --estimate times a few steps" * cost.can_be_timed)
    trials, each = study.spec.budget.trials, one.seconds.middle
    tested = last.seconds.middle * len(study.experiment.seeds)
    hours = study.spec.budget.hours
    tuning = min(each * trials if trials else float("inf"), 3600 * hours if hours else float("inf"))
    return (
        f"; a trial takes about {duration(each)} with the settings as they are, so about "
        f"{duration(tuning)} of a device for tuning and {duration(tested)} for what is tested"
    )


def print_plan(
    studies: Sequence[PlannedStudy], cost: PlanCost, notes: Sequence[str], stream: TextIO | None
) -> None:
    """Print what would be tried, and what it costs."""
    from ..benchmark.experiments.experiment import describe
    from ..benchmark.tuning.space.search_space import SearchSpace, space_rows
    from .console import Console
    from .tables import print_table, say

    if stream:
        typer.echo(json.dumps(_as_data(studies, cost), indent=2), stream)
        return
    console = Console()
    for study, sentence in zip(studies, announced(studies, cost), strict=True):
        spec = study.spec
        print_table(
            space_rows(SearchSpace(spec.space), spec.recipe, study.base.model.options),
            title=f"What is tried of {spec.model_label} on {spec.dataset_label}, {describe(spec.recipe)}",
        )
        say(console, sentence)
    for note in dict.fromkeys([*notes, *(note for study in studies for note in study.notes)]):
        say(console, f"note: {note}", "yellow")


def _as_data(studies: Sequence[PlannedStudy], cost: PlanCost) -> dict[str, Any]:
    from ..benchmark.files.validation import plain
    from .costs import as_data

    return {"studies": [plain(study.spec) for study in studies], "cost": as_data(cost)}
