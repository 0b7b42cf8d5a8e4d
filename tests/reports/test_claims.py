"""What a board may claim: hand-made tables of cases, and every output says the same of them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import pytest
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.cli.summary import print_leaderboards
from emseg_bench.reports.build import build
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from emseg_bench.reports.sections.metrics import metrics_grid

WORDS = {"leaderboard", "certainty", "comparisons"}
"""Sections that claim something."""


@dataclass(frozen=True)
class Outputs:
    """One board, everywhere."""

    page: str
    markdown: str
    terminal: str
    claims: list[str]
    rows: list[dict[str, object]]
    lines: list[dict[str, object]]
    """Of the CSV."""
    pairs: list[dict[str, object]]

    @property
    def texts(self) -> tuple[str, ...]:
        return self.page, self.markdown, self.terminal, " ".join(self.claims)

    def say(self, text: str) -> bool:
        """Whether all four say it."""
        return all(text in shown for shown in self.texts)

    @property
    def name_no_leader(self) -> bool:
        """Whether none says that somebody leads, or is better than others."""
        said = [re.findall(r"\w leads\b(?!\.)|[Ii]t is surely better", text) for text in self.texts]
        standings = {str(line["standing"]) for line in self.lines}
        return not any(said) and "leads" not in standings


@pytest.fixture
def everywhere(tmp_path, capsys, monkeypatch):
    """Write a board's report, print it, and read all of it back."""
    monkeypatch.setenv("COLUMNS", "200")

    def write(board) -> Outputs:
        cards = [card for card in emseg_report_sections() if card.name in WORDS]
        folder = tmp_path / "r"
        built = build([board], cards, folder, generated="today", version="1")
        assert built.problems == ()
        capsys.readouterr()
        print_leaderboards(
            [board], Plan({one.record.fingerprint: one.record.spec for one in board.trials}, ())
        )
        printed = capsys.readouterr().out
        page = re.sub(r"<[^>]*>", " ", built.index.read_text())
        stored = json.loads((folder / "leaderboard.json").read_text())["boards"][0]
        pairs = folder / "comparisons.csv"
        return Outputs(
            page=" ".join(html.unescape(page).split()),
            markdown=re.sub(r"\\(.)", r"\1", (folder / "leaderboard.md").read_text()),
            terminal=printed,
            claims=stored["claims"],
            rows=stored["rows"],
            lines=pd.read_csv(folder / "leaderboard.csv").to_dict("records"),
            pairs=pd.read_csv(pairs).query("metric == 'iou'").to_dict("records") if pairs.exists() else [],
        )

    return write


def model(make, name: str, by_seed: Sequence[Sequence[float]], **settings: object):
    """One trial per seed, each with a score per image."""
    return [
        make.trial(model=name, seed=seed, iou={1: list(scores)}, **settings)
        for seed, scores in enumerate(by_seed)
    ]


def blind(make, scores: Sequence[float], name: str = "all mito") -> pd.DataFrame:
    """A prediction that looks at no image, and the truth."""
    (one,) = model(make, "x@x", [scores])
    truth = one.cases.assign(value=1.0, predictor="the truth")
    return pd.concat([one.cases.assign(predictor=name), truth], ignore_index=True)


# ---------------------------------------------------------------------------------------- the faults
def test_half_of_the_images_is_no_lead_however_many_seeds(make, everywhere) -> None:
    """a is better in 4 of 8 images, with next to no spread over five seeds."""
    base = [0.5, 0.6, 0.7, 0.8, 0.5, 0.6, 0.7, 0.8]
    shift = [0.10, 0.12, 0.11, 0.13, -0.08, -0.07, -0.09, -0.08]
    ahead = [[v + d + seed / 2000 for v, d in zip(base, shift, strict=True)] for seed in range(5)]
    behind = [[v + seed / 2000 for v in base] for seed in range(5)]
    out = everywhere(make.board([*model(make, "a@x", ahead), *model(make, "b@x", behind)]))
    assert out.name_no_leader
    assert out.say("a@x has the highest mean IoU")
    assert out.say("It is not surely better than b@x on other images like these eight")
    assert out.say("better in 4 and worse in 4 of 8 images")
    assert [line["standing"] for line in out.lines] == ["highest mean", "not surely behind"]
    assert [(line["rank"], line["rank_worst"]) for line in out.lines] == [(1, 2), (1, 2)]
    assert [(pair["verdict"], pair["wins"], pair["losses"]) for pair in out.pairs] == [("open", 4, 4)]


