"""A results folder may be anybody's: a damaged trial is named and left out, and the others are reported."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.records import (
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    Provider,
    Record,
    TrialSpec,
)
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.kept_files import hash_files
from emseg_bench.benchmark.trials.records import write_record
from emseg_bench.reports.previews import previews
from pyarrow import parquet

PROVIDER = Provider(distribution="emseg-bench", version="0.1.0", source_sha256="5" * 64)
IOU = MetricSpec(
    name="iou",
    version=1,
    provider=PROVIDER,
    unit="1",
    direction="higher",
    aggregation="mean over cases",
    empty_rule="not applicable",
)
SPEC = TrialSpec(
    model=ModelSpec(
        name="m",
        options={},
        init="scratch",
        requested_init="scratch",
        provider=PROVIDER,
        label="m@scratch",
        family="cnn",
        citation="none",
        size_divisor=1,
    ),
    dataset=DatasetSpec(
        name="d",
        location=None,
        options={},
        manifest_sha256="d" * 64,
        provider=PROVIDER,
        label="d",
        citation="none",
    ),
    recipe=Recipe(name="quick", iterations=1, batch_size=1, crop=16, precision="fp32"),
    protocol=ScoringProtocol(name="emseg-v1", metrics=("iou",)),
    metrics=(IOU,),
    seed=0,
    engine_sha256="e" * 64,
)
TIME = "2026-11-23T10:00:00+00:00"


def cases(score: float) -> pd.DataFrame:
    rows = [("c", None, 1, 8, 8, 1, "mito", name, value) for name, value in (("iou", score), ("tp", 9.0))]
    columns = ["case", "group", "depth", "height", "width", "class_index", "class_name", "metric", "value"]
    return pd.DataFrame(rows, columns=columns)


def put(store: Store, seed: int, score: float, *, hashed: bool = True) -> TrialFolder:
    """Write a complete trial as runs do; or as older versions did, without hashes."""
    spec = replace(SPEC, seed=seed)
    folder = store.trial(fingerprint(spec))
    folder.previews.mkdir(parents=True)
    cases(score).to_parquet(folder.cases, index=False)
    pd.DataFrame({"iteration": [1], "series": ["train/loss"], "value": [1.0]}).to_parquet(folder.curve)
    write_record(
        folder,
        Record(
            fingerprint=folder.path.name,
            spec=spec,
            status="complete",
            started=TIME,
            finished=TIME,
            class_names=("background", "mito"),
            files=hash_files(folder) if hashed else {},
        ),
    )
    if not hashed:
        change(folder, lambda record: [record.pop(key) for key in ("files", "checksum", "libraries")])
    return folder


def change(folder: TrialFolder, edit: Callable[[dict], object]) -> None:
    """Edit a record's content."""
    record = json.loads(folder.record.read_text())
    edit(record)
    folder.record.write_text(json.dumps(record))


def metrics(record: dict, *specs: dict) -> None:
    record["spec"]["metrics"] = list(specs)


