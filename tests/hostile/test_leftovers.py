"""What killed processes left unfinished is cleared by the next that writes there; others' files stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.files import disk, leftovers
from emseg_bench.benchmark.files.leftovers import mark, replacing, unfinished_in
from emseg_bench.datasets.collection.prepared import prepared
from PIL import Image

WRITES = """
import sys, time
from pathlib import Path
from emseg_bench.benchmark.files.store import whole_file
with whole_file(Path(sys.argv[1])) as file:
    file.write(bytes(1000))
    file.flush()
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _as_a_new_process() -> None:
    leftovers._swept.clear()


def killed_while_writing(path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    assert len(list(path.parent.glob(".writing-*"))) == 1
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def test_a_file_cut_short_by_a_kill_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    killed_while_writing(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "old"
    with replacing(tmp_path / "b.json") as temporary:
        temporary.write_text("new")
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "b.json"}


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_folders_are_cleared_too_and_what_others_are_at_stays(tmp_path: Path) -> None:
    host = mark().partition("-")[0]
    left = tmp_path / f".writing-{host}-{ended_process()}-01234567"
    (left / "deep").mkdir(parents=True)
    stays = {
        f".writing-{host}-{os.getppid()}-01234567",
        f".writing-elsewhere-{left.name.split('-')[2]}-01234567",
        ".writing-mine",
        ".writing-a-b-c",
        "notes.tmp",
    }
    for name in stays:
        (tmp_path / name).touch()
    unfinished_in(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == stays


def test_a_container_of_the_same_name_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processes have numbers that nobody has here."""
    namespace = tmp_path / "namespace"
    namespace.touch()
    monkeypatch.setattr(leftovers, "_NAMESPACE", namespace)
    theirs = tmp_path / f".writing-{leftovers._host()}-{ended_process()}-01234567"
    theirs.touch()
    monkeypatch.undo()
    unfinished_in(tmp_path)
    assert theirs.exists()


def test_clearing_costs_no_other_thread_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread clears while another has begun to write; a killed process had the same number before."""
    other = unfinished_in(tmp_path)
    other.touch()
    left = tmp_path / f"{other.name[:-8]}01234567"
    left.touch()
    monkeypatch.setattr(leftovers, "_swept", set())
    unfinished_in(tmp_path)
    assert other.exists()
    assert not left.exists()


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a") as temporary:
        temporary.with_name("gone").rename(temporary)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "--pred", "a.png", "--truth", "a.png", "--out", "scores.csv"),
        ("data", "inspect", "folder:data", "--html", "page.html"),
        ("plugins", "new", "my-model", "--kind", "model"),
    ],
)
def test_verbs_clear_where_they_write(arguments: tuple[str, ...], attack: Callable, work: Path) -> None:
    for folder in (work, work / "data/images", work / "data/masks"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in "abcd":
            noise = np.random.default_rng(ord(name)).integers(0, 255, (64, 64), np.uint8)
            Image.fromarray(noise % 2 if "masks" in str(folder) or folder == work else noise).save(
                folder / f"{name}.png"
            )
    left = work / f".writing-{mark().partition('-')[0]}-{ended_process()}-01234567"
    left.touch()
    ended = attack(*arguments)
    assert ended.code in (0, 1), ended.told
    assert not left.exists(), ended.told


def test_a_copy_that_the_disk_has_no_room_for_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("", (), {"free": 1 << 20}))
    with pytest.raises(DataError, match=r"it takes 4\.0 MiB there, and 1\.0 MiB are free"):
        prepared(tmp_path, "a-b", (4, 1024, 1024), np.uint8, lambda _: np.zeros(0), 1, stale="a-*")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
