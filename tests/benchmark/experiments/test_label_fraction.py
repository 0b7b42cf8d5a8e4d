"""Training on a share of the labels: how many, which, and that more labels are never other labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.label_fraction import describe_fraction, labelled_subset
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials.boards import load_boards
from hypothesis import given
from hypothesis import strategies as st

fractions = st.floats(0.001, 1, exclude_min=False)


@given(st.integers(1, 300), fractions, fractions, st.integers(0, 2**32 - 1))
def test_smaller_shares_lie_in_larger_ones_and_keep_the_order(number, one, other, seed):
    few, many = (labelled_subset(range(number), share, seed) for share in sorted((one, other)))
    assert set(few) <= set(many)
    assert few == sorted(few)
    assert few


@pytest.mark.parametrize(
    ("number", "share", "expected"), [(20, 0.1, 2), (30, 0.1, 3), (100, 0.29, 29), (7, 0.5, 3), (5, 0.01, 1)]
)
def test_shares_are_rounded_down_but_never_to_nothing(number, share, expected):
    assert len(labelled_subset(range(number), share, seed=1)) == expected


def test_all_labels_are_all_cases():
    assert labelled_subset("abc", 1.0, seed=5) == ["a", "b", "c"]


def test_seeds_choose_differently():
    assert len({tuple(labelled_subset(range(40), 0.1, seed)) for seed in range(8)}) > 1


@pytest.mark.parametrize("fractions", [[0], [1.5], [], [0.5, 0.5]])
def test_wrong_shares_are_refused(fractions):
    with pytest.raises(UsageError, match="label_fractions"):
        build_experiment(None, {"models": ["unet"], "label_fractions": fractions})


def test_words():
    assert describe_fraction(1.0) == ""
    assert describe_fraction(0.125) == "12.5 % of the labels"


@pytest.mark.slow
def test_shares_are_trials_and_boards_of_their_own(toy_path, invoke, monkeypatch):
    monkeypatch.syspath_prepend(str(toy_path))
    monkeypatch.setenv("PYTHONPATH", str(toy_path))
    command = ("run", "--models", "toy", "--datasets", "toy-data", "--recipe", "smoke", "--label-fractions")
    planned = invoke(*command, "0.5,1", "--dry-run")
    assert "2 of 4" in planned.out
    ran = invoke(*command, "1", "--label-counts", "2")
    assert ran.code == 0
    assert "On toy-data, with 2 and all 4 labelled images, nobody leads, for no model is" in " ".join(
        ran.out.split()
    )
    boards = load_boards(Store(Path("results"))).boards
    assert ["2 of 4 labelled images" in board.title for board in boards].count(True) == 1
    assert ["toy-data · all labels" in board.title for board in boards].count(True) == 1
    assert len(boards) == 2
    refused = invoke(*command, "half")
    assert (refused.code, "expected numbers such as" in refused.err) == (2, True)
