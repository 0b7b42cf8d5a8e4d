"""Score against labels, from trials to page, Markdown, JSON, CSV and sentences: all say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.reports.across.comparable import Ranked
from emseg_bench.reports.build import build
from emseg_bench.reports.exports import read_json
from emseg_bench.reports.label_efficiency.curves import label_efficiency
from emseg_bench.reports.label_efficiency.part import changes_grid
from emseg_bench.reports.leaderboard import leaderboard

WOBBLE = (-0.004, -0.003, 0.003, 0.004)
IMAGES = 20


def board(make, share, means, *, images=IMAGES, seeds=3, cases=WOBBLE, drift=0.004, **settings):
    """Give a board of models by their means: three seeds that are `drift` apart, four images."""
    trials = [
        make.trial(
            model=f"{model}@x",
            seed=seed,
            iou={1: [mean + drift * (seed - 1) + (wobble if model < "b" else -wobble) for wobble in cases]},
            **settings,
        )
        for model, mean in means.items()
        for seed in range(seeds)
    ]
    changed = []
    for trial in trials:
        spec = trial.record.spec
        spec = replace(spec, label_fraction=share, dataset=replace(spec.dataset, training_cases=images))
        changed.append(replace(trial, record=replace(trial.record, spec=spec)))
    labels = "" if share == 1 else f" · {share:g} labelled"
    return make.board(changed, title=f"synthetic-em{labels} · quick", slug=f"s{share:g}".replace(".", "-"))


def found(boards):
    return label_efficiency([Ranked(one, leaderboard(one)) for one in boards])


CROSSING = {0.05: {"a": 0.4, "b": 0.39}, 0.15: {"a": 0.6, "b": 0.5}, 1.0: {"a": 0.7, "b": 0.9}}


@pytest.fixture(scope="module")
def boards(make_shared):
    """Of 20 images 1, 3 and all: a is ahead at first, b in the end."""
    return [
        board(make_shared, share, means, drift=0.02 if share == 0.05 else 0.004)
        for share, means in reversed(CROSSING.items())
    ]


@pytest.fixture(scope="module")
def table(boards):
    (one,) = found(boards)
    return one


@pytest.fixture(scope="module")
def folder(boards, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("report") / "r"
    build(boards, [], place, generated="2026-11-23", version="1.2")
    return place


def test_amounts_and_scores_by_hand(table):
    assert [(one.images, one.share) for one in table.amounts] == [(1, 0.05), (3, 0.15), (20, 1.0)]
    assert [line.model for line in table.lines] == ["b@x", "a@x"], "by the score with all labels"
    assert [point.score.mean for point in table.lines[0].points] == pytest.approx([0.39, 0.5, 0.9])
    assert all(point.interval.low < point.score.mean < point.interval.high for point in table.lines[0].points)
    assert table.title == "How many labels: synthetic-em · quick"


def test_the_answer_in_words(table):
    assert table.summary == (
        "On synthetic-em, with 1 labelled image, no order is sure (a@x has the highest mean IoU); with 3, "
        "a@x leads; with all 20, b@x leads. The order changes surely (95 %, for all pairs at all numbers of "
        "labels at once): with 3 labelled images a@x is ahead of b@x, with all 20 b@x of a@x. “Leads” and "
        "“surely” are about what holds on other images like these four."
    )


def test_what_a_reader_must_know(table):
    choice, validation = table.remarks
    assert "seed chooses which images are labelled" in choice
    assert "validation split is whole" in validation


def test_last_states_need_no_validation_labels(make):
    recipe = replace(make.trial().record.spec.recipe, validations=1)
    (one,) = found([board(make, share, {"a": 0.5}, recipe=recipe) for share in (0.05, 1.0)])
    assert len(one.remarks) == 1
    assert one.summary == (
        "On synthetic-em, with 1 and all 20 labelled images, a@x is the only model with a score."
    )


def test_page_markdown_json_and_csv_say_the_same(table, folder):
    assert read_json(folder / "leaderboard.json").label_efficiency == (table,)
    page, text = ((folder / name).read_text() for name in ("index.html", "leaderboard.md"))
    for one in (page, text.replace("\\", "")):
        assert table.summary in one
        assert "Where the order changes" in one
    assert '<a href="#labels-1">' in page
    assert 'src="figures/labels-1-labels.svg"' in page
    drawn = (folder / "figures/labels-1-labels.svg").read_text()
    assert ">Labelled images (of 20, logarithmic)<" in drawn
    rows = pd.read_csv(folder / "labels.csv")
    assert rows["labelled_images"].tolist() == [1, 3, 20, 1, 3, 20]
    assert rows["score_mean"].tolist() == pytest.approx([0.39, 0.5, 0.9, 0.4, 0.6, 0.7])
    assert rows[rows["leads"]]["model"].tolist() == ["b@x", "a@x"]


def test_of_many_changes_the_page_has_some(table):
    grid = changes_grid(replace(table, crossings=table.crossings * 60))
    assert len(grid.rows) == 50
    assert [cell.text for cell in grid.rows[0][:2]] == ["a@x", "b@x"]


def test_the_report_tells_its_summary(boards, table, tmp_path):
    built = build(boards, [], tmp_path / "r", generated="2026-11-23", version="1.2")
    assert built.summaries == (table.summary,)


def test_boards_alone_may_be_sure_where_all_at_once_are_not(make):
    wide = (-0.0248, -0.0248, 0.0248, 0.0248)  # p = .04 on each board: tests/.../test_crossings.py
    pair = ({"a": 0.55, "b": 0.45}, {"a": 0.45, "b": 0.55})
    (one,) = found(
        [board(make, share, means, seeds=1, cases=wide) for share, means in zip((0.05, 1), pair, strict=True)]
    )
    assert one.summary == (
        "On synthetic-em, with 1 labelled image, a@x leads; with all 20, b@x leads. By single boards alone, "
        "each at 95 % for itself, a@x with b@x changes places; for all at once that is not sure. “Leads” "
        "and “surely” are about what holds on other images like these four, with these very seeds."
    )


def test_one_seed_and_few_images_tell_nothing(make):
    pair = ({"a": 0.55, "b": 0.45}, {"a": 0.45, "b": 0.55})
    (one,) = found(
        [
            board(make, share, means, seeds=1, cases=(0.0, 0.1))
            for share, means in zip((0.05, 1), pair, strict=True)
        ]
    )
    assert one.summary == (
        "On synthetic-em, with 1 labelled image, nothing tells how much of the order is chance (one seed "
        "each, fewer than 3 images), and a@x has the highest mean IoU; with all 20, nothing tells how much "
        "of the order is chance (one seed each, fewer than 3 images), and b@x has the highest mean IoU."
    )
    assert all(point.interval is None for line in one.lines for point in line.points)


def test_blind_predictions_are_drawn_where_all_boards_have_the_same(make, tmp_path):
    def with_blind(one, score):
        cases = [
            (f"case{i}", 1, "mito", "iou", score + 0.01 * i, who)
            for who in ("all mito", "truth")
            for i in range(4)
        ]
        columns = ["case", "class_index", "class_name", "metric", "value", "predictor"]
        sanity = pd.DataFrame(cases, columns=columns).assign(group=None, depth=1, height=64, width=64)
        return replace(one, sanity=sanity)

    some = [
        board(make, share, {"a": mean, "b": 0.4}) for share, mean in ((0.05, 0.61), (0.15, 0.73), (1.0, 0.87))
    ]
    (one,) = found([with_blind(own, 0.2) for own in some])
    assert one.blind_mean == pytest.approx(0.215)
    build([with_blind(own, 0.2) for own in some], [], tmp_path / "r", generated="2026-11-23", version="1.2")
    assert "Dashed: the best prediction that looks at no image." in (tmp_path / "r/index.html").read_text()
    (other,) = found([with_blind(own, 0.1 * number) for number, own in enumerate(some)])
    assert other.blind_mean is None


def test_means_that_change_places_by_chance_are_no_claim(make):
    pair = ({"a": 0.51, "b": 0.5}, {"a": 0.5, "b": 0.51})
    (one,) = found(
        [board(make, share, means, drift=0.05) for share, means in zip((0.05, 1), pair, strict=True)]
    )
    assert (
        "Whether more labels change the order is not known: the means of 1 pair of models change places, but "
        "of no pair is one model surely ahead with fewer labels and the other with more." in one.summary
    )


def test_one_order_throughout(make):
    (one,) = found([board(make, share, {"a": 0.6, "b": 0.5}) for share in (0.05, 1)])
    assert one.summary == (
        "On synthetic-em, with 1 and all 20 labelled images, a@x leads. The order of the means is the same "
        "with any of these numbers of labels. “Leads” and “surely” are about "
        "what holds on other images like these four."
    )


def test_a_metric_of_which_less_is_better(make):
    metric = make.metric("hd95", "nm", "lower")
    (one,) = found(
        [
            board(make, share, means, metric=metric)
            for share, means in ((0.05, {"a": 30.0, "b": 40.0}), (1.0, {"a": 20.0, "b": 10.0}))
        ]
    )
    assert [line.model for line in one.lines] == ["b@x", "a@x"]
    assert "with 1 labelled image a@x is ahead of b@x, with all 20 b@x of a@x" in one.summary


def test_gaps_are_told_and_filled_with_nothing(make, tmp_path):
    some = [board(make, 0.05, {"a": 0.5, "b": 0.4}), board(make, 1.0, {"a": 0.6})]
    (one,) = found(some)
    assert [line.points[1] is None for line in one.lines] == [False, True]
    assert (
        one.remarks[0] == "Without a score, and compared with nothing there: b@x with all 20 labelled images."
    )
    assert "; with all 20, a@x is the only model with a score." in one.summary
    build(some, [], tmp_path / "r", generated="2026-11-23", version="1.2")


def test_records_that_do_not_tell_their_images_stand_by_shares(make, tmp_path):
    old = [board(make, share, {"a": share}, images=None) for share in (0.1, 0.5)]
    (one,) = found(old)
    assert [amount.images for amount in one.amounts] == [None, None]
    assert "with 10 % and 50 % of the labels, a@x is" in one.summary
    build(old, [], tmp_path / "r", generated="2026-11-23", version="1.2")
    assert "Labelled share of the images (%)" in (tmp_path / "r/figures/labels-1-labels.svg").read_text()


def test_one_newer_record_tells_it_of_all(make):
    (one,) = found([board(make, 0.1, {"a": 0.1}, images=None), board(make, 1.0, {"a": 0.5})])
    assert [amount.images for amount in one.amounts] == [2, 20]


def test_shares_of_as_many_images_are_one_number_of_labels(make):
    (one,) = found([board(make, share, {"a": 0.5}) for share in (0.15, 0.16, 1.0)])
    assert [amount.images for amount in one.amounts] == [3, 20]


def test_one_number_of_labels_and_other_recipes_make_no_figure(make):
    other = replace(make.trial().record.spec.recipe, iterations=7)
    assert found([board(make, 0.5, {"a": 0.5}), board(make, 1.0, {"a": 0.5}, recipe=other)]) == ()


def test_models_of_one_name_are_told_apart(make):
    def with_hidden(one, number):
        trials = []
        for trial in one.trials:
            spec = trial.record.spec
            model = replace(spec.model, options={"hidden": number})
            trials.append(replace(trial, record=replace(trial.record, spec=replace(spec, model=model))))
        return replace(one, trials=tuple(trials))

    (one,) = found(
        [with_hidden(board(make, share, {"a": 0.5}), number) for share, number in ((0.5, 1), (1.0, 2))]
    )
    assert len({line.model for line in one.lines}) == 2
    assert all(line.model.startswith("a@x (") for line in one.lines)
