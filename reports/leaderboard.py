"""From a board's trials to its leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..benchmark.contracts.records import TrialSpec
from ..benchmark.contracts.reporting import OWN_TRAINING, Board, Trial
from ..benchmark.experiments.label_counts import labelled_images
from .ceilings import ceilings
from .common_ground import CommonGround, ground_of
from .cost import all_conditions
from .ground_remarks import ground_remarks
from .naming import name_of, row_of
from .origins import code_remarks
from .ranking import ranked, verdicts_of
from .remarks import remarks
from .robustness import order_remarks, robustness
from .rows import rows
from .schema import Failure, Ground, Leaderboard, Scoring
from .scoring import scoring
from .summary import claims
from .tuning.summing_up import study_summaries
from .verdicts.false_best import false_best
from .verdicts.resolution import resolution


@lru_cache(maxsize=1)
def leaderboard(board: Board) -> Leaderboard:
    """Sum up a board; sections of one board that ask in turn share the answer.

    Raises:
        ValueError: Two complete trials of the board have the same model and seed.
    """
    complete = board.complete
    _check_distinct(complete)
    conditions = all_conditions(trial.record.profile for trial in complete)
    ground = ground_of(board)
    verdicts = verdicts_of(board)
    primary = next((one for one in verdicts if one.metric == board.primary.name), None)
    spec = board.trials[0].record.spec
    table = Leaderboard(
        title=board.title,
        slug=board.slug,
        dataset=spec.dataset.label,
        label_fraction=spec.label_fraction,
        labelled_images=labelled_images(spec),
        recipe=_recipe(spec),
        protocol=spec.protocol.name,
        division=board.division,
        metric=board.primary,
        class_names=complete[0].record.class_names if complete else (),
        notes=tuple(dict.fromkeys(note for trial in board.trials for note in trial.record.spec.notes)),
        remarks=(),
        rows=ranked(rows(board, complete, conditions, ground), primary),
        conditions=conditions,
        failures=tuple(_failure(trial, board) for trial in board.trials if trial.record.status == "failed"),
        superseded=board.superseded,
        scoring=scoring(complete[0]) if complete else Scoring(),
        verdicts=primary,
        other_verdicts=tuple(one for one in verdicts if one is not primary),
        ground=_told(ground),
        margin=board.margin,
        studies=study_summaries(board),
        false_best=false_best(primary) if primary else None,
        resolution=resolution(primary) if primary else None,
    )
    table = replace(table, robustness=robustness(board, table))
    unreachable = tuple(ceilings(board, complete[0])) if complete else ()
    told = (
        *unreachable,
        *board.remarks,
        *ground_remarks(board, table),
        *order_remarks(table),
        *remarks(table),
        *code_remarks(board),
    )
    return replace(table, remarks=told, claims=claims(table))


def _recipe(spec: TrialSpec) -> str:
    """Name what all rows were trained by, or tuned from."""
    if spec.model.tuned:
        return spec.model.tuned.base
    return OWN_TRAINING if spec.model.own_recipe else spec.recipe.name


def _check_distinct(complete: Sequence[Trial]) -> None:
    seen: set[tuple[str, int]] = set()
    for trial in complete:
        key = (row_of(trial), trial.record.spec.seed)
        if key in seen:
            label = trial.record.spec.model.label
            raise ValueError(f"two complete trials of {label!r} with seed {key[1]} on one board")
        seen.add(key)


def _told(found: CommonGround) -> Ground:
    return Ground(
        common=found.common,
        known=found.known,
        absent=found.absent,
        uncommon=found.uncommon,
        own_rule=found.own_rule,
    )


def _failure(trial: Trial, board: Board) -> Failure:
    record = trial.record
    return Failure(
        model=name_of(trial, board),
        seed=record.spec.seed,
        fingerprint=record.fingerprint,
        reason=record.reason or "no reason was recorded",
    )
