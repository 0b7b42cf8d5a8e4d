"""Kept label maps come back as they were, or say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.images.tiff_stacks import stack_writer
from emseg_bench.benchmark.trials.case_names import LONGEST, file_names
from emseg_bench.benchmark.trials.kept_labels import KeptLabels
from PIL import Image

VOLUME = (4, 40, 50)


def case(name, depth=None):
    return Case(id=f"test/{name}", split="test", depth=depth, height=5, width=7, sha256="0")


def cases(number):
    return [case(f"c{place}") for place in range(number)]


@pytest.mark.parametrize("shape", [(5, 7), VOLUME, (1, 5, 7), (3, 1, 9)])
def test_labels_come_back(tmp_path, shape):
    labels = np.random.default_rng(0).integers(0, 5, shape, np.uint8)
    kept = KeptLabels(tmp_path / "kept", cases(4))
    kept.write(3, labels)
    again = kept.read(3, shape)
    assert again.shape == shape
    assert np.array_equal(again, labels)
    suffix = ".png" if len(shape) == 2 else ".tif"
    with Image.open(tmp_path / f"kept/c3{suffix}") as picture:
        for page in range(getattr(picture, "n_frames", 1)):
            picture.seek(page)
            assert picture.mode == "P", "coloured in Fiji and elsewhere"
            assert picture.getpalette()[3:6] == [0xE6, 0x9F, 0x00]
            assert np.array_equal(np.asarray(picture), labels if labels.ndim == 2 else labels[page])


@pytest.mark.parametrize(("shape", "name"), [(VOLUME, "c0.tif"), (VOLUME[1:], "c0.png")])
def test_a_link_is_replaced_and_not_written_through(tmp_path, shape, name):
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / name).symlink_to("elsewhere")
    labels = np.ones(shape, np.uint8)
    kept = KeptLabels(tmp_path, cases(1))
    kept.write(0, labels)
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert np.array_equal(kept.read(0, shape), labels)


def test_grey_volumes_of_older_versions_are_read(tmp_path):
    labels = np.random.default_rng(0).integers(0, 5, VOLUME, np.uint8)
    with stack_writer(tmp_path / "c0.tif", VOLUME) as pages:
        pages[0 : len(labels)] = labels
    assert np.array_equal(KeptLabels(tmp_path, cases(1)).read(0, VOLUME), labels)


def test_volumes_are_written_from_and_read_to_memory_maps(tmp_path):
    large = (4, 200, 250)
    labels = np.lib.format.open_memmap(tmp_path / "labels.npy", "w+", np.uint8, large)
    labels[2] = 3
    kept = KeptLabels(tmp_path, cases(1))
    kept.write(0, labels)
    assert isinstance(kept.read(0, large), np.memmap)
    assert (tmp_path / "c0.tif").stat().st_size < labels.size / 5, "compressed"


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
@pytest.mark.parametrize(("shape", "name"), [(VOLUME, "c0.tif"), (VOLUME[1:], "c0.png")])
def test_what_is_cut_short_is_told(tmp_path, shape, name, share):
    kept = KeptLabels(tmp_path, cases(1))
    kept.write(0, np.random.default_rng(0).integers(0, 5, shape, np.uint8))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        StoreError, match=rf"{name} is (missing or damaged|\(2, 40, 50\)).*run the trial again"
    ):
        kept.read(0, shape)


def test_other_sides_are_told(tmp_path):
    kept = KeptLabels(tmp_path, cases(1))
    kept.write(0, np.zeros(VOLUME, np.uint8))
    with pytest.raises(StoreError, match=r"is \(4, 40, 50\), expected \(5, 40, 50\)"):
        kept.read(0, (5, 40, 50))


def test_files_are_named_by_their_cases_and_listed(tmp_path):
    kept = KeptLabels(tmp_path, [case("mouse 1"), case("v/0007"), case("big", depth=2)])
    kept.write(0, np.full((5, 7), 1, np.uint8))
    kept.write(1, np.full((5, 7), 2, np.uint8))
    kept.write(2, np.full((2, 5, 7), 3, np.uint8))
    kept.list_cases()
    assert (tmp_path / "cases.csv").read_text() == (
        "file,case\nmouse-1.png,test/mouse 1\nv-0007.png,test/v/0007\nbig.tif,test/big\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "big.tif", "cases.csv", "mouse-1.png", "v-0007.png"
    ]  # fmt: skip
    assert kept.read(1, (5, 7)).tolist() == np.full((5, 7), 2).tolist()


def test_files_of_older_versions_are_read(tmp_path):
    Image.fromarray(np.full((5, 7), 4, np.uint8)).save(tmp_path / "00001.png")
    assert KeptLabels(tmp_path, cases(2)).read(1, (5, 7)).max() == 4


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "A", "b"], ["00000-a", "00001-A", "b"]),
        (["a/b", "a b"], ["00000-a-b", "00001-a-b"]),
        (["..", "../x", "c\x1b[2J"], ["00000", "x", "c-2J"]),
        (["00001", "00000"], ["00000", "00001"]),
        (["x" * 300, "x" * 301], [f"00000-{'x' * LONGEST}", f"00001-{'x' * LONGEST}"]),
    ],
)
def test_names_are_safe_and_differ(names, expected):
    assert file_names([case(name) for name in names]) == expected
