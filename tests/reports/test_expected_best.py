"""The best of so many trials, over all orders in which they could have run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from emseg_bench.reports.tuning.expected import expected_best


def test_three_trials_by_hand() -> None:
    """Of 0.2, 0.4, 0.9: one finds 0.5 in the mean; of the pairs two have 0.9 and one 0.4; three find 0.9."""
    one, two, three = expected_best([0.4, 0.9, 0.2], higher=True)
    assert [one.mean, two.mean, three.mean] == pytest.approx([0.5, (0.9 + 0.9 + 0.4) / 3, 0.9])
    assert [best.so_far for best in (one, two, three)] == [0.4, 0.9, 0.9]
    assert [(best.low, best.high) for best in (one, two, three)] == [(0.2, 0.9), (0.4, 0.9), (0.9, 0.9)]


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("lacking", [0, 2])
def test_all_orderings_agree(higher, lacking) -> None:
    """With ties and failures: mean and both quantiles of the best so far, over every ordering one by one."""
    scores = [0.3, 0.3, 0.75, 0.1, 0.62, *[None] * lacking]
    scores = scores[3:] + scores[:3]
    orderings = list(itertools.permutations(scores))
    for best in expected_best(scores, higher=higher):
        firsts = [[score for score in order[: best.trials] if score is not None] for order in orderings]
        if best.trials <= lacking:
            assert (best.mean, best.low, best.high) == (None, None, None)
            continue
        found = np.array([max(known) if higher else min(known) for known in firsts])
        assert best.mean == pytest.approx(found.mean())
        worst = np.sort(found if higher else -found)
        low, high = (worst[int(np.ceil(part * len(worst))) - 1] for part in (0.025, 0.975))
        assert (best.low, best.high) == ((low, high) if higher else (-high, -low))


def test_scores_of_lower_is_better_read_upwards() -> None:
    (one, two) = expected_best([3.0, 1.0], higher=False)
    assert (one.low, one.mean, one.high) == (1.0, 2.0, 3.0)
    assert (two.low, two.mean, two.high, two.so_far) == (1.0, 1.0, 1.0, 1.0)


def test_nothing_is_expected_of_failures() -> None:
    assert expected_best([], higher=True) == ()
    assert [best.mean for best in expected_best([None, None], higher=True)] == [None, None]
    assert expected_best([None, 0.5], higher=True)[-1].mean == 0.5


def test_many_trials_are_exact() -> None:
    """A thousand: the formula divides whole numbers, so that nothing is lost."""
    found = expected_best([i / 1000 for i in range(1000)], higher=True)
    assert found[0].mean == pytest.approx(0.4995)
    assert found[99].mean == pytest.approx((1001 * 100 / 101 - 1) / 1000)
    means = [best.mean for best in found]
    assert means == sorted(means)
