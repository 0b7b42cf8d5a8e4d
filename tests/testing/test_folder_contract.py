"""The contract holds for ``folder:PATH`` in both of its layouts, and sees a folder that leaks."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.testing.naming import find_targets
from emseg_bench.testing.running import run_check
from PIL import Image


def write_pairs(folder, numbers):
    for number in numbers:
        rng = np.random.default_rng(number)
        for name, pixels in (
            ("images", rng.integers(0, 256, (20, 24))),
            ("masks", rng.integers(0, 2, (20, 24))),
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number:02}.png")


def failing(folder) -> list[str]:
    (target,) = find_targets(f"folder:{folder}")
    assert len(target.checks) > 3, "a folder is opened, and not its card alone looked at"
    bench = target.open()
    outcomes = [run_check(check, target.name, bench) for check in target.checks]
    return [one.check for one in outcomes if one.status != "passed"]


def test_folder_that_is_divided_here(tmp_path):
    write_pairs(tmp_path, range(5))
    assert failing(tmp_path) == []


@pytest.mark.parametrize(("train", "expected"), [(range(2), []), (range(3), ["splits disjoint"])])
def test_folder_whose_val_serves_as_test(tmp_path, train, expected):
    write_pairs(tmp_path / "train", train)
    write_pairs(tmp_path / "val", range(2, 4))
    assert failing(tmp_path) == expected


def test_card_that_needs_a_place_is_checked_without_one():
    (target,) = find_targets("dataset:folder")
    assert [check.__name__ for check in target.checks] == [
        "check_card_complete",
        "check_options",
        "check_search_space",
        "check_factory_importable",
    ]
