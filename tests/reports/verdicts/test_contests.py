"""From hand-made tables of cases to contests: which units, whose pseudo-values, who competes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.scores import joined, scores_of
from emseg_bench.reports.verdicts.contests import Entries, contest_of
from emseg_bench.reports.verdicts.units import units_of

NAN = math.nan


def cases(count, groups=None, depth=1):
    owner = [groups[i] if groups else None for i in range(count)]
    return pd.DataFrame({"case": [f"c{i}" for i in range(count)], "group": owner, "depth": depth})


def trials_of(make, tables, **settings):
    """Trials of one foreground class, by model, seed and case."""
    return [
        make.trial(model=model, seed=seed, iou={1: values}, **settings)
        for model, seeds in tables.items()
        for seed, values in enumerate(seeds)
    ]


# ------------------------------------------------------------------------------------------ units
def test_cases_are_units_where_there_are_no_groups():
    found = units_of(cases(8))
    assert (found.kind, found.noun, found.count) == ("cases", "image", 8)
    assert units_of(cases(8, depth=20)).noun == "volume"


def test_groups_are_units_and_a_case_of_no_group_stands_alone():
    found = units_of(cases(6, ["a", "a", "b", "b", None, None]))
    assert (found.kind, found.count) == ("groups", 4)
    assert [*found.of_case.values()] == [0, 0, 1, 1, 2, 3]


def test_one_volume_of_many_slices_is_cut_into_blocks():
    found = units_of(cases(165, ["v"] * 165))
    assert (found.kind, found.count, found.held) == ("blocks", 6, 1)
    numbers = [*found.of_case.values()]
    assert numbers == sorted(numbers)
    assert set(np.bincount(numbers)) == {27, 28}
    two = units_of(cases(200, ["v"] * 100 + ["w"] * 100))
    assert (two.count, two.held) == (6, 2)
    assert len({two.of_case[f"c{i}"] for i in (99, 100)}) == 2, "no block lies in two volumes"


def test_one_volume_of_few_slices_is_no_sample(make):
    trials = trials_of(make, {"a@x": [[0.7] * 30, [0.72] * 30], "b@x": [[0.6] * 30, [0.63] * 30]})
    board = make.board([make.replace(trial, cases=trial.cases.assign(group="v")) for trial in trials])
    scope = leaderboard(board).verdicts.scope
    assert (scope.kind, scope.phrase) == ("seeds", "with other seeds on these images")


# ----------------------------------------------------------------------------------- pseudo-values
@pytest.mark.parametrize("metric", ["iou", "pooled iou"])
def test_pseudo_values_are_those_of_leaving_a_group_out(make, metric):
    """Unequal groups, classes that are absent from some: against the scores of tables without the group."""
    rng = np.random.default_rng(2)
    groups = ["a", "a", "a", "b", "b", "c", "d", "d"]
    values = rng.random((2, 2, 3, 8)).round(3)
    values[:, :, 2, [0, 5]] = NAN
    trials = [
        make.trial(
            model=f"m{m}",
            seed=s,
            groups=groups,
            class_names=("background", "x", "y"),
            iou={i + 1: values[m, s, i].tolist() for i in range(2)} | {0: [0.9] * 8},
            counts={i + 1: rng.integers(1, 99, (8, 3)).tolist() for i in range(2)},
        )
        for m in range(2)
        for s in range(2)
    ]
    table = joined(trials)
    models = tuple(trial.record.spec.model.name for trial in trials)
    found = contest_of(Entries.of(table, models, None, skips_undefined=True), metric, "higher")

    def overall(kept):
        means = scores_of(kept, skips_undefined=True).overall
        return means[means["metric"] == metric].sort_values("trial")["value"].to_numpy()

    whole = overall(table)
    expected = np.stack([4 * whole - 3 * overall(table[table["group"] != group]) for group in "abcd"], axis=1)
    order = [int(name[1:]) for name in found.names]
    assert found.units == pytest.approx(expected.reshape(2, 2, 4).mean(axis=1)[order])
    assert found.means == pytest.approx(whole.reshape(2, 2).mean(axis=1)[order])


def test_units_to_which_a_metric_does_not_apply_are_no_sample_of_it(make):
    tables = {"a@x": [[0.7, 0.8, 0.6, NAN, NAN]], "b@x": [[0.6, 0.5, 0.7, NAN, NAN]]}
    scope = leaderboard(make.board(trials_of(make, tables))).verdicts.scope
    assert (scope.kind, scope.units, scope.seeds) == ("cases", 3, False)


def test_a_class_of_two_images_is_too_rare_to_speak_of_others(make):
    """Its part in the mean over classes has a spread that two images do not show."""
    rare = [0.4, 0.3, *[NAN] * 6]
    trials = [
        make.trial(
            model=model, seed=seed, class_names=("background", "x", "y"), iou={1: [value] * 8, 2: rare}
        )
        for model, value in (("a", 0.7), ("b", 0.6))
        for seed in range(2)
    ]
    table = leaderboard(make.board(trials))
    assert (table.verdicts.scope.kind, table.verdicts.scope.rare) == ("seeds", (2,))
    assert any("Fewer than 3 independent images (or groups of them) show y" in one for one in table.remarks)


@pytest.mark.parametrize(("owners", "kind"), [(1, "seeds"), (2, "seeds"), (3, "cases")])
def test_false_positives_are_no_sample_of_a_class_that_lies_elsewhere(make, owners, kind):
    """Pooled IoU: of a class whose truth is in one image, the others' false positives have a denominator."""
    truth = [30 if i < owners else 0 for i in range(8)]
    trials = [
        make.trial(
            model=model,
            seed=seed,
            iou={1: [value if size else NAN for size in truth]},
            counts={1: [(hit if size else 0, 2, size - hit if size else 0) for size in truth]},
        )
        for model, value, hit in (("a", 0.6, 20), ("b", 0.5, 18))
        for seed in range(2)
    ]
    board = make.board(trials)
    entries = Entries.of(joined(board.trials), ("a", "a", "b", "b"), None, skips_undefined=True)
    found = contest_of(entries, "pooled iou", "higher")
    assert found.scope.kind == kind
    assert found.scope.rare == (() if kind == "cases" else (1,))


