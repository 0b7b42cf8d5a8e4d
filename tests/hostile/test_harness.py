"""The harness itself: it measures what it says, so that a test of a hostile input can fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_refusal_is_told_apart_from_success(
    attack: Callable, refused: Callable, accepted: Callable
) -> None:
    refused(attack("run", "nothing.yaml"), "nothing.yaml")
    accepted(attack("list", "models"), "retina")
    with pytest.raises(AssertionError, match="exit code 0"):
        refused(attack("list", "models"))
    with pytest.raises(AssertionError, match="is not in"):
        refused(attack("run", "nothing.yaml"), "something else")


def test_it_runs_in_the_folder_of_the_test_with_its_environment(attack: Callable, work: Path) -> None:
    ended = attack("run", "--models", "nobody", environment={"EMSEG_BENCH_CACHE": str(work / "cache")})
    assert ended.code == 2
    assert ended.seconds < 60
    assert -5 < ended.mib < 500
