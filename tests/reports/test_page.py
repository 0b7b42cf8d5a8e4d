"""The page: complete, closed to the network, safe against names, and never half written."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.cards import ReportSectionCard
from emseg_bench.benchmark.contracts.errors import StoreError, UsageError
from emseg_bench.benchmark.contracts.reporting import Board, ReportSection
from emseg_bench.benchmark.files.printable import printable
from emseg_bench.reports.build import BuiltReport, build
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections

HOSTILE = "<script>document.title='hacked'</script>\"'|*_&$\\x"
VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}


DRAWN = {"certainty", "comparisons", "score-and-cost", "pictures", "curves"}
"""Sections that take long; where the others will do they are left out."""


def built(boards: list[Board], folder: Path, *more: ReportSectionCard, drawn: bool = True) -> BuiltReport:
    sections = [card for card in emseg_report_sections() if drawn or card.name not in DRAWN]
    return build(boards, [*sections, *more], folder, generated="2026-11-23 16:00 UTC", version="0.1.0")


def page_of(boards: list[Board], folder: Path) -> Page:
    report = built(boards, folder)
    assert report.problems == ()
    return Page(report.index)


class Page(HTMLParser):
    """What is in the page: tags with attributes, and text by the section it stands in."""

    def __init__(self, index: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = index.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(self.source)
        assert self._open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.text += data

    def attributes(self, *names: str) -> list[str]:
        return [value for _, attributes in self.tags for name in names if (value := attributes.get(name))]

    def ids(self) -> list[str]:
        return self.attributes("id")


@pytest.fixture(scope="module")
def full(make_shared) -> Board:
    """Everything at once: a tie, a failure, notes, pictures."""
    make = make_shared
    trials = [
        *make.seeds("a@x", [0.6, 0.7, 0.8], notes=("val split serves as test split",)),
        *make.seeds("b@x", [0.59, 0.69, 0.79]),
        make.failed("b@x", 3, "out of memory"),
    ]
    make.previews(trials[0], ["case0"], labels=2)
    make.previews(trials[3], ["case0"], labels=2)
    return make.board(trials, superseded=1)


@pytest.fixture(scope="module")
def full_report(full, tmp_path_factory) -> Path:
    """The folder of its report, for tests that only read."""
    report = built([full], tmp_path_factory.mktemp("full") / "r")
    assert report.problems == ()
    return report.index.parent


@pytest.fixture
def full_page(full_report) -> Page:
    return Page(full_report / "index.html")


def test_all_parts_are_there(full_page) -> None:
    page = full_page
    parts = [
        "leaderboard",
        "certainty",
        "score-and-cost",
        "pictures",
        "mistakes",
        "calibration",
        "curves",
        "metrics",
        "aggregates",
        "robustness",
        "method",
    ]
    parts += ["failures", "provenance"]
    sections = [i for i in page.ids() if i.startswith("synthetic-em-")]
    assert sections == ["synthetic-em-title", *(f"synthetic-em-{part}" for part in parts)]
    for text in (
        "1\N{EN DASH}2",
        "0.700 ± 0.100",
        "val split serves as test split",
        "out of memory",
        "1 older trial",
    ):
        assert text in page.text
    for text in ("Test CPU, fp32, 2 threads", "doi 10.1000/test", "Behind the first", "64 px"):
        assert text in page.text


def test_provenance_holds_the_division_where_the_record_has_one(make, tmp_path) -> None:
    (trial,) = make.seeds("a@x", [0.5])
    assert "division of" not in Page(built([make.board([trial])], tmp_path / "old", drawn=False).index).text
    spec = trial.record.spec
    spec = replace(spec, dataset=replace(spec.dataset, split_sha256="5" * 64))
    trial = replace(trial, record=replace(trial.record, spec=spec))
    text = Page(built([make.board([trial])], tmp_path / "new", drawn=False).index).text
    assert re.search(r"division of synthetic-em\s+which case is in which split\s+5{12}(?!5)", text)


def test_notes_stand_above_the_table(full_page) -> None:
    text = full_page.text
    assert text.index("val split serves as test split") < text.index("Mean IoU")


def test_nothing_is_loaded_from_elsewhere(full_report) -> None:
    page = Page(full_report / "index.html")
    links = page.attributes("src", "href", "srcset", "action", "data", "poster")
    local = [link for link in links if not link.startswith("#")]
    assert len(local) > 10
    for link in local:
        assert (full_report / link).resolve().is_relative_to(full_report.resolve())
        assert (full_report / link).is_file(), link
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert anchors <= set(page.ids())
    assert not re.search(r"url\(|@import|https?://|//cdn|fetch\(|XMLHttpRequest", page.source)


def test_tables_and_pictures_are_accessible(full_page) -> None:
    page = full_page
    names = [tag for tag, _ in page.tags]
    assert names.count("caption") == names.count("table") > 5
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert ("html", {"lang": "en"}) in page.tags
    assert len(page.ids()) == len(set(page.ids()))


def test_hostile_names_are_text(make, tmp_path) -> None:
    label = f"{HOSTILE}@{HOSTILE}"
    names = ("background", HOSTILE, f"b{HOSTILE}")
    settings = {"class_names": names, "dataset": HOSTILE, "notes": (HOSTILE,)}
    trials = [
        make.trial(model=label, seed=i, iou={1: [0.5 + i / 10], 2: [0.2]}, **settings) for i in range(2)
    ]
    trials += [make.failed(label, 2, HOSTILE, **settings)]
    make.previews(trials[0], [HOSTILE], labels=3)
    trials[2].folder.mkdir(parents=True)
    (trials[2].folder / "log.txt").write_text(HOSTILE)
    page = page_of([make.board(trials, title=HOSTILE)], tmp_path / "r")
    assert [tag for tag, _ in page.tags].count("script") == 1, "the page's own"
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) > 20


def test_hostile_names_do_not_break_markdown(make, tmp_path) -> None:
    trials = make.seeds(f"a|b\n# {HOSTILE}@x", [0.5, 0.6])
    built([make.board(trials)], tmp_path / "r")
    text = (tmp_path / "r" / "leaderboard.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    commands = re.findall(r"^    .*", text, re.M)  # shown as they are
    assert len(commands) == len(
        [line for line in commands if line.startswith("    emseg-bench predict IMAGES ")]
    )
    assert "<script>" not in re.sub(r"\\.|^    .*", "", text, flags=re.M)
    for i, line in enumerate(rows):
        if "---" in line:
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows[i - 1 : i + 2]}
            assert len(widths) == 1, "a name adds no column"
    assert "a\\|b \\# \\<script\\>" in text, "line breaks in names are spaces"


STEERING = "\x1b[31mred\x9b\u202eder\u2066"


def test_names_steer_neither_a_page_nor_a_terminal_that_shows_a_file(make, tmp_path) -> None:
    names = ("background", STEERING, "er")
    trials = [
        make.trial(model=f"{name}@x", class_names=names, seed=i) for name in (STEERING, "b") for i in (0, 1)
    ]
    built([make.board(trials, title=STEERING)], tmp_path / "r")
    files = [path for path in (tmp_path / "r").rglob("*") if path.suffix in (".html", ".md", ".csv", ".svg")]
    assert len(files) >= 3
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert printable(text, lines=True) == text, path
        assert r"red\x9b\u202eder\u2066" in text, path


def test_names_in_figures_are_no_formulas(make, tmp_path) -> None:
    page_of([make.board(make.seeds("_a$\\alpha$b\N{SNOWMAN}中@x", [0.5, 0.6]))], tmp_path / "r")
    figures = list((tmp_path / "r" / "figures").glob("*.svg"))
    assert len(figures) == 3
    for figure in figures:
        words = re.findall(r"<text[^>]*>([^<]*)</text>", figure.read_text(encoding="utf-8"))
        assert any("_a$\\alpha$b" in word for word in words)


def test_long_names_in_figures_keep_where_weights_start_and_the_rank(make, tmp_path) -> None:
    model = f"m[{'option=value,' * 5}]@file"
    trials = [*make.seeds(f"{model}:one.pt", [0.8, 0.81]), *make.seeds(f"{model}:two.pt", [0.5, 0.51])]
    page_of([make.board(trials)], tmp_path / "r")
    (figure,) = (tmp_path / "r" / "figures").glob("*-intervals.svg")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", figure.read_text(encoding="utf-8"))
    assert [word[-12:] for word in words if word.startswith("m[")] == ["e:one.pt   1", "e:two.pt   2"]


def test_failed_only(make, tmp_path) -> None:
    page = page_of([make.board([make.failed("a@x"), make.failed("b@x", 1)])], tmp_path / "r")
    assert "no trial is complete: 2 trials failed" in page.text
    assert "0 of 1" in page.text
    assert not {"synthetic-em-curves", "synthetic-em-pictures", "synthetic-em-metrics"} & set(page.ids())


def test_single_seed_shows_no_spread(make, tmp_path) -> None:
    page = page_of([make.board([*make.seeds("a@x", [0.5]), *make.seeds("b@x", [0.4])])], tmp_path / "r")
    assert "1\N{EN DASH}2" in page.text
    assert "every model has one seed" in page.text
    assert not re.search(r"±\s*0\.000", page.text)
    assert not re.search(r"\d ± ", page.text), "a ± stands in headers only"


def test_a_class_that_no_case_has(make, tmp_path) -> None:
    names = ("background", "mito", "er")
    trials = [make.trial(class_names=names, seed=i, iou={1: [0.5], 2: [math.nan]}) for i in range(2)]
    page = page_of([make.board(trials)], tmp_path / "r")
    assert "0 of 2 cases" in page.text
    assert "nan" not in page.text.lower().split()


def test_missing_costs_are_not_available(make, tmp_path) -> None:
    page = page_of([make.board(make.seeds("a@x", [0.5, 0.6], profile=None))], tmp_path / "r")
    assert "nothing was measured (n/a)" in page.text
    assert "synthetic-em-score-and-cost" not in page.ids()


def test_costs_of_several_devices_carry_letters(make, tmp_path) -> None:
    gpu = make.replace(make.profile, device="Test GPU", threads=None)
    trials = [*make.seeds("a@x", [0.5, 0.6]), *make.seeds("b@x", [0.4, 0.41], profile=gpu)]
    text = page_of([make.board(trials)], tmp_path / "r").text
    for part in ("Measured", "as a", "as b", "As a: measured on Test CPU", "As b: measured on Test GPU"):
        assert part in text
    assert "measured circles as a, squares as b" in text


def test_many_boards_have_an_overview(make, tmp_path) -> None:
    boards = [
        make.board(make.seeds("a@x", [0.5, 0.6], dataset=f"data{i}"), title=f"Data {i}", slug=f"data-{i}")
        for i in range(3)
    ]
    page = page_of(boards, tmp_path / "r")
    assert "Who stands first where" in page.text
    assert {"data-0", "data-1", "data-2"} <= set(page.ids())
    assert page.attributes("href").count("#data-2") == 2
    assert "Who stands first where" not in page_of(boards[:1], tmp_path / "one").text


def test_figures_of_many_boards_are_limited_and_said_to_be(make, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("emseg_bench.reports.figures.MAX_BOARDS", 1)
    boards = [
        make.board(make.seeds("a@x", [0.5, 0.6]), title=f"Data {i}", slug=f"data-{i}") for i in range(2)
    ]
    page = page_of(boards, tmp_path / "r")
    assert [path.name for path in (tmp_path / "r" / "figures").glob("*-curves.svg")] == ["data-0-curves.svg"]
    assert "Training curves are drawn for the first 1 boards of a report only." in page.text


def test_the_same_trials_give_the_same_files(full, full_report, tmp_path) -> None:
    one, two = full_report, built([full], tmp_path / "two").index.parent
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) > 8
    assert [(one / name).read_bytes() for name in files] == [(two / name).read_bytes() for name in files]


# --------------------------------------------------------------------------------- plugins' sections
def card(factory: object, name: str = "mine", order: int = 150) -> ReportSectionCard:
    return ReportSectionCard(name=name, title="Mine", order=order, factory=factory)  # type: ignore[arg-type]


def test_a_plugin_adds_a_section_in_its_place(full, tmp_path) -> None:
    def mine(board: Board, folder: Path) -> ReportSection:
        (folder / "mine.txt").write_text(board.title)
        return ReportSection(html='<p><a href="mine.txt">mine</a></p>', markdown="*mine*")

    report = built([full], tmp_path / "r", card(mine), drawn=False)
    page = Page(report.index)
    parts = [i for i in page.ids() if i.startswith("synthetic-em-")]
    assert parts.index("synthetic-em-leaderboard") + 1 == parts.index("synthetic-em-mine")
    assert (tmp_path / "r" / "mine.txt").read_text() == "synthetic-em"
    assert "### Mine\n\n*mine*" in (tmp_path / "r" / "leaderboard.md").read_text()


def test_the_first_section_finds_a_folder_for_its_figures(full, tmp_path) -> None:
    def drawing(board: Board, folder: Path) -> ReportSection:
        (folder / "figures" / "mine.svg").write_text("<svg/>")
        return ReportSection(html='<img src="figures/mine.svg" alt="">')

    section = ReportSectionCard(name="mine", title="Mine", order=1, factory=drawing)
    report = built([full], tmp_path / "r", section, drawn=False)
    assert report.problems == ()
    assert (tmp_path / "r/figures/mine.svg").read_text() == "<svg/>"


def test_a_section_may_have_nothing_to_say(full, tmp_path) -> None:
    report = built([full], tmp_path / "r", card(lambda board, folder: None), drawn=False)
    assert report.problems == ()
    assert "synthetic-em-mine" not in Page(report.index).ids()


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        (lambda board, folder: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda board, folder: "<p>text</p>", "TypeError: got str, expected ReportSection or None"),
        ("emseg_bench.reports.no_such_module:section", "ModuleNotFoundError: No module named"),
        ("emseg_bench.reports.build:no_such_attribute", "AttributeError: module"),
    ],
)
def test_a_broken_section_costs_its_own_part_only(full, tmp_path, factory, reason) -> None:
    report = built([full], tmp_path / "r", card(factory), drawn=False)
    (problem,) = report.problems
    assert problem.startswith(f"section 'mine' of board 'synthetic-em': {reason}")
    page = Page(report.index)
    assert "The section “mine” could not be made." in page.text
    assert reason in page.text
    assert "0.700 ± 0.100" in page.text
    assert {"synthetic-em-mine", "synthetic-em-provenance"} <= set(page.ids())
    assert "**This section could not be made.**" in (tmp_path / "r" / "leaderboard.md").read_text()


def test_an_error_message_is_escaped(full, tmp_path) -> None:
    def broken(board: Board, folder: Path) -> ReportSection:
        raise RuntimeError(HOSTILE)

    page = Page(built([full], tmp_path / "r", card(broken), drawn=False).index)
    assert [tag for tag, _ in page.tags].count("script") == 1


# ------------------------------------------------------------------------------------------ writing
def test_a_new_report_replaces_an_old_one_as_a_whole(full, make, tmp_path) -> None:
    built([full], tmp_path / "r")
    built([make.board([make.failed("a@x")])], tmp_path / "r")
    assert not [*(tmp_path / "r" / "figures").iterdir()]
    assert [path.name for path in tmp_path.iterdir() if path.name != "trials"] == ["r"]


def test_a_report_that_fails_leaves_the_old_one_alone(full, tmp_path, monkeypatch) -> None:
    before = built([full], tmp_path / "r", drawn=False).index.read_bytes()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emseg_bench.reports.build.write_csv", stop)
    with pytest.raises(KeyboardInterrupt):
        built([full], tmp_path / "r", drawn=False)
    assert (tmp_path / "r" / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "trials"] == ["r"]


def test_a_folder_of_other_files_is_not_touched(full, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match=r"'thesis\.tex'.*name a folder that is new, empty"):
        built([full], tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_a_file_in_the_way(full, tmp_path) -> None:
    (tmp_path / "r").write_text("")
    with pytest.raises(StoreError, match="is a file; expected a folder"):
        built([full], tmp_path / "r")


def test_a_folder_that_cannot_be_written(full, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written to .* check its permissions"):
        built([full], tmp_path / "file" / "r")


def test_nothing_to_report(tmp_path) -> None:
    with pytest.raises(UsageError, match="no trials to report; run some first"):
        built([], tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_an_empty_folder_is_filled(full, tmp_path) -> None:
    (tmp_path / "deep" / "r").mkdir(parents=True)
    assert built([full], tmp_path / "deep" / "r", drawn=False).index.is_file()


def test_drawing_leaves_no_trace_in_the_process(full, tmp_path) -> None:
    before = dict(mpl.rcParams)
    built([full], tmp_path / "r")
    assert plt.get_fignums() == []
    assert {name for name in before if before[name] != mpl.rcParams[name]} <= {"backend"}


# ------------------------------------------------------------------------- what needs no model
def blind(trial, **ious) -> pd.DataFrame:
    """The trial's table, scored anew for each prediction: one case, IoU and Dice of class 1 alike."""
    tables = []
    for predictor, iou in ious.items():
        table = trial.cases.assign(predictor=predictor.replace("_", " "))
        table.loc[table["metric"].isin(["iou", "dice"]) & (table["class_index"] == 1), "value"] = iou
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def test_models_that_see_no_more_than_nothing_are_named(make, tmp_path) -> None:
    trials = [*make.seeds("good", [0.7, 0.8]), *make.seeds("poor", [0.1, 0.2])]
    board = make.board(trials)
    board = replace(board, sanity=blind(trials[0], all_background=0.0, all_mito=0.2, the_truth_itself=1.0))
    page = page_of([board], tmp_path)
    assert "What needs no model" in page.text
    assert "The best of them by IoU is “all mito” with 0.200; poor is no better" in page.text
    assert "thetruthitself1.000" in "".join(page.text.split())


