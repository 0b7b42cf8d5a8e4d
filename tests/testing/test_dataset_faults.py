"""Each fault of a dataset is caught by the check that is meant for it, and by no other."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample

SIDE = 16
OPENED = itertools.count()
SPLITS = ("train", "train", "val", "test")
DEPTH = 3


def sound_case(number, split):
    return Case(id=f"{split}-{number}", split=split, height=SIDE, width=SIDE, sha256=f"{number:064}")


class Sound:
    """Keeps the contract; its subclasses change one thing."""

    def __init__(self, location, cache):
        cases = tuple(sound_case(number, split) for number, split in enumerate(SPLITS))
        manifest = Manifest(
            dataset="odd",
            class_names=("background", "disk"),
            channels=1,
            mean=(0.5,),
            std=(0.25,),
            cases=cases,
            ignore_value=255,
            split_rule="by hand",
        )
        self.manifest = self.change(manifest)

    def change(self, manifest):
        return manifest

    def read(self, case):
        pixels = np.arange(SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint8)
        labels = (pixels % 2).astype(np.uint8)
        labels[0, 0] = 255
        return self.act(Sample(pixels[None], labels))

    def act(self, sample):
        return sample


class Unopenable(Sound):
    def change(self, manifest):
        raise KeyError("no such file")


class NoTest(Sound):
    def change(self, manifest):
        return replace(manifest, cases=manifest.cases[:3])


class Leaking(Sound):
    def change(self, manifest):
        copy = replace(manifest.cases[0], id="test-0", split="test")
        return replace(manifest, cases=(*manifest.cases, copy))


class ValIsTest(Sound):
    def change(self, manifest):
        copy = replace(manifest.cases[2], split="test")
        return replace(manifest, cases=(*manifest.cases, copy))


class ValIsTestWithANote(ValIsTest):
    def change(self, manifest):
        return replace(super().change(manifest), notes=("the val split serves as test split",))


class Namesakes(Sound):
    def change(self, manifest):
        first, second, *others = manifest.cases
        return replace(manifest, cases=(first, replace(second, id=first.id), *others))


class Unstable(Sound):
    def change(self, manifest):
        return replace(manifest, mean=(0.5 + next(OPENED) / 1000,))


class Shuffled(Sound):
    def change(self, manifest):
        turn = next(OPENED) % 2
        first, second, *others = manifest.cases
        return replace(manifest, cases=(*((second, first) if turn else (first, second)), *others))


class Unreadable(Sound):
    def act(self, sample):
        raise OSError("disk on fire")


class Pairs(Sound):
    def act(self, sample):
        return sample.image, sample.labels


class Colour(Sound):
    def act(self, sample):
        return Sample(np.repeat(sample.image, 3, axis=0), sample.labels)


class Unscaled(Sound):
    def act(self, sample):
        return Sample(sample.image.astype(np.float32), sample.labels)


class SmallLabels(Sound):
    def act(self, sample):
        return Sample(sample.image, sample.labels[:8])


class UnknownLabel(Sound):
    def act(self, sample):
        return Sample(sample.image, sample.labels + (sample.labels == 1))


class WideLabels(Sound):
    def act(self, sample):
        return Sample(sample.image, sample.labels.astype(np.int64))


class Numbered(Sound):
    def change(self, manifest):
        return replace(manifest, has_instances=True)

    def act(self, sample):
        return replace(sample, instances=sample.labels.astype(np.uint32))


class NumberedInSecret(Numbered):
    def change(self, manifest):
        return manifest


class NumbersPromised(Numbered):
    def act(self, sample):
        return sample


class FewNumbers(Numbered):
    def act(self, sample):
        return replace(sample, instances=sample.labels[:8].astype(np.uint32))


class UnstableNumbers(Numbered):
    def act(self, sample):
        return replace(sample, instances=sample.labels.astype(np.uint32) + next(OPENED))


class Noisy(Sound):
    def act(self, sample):
        return Sample(sample.image ^ np.uint8(next(OPENED) % 251), sample.labels)


class SoundVolumes(Sound):
    """The same with test volumes, of which slices train."""

    def change(self, manifest):
        train = [
            replace(case, group="a", section=number)
            for number, case in enumerate(manifest.cases)
            if case.split == "train"
        ]
        others = [replace(case, depth=DEPTH) for case in manifest.cases if case.split != "train"]
        return replace(manifest, cases=(*train, *others), voxel_size_nm=(30.0, 4.0, 4.0))

    def read(self, case):
        sample = super().read(case)
        if case.depth is None:
            return sample
        return self.act_on_volume(
            Sample(*(np.stack([one] * DEPTH, axis=-3) for one in (sample.image, sample.labels)))
        )

    def act_on_volume(self, sample):
        return sample


class TrainingVolume(SoundVolumes):
    def change(self, manifest):
        manifest = super().change(manifest)
        return replace(manifest, cases=(replace(manifest.cases[0], depth=DEPTH), *manifest.cases[1:]))


class ShallowVolume(SoundVolumes):
    def act_on_volume(self, sample):
        return Sample(sample.image[:, 1:], sample.labels[1:])


class FlatLabels(SoundVolumes):
    def act_on_volume(self, sample):
        return Sample(sample.image, sample.labels[0])


class UnknownLabelInASlice(SoundVolumes):
    def act_on_volume(self, sample):
        sample.labels[-1, 3, 3] = 7
        return sample


class SectionOfNothing(SoundVolumes):
    def change(self, manifest):
        manifest = super().change(manifest)
        return replace(manifest, cases=tuple(replace(case, group=None) for case in manifest.cases))


class FlatVoxels(SoundVolumes):
    def change(self, manifest):
        return replace(super().change(manifest), voxel_size_nm=(4.0, 4.0))


class ScoresOnlyBackground(Sound):
    def change(self, manifest):
        return replace(manifest, scored_classes=(0,))


class ScoresAClassTooMany(Sound):
    def change(self, manifest):
        return replace(manifest, scored_classes=(1, 2))


FAULTS = {
    Unopenable: "opens",
    NoTest: "opens",
    Leaking: "splits disjoint",
    ValIsTest: "splits disjoint",
    Namesakes: "names unique",
    Unstable: "manifest stable",
    Shuffled: "order deterministic",
    Unreadable: "reads",
    Pairs: "reads",
    Colour: "images",
    Unscaled: "images",
    SmallLabels: "sizes equal",
    UnknownLabel: "labels within classes",
    WideLabels: "labels within classes",
    NumberedInSecret: "true objects",
    NumbersPromised: "true objects",
    FewNumbers: "true objects",
    UnstableNumbers: "pixels stable",
    Noisy: "pixels stable",
    TrainingVolume: "opens",
    ShallowVolume: "images",
    FlatLabels: "sizes equal",
    UnknownLabelInASlice: "labels within classes",
    SectionOfNothing: "volumes",
    FlatVoxels: "volumes",
    ScoresOnlyBackground: "scored classes",
    ScoresAClassTooMany: "scored classes",
}


@pytest.mark.parametrize("factory", [Sound, ValIsTestWithANote, SoundVolumes, Numbered])
def test_sound_datasets_fail_nothing(failing, factory):
    assert failing("dataset", factory=factory) == {}


@pytest.mark.parametrize(("factory", "expected"), FAULTS.items(), ids=lambda x: getattr(x, "__name__", None))
def test_fault_is_caught_by_its_check(failing, factory, expected):
    assert [*failing("dataset", factory=factory)] == [expected]


def test_message_names_the_case(failing):
    message = failing("dataset", factory=UnknownLabel)["labels within classes"]
    assert message.startswith("got train-0: label 2, expected 0 to 1 or the ignore_value 255.")
