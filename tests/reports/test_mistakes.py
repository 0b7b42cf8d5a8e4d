"""Where the best model goes wrong."""

from __future__ import annotations

from emseg_bench.reports.sections.mistakes import section

SCORES = [0.9, 0.2, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]


def test_the_worst_cases_come_first_with_what_is_missed_and_too_much(make, tmp_path) -> None:
    counts = {1: [(50, 50, 150), (10, 10, 10)]}
    trial = make.trial(model="a@x", iou={1: [0.2, 0.5]}, counts=counts)
    text = section(make.board([trial]), tmp_path).markdown
    assert "| case0 | 0.200 | 75 % (50 %) |" in text
    assert text.index("case0") < text.index("case1")
    assert "**2 test cases, worst first" in text


def test_of_many_cases_the_worst_are_shown_and_the_others_counted(make, tmp_path) -> None:
    trial = make.trial(model="a@x", iou={1: [0.9, *SCORES, 0.95]}, counts={1: [(1, 1, 1)] * 10})
    text = section(make.board([trial]), tmp_path).markdown
    assert "**8 of 10 test cases, worst first" in text
    assert "| case9 |" not in text


def test_scores_are_held_against_sizes(make, tmp_path) -> None:
    counts = {1: [(100 * (i + 1), 1, 0) for i in range(6)]}
    trial = make.trial(model="a@x", iou={1: [0.1, 0.3, 0.4, 0.6, 0.8, 0.8]}, counts=counts)
    text = section(make.board([trial]), tmp_path).markdown
    assert "0.200 | 0.500 | 0.800 |" in text, "thirds by the area in the truth"


def test_what_is_taken_for_what_is_counted_in_pictures(make, tmp_path) -> None:
    (trial,) = make.seeds("a@x", [0.5])
    make.previews(trial, ["case0"], labels=2)
    text = section(make.board([trial]), tmp_path).markdown
    assert "in the 1 picture that its trials kept: share of the true pixels" in text


def test_without_scores_there_is_none(make, tmp_path) -> None:
    assert section(make.board([make.failed("a@x")]), tmp_path) is None
