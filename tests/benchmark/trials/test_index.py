"""The index beside a results folder: the same boards as from the files themselves."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.reporting import Trial
from emseg_bench.benchmark.files import seen
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials import boards, folder_state, index
from emseg_bench.benchmark.trials.boards import Stored, load_boards
from emseg_bench.benchmark.trials.kept_files import hash_files
from emseg_bench.benchmark.trials.records import write_record
from emseg_bench.testing.sample_trials import sample_board


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folder_state, "SETTLED_NS", -1)  # or nothing could be taken for two seconds
    return tmp_path / "cache"


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "results")
    for trial in sample_board(tmp_path, "x").trials:
        write(found, trial)
    return found


def write(store: Store, trial: Trial) -> None:
    folder = store.trial(trial.record.fingerprint)
    (folder.path / "previews").mkdir(parents=True)
    if trial.record.status == "complete":
        cases = trial.cases.astype({"case": "str", "class_name": "str", "metric": "str"})
        cases.astype({"group": object}).to_parquet(folder.cases, index=False)
        trial.curve.to_parquet(folder.curve, index=False)
    (folder.path / "previews" / "00.png").write_bytes(b"a picture")
    write_record(folder, replace(trial.record, files=hash_files(folder)))


@pytest.fixture
def opened(monkeypatch):
    """The names of the trials whose own files are read."""
    found = []

    def read(folder, store, tables):
        found.append(folder.path.name)
        return original(folder, store, tables)

    original = boards.read_trial
    monkeypatch.setattr(boards, "read_trial", read)
    return found


def told(store: Store) -> list[object]:
    stored = load_boards(store)
    return [*stored.left_out, *((one.title, one.remarks, len(one.trials)) for one in stored.boards)]


def trials(stored: Stored) -> list[Trial]:
    return [trial for board in stored.boards for trial in board.trials]


def check_equal(one, other):
    assert [board.title for board in one.boards] == [board.title for board in other.boards]
    for was, is_ in zip(trials(one), trials(other), strict=True):
        assert (was.record, was.row, was.folder) == (is_.record, is_.row, is_.folder)
        pd.testing.assert_frame_equal(was.cases, is_.cases)
        pd.testing.assert_frame_equal(was.curve, is_.curve)


def test_trials_are_opened_once_and_give_the_same_boards(store, opened):
    first = load_boards(store)
    assert len(opened) == 5
    check_equal(first, load_boards(store))
    assert len(opened) == 5


def test_tables_of_the_index_can_be_written_to(store):
    load_boards(store)
    one, other = (
        trial.cases for trial in trials(load_boards(store)) if len(trial.cases) > 0 and trial.record.spec.seed
    )
    before = other.copy()
    one["value"] *= 2
    one.loc[0, "case"] = "mine"
    pd.testing.assert_frame_equal(other, before)


def test_one_more_trial_is_opened_alone(store, opened, tmp_path):
    first = load_boards(store)
    extra = sample_board(tmp_path, "xx").trials[0]
    record = replace(extra.record, fingerprint="a" * 64, spec=replace(extra.record.spec, seed=9))
    write(store, replace(extra, record=record))
    opened.clear()
    assert len(trials(load_boards(store))) == len(trials(first)) + 1
    assert opened == ["a" * 64]
    opened.clear()
    shutil.rmtree(store.trial("a" * 64).path)
    check_equal(first, load_boards(store))
    check_equal(first, load_boards(store))
    assert opened == []


def complete(store):
    return next(folder for folder in store.trials() if folder.is_complete())


def edit_scores(folder):
    content = bytearray(folder.cases.read_bytes())
    content[len(content) // 2] ^= 1
    folder.cases.write_bytes(content)


def edit_record(folder):
    text = folder.record.read_text()
    folder.record.write_text(text.replace('"seed": 0', '"seed": 7').replace('"seed": 1', '"seed": 8'))


@pytest.mark.parametrize("edit", [edit_scores, edit_record, lambda folder: folder.curve.unlink()])
def test_an_edited_file_of_the_same_size_and_time_is_found(store, edit):
    told(store)
    folder = complete(store)
    states = {path: path.stat() for path in (folder.cases, folder.record)}
    edit(folder)
    for path, state in states.items():
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    found = told(store)
    assert found[0].trial == folder.path.name
    store.index.unlink()
    assert told(store) == found  # as from the files themselves


def test_a_changed_picture_is_told_every_time(store):
    told(store)
    picture = complete(store).path / "previews" / "00.png"
    picture.write_bytes(b"another  ")
    found = told(store)
    assert "previews/00.png (changed)" in str(found)
    assert told(store) == found


def damaged(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def link(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path):
    path.unlink()
    path.mkdir()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def giant(path):
    with path.open("r+b") as file:
        file.truncate(1 << 40)


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [damaged, cut, link, folder, pipe, giant, emptied])
def test_an_index_that_is_not_what_was_written_counts_for_nothing(store, opened, harm):
    first = load_boards(store)
    harm(store.index)
    opened.clear()
    check_equal(first, load_boards(store))
    assert len(opened) == 5


def test_an_index_from_elsewhere_counts_for_nothing(store, opened, cache):
    first = load_boards(store)
    (cache / "seal.key").write_bytes(b"k" * 32)  # as another user's programs have
    opened.clear()
    check_equal(first, load_boards(store))
    assert len(opened) == 5


def test_an_index_of_other_code_counts_for_nothing(store, opened, monkeypatch):
    load_boards(store)
    monkeypatch.setattr(index, "READING", index.READING[:-1])
    opened.clear()
    load_boards(store)
    assert len(opened) == 5


def test_what_changed_just_before_is_read_again(store, opened, monkeypatch):
    monkeypatch.setattr(folder_state, "SETTLED_NS", seen.SETTLED_NS)
    load_boards(store)
    load_boards(store)
    assert len(opened) == 10


def test_where_nothing_can_be_kept_all_is_read(store, opened, cache):
    cache.write_text("in the place of the cache's folder")
    first = load_boards(store)
    check_equal(first, load_boards(store))
    assert len(opened) == 10


def test_a_link_among_the_files_is_never_remembered(store, opened, tmp_path):
    folder = complete(store)
    shutil.move(folder.cases, tmp_path / "cases.parquet")
    folder.cases.symlink_to(tmp_path / "cases.parquet")
    assert "outside" in str(told(store)) or folder.path.name in str(told(store))
    opened.clear()
    load_boards(store)
    assert opened == [folder.path.name]