def test_models_that_all_see_something_are_said_to(make, tmp_path) -> None:
    trials = make.seeds("good", [0.7, 0.8])
    board = make.board(trials)
    board = replace(board, sanity=blind(trials[0], all_background=0.0, the_truth_itself=1.0))
    assert "every model here is better" in page_of([board], tmp_path).text


def test_lower_may_be_better(make, tmp_path) -> None:
    metric = make.metric("distance", "nm", "lower")
    trials = make.seeds("good", [20.0, 30.0], metric=metric)
    table = blind(trials[0], all_background=0.0, the_truth_itself=0.0)
    table.loc[(table["metric"] == "distance") & (table["class_index"] == 1), "value"] = [90.0, 0.0]
    text = page_of([replace(make.board(trials), sanity=table)], tmp_path).text
    assert "with 90.00; every model here is better" in text


@pytest.mark.parametrize(
    ("has_instances", "of_objects", "truth", "is_told"),
    [
        (True, True, 0.75, True),
        (True, True, 1.0, False),
        (True, False, 0.75, False),
        (False, True, 0.75, False),
    ],
)
def test_the_truth_is_no_perfect_prediction_of_objects_that_touch(
    make, tmp_path, has_instances, of_objects, truth, is_told
) -> None:
    metric = make.metric("object-f1", of_objects=of_objects)
    trials = make.seeds("good", [0.5], metric=metric, has_instances=has_instances)
    table = blind(trials[0], all_background=0.0, the_truth_itself=1.0)
    table.loc[(table["metric"] == "object-f1") & (table["class_index"] == 1), "value"] = [0.0, truth]
    text = page_of([replace(make.board(trials), sanity=table)], tmp_path).text
    assert ("The truth itself has object F1 0.750: true objects go by their numbers here" in text) == is_told


