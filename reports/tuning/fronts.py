"""Which trials of a study with two goals no other beats in both."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmark.contracts.studies import Study
from ..pareto import front


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A trial by both goals."""

    number: int
    cost: float
    """The second goal's value."""
    score: float
    on_front: bool


def fronts(study: Study) -> tuple[Point, ...]:
    """Give the complete trials of a study with two goals, cheapest first; none of a study with one."""
    if len(study.goals) < 2:
        return ()
    complete = [one for one in study.tried if one.state == "complete"]
    signs = [1 if goal.higher else -1 for goal in study.goals]
    on = front([(-signs[1] * one.values[1], signs[0] * one.values[0]) for one in complete])
    points = (
        Point(number=one.number, cost=one.values[1], score=one.values[0], on_front=i in on)
        for i, one in enumerate(complete)
    )
    return tuple(sorted(points, key=lambda point: (point.cost, point.number)))
