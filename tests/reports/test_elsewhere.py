"""Published numbers: complete and sound as data, beside boards and never in them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.datasets.plugin import emseg_datasets
from emseg_bench.reports.build import build
from emseg_bench.reports.elsewhere import best_here, published, read, references
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from emseg_bench.reports.sections.elsewhere import section


def score_of(dataset: str, method: str, metric: str, place: str = "") -> float:
    (found,) = {
        item.score
        for item in references(dataset)
        if method in item.method and item.result.metric == metric and place in item.source.place
    }
    return found


# ------------------------------------------------------------------------------------------- the data
def test_some_numbers_are_as_published() -> None:
    assert score_of("lucchi-pp", "CEM500K (MoCo v2)", "iou-eps") == 0.895
    assert score_of("guay", "best in the work", "iou") == 0.417
    assert score_of("perez-mito", "random initialisation", "iou-matched") == 0.130
    assert score_of("cremi", "Bloss", "iou") == 0.242
    assert score_of("urocell", "encoder random and frozen", "iou", "Table 1") == 0.208
    assert score_of("mitoem-h", "U3D-BC", "AP-50") == 0.877
    assert score_of("perez-lyso", "RETINA", "iou-matched") == pytest.approx(0.8903, abs=1e-4)


def test_the_mean_of_perez_is_that_of_its_four_sets() -> None:
    sets = ("perez-lyso", "perez-mito", "perez-nuclei", "perez-nucleoli")
    for method in (
        "random initialisation",
        "ImageNet (supervised)",
        "ImageNet (MoCo v2)",
        "CEM500K (MoCo v2)",
    ):
        mean = sum(score_of(name, method, "iou-matched", "Table 2") for name in sets) / 4
        assert score_of("perez", method, "iou-matched", "Table 2") == pytest.approx(mean, abs=1e-3)


def test_every_benchmark_of_cem500k_is_there_with_source_and_conditions() -> None:
    files = published()
    named = {result.dataset for file in files for result in file.results}
    assert named >= {"all-mito", "cremi", "guay", "kasthuri-pp", "lucchi-pp", "urocell", "lucchi", "mitoem-r"}
    cards = {card.name for card in emseg_datasets()}
    assert named - cards == {"perez"}, "the mean of four datasets is no dataset"
    for file in files:
        assert all((file.citation, file.address, file.place, file.seen, file.protocol))
        assert all(result.aggregation and result.conditions and result.scores for result in file.results)


def sound() -> dict[str, object]:
    result = {"dataset": "d", "metric": "iou", "aggregation": "a", "conditions": "c", "scores": {"m": 0.5}}
    source = dict.fromkeys(("citation", "address", "place", "seen", "protocol"), "x")
    return {**source, "methods": {"m": "a method"}, "results": [result]}


def test_a_file_is_read(tmp_path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(sound()))
    assert read(path).results[0].scores == {"m": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("seen"), r"one.yaml.seen: this key is missing"),
        (lambda data: data["results"][0]["scores"].update(m=87.16), "less than or equal to 1"),
        (lambda data: data["results"][0]["scores"].update(n=0.1), "'n' stands in scores or in methods"),
        (lambda data: data["methods"].update(k="never used"), "'k' stands in scores or in methods"),
        (lambda data: data["results"][0].update(rank=1), "there is no such key"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, change, message) -> None:
    data, path = sound(), tmp_path / "one.yaml"
    change(data)
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(UsageError, match=message):
        read(path)


# ----------------------------------------------------------------------------------------- the report
def test_our_best_mean_of_the_same_metric_stands_beside(make) -> None:
    trials = [*make.seeds("a@x", [0.4, 0.5], dataset="guay"), *make.seeds("b@x", [0.6, 0.7], dataset="guay")]
    table = leaderboard(make.board(trials))
    for item in references("guay"):
        row, own = best_here(table, item)
        assert (row.model, own.metric) == ("b@x", "iou")
    (other, *_) = references("lucchi-pp")[1:]
    assert best_here(table, other) is None, "iou-eps was not scored"


def test_a_mean_over_other_classes_has_nothing_beside_it(make) -> None:
    table = leaderboard(make.board(make.seeds("a@x", [0.5], dataset="lucchi")))
    of_both = [item for item in references("lucchi") if item.result.classes == "foreground and background"]
    assert len(of_both) == 2
    assert all(best_here(table, item) is None for item in of_both)


def test_data_of_which_nothing_is_published_has_no_such_section(make, tmp_path) -> None:
    assert section(make.board(make.seeds("a@x", [0.5])), tmp_path) is None


def test_missing_metrics_are_told_with_the_command(make, tmp_path) -> None:
    made = section(make.board(make.seeds("a@x", [0.5], dataset="kasthuri-pp")), tmp_path)
    assert "emseg-bench rescore --metrics iou,dice,iou-eps does that" in made.html


def report(make, tmp_path: Path, dataset: str) -> Path:
    board = make.board(make.seeds("a@x", [0.3, 0.31], dataset=dataset))
    return build(
        [board], emseg_report_sections(), tmp_path / "r", generated="today", version="0.1.0"
    ).index.parent


def test_published_rows_stay_out_of_ranks_and_leaderboards(make, tmp_path) -> None:
    folder = report(make, tmp_path, "guay")
    (row,) = json.loads((folder / "leaderboard.json").read_text())["boards"][0]["rows"]
    assert (row["model"], row["rank"]["best"], row["rank"]["worst"]) == ("a@x", 1, 1)
    assert len(pd.read_csv(folder / "leaderboard.csv")) == 1
    assert "CEM500K" not in (folder / "leaderboard.csv").read_text()
    page = (folder / "index.html").read_text()
    assert page.index("Published elsewhere") < page.index("Score against cost")
    assert "not part of the ranking" in page
    lines = pd.read_csv(folder / "published.csv")
    assert len(lines) == len(references("guay"))
    line = lines[lines["published_score"] == 0.429].iloc[0]
    assert (line["place"], line["metric"], line["best_model_here"]) == ("Table 2", "iou", "a@x")
    assert line["best_score_here"] == pytest.approx(0.305)


def test_without_published_rows_there_is_no_file_of_them(make, tmp_path) -> None:
    assert not (report(make, tmp_path, "synthetic-em") / "published.csv").exists()
