"""Every built-in metric against an independent implementation, on random and degenerate cases."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.evaluation.plugin import emseg_metrics
from emseg_bench.papers.score_cards import CARDS as PUBLISHED
from hypothesis import given, settings
from hypothesis import strategies as st

CARDS = (*emseg_metrics(), *PUBLISHED)
PAGE = Path(__file__).parents[3] / "docs/metrics.md"
NAMES = [card.name for card in CARDS]
TOLERANCE = 2e-6
"""References compute in float32; lengths in nm are compared relative to the voxel."""

SPACING = (50.0, 8.0, 8.0)


@pytest.fixture(scope="module")
def metrics(conformance):
    return conformance.built_in()


def differ(conformance, metrics, case, names=NAMES):
    for name in names:
        found = [*conformance.differences(case, metrics[name], conformance.REFERENCES[name])]
        defined = [difference for difference in found if not math.isnan(difference)]
        largest = TOLERANCE * (max(SPACING) if name == "hd95" else 1)
        assert max(defined, default=0) < largest, (name, found, case)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_random_cases(conformance, metrics, seed):
    differ(conformance, metrics, conformance.random_case(np.random.default_rng(seed)))


def labels(kind, shape):
    made = np.zeros(shape, int)
    middle = tuple(side // 2 for side in shape)
    if kind == "all":
        made[...] = 1
    elif kind == "border":
        made[0] = made[..., -1] = 1
    elif kind == "corner pixel":
        made[(0,) * len(shape)] = 1
    elif kind == "pixel":
        made[middle] = 1
    elif kind == "block":
        made[tuple(slice(1, side - 1) for side in shape)] = 1
    return made


KINDS = ("none", "all", "border", "corner pixel", "pixel", "block")


@pytest.mark.parametrize("shape", [(9, 7), (5, 6, 4), (1, 6), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("prediction", KINDS)
def test_degenerate_cases(conformance, metrics, prediction, shape):
    rng = np.random.default_rng(0)
    for truth in KINDS:
        pair = labels(truth, shape), labels(prediction, shape)
        case = conformance.make_case(*pair, 2, SPACING[-len(shape) :], None, rng)
        differ(conformance, metrics, case)


def test_every_built_in_metric_is_compared(conformance):
    assert set(conformance.REFERENCES) == set(NAMES)


def test_the_page_names_every_metric_in_both_tables():
    page = PAGE.read_text(encoding="utf-8")
    for table in ("cards", "conformance"):
        inside = page.partition(f"<!-- {table}: begin -->")[2].partition(f"<!-- {table}: end -->")[0]
        rows = [line.split("`")[1] for line in inside.splitlines() if line.startswith("| `")]
        assert rows == NAMES, table


def test_the_page_says_what_the_cards_say(conformance):
    page = PAGE.read_text(encoding="utf-8")
    assert conformance.put(page, "cards", conformance.card_table()) == page, "run scripts/conformance.py"


def test_a_wrong_metric_is_seen(conformance):
    """The comparison itself can fail."""
    found = conformance.compare({"iou": lambda case: [0.5] * len(case.class_names)}, cases=3)
    assert found["iou"].largest > 0.1


def test_the_table_is_written_between_its_markers(conformance):
    page = "before\n<!-- conformance: begin -->\nold\n<!-- conformance: end -->\nafter\n"
    found = conformance.compare(conformance.built_in(), cases=2)
    table = conformance.conformance_table(found, 2)
    written = conformance.put(page, "conformance", table)
    assert written == page.replace("old", table)
    assert conformance.put(written, "conformance", table) == written
