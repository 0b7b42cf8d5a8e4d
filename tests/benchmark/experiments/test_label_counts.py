"""Numbers of labelled images: shares under another name, nested, told by what is there."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.label_counts import describe_labels, label_shares, number_of
from emseg_bench.benchmark.experiments.label_fraction import labelled_subset
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.cli.run_values import read_counts
from hypothesis import given
from hypothesis import strategies as st

BIG = "synthetic-em[size=64,train=6,val=1,test=1]"
SMALL = "synthetic-em[size=64,train=3,val=1,test=1]"


@given(st.data(), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_a_count_is_so_many_cases_and_lies_in_every_larger_one(data, cases, seed):
    few, many = sorted(data.draw(st.lists(st.integers(1, cases), min_size=2, max_size=2)))
    own, more = (
        labelled_subset(range(cases), share, seed) for share in label_shares([few, many], [], cases, "x")
    )
    assert (len(own), len(more)) == (few, many)
    assert {*own} <= {*more}


@given(st.integers(1, 10**6), st.data())
def test_no_count_is_lost_to_rounding(cases, data):
    count = data.draw(st.integers(1, cases))
    assert number_of(count / cases, cases) == count


@given(st.integers(1, 300), st.floats(0.001, 1))
def test_numbers_are_those_of_the_subset(cases, share):
    assert number_of(share, cases) == len(labelled_subset(range(cases), share, 0))


def test_a_count_stands_back_behind_a_share_of_as_many_cases():
    assert label_shares([1, 3, 20], [0.15, 1.0], 20, "x") == (0.05, 0.15, 1.0)
    assert label_shares([3], [0.16], 20, "x") == (0.16,), "they are the same images"
    assert label_shares([], [], 20, "x") == (1.0,)


def test_more_than_there_are_is_refused_with_their_number():
    with pytest.raises(UsageError, match=r"got 21, but the training split of cells has 20 labelled images"):
        label_shares([1, 21], [], 20, "cells")


@pytest.mark.parametrize("counts", [[0], [-3], [1.5], [], [3, 3], "3", [True]])
def test_wrong_counts_are_refused(counts):
    with pytest.raises(UsageError, match="label_counts"):
        build_experiment(None, {"models": ["unet"], "label_counts": counts})


@pytest.mark.parametrize("text", ["", "one", "1.5", "-1", "1,,3", "²", "1" * 11])
def test_options_that_are_no_whole_numbers_are_refused(text):
    with pytest.raises(UsageError, match=r"--label-counts .*expected whole numbers such as 1,3,10"):
        read_counts(text)


def test_options_are_read():
    assert read_counts("1, 3,10") == [1, 3, 10]
    assert read_counts(None) is None


def test_words():
    assert describe_labels(0.15, 20) == "3 of 20 labelled images"
    assert describe_labels(0.5, 4000) == "2,000 of 4,000 labelled images"
    assert describe_labels(0.15, None) == "15 % of the labels"
    assert describe_labels(1.0, 20) == ""


@pytest.fixture
def planned(toy, tmp_path):
    def plan(**asked):
        experiment = build_experiment(None, {"models": ["toy"], **asked}, ())
        return make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path).trials

    return plan


def test_counts_plan_the_trials_of_the_same_shares_on_every_data_set(planned):
    by_count = planned(datasets=[BIG, SMALL], label_counts=[1, 3])
    assert [(spec.dataset.training_cases, spec.label_fraction) for spec in by_count.values()] == [
        *((6, 1 / 6), (6, 0.5)),
        *((3, 1 / 3), (3, 1.0)),
    ]
    assert {*planned(datasets=[BIG], label_fractions=[0.5])} < {*by_count}


def test_counts_stand_beside_shares(planned):
    found = planned(datasets=[BIG], label_counts=[1, 6], label_fractions=[1.0])
    assert [spec.label_fraction for spec in found.values()] == [1 / 6, 1.0]


def test_a_count_above_the_training_split_names_the_data_set(planned):
    with pytest.raises(UsageError, match=r"got 4, but .*train=3.* has 3 labelled images"):
        planned(datasets=[BIG, SMALL], label_counts=[1, 4])


def test_no_more_counts_beside_what_tuning_found(tmp_path):
    (tmp_path / "row.yaml").write_text("models: [unet]\ntuned: {study: s}\n")
    with pytest.raises(UsageError, match="--label-counts asks for something else"):
        build_experiment(tmp_path / "row.yaml", {"label_counts": [3]})
