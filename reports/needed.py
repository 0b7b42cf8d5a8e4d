"""How many seeds and test cases a planned comparison takes, from how scores varied before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

import pandas as pd

from ..benchmark.contracts.data import Case
from ..benchmark.contracts.records import MetricSpec, TrialSpec
from ..benchmark.contracts.reporting import OWN_TRAINING, Board
from ..benchmark.files.hashing import model_sha256
from .leaderboard import leaderboard
from .needed_words import told
from .schema import Leaderboard
from .verdicts.contest import BLOCK, several
from .verdicts.resolution import LARGER, Design, Spreads, resolvable
from .verdicts.sample_size import Assumed, Need, seeds_needed, units_needed
from .verdicts.schema import Verdicts
from .verdicts.units import units_of

TYPICAL: Final = (0.015, 0.034)
"""Spread over five seeds of mean IoU, measured on two real volumes: `examples/retina_miniature`."""
MORE_SEEDS: Final = (5, 10, 20)
"""For which it is said, too, how many units it takes."""
MEASURED_METRICS: Final = ("iou", "iou-eps")


def needs(
    trials: Iterable[TrialSpec],
    cases: Mapping[str, Sequence[Case]],
    boards: Sequence[Board],
    difference: float,
) -> tuple[Need, ...]:
    """Say what it takes to find a difference, by planned board.

    Args:
        trials: The planned ones.
        cases: Test cases of their datasets, by the manifest's hash.
        boards: What is stored.
        difference: In the unit of the metric that ranks.
    """
    planned: dict[tuple[str, float, bool], list[TrialSpec]] = {}
    for spec in trials:
        key = (spec.dataset.manifest_sha256, spec.label_fraction, bool(spec.model.own_recipe))
        planned.setdefault(key, []).append(spec)
    return tuple(_need(specs, cases[key[0]], boards, difference) for key, specs in planned.items())


def _need(
    specs: Sequence[TrialSpec], cases: Sequence[Case], boards: Sequence[Board], difference: float
) -> Need:
    spec, found = specs[0], units_of(_table(cases))
    stored = _comparable(spec, boards)
    models = {model_sha256(one.model) for one in specs}
    if stored and _same_board(stored, spec):
        models |= {row.identity for row in stored.scored}
    design = Design(
        models=len(models),
        units=found.count,
        seeds=len({one.seed for one in specs}),
        pairs=len(models) * (len(models) + 1) // 2,  # the best blind prediction is compared too
    )
    source, spreads = _spreads(spec, stored)
    larger = found.kind in LARGER
    if stored and stored.verdicts and stored.verdicts.units_sd is not None:
        design = replace(design, units=stored.verdicts.scope.units)
        larger = stored.verdicts.scope.kind in LARGER
    assumed = tuple(_assumed(one, design, difference, larger=larger) for one in spreads)
    need = Need(
        dataset=spec.dataset.label,
        label_fraction=spec.label_fraction,
        training_cases=spec.dataset.training_cases,
        metric=_metric(spec).name,
        difference=difference,
        models=design.models,
        seeds=design.seeds,
        units=design.units,
        noun=found.noun if larger else BLOCK,
        source=source,
        assumed=assumed,
        told=(),
    )
    return replace(need, told=tuple(told(need, _metric(spec), stored)))


def resolved_by(cases: Sequence[Case]) -> str:
    """Say what so many test cases resolve, whatever the metric: in spreads of a difference."""
    found = units_of(_table(cases))
    many = f"{found.count} {several(found.noun) if found.count != 1 else found.noun}"
    design = Design(models=2, units=found.count, seeds=1, pairs=3)  # and the best blind prediction
    least = resolvable(Spreads(units=1.0, seeds=None), design)
    if least is None:
        return (
            f"test cases: scores on {many} say nothing surely about others: three at least are needed, and "
            "more of them are worth more than more images of the same."
        )
    return (
        f"test cases: with {many}, the difference between two models is found in 4 of 5 repetitions where it "
        f"is at least {least:.2g} times as large as it varies from one {found.noun} to the next: "
        f"{0.05 * least:.2g} where that is 0.05. After a first run, --dry-run --resolve says it from your "
        "own scores."
    )


def _table(cases: Sequence[Case]) -> pd.DataFrame:
    rows = [(case.id, case.group, case.depth or 1) for case in cases]
    return pd.DataFrame(rows, columns=["case", "group", "depth"])


def _metric(spec: TrialSpec) -> MetricSpec:
    return next(metric for metric in spec.metrics if metric.name == spec.protocol.primary)


def _comparable(spec: TrialSpec, boards: Sequence[Board]) -> Leaderboard | None:
    """Find stored trials on the same data by the same protocol; those trained alike come first."""
    found = [board for board in boards if _alike(board.trials[0].record.spec, spec)]
    found.sort(key=lambda board: not _trained_alike(board.trials[0].record.spec, spec))
    tables = (leaderboard(board) for board in found)
    return next((table for table in tables if table.verdicts and _varies(table.verdicts)), None)


def _alike(stored: TrialSpec, planned: TrialSpec) -> bool:
    return (
        stored.dataset.manifest_sha256 == planned.dataset.manifest_sha256
        and stored.label_fraction == planned.label_fraction
        and stored.protocol == planned.protocol
    )


def _trained_alike(stored: TrialSpec, planned: TrialSpec) -> bool:
    if stored.model.own_recipe or planned.model.own_recipe:  # whatever the recipe that stands beside it
        return bool(stored.model.own_recipe) == bool(planned.model.own_recipe)
    return stored.recipe == planned.recipe


def _varies(verdicts: Verdicts) -> bool:
    return bool(verdicts.seeds_sd or verdicts.units_sd)


def _same_board(stored: Leaderboard, spec: TrialSpec) -> bool:
    return stored.recipe == (OWN_TRAINING if spec.model.own_recipe else spec.recipe.name)


def _spreads(
    spec: TrialSpec, stored: Leaderboard | None
) -> tuple[Literal["stored", "typical", "unknown"], tuple[Spreads, ...]]:
    if stored and stored.verdicts:
        known = stored.verdicts
        return "stored", (Spreads(units=known.units_sd, seeds=known.seeds_sd, alike=known.alike),)
    if spec.protocol.primary in MEASURED_METRICS:
        return "typical", tuple(Spreads(units=None, seeds=sd) for sd in TYPICAL)
    return "unknown", ()


def _assumed(spreads: Spreads, design: Design, difference: float, *, larger: bool) -> Assumed:
    counts = {design.seeds}
    if spreads.seeds is not None:
        counts = {max(2, design.seeds), *(seeds for seeds in MORE_SEEDS if seeds > design.seeds)}
    units = {
        seeds: units_needed(spreads, replace(design, seeds=seeds), difference) for seeds in sorted(counts)
    }
    return Assumed(
        units_sd=spreads.units,
        seeds_sd=spreads.seeds,
        planned=resolvable(spreads, design),
        seeds=seeds_needed(spreads, design, difference),
        units=units if larger and spreads.units is not None else {},
    )
