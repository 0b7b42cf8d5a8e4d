"""The library of weights under two processes at once, and after a kill."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import WeightsError
from emseg_bench.benchmark.files.leftovers import mark
from emseg_bench.benchmark.weights.library import Entry, Library

PUT = """
import hashlib, sys
from pathlib import Path
from emseg_bench.benchmark.weights.library import Entry, Library
library, who = Library(Path(sys.argv[1])), sys.argv[2]
for i in range(15):
    with library.unfinished() as folder:
        (folder / "w").write_text(f"{who} {i}")
        digest = hashlib.sha256((folder / "w").read_bytes()).hexdigest()
        for name in (f"{who}-{i}", "shared"):
            (folder / "w").write_text(f"{who} {i}")
            rest = dict.fromkeys(("kind", "usable_as", "original_name", "original_sha256", "imported"), "")
            entry = Entry(name=name, sha256=digest, trained=False, **rest)
            library.put(entry, folder / "w", replace=True)
"""


def entry(original: str = "a") -> Entry:
    return Entry(
        name="w",
        kind="",
        usable_as="",
        trained=False,
        original_name="w.pt",
        original_sha256=original,
        sha256="",
        imported="",
    )


def put(library: Library, content: Entry) -> None:
    with library.unfinished() as folder:
        (folder / "w").touch()
        library.put(content, folder / "w", replace=False)


def test_two_processes_at_once_lose_nothing(tmp_path):
    running = [subprocess.Popen([sys.executable, "-P", "-c", PUT, str(tmp_path), who]) for who in "ab"]
    assert [process.wait(400) for process in running] == [0, 0]
    library = Library(tmp_path)
    entries = library.entries()
    assert entries.keys() == {"shared", *(f"{who}-{i}" for who in "ab" for i in range(15))}
    assert {name: library.fault(found) for name, found in entries.items() if library.fault(found)} == {}


def test_what_a_killed_process_left_is_swept(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = mark().partition("-")[0]
    (tmp_path / f".unfinished-{host}-{gone.pid}-01234567").mkdir()
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / f".unfinished-{host}-{alive.pid}-01234567").mkdir()
    (tmp_path / f".unfinished-elsewhere-{gone.pid}-01234567").mkdir()  # of another machine
    with Library(tmp_path).unfinished():
        pass
    stay = {f".unfinished-{host}-{alive.pid}-01234567", f".unfinished-elsewhere-{gone.pid}-01234567"}
    assert {path.name for path in tmp_path.iterdir()} == stay
    alive.communicate(b"\n")


def test_a_file_without_an_entry_is_no_part_of_it(tmp_path):
    """A kill between moving the file and writing the index leaves this."""
    library = Library(tmp_path)
    library.file("w").write_bytes(b"half")
    assert library.find("w") is None
    put(library, entry())
    assert library.file("w").read_bytes() == b""


def test_a_name_that_another_took_meanwhile_is_not_overwritten(tmp_path):
    library = Library(tmp_path)
    put(library, entry("a"))
    with pytest.raises(WeightsError, match="imported from another file before"):
        put(library, entry("b"))
    assert json.loads(library.index.read_text())["weights"]["w"]["original_sha256"] == "a"


def test_a_library_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(WeightsError, match="cannot write to the library of weights"),
        Library(Path(tmp_path / "file" / "x")).unfinished(),
    ):
        pass