def test_no_spread_is_no_certainty(make, everywhere) -> None:
    """Means of .7001 and .7000 that never vary."""
    out = everywhere(make.board([*make.seeds("a@x", [0.7001] * 3), *make.seeds("b@x", [0.7] * 3)]))
    assert out.name_no_leader
    assert out.say("their scores do not vary at all, and from that no certainty follows")
    assert [line["standing"] for line in out.lines] == ["highest mean", "no claim"]
    assert [row["rank"] for row in out.rows] == [{"best": 1, "worst": 2}] * 2
    assert out.rows[1]["behind_first"]["p"] is None
    assert pd.isna(out.lines[1]["behind_first_p"])


def test_without_skill_nobody_leads_and_that_comes_first(make, everywhere) -> None:
    """a is better than b for sure; what looks at no image is better than both."""
    a, b = [0.2, 0.21, 0.19, 0.22, 0.2, 0.18], [0.1, 0.12, 0.08, 0.11, 0.1, 0.09]
    trials = [*model(make, "a@x", [a, a[::-1]]), *model(make, "b@x", [b, b[::-1]])]
    sanity = blind(make, [0.45, 0.46, 0.44, 0.45, 0.47, 0.43])
    out = everywhere(replace(make.board(trials), sanity=sanity))
    assert out.name_no_leader
    first = (
        "On synthetic-em, no model is surely better on other images like these six than “all mito”, a "
        "prediction that looks at no image (mean IoU 0.450): nobody leads."
    )
    assert out.claims[0].startswith(first)
    assert out.say(first)
    assert out.lines[0]["standing"] == "highest mean"
    assert {(pair["model"], pair["verdict"], pair["other"]) for pair in out.pairs} == {
        ("a@x", "better", "b@x"),
        ("a@x", "worse", "all mito"),
        ("b@x", "worse", "all mito"),
    }


def test_one_seed_on_two_images_claims_nothing(make, everywhere) -> None:
    """.700 against .700."""
    out = everywhere(make.board([*make.seeds("a@x", [0.7001]), *make.seeds("b@x", [0.7])]))
    assert out.name_no_leader
    assert out.say(
        "Nothing tells how much of the order is chance: every model has one seed, and there are fewer than 3 "
        "images."
    )
    assert [line["standing"] for line in out.lines] == ["highest mean", "no claim"]


def test_a_row_of_one_seed_stands_below_those_of_several(make, everywhere) -> None:
    trials = [*make.seeds("lucky@x", [0.72]), *make.seeds("a@x", [0.70, 0.71, 0.69])]
    out = everywhere(make.board(trials))
    assert [line["model"] for line in out.lines] == ["a@x", "lucky@x"]
    assert out.name_no_leader
    assert out.say("a@x has the highest mean IoU over several seeds, 0.700 ± 0.010 (3 seeds)")
    assert out.lines[0]["standing"] == "highest mean over several seeds"


