"""How far a study is, as its storage says: what ``trials.json`` holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .records import State, StudySpec, StudyState, TuningTrial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

FINGERPRINT, CURVE, SECONDS, STORED, REASON, DEATHS = (
    *("fingerprint", "curve", "seconds"),
    *("stored", "reason", "deaths"),
)
"""What the storage keeps of a trial beside its setting."""
_STATES: Final[dict[str, State]] = {
    "RUNNING": "running",
    "WAITING": "running",
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}


def state_of(spec: StudySpec, trials: Sequence[FrozenTrial], final: Sequence[str] = ()) -> StudyState:
    """Sum a study up.

    Args:
        spec: The study's.
        trials: All that it has, by number.
        final: Fingerprints of the trials of its best setting.
    """
    rows = tuple(_row(one) for one in trials)
    return StudyState(
        trials=rows, best=_best(spec, rows), seconds=sum(one.seconds for one in rows), final=tuple(final)
    )


def _row(trial: FrozenTrial) -> TuningTrial:
    told = trial.user_attrs
    return TuningTrial(
        number=trial.number,
        fingerprint=told.get(FINGERPRINT, ""),
        setting=dict(trial.params),
        state=_STATES[trial.state.name],
        values=tuple(trial.values or ()) if trial.state.name == "COMPLETE" else (),
        curve=tuple((int(iteration), float(score)) for iteration, score in told.get(CURVE, ())),
        seconds=told.get(SECONDS, 0.0),
        stored=told.get(STORED, False),
        reason=told.get(REASON, ""),
    )


def _best(spec: StudySpec, rows: Sequence[TuningTrial]) -> tuple[int, ...]:
    """Give the numbers of trials that none beats in all objectives, the best score first, then the oldest."""
    signs = [1.0 if one.direction == "maximize" else -1.0 for one in spec.objectives]
    ranks = next(i for i, one in enumerate(spec.objectives) if one.name == spec.protocol.primary)
    gains = {
        row.number: tuple(sign * value for sign, value in zip(signs, row.values, strict=True))
        for row in rows
        if row.state == "complete"
    }
    front = [number for number in gains if not any(_beats(other, gains[number]) for other in gains.values())]
    ordered = sorted(front, key=lambda number: (-gains[number][ranks], number))
    return tuple(ordered if len(signs) > 1 else ordered[:1])


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(mine >= theirs for mine, theirs in zip(one, other, strict=True))
