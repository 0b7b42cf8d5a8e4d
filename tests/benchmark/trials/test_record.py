"""Records: written whole, read back, and described by the schema that is committed."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.records import Record
from emseg_bench.benchmark.files.store import Store, TrialFolder, write_whole
from emseg_bench.benchmark.files.validation import adapter
from emseg_bench.benchmark.trials.records import failed_record, load_record, write_record
from emseg_bench.benchmark.trials.trial import run_trial

SCHEMA = Path(__file__).parents[3] / "docs/record.schema.json"


def test_committed_schema_is_fresh():
    fresh = json.dumps(adapter(Record).json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text() == fresh, "write it anew: see docs/running.md"


def test_records_follow_the_schema(make_job, runtime):
    job = make_job()
    run_trial(job, runtime, lambda event: None)
    complete = json.loads(TrialFolder(job.folder).record.read_text())
    jsonschema.validate(complete, json.loads(SCHEMA.read_text()))


def test_failed_record_comes_back(make_job, tmp_path):
    job = make_job()
    folder = TrialFolder(tmp_path / "x")
    record = failed_record(job, "2026-01-01T00:00:00+00:00", "broke – with an ünusual reason")
    write_record(folder, record)
    assert load_record(folder) == record
    assert not folder.is_complete()
    jsonschema.validate(json.loads(folder.record.read_text()), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}'])
def test_damaged_or_later_records_are_told(tmp_path, text):
    folder = TrialFolder(tmp_path)
    folder.record.write_text(text)
    assert not folder.is_complete()
    with pytest.raises(StoreError, match=r"record.json"):
        load_record(folder)


def test_writing_whole_leaves_no_stray_files(tmp_path):
    path = tmp_path / "a" / "b.json"
    write_whole(path, "one")
    write_whole(path, "two")
    assert [file.read_text() for file in path.parent.iterdir()] == ["two"]


def test_store_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another with --out"):
        Store(tmp_path / "file" / "results").prepare()
