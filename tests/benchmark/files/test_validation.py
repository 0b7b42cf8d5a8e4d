"""Plain data are checked against the types of the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.files.validation import validate


@dataclass(frozen=True)
class Part:
    share: float = 0.5


@dataclass(frozen=True)
class Whole:
    steps: int = 1
    least: int | None = None
    sides: tuple[int, ...] = ()
    part: Part = Part()
    by_name: Mapping[str, float] = field(default_factory=dict)
    is_on: bool = False
    any_value: bool | int | float | str = 0


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"steps": True}, "whole.steps"),
        ({"steps": False}, "whole.steps"),
        ({"least": True}, "whole.least"),
        ({"sides": [3, True]}, r"whole.sides\[1\]"),
        ({"part": {"share": False}}, "whole.part.share"),
        ({"by_name": {"a": True}}, "whole.by_name.a"),
    ],
)
def test_a_truth_value_is_no_number(data, key):
    with pytest.raises(UsageError, match=f"^{key}: got a truth value .*, expected a number"):
        validate(Whole, data, "whole")


def test_truth_values_stay_what_they_are():
    made = validate(Whole, {"is_on": True, "any_value": False, "steps": 2}, "whole")
    assert (made.is_on, made.any_value, made.steps) == (True, False, 2)
    assert made.any_value is False
