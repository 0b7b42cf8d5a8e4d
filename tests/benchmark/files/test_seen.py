"""What was found out is remembered exactly as long as nothing changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.files import seen
from emseg_bench.benchmark.files.seen import keep, made_once, recall, remembered, stamp


def hide_edit(path: Path, content: bytes) -> None:
    """Write something of the same length, and set the time of change back."""
    before = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(before, before))


@pytest.mark.parametrize("place", ["a.bin", "."])
def test_an_edit_that_hides_changes_the_stamp(tmp_path: Path, place: str) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")
    before = stamp(tmp_path / place)
    assert stamp(tmp_path / place) == before
    hide_edit(tmp_path / "a.bin", b"abd")
    assert stamp(tmp_path / place) != before


def test_a_folder_s_stamp_counts_its_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a", "deep/b"):
        (tmp_path / name).write_bytes(b"12345")
    before = stamp(tmp_path)
    assert before[:2] == [2, 10]
    (tmp_path / "deep" / "~lock").touch()
    assert stamp(tmp_path) == before
    (tmp_path / "deep" / "b").unlink()
    assert stamp(tmp_path)[:2] == [1, 5]


def test_what_has_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.bin cannot be read: there is no such file"):
        stamp(tmp_path / "gone.bin")


def test_a_note_holds_for_its_state_and_kind(tmp_path: Path) -> None:
    note = tmp_path / "a" / "note.json"
    assert recall(note, [1], dict) is None
    keep(note, [1], {"x": 2})
    assert recall(note, [1], dict) == {"x": 2}
    assert recall(note, [2], dict) is None
    assert recall(note, [1], list) is None
    note.write_text("{")
    assert recall(note, [1], dict) is None


def test_a_cache_that_takes_nothing_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"the index cannot be written to .* EMSEG_BENCH_CACHE"):
        keep(tmp_path / "file" / "note.json", 1, [], "the index")


@pytest.mark.parametrize("damage", ["", "[]", '{"state": 1, "found": {"value": "x"}}', '{"state": 1}'])
def test_what_is_made_once_is_made_again_where_its_note_is_damaged(tmp_path: Path, damage: str) -> None:
    note, made = tmp_path / "note.json", list[int]()

    def make() -> int:
        made.append(len(made))
        return 7

    def once() -> int:
        return made_once(note, 1, make, lambda one: {"value": one}, lambda known: int(known["value"]))

    assert (once(), once(), len(made)) == (7, 7, 1)
    note.write_text(damage)
    assert (once(), once(), len(made)) == (7, 7, 2)


def test_of_a_file_that_changed_just_now_nothing_is_remembered(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    path, read = tmp_path / "a.bin", list[bytes]()
    path.write_bytes(b"abc")

    def look() -> object:
        return remembered(path, "test", lambda file: (read.append(file.read()), len(read))[1])

    assert (look(), look()) == (1, 2)
    monkeypatch.setattr(seen, "SETTLED_NS", -1)
    assert (look(), look()) == (3, 3)
    hide_edit(path, b"abd")
    assert look() == 4
    assert read[-1] == b"abd"
