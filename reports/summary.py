"""The answer in plain words."""

from __future__ import annotations

from .schema import Leaderboard, Row
from .wording import interval, listing, metric_title, number, plural, score, spread


def summary(table: Leaderboard) -> str:
    """Say who leads, how surely, and what costs less among the equals."""
    scored = table.scored
    if not scored:
        return _no_score(table)
    leader = scored[0]
    parts = [_lead(table, leader), _versus(table, leader, scored[1:]), _cheaper(leader, scored)]
    return " ".join(part for part in parts if part)


def _no_score(table: Leaderboard) -> str:
    if not any(row.seeds for row in table.rows):
        return f"On {table.dataset} no trial is complete: {plural(len(table.failures), 'trial')} failed."
    return f"On {table.dataset} {metric_title(table.metric)} applies to no case, so there is no ranking."


def _lead(table: Leaderboard, leader: Row) -> str:
    verb = "leads with" if len(table.scored) > 1 else "is the only model with a score:"
    mean = leader.score.mean
    unit = "" if table.metric.unit == "1" else f" {table.metric.unit}"
    text = f"{spread(mean, table.metric.unit)}{unit} ({plural(mean.seeds, 'seed')})"
    return f"On {table.dataset}, {leader.model} {verb} mean {metric_title(table.metric)} {text}."


def _versus(table: Leaderboard, leader: Row, others: tuple[Row, ...]) -> str:
    if not others:
        return ""
    if leader.score.mean.seeds == 1:
        return "With one seed there is no spread, so nobody knows how much of the lead is chance."
    if leader.tied_with:
        return f"It cannot be told apart from {listing(leader.tied_with)}{_gap(table, leader, others)}."
    unsure = [row.model for row in others if row.score.mean.seeds == 1]
    if unsure:
        return f"Whether it is better than {listing(unsure)} is open: 1 seed has no spread."
    runner_up = others[0]
    if runner_up.behind_leader is None:
        return ""
    by = score(runner_up.behind_leader.value, table.metric.unit)
    ends = interval(runner_up.behind_leader, table.metric.unit)
    return f"The difference to {runner_up.model}, the next, is {by} (95 % interval {ends}): more than chance."


def _gap(table: Leaderboard, leader: Row, others: tuple[Row, ...]) -> str:
    """Spell out the difference where there is one tie to speak of."""
    tied = [row for row in others if row.model in leader.tied_with]
    if len(tied) != 1 or tied[0].behind_leader is None:
        return ""
    by = score(tied[0].behind_leader.value, table.metric.unit)
    return f" (difference {by}, 95 % interval {interval(tied[0].behind_leader, table.metric.unit)})"


def _cheaper(leader: Row, scored: tuple[Row, ...]) -> str:
    """Name the fastest of the leader and its ties, if it is another one."""
    equals = [row for row in scored if row is leader or row.model in leader.tied_with]
    timed = [(latency, row) for row in equals if (latency := _latency(row, leader)) is not None]
    if len(timed) < 2:
        return ""
    fastest, row = min(timed, key=lambda item: item[0])
    if row is leader:
        return ""
    own = _latency(leader, leader)
    times = f"{number(fastest)} ms per image (p50) against {number(own)} ms"
    return f"Of these, {row.model} is the fastest: {times}."


def _latency(row: Row, leader: Row) -> float | None:
    """Latency, if it was measured under the leader's conditions."""
    if row.cost is None or leader.cost is None or row.cost.condition != leader.cost.condition:
        return None
    return row.cost.latency_p50_ms
