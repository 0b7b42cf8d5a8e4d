"""Which models and data sets are compared where combinations are missing."""

from __future__ import annotations

import pytest
from emseg_bench.reports.across.balance import Block, balanced


@pytest.mark.parametrize(
    ("scored", "sets", "expected"),
    [
        pytest.param({"a": {0, 1}, "b": {0, 1}}, 2, Block(("a", "b"), (0, 1)), id="nothing missing"),
        pytest.param(
            {"a": {0, 1, 2}, "b": {0, 1, 2}, "c": {0, 1}},
            3,
            Block(("a", "b"), (0, 1, 2)),
            id="one model short",
        ),
        pytest.param(
            {"a": {0, 1, 2}, "b": {0, 1}, "c": {0, 1}},
            3,
            Block(("a", "b", "c"), (0, 1)),
            id="a set is dropped",
        ),
        pytest.param(
            {"a": {0, 1, 2, 3}, "b": {0, 1, 2}, "c": {2, 3}},
            4,
            Block(("a", "b"), (0, 1, 2)),
            id="the larger block",
        ),
        pytest.param(
            {"a": {0, 1, 2}, "b": {0, 1, 2}, "c": {3, 4}, "d": {3, 4}, "e": {3, 4}},
            5,
            Block(("a", "b"), (0, 1, 2)),
            id="as many scores, more sets",
        ),
        pytest.param({"a": {0, 1}, "b": {2, 3}}, 4, None, id="nothing in common"),
        pytest.param({"a": {0, 1}, "b": {1, 2}}, 3, None, id="one set in common"),
        pytest.param({"a": {0, 1}}, 2, None, id="one model"),
    ],
)
def test_the_balanced_part(scored, sets, expected) -> None:
    assert balanced({model: frozenset(on) for model, on in scored.items()}, sets) == expected
