"""The report's folder: ours is replaced, everybody else's stays, and what a killed report left goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.files import leftovers
from emseg_bench.reports.publishing import FILES, WRITTEN, clear_leftovers, replacing


def make(folder: Path, text: str = "one", *more: str) -> list[str]:
    """Write a report; name what of somebody else stayed."""
    with replacing(folder) as draft:
        for name in (*FILES, "figures/1-x.svg", *more):
            (draft.folder / name).parent.mkdir(exist_ok=True)
            (draft.folder / name).write_text(text)
    return draft.kept


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    make(folder)
    return folder


def test_foreign_files_stay_and_are_named(report: Path) -> None:
    (report / "notes.txt").write_text("mine")
    (report / "figures" / "own.svg").write_text("mine")
    (report / "drafts" / "deep").mkdir(parents=True)
    (report / "drafts" / "deep" / "table.csv").write_text("mine")
    (report / "link").symlink_to("/nowhere")
    kept = ["drafts/deep/table.csv", "figures/own.svg", "link", "notes.txt"]
    for text in ("two", "three"):
        assert make(report, text) == kept
        assert [(report / name).read_text() for name in kept if name != "link"] == ["mine"] * 3
        assert str((report / "link").readlink()) == "/nowhere"
        assert (report / "index.html").read_text() == text
    assert [path.name for path in report.parent.iterdir()] == ["report"]


def test_our_own_files_of_before_go(report: Path) -> None:
    make(report, "two", "figures/2-y.svg", "plugin.txt")
    assert make(report, "three") == []
    assert sorted(path.name for path in report.rglob("*")) == sorted(["figures", "1-x.svg", WRITTEN, *FILES])


def test_a_foreign_file_of_a_name_that_is_taken_is_kept_beside(report: Path) -> None:
    (report / "published.csv").write_text("mine")
    assert make(report, "two", "published.csv") == ["published.csv.kept"]
    assert (report / "published.csv").read_text() == "two"
    assert (report / "published.csv.kept").read_text() == "mine"


def test_reports_of_before_there_was_a_list(report: Path) -> None:
    (report / WRITTEN).unlink()
    (report / "figures" / "own.svg").write_text("mine")
    assert make(report, "two") == ["figures/own.svg"]


def test_a_failing_report_changes_nothing(report: Path) -> None:
    (report / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="broke"), replacing(report):
        raise ValueError("broke")
    assert (report / "notes.txt").read_text() == "mine"
    assert [path.name for path in report.parent.iterdir()] == ["report"]


def test_a_full_disk_is_told_and_leaves_the_old_report(report: Path) -> None:
    with (
        pytest.raises(
            StoreError, match=r"its disk is full\).*an earlier one and all trials stay.*emseg-bench report"
        ),
        replacing(report),
    ):
        raise OSError(28, "No space left on device")
    assert (report / "index.html").read_text() == "one"


def killed(report: Path, kind: str) -> Path:
    """A folder that a process left which has gone."""
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    return report.with_name(f".report-{kind}-{leftovers._host()}-{int(gone.stdout)}-0123abcd")


def test_what_a_killed_report_left_is_cleared(report: Path) -> None:
    for leftover in (killed(report, "new"), report.with_name(".report-new-0123abcd")):
        leftover.mkdir()
        (leftover / "index.html").write_text("half")
    clear_leftovers(report)
    assert [path.name for path in report.parent.iterdir()] == ["report"]


def test_what_was_moved_away_when_it_was_killed_comes_back(report: Path) -> None:
    (report / "notes.txt").write_text("mine")
    report.rename(killed(report, "old"))
    clear_leftovers(report)
    assert (report / "notes.txt").read_text() == "mine"
    old = killed(report, "old")
    shutil.copytree(report, old)
    (old / "more.txt").write_text("mine")
    clear_leftovers(report)
    assert (report / "more.txt").read_text() == "mine"
    assert [path.name for path in report.parent.iterdir()] == ["report"]


def test_what_others_are_at_stays(report: Path) -> None:
    names = [
        f".report-new-{leftovers._host()}-{os.getppid()}-0123abcd",
        ".report-new-elsewhere-1-0123abcd",
        ".report-new-mine",
    ]
    for name in names:
        report.with_name(name).mkdir()
    clear_leftovers(report)
    assert sorted(path.name for path in report.parent.iterdir()) == sorted(["report", *names])