def rewrite(folder: TrialFolder, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    edit(pd.read_parquet(folder.cases)).to_parquet(folder.cases, index=False)


def million_rows(folder: TrialFolder) -> None:
    """Ten million rows in kilobytes: each column is one value, counted."""
    first = pa.Table.from_pandas(cases(0.5).assign(group="g")[:1], preserve_index=False)
    many = pa.table({name: pa.repeat(first[name][0], 100_000) for name in first.schema.names})
    with parquet.ParquetWriter(folder.cases, many.schema, compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(many)


def lying_page(folder: TrialFolder) -> None:
    """A page that is said to unpack to 2 GiB, by its own header alone."""
    parquet.write_table(pa.table({"value": [0.5] * 1000}), folder.cases, use_dictionary=False)
    place = parquet.read_metadata(folder.cases).row_group(0).column(0).data_page_offset + 3
    content = folder.cases.read_bytes()
    length = next(i for i in range(1, 10) if content[place + i - 1] < 128)
    folder.cases.write_bytes(content[:place] + b"\xfe\xff\xff\xff\x0f" + content[place + length :])


def long_text(folder: TrialFolder) -> None:
    """A text of 100 kB that stands once in the file, and in a million rows."""
    first = pa.Table.from_pandas(cases(0.5).assign(group="g", case="c" * 100_000)[:1], preserve_index=False)
    parquet.write_table(
        pa.table({name: pa.repeat(first[name][0], 1).dictionary_encode() if name == "case" else first[name]
                  for name in first.schema.names}).take(pa.array([0] * 1_000_000)),
        folder.cases, store_schema=False,
    )  # fmt: skip


def contradiction(folder: TrialFolder) -> None:
    """A column whose values must be there by the schema, but not by its statistics, where pyarrow aborts."""
    nullable, required = (
        b"\x25\x02\x18\x05value",
        b"\x25\x00\x18\x05value",
    )  # fields 3 and 4 of a SchemaElement
    content = folder.cases.read_bytes()
    assert content.count(nullable) == 1
    folder.cases.write_bytes(content.replace(nullable, required))


def endless_footer(folder: TrialFolder) -> None:
    """A footer of 5 MiB, nearly all of it a text that nobody reads."""
    table = pa.Table.from_pandas(cases(0.5), preserve_index=False)
    parquet.write_table(table.replace_schema_metadata({"a": "a" * (5 << 20)}), folder.cases)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


RECORDS = {
    "deep": (lambda f: f.record.write_text("[" * 200_000 + "]" * 200_000), "not valid JSON"),
    "deep within": (
        lambda f: f.record.write_text('{"version": 1, "spec": ' + '{"a":' * 5000 + "1" + "}" * 5001),
        "not valid JSON",
    ),
    "empty": (lambda f: f.record.write_text(""), "not valid JSON"),
    "no mapping": (lambda f: f.record.write_text("[1]"), "expected 1"),
    "binary": (lambda f: f.record.write_bytes(bytes(range(256))), "record.json"),
    "later version": (lambda f: change(f, lambda r: r.update(version=2)), "version 2"),
    "huge": (lambda f: os.truncate(f.record, 1 << 33), "larger than"),
    "fifo": (lambda f: fifo(f.record), "FIFO"),
    "device": (lambda f: link(f.record, "/dev/zero"), "outside"),
    "folder": (lambda f: (f.record.unlink(), f.record.mkdir()), "a folder"),
    "link out": (lambda f: link(f.record, "/etc/passwd"), "outside"),
    "link to nothing": (lambda f: link(f.record, "gone"), "no such file"),
    "link to itself": (lambda f: link(f.record, "record.json"), "record.json"),
    "primary of none": (
        lambda f: change(f, lambda r: r["spec"]["protocol"].update(primary="dice")),
        "primary metric",
    ),
    "no metrics": (lambda f: change(f, metrics), "its metrics are none"),
    "a metric twice": (
        lambda f: change(f, lambda r: metrics(r, *r["spec"]["metrics"] * 2)),
        "its metrics are iou, iou",
    ),
    "lone surrogate": (
        lambda f: change(f, lambda r: r["spec"]["model"].update(label="m\ud800")),
        "surrogates",
    ),
    "no fingerprint": (lambda f: change(f, lambda r: r.update(fingerprint="../../x")), "no fingerprint"),
    "another's fingerprint": (
        lambda f: change(f, lambda r: r.update(fingerprint="0" * 64)),
        "its fingerprint is",
    ),
    "not a number": (
        lambda f: change(f, lambda r: r["spec"].update(label_fraction=float("nan"))),
        "no number",
    ),
    "endless number": (lambda f: change(f, lambda r: r["spec"].update(seed=10**400)), "record.json"),
    "long text": (lambda f: change(f, lambda r: r["spec"]["model"].update(label="m" * 200_000)), "200,000"),
    "unknown key": (lambda f: change(f, lambda r: r.update(more=1)), "no such key"),
    "missing key": (lambda f: change(f, lambda r: r.pop("spec")), "missing"),
    "text for a list": (lambda f: change(f, lambda r: r.update(class_names="mito")), "class_names"),
    "no classes": (lambda f: change(f, lambda r: r.update(class_names=[])), "0 classes"),
    "classes beyond": (lambda f: change(f, lambda r: r.update(scored_classes=[0, 7])), "scored classes"),
}
TABLES = {
    "other columns": (
        lambda f: rewrite(f, lambda t: t.rename(columns={"value": "score"})),
        "expected one 'value'",
    ),
    "text for numbers": (lambda f: rewrite(f, lambda t: t.assign(value="x")), "holds"),
    "numbers for text": (lambda f: rewrite(f, lambda t: t.assign(metric=1)), "holds"),
    "no rows": (lambda f: rewrite(f, lambda t: t.iloc[:0]), "no score of its primary metric"),
    "other metric": (lambda f: rewrite(f, lambda t: t.assign(metric="x")), "no score of its primary metric"),
    "other classes": (lambda f: rewrite(f, lambda t: t.assign(class_index=99)), "scores classes 99"),
    "negative classes": (lambda f: rewrite(f, lambda t: t.assign(class_index=-1)), "scores classes -1"),
    "a score of no case": (
        lambda f: rewrite(f, lambda t: t.assign(case=t["case"].where(t.index > 0))),
        "scores of no case",
    ),
    "millions of rows": (million_rows, "announces a table"),
    "a page that lies": (lying_page, "announces pages of 2.0 GiB"),
    "statistics that contradict the schema": (contradiction, "pyarrow said"),
    "a footer without end": (endless_footer, "its footer takes"),
    "a text in a million rows": (long_text, "announces texts"),
    "cut short": (lambda f: f.cases.write_bytes(f.cases.read_bytes()[:-40]), "pyarrow said"),
    "garbled": (
        lambda f: f.cases.write_bytes(f.cases.read_bytes().replace(b"PAR1", b"PAR2")),
        "pyarrow said",
    ),
    "missing": (lambda f: f.cases.unlink(), "cases.parquet"),
    "fifo": (lambda f: fifo(f.cases), "FIFO"),
    "link out": (lambda f: link(f.cases, "/etc/passwd"), "outside"),
    "no curve": (lambda f: f.curve.write_bytes(b"x"), "pyarrow said"),
}


@pytest.fixture
def store(work: Path) -> Store:
    store = Store(work / "results")
    put(store, 0, 0.5)
    return store


def reported(store: Store) -> dict:
    content = json.loads((store.report / "leaderboard.json").read_text())
    (board,) = content["boards"]
    assert [seed["seed"] for row in board["rows"] for seed in row["seeds"]] == [0]
    assert board["rows"][0]["score"]["mean"]["mean"] == pytest.approx(0.5)
    return content


DAMAGED = {**RECORDS, **TABLES}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_trial_is_left_out(store, name: str) -> None:
    spoil, gist = DAMAGED[name]
    folder = put(store, 1, 0.99, hashed=False)
    spoil(folder)
    stored = load_boards(store)
    (left_out,) = stored.left_out
    assert left_out.trial == folder.path.name
    assert gist.lower() in left_out.reason.lower()
    assert "\x1b" not in left_out.reason
    assert [trial.record.spec.seed for board in stored.boards for trial in board.trials] == [0]


@pytest.mark.parametrize("name", ["no rows", "missing", "link out"])
def test_whatever_changed_in_a_table_with_hashes_is_left_out(store, name: str) -> None:
    spoil, _ = TABLES[name]
    spoil(put(store, 1, 0.99))
    assert "is not what the trial wrote" in load_boards(store).left_out[0].reason


def test_all_damage_at_once_is_named_and_counted(attack, refused, store) -> None:
    folders = [put(store, number, 0.99, hashed=False) for number in range(1, len(DAMAGED) + 1)]
    for folder, (spoil, _) in zip(folders, DAMAGED.values(), strict=True):
        spoil(folder)
    ended = attack("report", "results")
    refused(replace(ended, err=""), code=1)
    assert f"{len(DAMAGED)} of the stored trials cannot be reported" in ended.told
    assert {item["trial"] for item in reported(store)["left_out"]} == {folder.path.name for folder in folders}
    page = (store.report / "index.html").read_text()
    assert f"{len(DAMAGED)} left out" in page
    assert all(folder.path.name in page for folder in folders)


def test_an_edited_score_is_not_believed(attack, refused, store) -> None:
    rewrite(
        put(store, 1, 0.6),
        lambda table: table.assign(value=table["value"].where(table["metric"] != "iou", 0.99)),
    )
    refused(attack("report"), "cases.parquet (changed)", "remove the trial's folder and run again", code=1)
    reported(store)


def test_a_trial_that_lies_elsewhere_is_left_out(store, tmp_path: Path) -> None:
    folder = put(store, 1, 0.9)
    folder.path.rename(tmp_path / "elsewhere")
    folder.path.symlink_to(tmp_path / "elsewhere")
    assert "outside" in load_boards(store).left_out[0].reason


def test_nothing_but_damage_is_no_report(attack, refused, work: Path) -> None:
    put(Store(work / "results"), 0, 0.5).cases.write_bytes(b"x")
    refused(attack("report"), "cases.parquet (changed)", "none of the trials", code=2)
    assert not (work / "results/report").exists()


PREVIEWS = {
    "no list": lambda index: index.write_text('{"a": 1}'),
    "deep": lambda index: index.write_text("[" * 100_000),
    "hostile name": lambda index: index.write_text('[{"index": "../../../etc/passwd", "case": "c"}]'),
    "endless": lambda index: os.truncate(index, 1 << 33),
    "fifo": fifo,
    "link out": lambda index: link(index, "/etc/passwd"),
    "picture is a fifo": lambda index: (picture(index), fifo(index.with_name("00_image.png"))),
    "picture leads out": lambda index: (picture(index), link(index.with_name("00_truth.png"), "/etc/passwd")),
    "picture is none": lambda index: (picture(index), index.with_name("00_truth.png").write_bytes(b"x")),
    "picture of a gigapixel": lambda index: (
        picture(index),
        index.with_name("00_prediction.png").write_bytes(
            index.with_name("00_image.png").read_bytes().replace(b"\0\0\0\x08\0\0\0\x08", b"\0\1\0\0\0\1\0\0")
        ),
    ),
}


def picture(index: Path) -> None:
    from PIL import Image

    index.write_text('[{"index": 0, "case": "c"}]')
    for kind in ("image", "truth", "prediction"):
        Image.new("L", (8, 8)).save(index.with_name(f"00_{kind}.png"))


@pytest.mark.parametrize("name", PREVIEWS)
def test_damaged_pictures_are_told(store, name: str) -> None:
    folder = put(store, 1, 0.7)
    index = folder.previews / "previews.json"
    index.write_text("[]")
    PREVIEWS[name](index)
    trial = next(trial for trial in load_boards(store).boards[0].trials if trial.record.spec.seed == 1)
    with pytest.raises(StoreError):
        previews(trial)


def test_they_cost_the_pictures_only(attack, accepted, work, tmp_path: Path) -> None:
    store, secret = Store(work / "results"), tmp_path / "secret.txt"
    secret.write_text("sesame")
    for number, spoil in enumerate(PREVIEWS.values()):
        folder = put(store, number, 0.7)
        index = folder.previews / "previews.json"
        index.write_text("[]")
        spoil(index)
    folder = put(store, 99, 0.7, hashed=False)
    change(folder, lambda record: record.update(status="failed", reason="\x1b[31mbroke"))
    folder.log.symlink_to(secret)
    accepted(attack("report"))
    content = (store.report / "leaderboard.json").read_text()
    board = json.loads(content)["boards"][0]
    assert board["rows"][0]["score"]["mean"]["mean"] == pytest.approx(0.7)
    assert "sesame" not in (store.report / "index.html").read_text()
