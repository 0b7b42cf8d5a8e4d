"""What is said of boards whose terms are not those of a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.reporting import OWN_TRAINING
from emseg_bench.reports.across.comparable import Ranked, families, unlike, why_none
from emseg_bench.reports.across.table import tables_across
from emseg_bench.reports.leaderboard import leaderboard

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


def ranked(make, dataset: str, share: float, images: int | None, iterations: int = 100) -> Ranked:
    """Give a board of two models."""
    trials = []
    for trial in (trial for model in "ab" for trial in make.seeds(f"{model}@x", [0.5, 0.6], dataset=dataset)):
        spec = trial.record.spec
        spec = replace(
            spec,
            label_fraction=share,
            dataset=replace(spec.dataset, training_cases=images),
            recipe=replace(spec.recipe, iterations=iterations),
        )
        trials.append(replace(trial, record=replace(trial.record, spec=spec)))
    labels = "all labels" if share == 1 else f"{share:g} labelled"
    board = make.board(trials, title=f"{dataset} · {labels} · {iterations}")
    return Ranked(board, leaderboard(board))


def test_equal_numbers_of_labels_are_equal_terms(make) -> None:
    boards = [ranked(make, "ants", 0.25, 12), ranked(make, "bees", 3 / 16, 16), ranked(make, "ants", 1.0, 12)]
    (found,) = families(boards)
    assert [one.name for one in found.members] == ["ants", "bees"]
    assert found.labelled == 3
    assert [(one.board, one.reason) for one in found.apart] == [
        ("ants · all labels · 100", "other terms: labelled_images all instead of 3")
    ]
    (table,) = tables_across(boards)
    assert table.title == "Over data sets: 3 labelled images · 100"
    assert (table.label_fraction, table.labelled_images) == (None, 3)


def test_equal_shares_are_equal_terms_whatever_the_numbers(make) -> None:
    (found,) = families([ranked(make, "ants", 0.25, 12), ranked(make, "bees", 0.25, 16)])
    assert found.labelled is None
    (table,) = tables_across([ranked(make, "ants", 0.25, 12), ranked(make, "bees", 0.25, 16)])
    assert (table.label_fraction, table.labelled_images) == (0.25, None)


def test_equal_shares_of_data_of_equal_size_are_one_table(make) -> None:
    assert len(families([ranked(make, "ants", 0.25, 12), ranked(make, "bees", 0.25, 12)])) == 1


def test_shares_that_are_no_whole_number_of_images_have_no_number(make) -> None:
    assert families([ranked(make, "ants", 0.26, 12), ranked(make, "bees", 3 / 16, 16)]) == []
    assert families([ranked(make, "ants", 0.25, None), ranked(make, "bees", 3 / 16, 16)]) == []


def test_other_numbers_are_told_as_numbers(make) -> None:
    told = why_none([ranked(make, "ants", 0.25, 12), ranked(make, "bees", 1 / 16, 16)])
    assert told.endswith("bees · 0.0625 labelled · 100 has other terms: labelled_images 1 instead of 3.")
