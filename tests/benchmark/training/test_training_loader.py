"""What feeds training: images decoded once, foreground found fast, and the plan that a machine gets."""

from __future__ import annotations

import os
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.files.shared_memory import shared_zeros
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training import foreground, loader
from emseg_bench.benchmark.training.decoded import DecodedImages, is_mapped, measure
from emseg_bench.benchmark.training.foreground import ForegroundRows
from emseg_bench.benchmark.training.methods import make_augmentation
from emseg_bench.benchmark.trials.checked_dataset import CheckedDataset
from hypothesis import given, settings
from hypothesis import strategies as st

CPU = torch.device("cpu")


def case(name: str, height: int, width: int) -> Case:
    return Case(id=name, split="train", height=height, width=width, sha256="")


class Drawn:
    """Images of several sizes; counts how often they are read."""

    def __init__(self, sides=((9, 7), (5, 6), (8, 8)), dtype=np.uint8, channels=1) -> None:
        rng = np.random.default_rng(0)
        self.reads: Counter[str] = Counter()
        self.cases = [case(str(number), *shape) for number, shape in enumerate(sides)]
        self.samples = {
            one.id: Sample(
                rng.integers(0, 256, (channels, one.height, one.width)).astype(dtype),
                rng.integers(0, 3, (one.height, one.width)).astype(np.uint8),
            )
            for one in self.cases
        }

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            dataset="drawn",
            class_names=("background", "one", "two"),
            channels=1,
            mean=(0.5,),
            std=(0.2,),
            cases=tuple(self.cases),
            split_rule="all train",
        )

    def read(self, case: Case) -> Sample:
        self.reads[case.id] += 1
        return self.samples[case.id]


def decoded(data: Drawn, memory=None) -> DecodedImages:
    footprint = measure(data, data.cases)
    return DecodedImages(data, data.cases, footprint, shared_zeros(10**5) if memory is None else memory)


def assert_all_read(images: DecodedImages, data: Drawn) -> None:
    for number, one in enumerate(data.cases):
        got, expected = images.read(number), data.samples[one.id]
        assert got.image.dtype == expected.image.dtype
        np.testing.assert_array_equal(got.image, expected.image)
        np.testing.assert_array_equal(got.labels, expected.labels)


# ---------------------------------------------------------------------------------------- decoded images
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_decoded_once(dtype, channels):
    data = Drawn(dtype=dtype, channels=channels)
    images = decoded(data)
    data.reads.clear()
    for _ in range(3):
        assert_all_read(images, data)
    assert set(data.reads.values()) == {1}


def test_images_beyond_the_memory_are_read_anew():
    data = Drawn()
    first_two = int(measure(data, data.cases).ends[1])
    images = decoded(data, shared_zeros(first_two))
    data.reads.clear()
    for _ in range(3):
        assert_all_read(images, data)
    assert data.reads == {"0": 1, "1": 1, "2": 3}


def test_an_image_of_another_type_is_given_as_it_is():
    data = Drawn()
    one = data.samples["1"]
    data.samples["1"] = Sample(one.image.astype(np.float32), one.labels)
    images = decoded(data)
    for _ in range(2):
        assert_all_read(images, data)


def test_forked_processes_share_what_one_of_them_decoded():
    data = Drawn()
    images = decoded(data)
    child = os.fork()
    if child == 0:
        assert_all_read(images, data)
        os._exit(0)
    os.waitpid(child, 0)
    data.reads.clear()
    assert_all_read(images, data)
    assert not data.reads


def test_memory_maps_are_known_and_stay_maps(tmp_path: Path):
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    assert is_mapped(mapped)
    assert is_mapped(np.asarray(mapped)[:, 2:, ::2])
    assert is_mapped(shared_zeros(4))
    assert not is_mapped(pixels)
    assert not is_mapped(np.array(mapped))
    data = Drawn(sides=[(8, 8)])
    data.samples["0"] = Sample(mapped, mapped[0])
    footprint = measure(data, data.cases)
    memory, place = loader.keep(footprint, tmp_path, 10**6)
    assert (place, footprint.total) == ("memory maps", 0)
    assert is_mapped(DecodedImages(data, data.cases, footprint, memory).read(0).image)


