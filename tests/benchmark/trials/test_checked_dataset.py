"""Labels and sides that are not what the manifest says end a trial at once, with case and place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.trials.checked_dataset import CheckedDataset
from emseg_bench.benchmark.trials.trial import run_trial

IMAGE = Case(id="one", split="train", height=4, width=5, sha256="1")
VOLUME = Case(id="two", split="test", depth=3, height=4, width=5, sha256="2")


class Given:
    """A dataset of two cases with whatever pixels a test puts in."""

    def __init__(self, **facts):
        self.manifest = Manifest(
            dataset="given",
            class_names=("background", "disk"),
            channels=1,
            mean=(0.5,),
            std=(0.2,),
            cases=(IMAGE, VOLUME),
            split_rule="none",
            **facts,
        )
        self.reads = 0
        self.samples = {
            "one": Sample(np.zeros((1, 4, 5), np.uint8), np.zeros((4, 5), np.uint8)),
            "two": Sample(np.zeros((1, 3, 4, 5), np.uint8), np.zeros((3, 4, 5), np.uint8)),
        }

    def read(self, case):
        self.reads += 1
        return self.samples[case.id]


def test_sound_cases_come_through_as_they_are():
    given = Given()
    dataset = CheckedDataset(given)
    assert dataset.manifest is given.manifest
    for case in (IMAGE, VOLUME):
        assert dataset.read(case) is given.samples[case.id]


def test_labels_outside_the_classes_are_told_with_their_place():
    given = Given(ignore_value=255)
    given.samples["one"].labels[:] = 255
    assert CheckedDataset(given).read(IMAGE)
    given.samples["one"].labels[2, 3] = 2
    given.samples["two"].labels[1, 0, 4] = 9
    with pytest.raises(DataError, match="train case 'one': true label 2 at row 2, column 3, expected 0 to 1"):
        CheckedDataset(given).read(IMAGE)
    with pytest.raises(DataError, match="test case 'two': true label 9 in slice 1 at row 0, column 4"):
        CheckedDataset(given).read(VOLUME)


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        ((1, 5, 4), (4, 5), r"the image is \(1, 5, 4\), expected \(1, 4, 5\)"),
        ((1, 4, 5), (5, 4), r"true labels are \(5, 4\), expected \(4, 5\)"),
    ],
)
def test_other_sides_are_told(image, labels, message):
    given = Given()
    given.samples["one"] = Sample(np.zeros(image, np.uint8), np.zeros(labels, np.uint8))
    with pytest.raises(DataError, match=f"train case 'one': {message}"):
        CheckedDataset(given).read(IMAGE)


def test_wide_labels_are_told():
    given = Given()
    given.samples["one"] = replace(given.samples["one"], labels=np.zeros((4, 5), np.int64))
    with pytest.raises(DataError, match="true labels are int64, expected uint8"):
        CheckedDataset(given).read(IMAGE)


def test_images_of_16_bit_are_told():
    given = Given()
    given.samples["two"] = replace(given.samples["two"], image=np.zeros((1, 3, 4, 5), np.uint16))
    with pytest.raises(DataError, match="test case 'two': the image is uint16, expected uint8, or float32"):
        CheckedDataset(given).read(VOLUME)


def test_sides_are_looked_at_each_time():
    given = Given()
    dataset = CheckedDataset(given)
    dataset.read(IMAGE)
    given.samples["one"] = Sample(np.zeros((1, 5, 4), np.uint8), np.zeros((5, 4), np.uint8))
    with pytest.raises(DataError, match=r"train case 'one': the image is \(1, 5, 4\)"):
        dataset.read(IMAGE)


def test_a_wrong_training_label_ends_the_trial_before_it_is_trained_on(make_job, runtime, monkeypatch):
    job = make_job()
    import emseg_toy_parts

    read = emseg_toy_parts.ToyData.read

    def with_a_wrong_label(self, case):
        sample = read(self, case)
        labels = sample.labels.copy()
        labels[5, 6] = 7
        return Sample(sample.image, labels) if case.split == "train" else sample

    monkeypatch.setattr(emseg_toy_parts.ToyData, "read", with_a_wrong_label)
    with pytest.raises(DataError, match=r"train case 'train-\d': true label 7 at row 5, column 6"):
        run_trial(job, runtime, lambda event: None)