@pytest.mark.parametrize(
    ("name", "direction", "of_objects", "truth", "is_told"),
    [
        ("adapted-rand", "lower", True, 0.82, True),
        ("adapted-rand", "lower", True, 0.05, False),
        ("object-f1", "higher", True, 0.4, True),
        ("object-f1", "higher", True, 1.0, False),
        ("distance", "lower", False, 0.82, False),
    ],
)
def test_a_headline_says_where_the_truth_itself_scores_badly(
    make, tmp_path, name, direction, of_objects, truth, is_told
) -> None:
    metric = make.metric(name, "", direction, of_objects=of_objects)
    trials = make.seeds("good", [0.5], metric=metric)
    table = blind(trials[0], all_background=0.0, the_truth_itself=1.0)
    table.loc[(table["metric"] == name) & (table["class_index"] == 1), "value"] = [1.0, truth]
    board = replace(make.board(trials), sanity=table)
    told = [note for note in leaderboard(board).remarks if note.startswith("The truth itself is far from")]
    assert bool(told) == is_told
    text = page_of([board], tmp_path).text
    assert ("The truth itself is far from perfect here" in text) == is_told
    if is_told:
        assert re.search(rf"{truth}0*, the metric that ranks\.", told[0])


def test_boards_of_older_trials_do_without(make, tmp_path) -> None:
    assert "What needs no model" not in page_of([make.board(make.seeds("good", [0.7]))], tmp_path).text


