"""Rows are models, not labels: what differs stands apart, what is the same stands together."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.reporting import LeftOut, Trial
from emseg_bench.benchmark.experiments.row_names import row_names
from emseg_bench.benchmark.files.hashing import model_sha256
from emseg_bench.reports.build import build
from emseg_bench.reports.exports import shown
from emseg_bench.reports.footnotes import about_cost
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections


def of_model(trial: Trial, fingerprint: str = "", **changes: object) -> Trial:
    """The same trial of another model."""
    record = trial.record
    model = replace(record.spec.model, **changes)  # type: ignore[arg-type]
    name = fingerprint or f"{model_sha256(model)[:32]}{record.spec.seed:032x}"
    return replace(trial, record=replace(record, fingerprint=name, spec=replace(record.spec, model=model)))


@pytest.fixture
def from_files(make):
    """Two models from files of one name in two folders, each with two seeds."""

    def made(first: str = "/data/A/weights.safetensors", second: str = "/data/B/weights.safetensors"):
        label = "m@file:weights.safetensors"
        files = ((first, "a" * 64, [0.6, 0.7]), (second, "b" * 64, [0.3, 0.4]))
        return [
            of_model(trial, weights_path=path, weights_sha256=sha256)
            for path, sha256, scores in files
            for trial in make.seeds(label, scores)
        ]

    return made


def means(table) -> dict[str, float]:
    return {row.model: pytest.approx(row.score.mean.mean) for row in table.rows}


def test_weights_of_one_name_are_two_rows_named_by_their_folders(make, from_files) -> None:
    table = leaderboard(make.board(from_files()))
    assert means(table) == {
        "m@file:weights.safetensors (folder A)": 0.65,
        "m@file:weights.safetensors (folder B)": 0.35,
    }
    assert [len(row.seeds) for row in table.rows] == [2, 2]
    assert len({row.identity for row in table.rows}) == 2


def test_as_many_folders_as_tell_apart(make, from_files) -> None:
    paths = ("/data/A/run/weights.safetensors", "/data/B/run/weights.safetensors")
    names = [row.model for row in leaderboard(make.board(from_files(*paths))).rows]
    assert names == [f"m@file:weights.safetensors (folder {folder}/run)" for folder in "AB"]


def test_weights_that_changed_in_place_go_by_their_hash(make, from_files) -> None:
    names = [row.model for row in leaderboard(make.board(from_files("/a/w", "/a/w"))).rows]
    assert names == [
        "m@file:weights.safetensors (weights aaaaaa)",
        "m@file:weights.safetensors (weights bbbbbb)",
    ]


def test_versions_of_a_plugin_are_no_seeds_of_one_model(make) -> None:
    old, new = make.seeds("m@x", [0.2, 0.8])
    provider = replace(old.record.spec.model.provider, distribution="emseg-m", version="1.0")
    trials = [
        of_model(new, provider=provider),
        of_model(old, provider=replace(provider, version="2.0", source_sha256="7" * 64)),
    ]
    table = leaderboard(make.board(trials))
    assert means(table) == {"m@x (emseg-m 1.0)": 0.8, "m@x (emseg-m 2.0)": 0.2}
    assert all(row.score.mean.sd is None for row in table.rows)


def test_edited_code_of_one_version_goes_by_its_hash(make) -> None:
    one, two = make.seeds("m@x", [0.2, 0.8])
    provider = replace(one.record.spec.model.provider, source_sha256="7" * 64)
    names = {row.model for row in leaderboard(make.board([one, of_model(two, provider=provider)])).rows}
    assert names == {"m@x (code 555555)", "m@x (code 777777)"}


def test_options_at_their_defaults_and_written_out_are_one_row(make) -> None:
    short, long = make.seeds("m@x", [0.2, 0.8])
    options = {"encoder": "resnet34"}
    trials = [
        of_model(short, options=options),
        of_model(long, label="m[encoder=resnet34]@x", options=options),
    ]
    (row,) = leaderboard(make.board(trials)).rows
    assert (row.model, len(row.seeds), row.seeds_planned) == ("m@x", 2, 2)
    assert row.score.mean.mean == pytest.approx(0.5)


def test_defaults_that_changed_go_by_the_option(make) -> None:
    one, two = make.seeds("m@x", [0.2, 0.8])
    trials = [
        of_model(one, options={"depth": 4, "width": 8}),
        of_model(two, options={"depth": 5, "width": 8}),
    ]
    assert {row.model for row in leaderboard(make.board(trials)).rows} == {"m@x (depth=4)", "m@x (depth=5)"}


def test_two_facts_where_none_alone_tells(make) -> None:
    model = make.trial(iou={1: [0.5]}).record.spec.model
    models = [
        replace(model, weights_path=f"/{folder}/w", weights_sha256="1" * 64, options={"depth": depth})
        for folder, depth in (("A", 4), ("A", 5))
    ]
    other = replace(models[0], weights_path="/B/w", weights_sha256="2" * 64)
    names = row_names([*models, other])
    assert sorted(names.values()) == [
        "unet@scratch (folder A, depth=4)",
        "unet@scratch (folder A, depth=5)",
        "unet@scratch (folder B, depth=4)",
    ]


def test_every_consumer_goes_by_the_row(make, from_files, tmp_path) -> None:
    trials = from_files()
    trials = [replace(trial, folder=tmp_path / trial.record.fingerprint) for trial in trials]
    for trial in trials:
        make.previews(trial, ["case0"], labels=2)
    failed = of_model(
        make.failed("m@file:weights.safetensors", 7), weights_path="/data/B/w", weights_sha256="b" * 64
    )
    folder = tmp_path / "report"
    report = build(
        [make.board([*trials, failed])],
        list(emseg_report_sections()),
        folder,
        generated="2026-11-23",
        version="0.1.0",
    )
    assert report.problems == ()
    names = [f"m@file:weights.safetensors (folder {one})" for one in "AB"]
    board = json.loads((folder / "leaderboard.json").read_text())["boards"][0]
    assert [row["model"] for row in board["rows"]] == names
    assert [failure["model"] for failure in board["failures"]] == names[1:]
    lines = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert [line["model"] for line in lines] == names
    assert [float(line["score_mean"]) for line in lines] == pytest.approx([0.65, 0.35])
    for text in ((folder / "index.html").read_text(), (folder / "leaderboard.md").read_text()):
        plain = text.replace("\\", "").replace("<wbr>", "")
        assert all(plain.count(name) > 3 for name in names)
    assert len(list((folder / "figures").glob("*-case0-model?.png"))) == 2
    assert all(name in next((folder / "figures").glob("*-curves.svg")).read_text() for name in names)


DAGGER = "\N{DAGGER}"


def of_code(trial: Trial, code: str, *outdated: str) -> Trial:
    """The same trial by another state of the engine's code."""
    record = trial.record
    spec = replace(record.spec, engine_sha256=code * 64)
    made = replace(record, fingerprint=code * 32 + record.fingerprint[:32], spec=spec)
    return replace(trial, record=made, outdated=outdated)


