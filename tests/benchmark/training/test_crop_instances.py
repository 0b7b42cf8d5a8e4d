"""True objects in training crops: cut, turned and zoomed with the labels; numbered where none are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case, Sample, TrainingCrop
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.files.shared_memory import shared_zeros
from emseg_bench.benchmark.images.object_numbers import as_numbers
from emseg_bench.benchmark.training.batch import stack
from emseg_bench.benchmark.training.crops import TrainingCrops
from emseg_bench.benchmark.training.decoded import DecodedImages, measure
from emseg_bench.benchmark.training.object_numbers import number_objects
from emseg_bench.benchmark.training.sampler import Draw
from emseg_bench.benchmark.training.window_crops import WindowCrops
from emseg_bench.papers.resized_crops import ResizedCrops
from emseg_bench.plugin import Recipe

RECIPE = Recipe(name="r", iterations=1, batch_size=1, crop=32)


def image_of(numbers: np.ndarray) -> Sample:
    labels = (numbers % 251).astype(np.uint8)
    return Sample(labels[None], labels, numbers)


@pytest.mark.parametrize(
    ("kind", "largest"),
    [
        (np.uint16, 60_000),
        (np.uint32, 60_000),
        (np.int64, 60_000),
        (np.uint32, 2**31 + 10),
        (np.int64, 2**31 + 10),
    ],
)
def test_objects_are_cut_as_labels_are(kind, largest):
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.repeat(rng.integers(0, largest, (15, 18)), 5, 0), 5, 1).astype(kind)
    numbers[0, 0] = largest
    known = as_numbers(numbers, 2**24)
    sample = image_of(known)
    sample = Sample(sample.image, sample.labels, numbers)
    cuts = [
        WindowCrops(RECIPE, 32, affine=1.0),
        WindowCrops(RECIPE, 32, affine=0.0),
        WindowCrops(RECIPE, 128, affine=0.5),
        ResizedCrops(RECIPE, 32, None, rotation=180.0),
    ]
    for cut in cuts:
        for seed in range(8):
            crop = cut(sample, lambda _: None, np.random.default_rng(seed))
            assert crop.instances.dtype == np.int32
            if largest < 2**24:  # others are numbered anew in every crop
                np.testing.assert_array_equal(crop.instances % 251, crop.labels)
            assert len(np.unique(crop.instances)) >= len(np.unique(crop.labels))


def test_crops_without_known_objects_have_none():
    sample = Sample(np.zeros((1, 40, 40), np.uint8), np.zeros((40, 40), np.uint8))
    assert WindowCrops(RECIPE, 32)(sample, lambda _: None, np.random.default_rng(0)).instances is None
    assert ResizedCrops(RECIPE, 32, None)(sample, lambda _: None, np.random.default_rng(0)).instances is None


def test_numbers_beyond_int32_are_made_smaller():
    large = np.array([[0, 2**40], [2**33, 2**40]])
    np.testing.assert_array_equal(as_numbers(large), [[0, 2], [1, 2]])
    np.testing.assert_array_equal(as_numbers(large + 1), [[1, 3], [2, 3]])
    np.testing.assert_array_equal(as_numbers(np.array([[7]], np.uint16)), [[7]])


def test_what_has_no_number_is_a_connected_component():
    labels = np.array([[1, 1, 0, 2], [0, 0, 1, 2], [3, 3, 9, 9]], np.uint8)
    expected = [[1, 1, 0, 2], [0, 0, 1, 2], [0, 0, 0, 0]]
    found = number_objects(labels, None, no_objects=(0, 3), ignore_value=9)
    np.testing.assert_array_equal(found, expected)
    known = np.array([[5, 5, 5, 0], [5, 5, 0, 6], [5, 5, 5, 5]], np.int32)
    found = number_objects(labels, known, no_objects=(0, 3), ignore_value=9)
    assert found.tolist() == [[5, 5, 0, 8], [0, 0, 7, 6], [0, 0, 0, 0]]
    assert known[2, 0] == 5, "it must not be written to"


class Two:
    """Two images in memory, with objects."""

    manifest = SimpleNamespace(has_instances=True)

    def __init__(self):
        rng = np.random.default_rng(1)
        self.samples = [image_of(rng.integers(0, 9, (20, n)).astype(np.uint16)) for n in (30, 31)]
        self.cases = [Case(id=str(i), split="train", height=20, width=30 + i, sha256="") for i in range(2)]
        self.reads = 0

    def read(self, case):
        self.reads += 1
        return self.samples[int(case.id)]


def test_objects_are_decoded_once_and_only_if_wanted():
    data = Two()
    for wanted in (True, False):
        footprint = measure(data, data.cases, instances=wanted)
        memory = shared_zeros(footprint.total)
        images = DecodedImages(data, data.cases, footprint, memory)
        for _ in range(2):
            for number in range(2):
                sample, true = images.read(number), data.samples[number]
                np.testing.assert_array_equal(sample.labels, true.labels)
                np.testing.assert_array_equal(sample.image, true.image)
                if wanted:
                    np.testing.assert_array_equal(sample.instances, true.instances)
                else:
                    assert sample.instances is None
    assert data.reads == 2 * (1 + 2)
    # 20 x 30 px of 1 byte each for image and label, and of 4 for numbers, in steps of 64
    assert measure(data, data.cases, instances=True).ends[0] == 3648
    assert measure(data, data.cases).ends[0] == 1216


def test_an_augmentation_that_loses_objects_is_told():
    data = Two()
    images = DecodedImages(data, data.cases, measure(data, data.cases, instances=True), shared_zeros(0))
    foreground = SimpleNamespace(choose=lambda *_: None)

    def crops(augmentation):
        numbers = number_objects
        return TrainingCrops(images, foreground, augmentation, 0, numbers)[Draw(0, 0)]

    crop = crops(
        lambda sample, *_: TrainingCrop(sample.image, sample.labels, None, sample.instances.astype("i4"))
    )
    assert stack([crop]).instances.shape == (1, 20, 30)
    with pytest.raises(TrialError, match="crops without true objects"):
        crops(lambda sample, *_: TrainingCrop(sample.image, sample.labels))