def test_beside_memory_maps_only_the_others_are_kept(tmp_path: Path):
    data = Drawn(sides=[(8, 8), (5, 6), (8, 8), (9, 7)], dtype=np.float32)
    for name in ("0", "2"):
        np.save(tmp_path / f"{name}.npy", np.arange(64, dtype=np.uint8).reshape(1, 8, 8))
        mapped = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        data.samples[name] = Sample(mapped, mapped[0])
    footprint = measure(data, data.cases)
    assert np.diff(footprint.ends, prepend=0).tolist() == [0, 192, 0, 320]  # 30 and 63 px of 5 bytes
    images = decoded(data)
    data.reads.clear()
    for _ in range(3):
        assert_all_read(images, data)
    assert data.reads == {"0": 3, "1": 1, "2": 3, "3": 1}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Sample(np.zeros((1, 9, 8), np.uint8), np.zeros((9, 7), np.uint8)), r"the image is \(1, 9, 8\), exp"),
        (
            Sample(np.zeros((1, 9, 7), np.uint8), np.zeros((9, 7), np.int64)),
            "true labels are int64, exp",
        ),
        (Sample(np.zeros((1, 9, 7), np.uint16), np.zeros((9, 7), np.uint8)), "the image is uint16, exp"),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["at first", "later"])
def test_what_the_manifest_does_not_say_is_an_error(wrong, message, first):
    data = Drawn()
    checked = CheckedDataset(data)
    images = DecodedImages(checked, data.cases, measure(checked, data.cases), shared_zeros(0))
    if not first:
        images.read(0)
    data.samples["0"] = wrong
    with pytest.raises(DataError, match=f"train case '0': {message}"):
        images.read(0)


# ---------------------------------------------------------------------------------------- foreground
def chosen(
    labels: np.ndarray, draws: int, ignore_value: int | None = None
) -> Counter[tuple[int, int] | None]:
    rows = ForegroundRows([case("x", *labels.shape)], 4, None)
    rng = np.random.default_rng(0)
    return Counter(rows.choose(0, labels, rng) for _ in range(draws))


def test_classes_are_chosen_alike_and_so_are_their_pixels():
    labels = np.zeros((6, 7), np.uint8)
    labels[1, 2] = 1
    labels[3:5, 1:6] = 3
    seen = chosen(labels, 11_000)
    assert set(seen) == {(1, 2), *((y, x) for y in (3, 4) for x in range(1, 6))}
    expected = {pixel: 5500 if pixel == (1, 2) else 550 for pixel in seen}
    distance = sum((seen[pixel] - expected[pixel]) ** 2 / expected[pixel] for pixel in seen)
    assert distance < 29.6  # chi-squared of 10 degrees of freedom, 1 in 1000


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 1000),
    ignored=st.sampled_from([None, 2, 3, 255]),
    stripe=st.sampled_from([1, 16, 2**20]),
)
def test_every_foreground_pixel_can_be_chosen_and_no_other(height, width, seed, ignored, stripe):
    labels = np.random.default_rng(seed).choice(np.array([0, 0, 0, 1, 2, 3, 255], np.uint8), (height, width))
    before, foreground.STRIPE = foreground.STRIPE, stripe
    try:
        rows = ForegroundRows([case("other", 3, 3), case("x", height, width)], 4, ignored)
        rng = np.random.default_rng(seed)
        seen = {rows.choose(1, labels, rng) for _ in range(10)}
    finally:
        foreground.STRIPE = before
    allowed = {tuple(pixel) for pixel in np.argwhere(np.isin(labels, [1, 2, 3]) & (labels != (ignored or 0)))}
    assert seen <= (allowed or {None})


def test_labels_are_looked_through_once():
    labels = np.zeros((4, 4), np.uint8)
    labels[2, 3] = 1
    rows = ForegroundRows([case("x", 4, 4)], 2, None)
    rng = np.random.default_rng(0)
    assert rows.choose(0, labels, rng) == (2, 3)

    class OneRow:
        """Gives rows, and refuses to be looked through."""

        def __getitem__(self, row):
            assert isinstance(row, int)
            return labels[row]

        def __len__(self) -> int:
            return len(labels)

    assert rows.choose(0, OneRow(), rng) == (2, 3)


