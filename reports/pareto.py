"""Which models nothing else beats in score and cost at once."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Return the positions of the Pareto front, cheapest first.

    A point is on it when no other costs as little and scores as well without being the same.

    Args:
        points: Cost, of which less is better, and score, of which more is better.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    found: list[int] = []
    for i in order:
        if not found or points[i][1] > points[found[-1]][1] or points[i] == points[found[-1]]:
            found.append(i)
    return tuple(found)
