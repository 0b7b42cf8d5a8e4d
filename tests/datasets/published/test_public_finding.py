"""Sections by the numbers in their names."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published.finding import find, numbered, sections


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_the_last_number_counts(tmp_path):
    touch(tmp_path, "mitos_3D.010.png", "mitos_3D.9.png", "mitos_3D.0011.png", "notes.txt")
    assert [*numbered(tmp_path, "*.png")] == [9, 10, 11]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a1.png", "b01.png"], "b01.png has the number of a1.png in its name"),
        (["a1.png", "b.png"], "b.png has no number in its name"),
        (["a1.tif"], "holds no \\*.png"),
    ],
)
def test_names_that_give_no_order_are_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=message):
        numbered(tmp_path, "*.png")


def test_series_show_the_same_sections(tmp_path):
    touch(tmp_path, *(f"image/{z}.png" for z in (3, 5, 4)), *(f"mask/m{z}.png" for z in (4, 3, 5)))
    series = {name: numbered(tmp_path / name, "*.png") for name in ("image", "mask")}
    found = sections(series)
    assert [path.name for path in found["mask"]] == ["m3.png", "m4.png", "m5.png"]
    del series["mask"][4]
    with pytest.raises(DataError, match=r"mask: section 4 is missing \(1 in all\); expected all from 3 to 5"):
        sections(series)


def test_what_lies_less_deep_is_found_first(tmp_path):
    touch(tmp_path, "b/x.tif", "a/deep/x.tif")
    assert find(tmp_path, "x.tif") == tmp_path / "b/x.tif"
    with pytest.raises(DataError, match=r"holds no y\.tif"):
        find(tmp_path, "y.tif")


def test_the_folder_itself_may_be_what_is_looked_for(tmp_path):
    touch(tmp_path, "Lucchi++/Train_In/a.png", "Lucchi++/old/Lucchi++/a.png")
    assert find(tmp_path, "Lucchi++") == find(tmp_path / "Lucchi++", "Lucchi++") == tmp_path / "Lucchi++"