def test_every_metric_has_its_own_verdicts(make) -> None:
    """By Dice as by IoU, on the page's table of all metrics and in what machines read."""
    far, near = [0.9, 0.91, 0.89, 0.92], [0.5, 0.52, 0.48, 0.51]
    board = make.board([*model(make, "a@x", [far, far]), *model(make, "b@x", [near, near])])
    table = leaderboard(board)
    assert [verdicts.metric for verdicts in table.all_verdicts][:2] == ["iou", "dice"]
    assert [verdicts.leader for verdicts in table.all_verdicts][:2] == ["a@x", "a@x"]
    grid = metrics_grid(table, {})
    assert [[cell.below for cell in row[2:]] for row in grid.rows if row[1].order == "0"] == [
        [("rank 1",), (), ("rank 1",)],
        [("rank 2",), (), ("rank 2",)],
    ]


# ---------------------------------------------------------------------------------------- the scope
def test_a_claim_carries_its_scope(make, everywhere) -> None:
    """Over images it is of other images; over groups of other animals; over seeds of these images alone."""
    far = [[0.9 + i / 100 + s / 500 for i in range(6)] for s in range(3)]
    near = [[0.5 + (5 - i) / 100 + s / 500 for i in range(6)] for s in range(3)]

    def lead(**settings):
        return everywhere(
            make.board([*model(make, "a@x", far, **settings), *model(make, "b@x", near, **settings)])
        )

    images = lead()
    assert images.say(
        "a@x leads with mean IoU 0.927 ± 0.002 (3 seeds). It is surely better than b@x on other "
        "images like these six, by 0.400"
    )
    assert {line["claimed"] for line in images.lines} == {"on other images like these six"}
    assert [line["standing"] for line in images.lines] == ["leads", "surely behind"]
    assert {pair["scope"] for pair in images.pairs} == {"on other images like these six"}
    grouped = lead(groups=["m1", "m1", "m2", "m2", "m3", "m3"])
    assert grouped.say("on other animals or volumes like these three")
    seeds = everywhere(
        make.board([*make.seeds("a@x", [0.9, 0.91, 0.92]), *make.seeds("b@x", [0.5, 0.51, 0.52])])
    )
    assert seeds.say("It is surely better than b@x with other seeds on these images, by 0.400")
    assert seeds.say("Nothing is known about other images: that takes at least 3.")


def test_many_images_of_one_animal_are_not_called_few_images(make, everywhere) -> None:
    near, far = [0.5, 0.52, 0.48, 0.51, 0.5], [0.9, 0.91, 0.89, 0.92, 0.88]

    def of_one_animal(**seeds):
        return everywhere(
            make.board(
                [t for name, scores in seeds.items() for t in model(make, name, scores, groups=["m"] * 5)]
            )
        )

    assert of_one_animal(a=[far], b=[near]).say(
        "every model has one seed, and there are fewer than 3 animals or volumes."
    )
    several = of_one_animal(a=[far, far[::-1]], b=[near, near[::-1]])
    assert several.say("Nothing is known about other animals or volumes: that takes at least 3.")


def test_intervals_of_one_seed_say_that_seeds_are_not_in_them(make, everywhere) -> None:
    near, far = [0.5, 0.52, 0.48, 0.51, 0.5], [0.9, 0.91, 0.89, 0.92, 0.88]
    out = everywhere(make.board([*model(make, "a@x", [far]), *model(make, "b@x", [near])]))
    assert out.say("on other images like these five, with these very seeds")
    assert out.say(
        "Every model was trained with one seed, so the intervals do not hold how much a score varies"
    )


def test_blocks_of_one_seed_reach_neither_other_volumes_nor_other_seeds(make, everywhere) -> None:
    trials = [
        make.trial(
            model=f"{name}@x", iou={1: [score + 0.001 * (i % 7) for i in range(120)]}, groups=["v"] * 120
        )
        for name, score in (("a", 0.6), ("b", 0.4))
    ]
    out = everywhere(make.board(trials))
    assert out.say("Nothing is known about other volumes: that takes at least 3.")
    assert out.say("Every model was trained with one seed")