# ---------------------------------------------------------------------------------------- the plan
@pytest.mark.parametrize(
    ("budget", "free", "place", "kept"),
    [
        (10**6, 10**6, "memory", 320),
        (319, 10**6, "a scratch file", 320),
        (319, 500, "memory, as far as they fit", 192),
        (0, 500, "memory, as far as they fit", 0),
    ],
)
def test_room_for_decoded_images(budget, free, place, kept, tmp_path, monkeypatch):
    data = Drawn()  # 126, 60 and 128 bytes, each in whole lines of 64
    monkeypatch.setattr(loader.shutil, "disk_usage", lambda folder: type("", (), {"free": free}))
    footprint = measure(data, data.cases)
    memory, found = loader.keep(footprint, tmp_path, budget)
    assert found == place
    assert footprint.fitting(len(memory)) == kept
    assert not list(tmp_path.iterdir()), "the file has no name, so nothing has to be removed"
    assert_all_read(decoded(data, memory), data)


@pytest.mark.parametrize(
    ("device", "trials", "cores", "workers"),
    [("cpu", 1, 16, 0), ("cuda", 1, 16, 8), ("cuda", 4, 16, 4), ("cuda", 4, 2, 1), ("mps", 1, 4, 4)],
)
def test_processes_follow_device_and_cores(device, trials, cores, workers, monkeypatch):
    monkeypatch.setattr(loader.os, "cpu_count", lambda: cores)
    assert loader.choose_workers(torch.device(device), trials) == workers


def test_a_trial_says_once_how_it_loads(make_job, runtime, capsys):
    from emseg_bench.benchmark.trials.trial import run_trial

    told = []
    run_trial(make_job(), runtime, lambda event: told.append((event.phase, event.done, event.message)))
    (text,) = [message for phase, done, message in told if (phase, done) == ("train", 0)]
    assert text.startswith("loader: no processes; ")
    assert " images in memory (" in text
    assert capsys.readouterr().out.count(text) == 1


# ---------------------------------------------------------------------------------------- batches
def batches(data: Drawn, folder: Path, *, start: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """All training batches of a short trial from one step on, with everything that `standard` may change."""
    recipe = replace(recipes()["standard"], iterations=6, batch_size=4, crop=24)
    spec = SimpleNamespace(recipe=recipe, label_fraction=1.0, seed=3)
    methods = find_methods(recipe, load_plugins().catalogue)
    crops = make_augmentation(methods, recipe, 24, None)
    loading, _ = loader.make_loader(data, spec, crops, CPU, folder, 1)
    loading.sampler.start = start * recipe.batch_size
    return [batch.on(CPU) for batch in loading]


def assert_equal(one, other) -> None:
    assert len(one) == len(other)
    for pair, twin in zip(one, other, strict=True):
        assert all(torch.equal(part, same) for part, same in zip(pair, twin, strict=True))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_processes_and_resuming_change_no_batch(dtype, tmp_path, monkeypatch):
    data = Drawn(sides=[(60, 50), (40, 80), (20, 30)])
    if dtype == np.float32:
        for name, one in data.samples.items():
            data.samples[name] = Sample(one.image.astype(np.float32) / 255, one.labels)
    alone = batches(data, tmp_path)
    assert_equal(batches(data, tmp_path, start=2), alone[2:])
    monkeypatch.setattr(loader, "choose_workers", lambda device, trials: 2)
    assert_equal(batches(data, tmp_path), alone)
    assert_equal(batches(data, tmp_path, start=5), alone[5:])
    monkeypatch.setattr(loader, "MEMORY_SHARE", 0)
    assert_equal(batches(data, tmp_path), alone)


def test_of_a_memory_map_only_the_crop_is_taken(tmp_path):
    for name, kind in (("image", (1, 4000, 4000)), ("labels", (4000, 4000))):
        np.lib.format.open_memmap(tmp_path / name, "w+", np.uint8, kind)[..., 3000:3010, 3000:3010] = 1
    data = Drawn(sides=[(4000, 4000)])
    data.samples["0"] = Sample(*(np.load(tmp_path / name, mmap_mode="r") for name in ("image", "labels")))
    tracemalloc.start()
    try:
        batches(data, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 4000**2 / 6
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------- in words
def test_the_plan_in_words():
    plan = loader.LoaderPlan(workers=4, pinned=True, place="a scratch file", images=7, kept_bytes=3 * 2**20)
    assert str(plan) == (
        "loader: 4 processes, 4 batches ahead each, pinned memory; 7 images in a scratch file (3 MiB)"
    )
    assert str(replace(plan, workers=0, pinned=False, place="memory maps", kept_bytes=0)) == (
        "loader: no processes; 7 images in memory maps"
    )