# -------------------------------------------------------------------------------- one seed, or more
def test_one_seed_shows_neither_dots_nor_missing_intervals(make, tmp_path) -> None:
    trials = [*make.seeds("good", [0.7]), *make.seeds("poor", [0.1])]
    text = page_of([make.board(trials)], tmp_path).text
    assert "Behind the first" in text
    for absent in ("Single seeds", "95 % interval", "no interval"):
        assert absent not in text.split("Seeds", 1)[1].split("Score against cost")[0].split("Rank:")[0]


def test_several_seeds_show_both(make, tmp_path) -> None:
    trials = [*make.seeds("good", [0.7, 0.8]), *make.seeds("poor", [0.1])]
    text = page_of([make.board(trials)], tmp_path).text
    assert "Single seeds" in text
    assert "95 % interval" in text


def test_every_row_that_trained_has_the_command_that_uses_it(make, tmp_path):
    trials = [*make.seeds("unet@scratch", [0.7, 0.8]), *make.seeds(HOSTILE, [0.5]), make.failed("a@x")]
    report = built([make.board(trials)], tmp_path / "r", drawn=False)
    digits = trials[0].record.fingerprint[:8]
    command = f"emseg-bench predict IMAGES --model 'results:unet@scratch#{digits}' --out segmented"
    assert f"\n    {command}\n" in (tmp_path / "r/leaderboard.md").read_text(encoding="utf-8")
    page = Page(report.index)
    assert command in page.text
    assert len([1 for tag, attrs in page.tags if tag == "code" and "data-folder" in attrs]) == 2
