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
    mean = leader.score.mean
    unit = "" if table.metric.unit == "1" else f" {table.metric.unit}"
    text = f"{spread(mean, table.metric.unit)}{unit} ({plural(mean.seeds, 'seed')})"
    lead = f"On {table.dataset}, {leader.model} {_verb(table)} mean {metric_title(table.metric)} {text}."
    return f"{_skill(table)} {lead}".strip()


def _verb(table: Leaderboard) -> str:
    if len(table.scored) == 1:
        return "is the only model with a score:"
    leads = table.verdicts and table.verdicts.leader
    return "leads with" if leads else f"has the {_best(table)}"


def _best(table: Leaderboard) -> str:
    return "highest" if table.metric.direction == "higher" else "lowest"


def _skill(table: Leaderboard) -> str:
    """Say first that nobody leads, where no model is better for sure than what looks at no image."""
    verdicts = table.verdicts
    if verdicts is None or verdicts.skilled is not False:
        return ""
    return (
        f"No model is better for sure than “{verdicts.names[-1]}”, which looks at no image, so nobody leads."
    )


def _versus(table: Leaderboard, leader: Row, others: tuple[Row, ...]) -> str:
    if not others or table.verdicts is None:
        return ""
    where = table.verdicts.scope.phrase
    if table.verdicts.scope.kind == "none":
        return "Of too few images, and with one seed, nobody knows how much of the difference is chance."
    if leader.tied_with:
        told = f"It cannot be told apart from {listing(leader.tied_with)} {where}"
        return f"{told}{_gap(table, leader, others)}."
    runner_up = others[0]
    if runner_up.behind_leader is None:
        return ""
    by = score(runner_up.behind_leader.value, table.metric.unit)
    ends = interval(runner_up.behind_leader, table.metric.unit)
    return f"It is better {where} than {runner_up.model}, the next, by {by} (95 % interval {ends})."


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
