"""Opening a folder again: fast when nothing changed, never deceived when something did."""

from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.fetching.facts import label_counts
from emseg_bench.datasets.folder import index, measure
from emseg_bench.datasets.folder.dataset import open_folder
from PIL import Image

NOW = index.INDEX_VERSION


@pytest.fixture
def measured(monkeypatch):
    """Return the list of files that are opened from now on."""
    names: list[str] = []
    for function in ("measure_image", "measure_mask"):
        original = getattr(measure, function)
        monkeypatch.setattr(
            measure, function, lambda path, original=original: (names.append(path.name), original(path))[1]
        )
    return names


def store_of(cache):
    (path,) = (cache / "datasets" / "folder").iterdir()
    return path


def rewrite(path, pixels) -> None:
    before = path.stat().st_mtime_ns
    Image.fromarray(pixels).save(path)
    os.utime(path, ns=(before + 1, before + 1))


def test_a_second_opening_reads_no_image_and_agrees(make_folder, cache, measured):
    root = make_folder()
    first = open_folder(str(root), cache).manifest
    assert len(measured) == 10
    measured.clear()
    assert open_folder(str(root), cache).manifest == first
    assert measured == []


@pytest.mark.parametrize("same_size", [True, False])
def test_a_changed_file_is_read_again_and_changes_its_case(make_folder, cache, measured, same_size):
    root = make_folder()
    path = root / "images" / "01.png"
    first = open_folder(str(root), cache).manifest
    measured.clear()
    if same_size:
        before = path.stat().st_mtime_ns
        os.utime(path, ns=(before + 1, before + 1))
    else:
        rewrite(path, np.arange(24 * 32).reshape(24, 32).astype(np.uint8))
    second = open_folder(str(root), cache).manifest
    assert measured == ["01.png"]
    changed = [one.id for one, two in zip(first.cases, second.cases, strict=True) if one != two]
    assert changed == ([] if same_size else ["train/01"])
    assert (first.mean == second.mean) == same_size


def test_a_changed_mask_changes_its_case(make_folder, cache):
    root = make_folder()
    first = open_folder(str(root), cache).manifest
    mask = np.array(Image.open(root / "masks" / "04.png"))
    mask[5, 5] ^= 1
    rewrite(root / "masks" / "04.png", mask)
    second = open_folder(str(root), cache).manifest
    changed = [one.id for one, two in zip(first.cases, second.cases, strict=True) if one != two]
    assert changed == ["test/04"]


def test_added_and_removed_files(make_folder, cache, measured):
    open_folder(str(make_folder(5)), cache)
    measured.clear()
    root = make_folder(2, start=5)
    assert len(open_folder(str(root), cache).manifest.cases) == 7
    assert sorted(measured) == ["05.png", "05.png", "06.png", "06.png"]
    for kind in ("images", "masks"):
        (root / kind / "00.png").unlink()
    assert len(open_folder(str(root), cache).manifest.cases) == 6
    assert "images/00.png" not in json.loads(store_of(cache).read_text(encoding="utf-8"))["found"]


def test_the_manifest_does_not_depend_on_where_the_folder_lies(make_folder, cache, tmp_path, monkeypatch):
    root = make_folder()
    first = open_folder(str(root), cache).manifest
    root.rename(tmp_path / "elsewhere")
    assert open_folder(str(tmp_path / "elsewhere"), cache).manifest == first
    monkeypatch.chdir(tmp_path)
    assert open_folder("elsewhere", cache).manifest == first
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_folder("~/elsewhere", cache).manifest == first


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"state": 0, "found": {}}', f'{{"state": {NOW}}}', f'{{"state": {NOW}, "found": []}}'],
)
def test_a_damaged_index_is_made_again(make_folder, cache, text):
    root = make_folder()
    first = open_folder(str(root), cache).manifest
    store_of(cache).write_text(text, encoding="utf-8")
    assert open_folder(str(root), cache).manifest == first
    assert json.loads(store_of(cache).read_text(encoding="utf-8"))["state"] == index.INDEX_VERSION


def test_mending_one_file_reads_one_file(make_folder, cache, measured):
    root = make_folder()
    path = root / "images" / "02.png"
    good = path.read_bytes()
    path.write_bytes(good[:100])
    with pytest.raises(DataError, match=r"02\.png"):
        open_folder(str(root), cache)
    path.write_bytes(good)
    measured.clear()
    open_folder(str(root), cache)
    assert measured == ["02.png"]


def test_many_at_once_leave_a_whole_index(make_folder, cache):
    root = make_folder(12)
    manifests, failures = [], []

    def work():
        try:
            manifests.append(open_folder(str(root), cache).manifest)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(manifest == manifests[0] for manifest in manifests)
    assert len(json.loads(store_of(cache).read_text(encoding="utf-8"))["found"]) == 24


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_reading_a_changed_file_is_an_error(make_folder, cache, kind):
    root = make_folder()
    dataset = open_folder(str(root), cache)
    case = dataset.manifest.cases[1]
    dataset.read(case)
    path = root / kind / "01.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(path)
    with pytest.raises(DataError, match=r"01\.png has changed since the dataset was opened. Run again"):
        dataset.read(case)
    path.unlink()
    with pytest.raises(DataError, match=r"01\.png cannot be read: there is no such file"):
        dataset.read(case)


def test_a_touched_file_is_read_all_the_same(make_folder, cache):
    root = make_folder()
    dataset = open_folder(str(root), cache)
    os.utime(root / "images" / "00.png")
    first, second = (dataset.read(dataset.manifest.cases[0]) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)


def test_sums_are_exact_for_large_16_bit_images():
    pixels = np.full((2000, 1500, 1), 65535, np.uint16)
    assert measure._sums_of_squares(pixels).tolist() == [65535**2 * 3_000_000]
    mask = np.zeros((3000, 3000), np.uint8)
    mask[:7] = 3
    assert label_counts(mask) == label_counts(mask.astype(np.int32)) == {0: 3000 * 2993, 3: 21000}
