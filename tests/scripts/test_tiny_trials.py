"""Scripts that kill and count: a short run of each, and that they find what they look for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials.records import write_record
from emseg_bench.testing.sample_trials import complete_record, spec

SCRIPTS = Path(__file__).parents[2] / "scripts"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "last"),
    [
        ("kill_test.py", ["--kills=2", "--trials=2", "--iterations=3", "--signals=KILL,TERM"], "0 faults"),
        (
            "tune_kill_test.py",
            ["--kills=1", "--trials=2", "--workers=1", "--iterations=5"],
            "2 trials, 1 at once: 0 faults",
        ),
        ("bench_long_run.py", ["--trials=40", "--real=0"], "growth per trial"),
    ],
)
def test_a_short_run(script: str, arguments: list[str], last: str) -> None:
    done = subprocess.run([sys.executable, SCRIPTS / script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(last)


@pytest.mark.parametrize(
    ("each", "flat"), [((0, 0, 0), True), ((40, 0, 0), False), ((0, 1, 0), False), ((0, 0, 1), False)]
)
def test_what_grows_is_found(each: tuple[int, int, int], flat: bool) -> None:
    from bench_long_run import growth, tell

    start, noise = (150_000, 9, 4), (0, 3, 0, 5)
    held = [
        (start[0] + each[0] * i + noise[i % 4], start[1] + each[1] * i, start[2] + each[2] * i)
        for i in range(120)
    ]
    assert growth(held) == pytest.approx(each, abs=0.2)
    assert tell("trials", held) == flat


def grid(root: Path) -> Store:
    store = Store(root)
    record = complete_record(spec("tiny@scratch", 0))
    folder = store.trial(record.fingerprint)
    write_record(folder, record)
    folder.cases.write_bytes(b"scores")
    return store


def test_a_difference_between_grids_is_found(tmp_path: Path) -> None:
    from kill_checks import differences, left_behind

    whole, killed = grid(tmp_path / "whole"), grid(tmp_path / "killed")
    assert [*differences(killed, whole, 1)] == []
    assert [*differences(killed, whole, 2)] == ["the undisturbed grid has 1 trials, expected 2"]
    (folder,) = killed.trials()
    folder.cases.write_bytes(b"others")
    (folder.path / ".writing-host-1-00000000").touch()
    assert [*differences(killed, whole, 1)] == [f"{folder.path.name}: cases.parquet has other content"]
    (left,) = left_behind(killed.root, whole.root)
    assert left.endswith(".writing-host-1-00000000 is left")
    folder.record.unlink()
    assert "record.json cannot be read" in next(differences(killed, whole, 1))


def test_processes_and_what_they_do_are_told(tmp_path: Path) -> None:
    from kill_targets import processes_of, targets

    mark = f"test-{os.getpid()}"
    with subprocess.Popen(["sleep", "60"], env={**os.environ, "EMSEG_MARK": mark}) as process:
        try:
            while not (found := processes_of("EMSEG_MARK", mark)):
                pass
        finally:
            process.kill()
    assert found == {process.pid}
    (command,) = targets(process.pid, found, tmp_path, b"")
    assert (command.process, command.role, command.phase) == (process.pid, "command", "starting")
    (command,) = targets(process.pid, found, tmp_path, b"1 of 1\nwriting the report\n")
    assert command.phase == "reporting"


@pytest.mark.parametrize(
    ("phase", "scored", "told"),
    [
        ("load", False, "loading"),
        ("train", False, "training"),
        ("test", False, "scoring"),
        ("profile", False, "scoring"),
        ("profile", True, "writing"),
    ],
)
def test_phases_of_workers_are_told_by_their_signs(
    phase: str,
    scored: bool,
    told: str,
    tmp_path: Path,
) -> None:
    from kill_targets import _signs

    folder = Store(tmp_path).trial("a")
    folder.path.mkdir(parents=True)
    folder.events.write_text(json.dumps({"process": 7, "phase": phase}) + "\n")
    if scored:
        folder.cases.touch()
    assert dict(_signs(tmp_path)) == {7: told}


def test_kills_are_shared_out_among_commands() -> None:
    from kill_test import SEEDS_AT_ONCE, shares

    parts = [*shares(range(10), 25)]
    assert [seed for seeds, _ in parts for seed in seeds] == [*range(10)]
    assert sum(kills for _, kills in parts) == 25
    assert max(len(seeds) for seeds, _ in parts) <= SEEDS_AT_ONCE
