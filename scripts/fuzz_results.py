"""What runs and pre-trainings leave behind, for `fuzz_readers.py`: made small, and read as a report does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

_TIME: Final = "2026-11-23T10:00:00+00:00"
_SHA: Final = "5" * 64


def results(folder: Path) -> Path:
    """Write a results folder of one trial without hashes, which would tell all damage, as old ones are."""
    from emseg_bench.benchmark.contracts.records import Record
    from emseg_bench.benchmark.files.hashing import fingerprint
    from emseg_bench.benchmark.files.store import Store
    from emseg_bench.benchmark.files.validation import plain
    from emseg_bench.benchmark.trials.records import write_record

    spec = _trial()
    trial = Store(folder).trial(fingerprint(spec))
    trial.previews.mkdir(parents=True)
    _tables(trial.cases, trial.curve)
    trial.spec.write_text(json.dumps(plain(spec)))
    record = Record(
        fingerprint=trial.path.name,
        spec=spec,
        status="complete",
        started=_TIME,
        finished=_TIME,
        class_names=("background", "mito"),
    )
    write_record(trial, record)
    told = json.loads(trial.record.read_text())
    for key in ("files", "checksum", "libraries"):
        told.pop(key, None)
    trial.record.write_text(json.dumps(told))
    return trial.record


def _trial() -> Any:
    from emseg_bench.benchmark.contracts.records import (
        DatasetSpec,
        MetricSpec,
        ModelSpec,
        Provider,
        TrialSpec,
    )
    from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol

    provider = Provider(distribution="emseg-bench", version="0.1.0", source_sha256=_SHA)
    return TrialSpec(
        model=ModelSpec(
            name="m", options={"width": 8}, init="scratch", requested_init="scratch", provider=provider,
            label="m@scratch", family="cnn", citation="none", size_divisor=1,
        ),
        dataset=DatasetSpec(
            name="d", location=None, options={}, manifest_sha256=_SHA, provider=provider, label="d",
            citation="none",
        ),
        recipe=Recipe(name="quick", iterations=1, batch_size=1, crop=16, precision="fp32"),
        protocol=ScoringProtocol(name="emseg-v1", metrics=("iou",)),
        metrics=(
            MetricSpec(
                name="iou", version=1, provider=provider, unit="1", direction="higher",
                aggregation="mean over cases", empty_rule="not applicable",
            ),
        ),
        seed=0,
        engine_sha256=_SHA,
    )  # fmt: skip


def _tables(cases: Path, curve: Path) -> None:
    import pandas as pd

    columns = ["case", "group", "depth", "height", "width", "class_index", "class_name", "metric", "value"]
    rows = [(f"c{i}", "g", 1, 8, 8, 1, "mito", name, 0.5) for i in range(4) for name in ("iou", "tp")]
    pd.DataFrame(rows, columns=columns).to_parquet(cases, index=False)
    pd.DataFrame({"iteration": [1], "series": ["train/loss"], "value": [1.0]}).to_parquet(curve)


def read_results(record: Path) -> object:
    """Read the folder as `emseg-bench report` does, and make the report.

    Raises:
        StoreError: The trial is left out.
        RuntimeError: A section of the report cannot be made of what was believed.
    """
    from emseg_bench.benchmark.contracts.errors import StoreError
    from emseg_bench.benchmark.files.store import Store
    from emseg_bench.benchmark.plugins.loading import load_plugins
    from emseg_bench.benchmark.trials.boards import load_boards
    from emseg_bench.reports.build import build

    store = Store(record.parents[2])
    stored = load_boards(store)
    if stored.left_out:
        raise StoreError(stored.left_out[0].reason)
    sections = list(load_plugins().catalogue.report_sections)
    built = build(stored.boards, sections, store.report, generated=_TIME, version="0", left_out=())
    if built.problems:
        raise RuntimeError("; ".join(built.problems))
    return built.index


def pretraining(folder: Path) -> Path:
    """Write what a pre-training begins with."""
    from emseg_bench.benchmark.files.validation import plain

    spec = _pretraining()
    (folder / "spec.json").write_text(json.dumps(plain(spec)))
    return folder / "spec.json"


def _pretraining() -> Any:
    from emseg_bench.benchmark.contracts.data import Normalisation
    from emseg_bench.benchmark.contracts.records import Provider
    from emseg_bench.pretraining.engine.spec import PretrainingSpec
    from emseg_bench.pretraining.recipes import RECONSTRUCTION

    provider = Provider(distribution="emseg-bench", version="0.1.0", source_sha256=_SHA)
    return PretrainingSpec(
        model="unet", model_options={"encoder": "resnet50"}, model_provider=provider, method="reconstruction",
        method_options={"queue": 64}, method_provider=provider, recipe=RECONSTRUCTION[1],
        normalisation=Normalisation(mean=(0.5,), std=(0.2,)), folder="images", images=4, tiles=4,
        images_sha256=_SHA, seed=0,
    )  # fmt: skip


def read_pretraining(path: Path) -> object:
    """Read what is in an output folder, as going on with it does.

    Raises:
        UsageError: It is another one, or damaged.
    """
    from emseg_bench.pretraining.engine.output import OutputFolder, check_same

    check_same(OutputFolder(path.parent), _pretraining())
    return path