# ---------------------------------------------------------------------------------------- the margin
GOOD = [0.80, 0.82, 0.78, 0.81, 0.79, 0.83, 0.80, 0.77]
NEARLY = [0.799, 0.820, 0.778, 0.811, 0.787, 0.829, 0.800, 0.769]
POOR = [0.60, 0.63, 0.57, 0.61, 0.60, 0.62, 0.61, 0.57]


def three(make, **latencies: float):
    """Two that are as good as each other, and a poor one; each with its latency in ms."""
    return [
        trial
        for name, scores in (("good", GOOD), ("nearly", NEARLY), ("poor", POOR))
        for trial in model(
            make,
            f"{name}@x",
            [[v + shift for v in scores] for shift in (0, 0.001, -0.001)],
            profile=make.replace(make.profile, latency_p50_ms=latencies[name]),
        )
    ]


def test_the_cheapest_that_is_good_enough(make, everywhere) -> None:
    """Poor is cheaper still, and never named."""
    board = make.board(three(make, good=40.0, nearly=20.0, poor=5.0))
    out = everywhere(replace(board, margin=0.01))
    (told,) = [text for text in out.claims if "cheapest" in text]
    assert out.say(told)
    assert re.match(
        r"nearly@x is the cheapest model that is surely \(p = 0\.00\d, all models at once\) at most", told
    )
    assert (
        "0.01 worse than any other model on other images like these eight: 20.0 ms against 40.0 ms." in told
    )
    assert out.say("Cheapest means the lowest latency (p50, per image) under the conditions of good@x.")
    assert out.say(
        "Practically equivalent, surely (95 %, all pairs at once) less than 0.01 apart on other images like "
        "these eight: good@x with nearly@x."
    )
    unasked = ("margin", "cheapest", "equivalent")
    assert not any(word in text for text in everywhere(board).claims for word in unasked)


def test_of_equally_cheap_ones_the_better_is_named(make, everywhere) -> None:
    out = everywhere(replace(make.board(three(make, good=29.8, nearly=29.8, poor=29.8)), margin=0.01))
    assert out.say("good@x is the cheapest model that is surely")
    assert not out.say("against 29.8")


def test_a_margin_that_nobody_meets(make, everywhere) -> None:
    trials = [*make.seeds("a@x", [0.6, 0.7, 0.8]), *make.seeds("b@x", [0.59, 0.69, 0.79])]
    out = everywhere(replace(make.board(trials), margin=0.01))
    assert out.say(
        "No model is surely at most 0.01 worse than any other model with other seeds on these images"
    )
    assert out.say("No two models are surely less than 0.01 apart with other seeds on these images.")
    none = everywhere(
        replace(make.board([*make.seeds("a@x", [0.7]), *make.seeds("b@x", [0.7])]), margin=0.01)
    )
    assert none.say("cannot be said: nothing is known of how their scores vary.")


def test_without_skill_the_margin_names_nobody(make, everywhere) -> None:
    board = make.board(three(make, good=40.0, nearly=20.0, poor=5.0))
    out = everywhere(replace(board, margin=0.01, sanity=blind(make, [0.9] * 8)))
    assert out.say(
        "No model is named for being at most 0.01 worse than any other model, since none shows skill."
    )


# ---------------------------------------------------------------------------------------- prospects
def test_the_risk_and_what_more_would_show_stand_beside_the_answer(make, everywhere) -> None:
    out = everywhere(make.board(three(make, good=40.0, nearly=20.0, poor=5.0)))
    (risk,) = [
        text for text in out.claims if text.startswith("The risk that another model is better than good@x")
    ]
    (found,) = [text for text in out.claims if text.startswith("With 3 seeds and 8 images, a difference of")]
    assert out.say(risk)
    assert out.say(found)
    assert re.search(r"with 5 seeds 0\.\d+, with 10 seeds 0\.\d+, with 16 images 0\.\d+", found)
    assert {line["standing"] for line in out.lines} == {"highest mean", "not surely behind", "surely behind"}