def test_what_one_image_alone_decides_is_no_sample(make):
    tables = {"a@x": [[0.7, NAN, NAN], [0.72, NAN, NAN]], "b@x": [[0.6, NAN, NAN], [0.5, NAN, NAN]]}
    assert leaderboard(make.board(trials_of(make, tables))).verdicts.scope.kind == "seeds"


# ---------------------------------------------------------------------------------- who is compared
def test_a_lead_in_half_of_the_images_is_none(make):
    """A wins 4 of 8 images with 5 seeds that hardly vary; over seeds alone that is 0.015 to 0.020."""
    lead = [0.1, 0.1, 0.1, 0.1, -0.066, -0.066, -0.066, -0.066]
    tables = {
        "a@x": [[0.7 + by + 0.001 * seed for by in lead] for seed in range(5)],
        "b@x": [[0.7 + 0.001 * seed for _ in lead] for seed in range(5)],
    }
    table = leaderboard(make.board(trials_of(make, tables)))
    found = table.verdicts
    assert (found.leader, [str(row.rank) for row in table.rows]) == (None, ["1–2", "1–2"])
    assert found.comparisons[0].value == pytest.approx(0.017)
    assert (found.comparisons[0].wins, found.comparisons[0].losses) == (4, 4)
    assert found.scope.phrase == "on other images like these eight"


def test_no_spread_at_all_is_no_certainty(make):
    tables = {"a@x": [[0.7001] * 8] * 3, "b@x": [[0.7] * 8] * 3}
    table = leaderboard(make.board(trials_of(make, tables)))
    assert [str(row.rank) for row in table.rows] == ["1–2", "1–2"]
    assert table.verdicts.comparisons[0].p is None


def test_one_seed_stands_below_several(make):
    several = [[0.7, 0.6, 0.8], [0.71, 0.62, 0.8], [0.69, 0.6, 0.82]]
    tables = {
        "lucky@x": [[0.8, 0.7, 0.9]],
        "b@x": several,
        "c@x": [[v - 0.2 for v in row] for row in several],
    }
    table = leaderboard(make.board(trials_of(make, tables)))
    assert [row.model for row in table.rows] == ["b@x", "c@x", "lucky@x"]
    assert table.verdicts.leader is None
    assert any("1 seed for lucky@x" in remark for remark in table.remarks)


def test_one_seed_each_says_that_seeds_are_not_in_it(make):
    tables = {"a@x": [[0.70, 0.60, 0.80]], "b@x": [[0.701, 0.59, 0.81]]}
    table = leaderboard(make.board(trials_of(make, tables)))
    assert table.verdicts.leader is None
    assert table.verdicts.scope.phrase == "on other images like these three, with these very seeds"


def test_the_best_blind_prediction_competes_and_the_truth_does_not(make):
    tables = {"a@x": [[0.30, 0.10, 0.20], [0.31, 0.12, 0.2]], "b@x": [[0.2, 0.1, 0.1], [0.2, 0.12, 0.1]]}
    trials = trials_of(make, tables)
    blind = [("all background", 0.1), ("all mito", 0.4), ("the truth itself", 1.0)]
    sanity = pd.concat([trials[0].cases.assign(predictor=name, value=value) for name, value in blind])
    table = leaderboard(make.replace(make.board(trials), sanity=sanity))
    assert table.verdicts.names == ("a@x", "b@x", "all mito")
    assert (table.verdicts.skilled, table.verdicts.leader) == (False, None)
    assert len(table.rows) == len(table.verdicts.places) == 2


def test_each_metric_has_its_verdicts(make):
    tables = {"a@x": [[0.7, 0.6, 0.8]], "b@x": [[0.6, 0.5, 0.7]]}
    counts = {1: [(70, 30, 0), (60, 40, 0), (80, 20, 0)]}
    table = leaderboard(make.board(trials_of(make, tables, counts=counts)))
    assert table.verdicts.metric == "iou"
    assert [one.metric for one in table.other_verdicts] == ["dice", "pooled iou"]


def test_what_is_undefined_by_the_protocol_does_not_compete(make):
    tables = {"a@x": [[0.7, NAN, 0.8], [0.7, 0.6, 0.8]], "b@x": [[0.6, 0.5, 0.7], [0.6, 0.5, 0.71]]}
    table = leaderboard(make.board(trials_of(make, tables, skips_undefined=False)))
    assert table.verdicts.seeds == (2, 1)
