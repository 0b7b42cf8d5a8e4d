"""The answer in plain words."""

from __future__ import annotations

from .claims import headline, reach
from .enough import alike, cheaper, enough
from .prospects import resolved, risk
from .schema import Leaderboard
from .wording import metric_title, plural


def claims(table: Leaderboard) -> tuple[str, ...]:
    """Say what a board shows: the answer comes first.

    Then the risk that it is wrong, what is good enough and costs less, what is equivalent, what more data
    would show, and what nothing is said about.
    """
    if table.verdicts is None:
        return (_no_score(table),)
    verdicts = table.verdicts
    found = (
        headline(table, verdicts),
        risk(table.false_best, verdicts),
        enough(table, verdicts),
        alike(table, verdicts),
        cheaper(table),
        resolved(table, verdicts),
        reach(verdicts),
    )
    return tuple(text for text in found if text)


def _no_score(table: Leaderboard) -> str:
    if not any(row.seeds for row in table.rows):
        return f"On {table.dataset} no trial is complete: {plural(len(table.failures), 'trial')} failed."
    return f"On {table.dataset} {metric_title(table.metric)} applies to no case, so there is no ranking."
