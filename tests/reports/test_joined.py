"""Folds of one data set stand in one table."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import mean, stdev

import pytest
from emseg_bench.reports.across.comparable import Ranked
from emseg_bench.reports.joined import joined
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.page import BoardPage, short_titles
from scipy.stats import t


def ranked(make, value, **options):
    """Give a board of two models, the second 0.1 worse."""
    label = f"folder[{','.join(f'{key}={own}' for key, own in sorted(options.items()))}]:cells"
    trials = [*make.seeds("a@x", [value]), *make.seeds("b@x", [value - 0.1])]
    changed = []
    for trial in trials:
        spec = trial.record.spec
        manifest = "d" * 62 + f"{options.get('fold', 0):02}"
        dataset = replace(spec.dataset, name="folder", options=options, label=label, manifest_sha256=manifest)
        spec = replace(spec, dataset=dataset)
        changed.append(replace(trial, record=replace(trial.record, spec=spec)))
    board = make.board(changed, title=label)
    return Ranked(board, leaderboard(board))


def test_folds_have_a_mean_with_its_interval(make):
    values = [0.7, 0.8, 0.6]
    boards = [ranked(make, value, folds=5, fold=fold) for fold, value in enumerate(values)]
    (found,) = joined([*reversed(boards), ranked(make, 0.9)])
    assert found.title == "Cross-validation: folder[folds=5]:cells"
    assert "over 3 of 5 folds" in found.grid.caption
    first, second = found.grid.rows
    half = t.ppf(0.975, 2) * stdev(values) * sqrt(1 / 3 + 1 / 4)
    assert first[2].order == pytest.approx(mean(values) - half)
    assert [cell.text for cell in first] == ["a@x", "0.700", first[2].text, "0.700", "0.800", "0.600"]
    assert second[0].text == "b@x"


def test_one_fold_and_other_data_are_joined_with_nothing(make):
    assert joined([ranked(make, 0.5, folds=3, fold=1), ranked(make, 0.6)]) == []


def test_titles_in_the_overview_hold_what_differs(make):
    def short(*titles):
        pages = [
            BoardPage(leaderboard(make.board(make.seeds("a@x", [0.5]), title=one)), 1, ()) for one in titles
        ]
        return short_titles(pages)

    assert short("cells · smoke · v1", "nerve · smoke · v1") == (["cells", "nerve"], "smoke · v1")
    assert short("cells · smoke", "cells · quick") == (["smoke", "quick"], "cells")
    assert short("cells · smoke", "cells · smoke · v1")[1] == "", "one would have no word"
    assert short("cells · smoke") == (["cells · smoke"], "")