def test_what_other_code_made_is_marked_and_in_no_mean(make):
    now = make.seeds("unet@scratch", [0.6, 0.7])
    old = [of_code(trial, "1", "training") for trial in make.seeds("unet@scratch", [0.2, 0.3, 0.4])]
    table = leaderboard(make.board([*now, *old, *make.seeds("retina@scratch", [0.5])]))
    assert {row.model: round(row.score.mean.mean, 6) for row in table.rows} == {
        "unet@scratch": 0.65,
        "retina@scratch": 0.5,
        f"unet@scratch {DAGGER}": 0.3,
    }
    assert [row.seeds_planned for row in table.rows] == [2, 3, 1]
    (told,) = (remark for remark in table.remarks if DAGGER in remark)
    assert told.endswith(f"since unet@scratch {DAGGER} ran, training changed.")
    assert "places among the others, may differ" in told
    assert not any("states of emseg-bench's" in remark for remark in table.remarks)
    assert {row.model: row.outdated for row in table.rows if row.outdated} == {
        f"unet@scratch {DAGGER}": ("training",)
    }


def test_two_earlier_states_are_told_apart(make):
    (trial,) = make.seeds("unet@scratch", [0.5])
    states = [trial, of_code(trial, "1", "training"), of_code(trial, "2", "training", "images")]
    table = leaderboard(make.board(states))
    names = [row.model for row in table.rows]
    assert len(set(names)) == 3
    assert "unet@scratch" in names
    assert sum(f"unet@scratch {DAGGER} (run by code " in name for name in names) == 2


def test_a_mark_spares_other_words(make):
    """The version of a plugin tells rows apart where nothing else does; a mark does."""
    (trial,) = make.seeds("unet@scratch", [0.5])
    other = replace(trial.record.spec.model.provider, version="0.2.0")
    new = of_model(trial, "b" * 64, provider=other)
    old = replace(trial, outdated=("emseg-bench (0.1.0, now 0.2.0)",))
    names = {row.model for row in leaderboard(make.board([new, old])).rows}
    assert names == {"unet@scratch", f"unet@scratch {DAGGER}"}
    names = {row.model for row in leaderboard(make.board([new, trial])).rows}
    assert names == {"unet@scratch (emseg-bench 0.1.0)", "unet@scratch (emseg-bench 0.2.0)"}
    weights = of_model(old, "c" * 64, weights_path="/A/w.pt", weights_sha256="3" * 64)
    names = {row.model for row in leaderboard(make.board([new, old, weights])).rows}
    assert names == {"unet@scratch", f"unet@scratch {DAGGER}", f"unet@scratch (folder A) {DAGGER}"}


def test_costs_by_other_profiling_code_are_told(make):
    later = replace(make.profile, profiling_code="a" * 64)
    boards = [
        make.board([*make.seeds("unet@scratch", [0.5]), *make.seeds("retina@scratch", [0.4], profile=other)])
        for other in (make.profile, later)
    ]
    alike, unlike = map(leaderboard, boards)
    assert not any("profiling code" in remark for remark in alike.remarks)
    (told,) = (remark for remark in unlike.remarks if "profiling code" in remark)
    assert told.endswith("Compare them only between rows with the same letter.")
    earlier, now = about_cost(unlike)[1:]
    assert earlier.endswith("profiling code: an earlier one, which was not recorded.")
    assert now.endswith("profiling code: aaaaaa.")


def test_a_report_is_made_anew_when_more_is_known(make):
    (trial,) = make.seeds("unet@scratch", [0.5])
    known = shown([make.board([trial])], ())
    assert shown([make.board([trial])], ()) == known
    assert shown([make.board([replace(trial, outdated=("training",))])], ()) != known
    assert shown([make.board([of_code(trial, "1")])], ()) != known
    assert shown([make.board([trial])], [LeftOut(trial="x", reason="y")]) != known
