"""Hostile inputs: each meets a sentence and an exit code within 60 s and 2 GiB, and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SECONDS = 60
MIB = 2048
"""Beyond what the command has at its start."""

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]  # forks, /proc and /dev/zero


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended that was given something hostile."""

    code: int
    """Exit code; negative: the signal that ended it."""
    out: str
    err: str
    raw: bytes
    """Both streams, as a terminal would get them."""
    seconds: float
    mib: float
    """Peak resident memory of it and its children beyond that at its start."""
    hung: bool
    left: tuple[str, ...]
    """Temporary files and processes that outlived it."""

    @property
    def told(self) -> str:
        """All that it said, in one line."""
        return " ".join(f"{self.out} {self.err}".split())


Attack = Callable[..., Ended]


class Warm:
    """The process that commands are forked from, with more modules imported."""

    def __init__(self, *modules: str) -> None:
        script = Path(__file__).with_name("warm.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), *modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: dict[str, object]) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, object] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def _warm() -> Iterator[Warm]:
    warm = Warm()
    yield warm
    warm.close()


@pytest.fixture
def attack(_warm: Warm, work: Path, tmp_path: Path) -> Attack:
    """Run ``emseg-bench`` on something hostile, in `work`, and measure it.

    Call it with the arguments of a command line; `environment` changes the environment (None removes).
    """
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    out, err = tmp_path / "out.txt", tmp_path / "err.txt"

    def run(*arguments: object, environment: dict[str, str | None] | None = None) -> Ended:
        wanted = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "160", **(environment or {})}
        answer = _warm.ask(
            {
                "arguments": [str(argument) for argument in arguments],
                "folder": str(work),
                "environment": {key: value for key, value in wanted.items() if value is not None},
                "out": str(out),
                "err": str(err),
                "seconds": SECONDS,
            }
        )
        left = sorted(path.name for path in temporary.iterdir())
        said, complained = out.read_bytes(), err.read_bytes()
        return Ended(
            code=int(str(answer["code"])),
            out=said.decode(errors="replace"),
            err=complained.decode(errors="replace"),
            raw=said + complained,
            seconds=float(str(answer["seconds"])),
            mib=float(str(answer["mib"])),
            hung=bool(answer["hung"]),
            left=(*left, *["a process"] * bool(answer["survivors"])),
        )

    return run


def bounded(ended: Ended) -> None:
    """Hold a command to what holds for all of them, however it ended."""
    assert not ended.hung, f"no answer within {SECONDS} s"
    assert "Traceback" not in ended.told, ended.told
    assert ended.mib < MIB, f"{ended.mib:.0f} MiB"
    assert not ended.left, ended.left
    harmful = set(range(32)) - set(b"\n\t\r") | {127}
    assert not harmful & set(ended.raw), "a control character reaches the terminal"


@pytest.fixture
def refused() -> Callable[..., None]:
    """Give the function that holds a command to having refused its input in so many words."""

    def check(ended: Ended, *gist: str, code: int = 2) -> None:
        bounded(ended)
        assert ended.code == code, f"exit code {ended.code}: {ended.told}"
        assert len(ended.err) < 5000, f"{len(ended.err)} characters of message"
        for words in gist:
            assert words.lower() in ended.told.lower(), f"{words!r} is not in: {ended.told}"

    return check


@pytest.fixture
def accepted() -> Callable[..., None]:
    """Give the function that holds a command to having done its work."""

    def check(ended: Ended, *gist: str) -> None:
        bounded(ended)
        assert ended.code == 0, f"exit code {ended.code}: {ended.told}"
        for words in gist:
            assert words.lower() in ended.told.lower(), f"{words!r} is not in: {ended.told}"

    return check
