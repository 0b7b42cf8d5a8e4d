"""The cached dataset: whole or absent, the same for everyone, and honest about damage."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Dataset
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.synthetic.dataset import SyntheticEM, open_synthetic
from emseg_bench.datasets.synthetic.options import CLASS_NAMES, SyntheticOptions
from PIL import Image
from pydantic import TypeAdapter, ValidationError

OPEN = """
import sys
from pathlib import Path
from emseg_bench.datasets.synthetic.dataset import open_synthetic
open_synthetic(None, Path(sys.argv[1]), size=64, train=int(sys.argv[2]), val=1, test=1)
"""


def small(cache: Path, seed: int = 0, train: int = 3) -> SyntheticEM:
    return open_synthetic(None, cache, size=96, train=train, val=1, test=2, seed=seed)


def start(cache: Path, train: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", OPEN, str(cache), str(train)], cwd="/")


def contents(cache: Path) -> dict[str, bytes]:
    return {
        path.relative_to(cache).as_posix(): path.read_bytes()
        for path in sorted(cache.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def only_folder(cache: Path) -> Path:
    (folder,) = (path for path in (cache / "datasets" / "synthetic-em").iterdir() if path.is_dir())
    return folder


def test_manifest_tells_what_was_asked_for(tmp_path):
    dataset = small(tmp_path)
    manifest = dataset.manifest
    assert isinstance(dataset, Dataset)
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [3, 1, 2]
    assert manifest.class_names == CLASS_NAMES
    assert manifest.channels == 1
    assert manifest.num_logits == 5
    assert manifest.voxel_size_nm == (8.0, 8.0)
    assert manifest.notes == ()
    assert {(case.height, case.width) for case in manifest.cases} == {(96, 96)}


def test_samples_have_the_contracted_shape(tmp_path):
    dataset = small(tmp_path)
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        assert sample.image.shape == (1, 96, 96)
        assert sample.labels.shape == (96, 96)
        assert sample.image.dtype == sample.labels.dtype == np.uint8


def test_mean_and_std_are_those_of_the_training_pixels(tmp_path):
    dataset = small(tmp_path)
    pixels = np.stack([dataset.read(case).image for case in dataset.manifest.split("train")]) / 255
    assert dataset.manifest.mean == pytest.approx((pixels.mean(),), rel=1e-12)
    assert dataset.manifest.std == pytest.approx((pixels.std(),), rel=1e-12)


def test_same_options_give_the_same_bytes(tmp_path):
    small(tmp_path / "a")
    small(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_seeds_and_splits_share_no_image(tmp_path):
    hashes = [case.sha256 for seed in (0, 1) for case in small(tmp_path, seed).manifest.cases]
    assert len(set(hashes)) == len(hashes) == 12
    assert len(list((tmp_path / "datasets" / "synthetic-em").glob("*.lock"))) == 2


def test_more_images_leave_the_others_as_they_are(tmp_path):
    few, more = (small(tmp_path, train=train).manifest for train in (2, 4))
    assert set(few.cases) < set(more.cases)


@pytest.mark.parametrize("seed", range(4))
def test_one_image_per_split_shows_all_classes(tmp_path, seed):
    dataset = open_synthetic(None, tmp_path, train=1, val=1, test=1, seed=seed)
    for case in dataset.manifest.cases:
        assert set(np.unique(dataset.read(case).labels)) == set(range(5))


def test_opening_again_draws_nothing(tmp_path):
    first = small(tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert small(tmp_path).manifest == first.manifest
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == stamps


def test_the_cache_is_a_folder_dataset_too(tmp_path):
    drawn = small(tmp_path)
    folder = only_folder(tmp_path)
    (folder / "dataset.yaml").write_text(f"classes: [{', '.join(CLASS_NAMES)}]", encoding="utf-8")
    read = open_folder(str(folder), tmp_path / "index")
    assert read.manifest.class_names == drawn.manifest.class_names
    assert read.manifest.mean == pytest.approx(drawn.manifest.mean, rel=1e-12)
    assert read.manifest.std == pytest.approx(drawn.manifest.std, rel=1e-12)
    for case, same in zip(drawn.manifest.cases, read.manifest.cases, strict=True):
        assert np.array_equal(drawn.read(case).image, read.read(same).image)
        assert np.array_equal(drawn.read(case).labels, read.read(same).labels)


def test_a_killed_process_leaves_no_half_dataset(tmp_path):
    process = start(tmp_path, train=5000)
    folder = tmp_path / "datasets" / "synthetic-em"
    deadline = time.monotonic() + 240
    while not list(folder.glob("*.partial/train/masks/*.png")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (partial,) = folder.glob("*.partial")
    assert not partial.with_suffix("").exists()
    # The next process with these options begins afresh; fewer images, so as not to draw 5000.
    leftover = folder / "leftover"
    partial.rename(leftover)
    small(tmp_path / "clean")
    target = only_folder(tmp_path / "clean")
    leftover.rename(folder / f"{target.name}.partial")
    small(tmp_path)
    assert contents(folder / target.name) == contents(target)
    assert not list(folder.glob("*.partial"))


@pytest.mark.slow
def test_processes_at_once_share_one_dataset(tmp_path):
    processes = [start(tmp_path / "together", train=6) for _ in range(3)]
    assert [process.wait(400) for process in processes] == [0, 0, 0]
    assert start(tmp_path / "alone", train=6).wait(400) == 0
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "other"])
def test_a_damaged_image_is_an_error_with_its_remedy(tmp_path, damage):
    dataset = small(tmp_path)
    case = dataset.manifest.split("train")[0]
    path = only_folder(tmp_path) / "train" / "images" / "00.png"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "changed":
        pixels = np.array(Image.open(path))
        pixels[0, 0] ^= 1
        Image.fromarray(pixels).save(path)
    elif damage == "gone":
        path.unlink()
    else:
        path.write_text("no image", encoding="utf-8")
    with pytest.raises(DataError, match=r"train/images/00\.png is missing or is not.*Delete the folder"):
        dataset.read(case)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"dataset": "synthetic-em"}'])
def test_a_damaged_manifest_is_an_error_with_its_remedy(tmp_path, text):
    small(tmp_path)
    path = only_folder(tmp_path) / "manifest.json"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.json.*Delete the folder"):
        small(tmp_path)


def test_the_stored_manifest_is_plain_json(tmp_path):
    small(tmp_path)
    stored = json.loads((only_folder(tmp_path) / "manifest.json").read_text(encoding="utf-8"))
    assert stored["dataset"] == "synthetic-em"
    assert len(stored["cases"]) == 6


def test_an_unwritable_cache_is_an_error_with_its_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot write its images to .*another with EMSEG_BENCH_CACHE"):
        small(tmp_path / "file")


def test_a_location_is_refused(tmp_path):
    with pytest.raises(UsageError, match="leave out the location '/data'"):
        open_synthetic("/data", tmp_path)


@pytest.mark.parametrize("options", [{"size": 63}, {"size": 1025}, {"train": 0}, {"seed": -1}, {"sise": 128}])
def test_wrong_options_are_refused(options):
    with pytest.raises(ValidationError):
        TypeAdapter(SyntheticOptions).validate_python(options)


@pytest.mark.slow
def test_the_default_has_as_many_images_as_documented(tmp_path):
    dataset = open_synthetic(None, tmp_path)
    assert [len(dataset.manifest.split(split)) for split in ("train", "val", "test")] == [24, 6, 8]
