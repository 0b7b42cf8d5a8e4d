"""What is said of boards whose terms are not those of a table."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.reporting import OWN_TRAINING
from emseg_bench.reports.across.comparable import unlike

TERMS = {
    "label_fraction": 1.0,
    "recipe": {"iterations": 300, "crop": 64, "loss": "emseg-v1", "schedule": "cosine"},
    "metric": {"name": "nsd", "version": 1, "options": {"tolerance_nm": 20}},
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"label_fraction": 0.1}, "label_fraction 0.1 instead of 1.0"),
        ({"recipe": TERMS["recipe"] | {"crop": 128}}, "recipe.crop 128 instead of 64"),
        ({"recipe": OWN_TRAINING}, "recipe as its authors train it instead of the same for all rows"),
        (
            {"metric": {"name": "nsd", "version": 2, "options": {"tolerance_nm": 40}}},
            "metric.version 2 instead of 1 and metric.options.tolerance_nm 40 instead of 20",
        ),
        (
            {"metric": {"name": "nsd", "version": 1, "options": {}}},
            "metric.options.tolerance_nm not there instead of 20",
        ),
        (
            {"label_fraction": 0.5, "recipe": {"iterations": 1, "crop": 32, "loss": "x", "schedule": "poly"}},
            "label_fraction 0.5 instead of 1.0, recipe.iterations 1 instead of 300 and recipe.crop 32 "
            "instead of 64, and 2 more",
        ),
    ],
)
def test_what_is_different_is_named(changed, told) -> None:
    assert unlike(TERMS, TERMS | changed) == f"other terms: {told}"
