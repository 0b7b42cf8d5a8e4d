"""What networks give behind their logits: kept for decoders, and never mixed up with logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Counts, ExtraOutput, Manifest, Normalisation, ScoredCase
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation.extra_slices import ExtraSlices, to_extra
from emseg_bench.benchmark.evaluation.finding import ObjectFinder, Predicted
from emseg_bench.benchmark.evaluation.instances import pq
from emseg_bench.benchmark.evaluation.partitions import adapted_rand
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_volume
from torch import nn

MANIFEST = Manifest(
    dataset="d",
    class_names=("background", "cell"),
    channels=1,
    mean=(0.5,),
    std=(0.2,),
    cases=(),
    voxel_size_nm=(30.0, 4.0, 5.0),
    split_rule="",
)


class Network(nn.Module):
    """Gives logits of an image, its rows' numbers, and one that grows along x."""

    def forward(self, images):
        _, _, height, width = images.shape
        rows = torch.arange(height).view(1, 1, -1, 1).expand(len(images), 1, height, width)
        columns = torch.arange(width).view(1, 1, 1, -1).expand(len(images), 1, height, width)
        return torch.cat([4 * images, rows.float(), columns.float()], 1)


def segmenter(*, keeps: bool, **protocol) -> Segmenter:
    return Segmenter(
        model=Network().eval(),
        normalisation=Normalisation(mean=(0.5,), std=(0.2,)),
        protocol=ScoringProtocol(name="p", **protocol),
        window=16,
        size_divisor=1,
        device="cpu",
        batch_size=3,
        num_logits=1,
        num_extra=2,
        keeps_extra=keeps,
    )


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("blend_on", ["logits", "probabilities"])
@pytest.mark.parametrize("window", ["crop", "whole-padded"])
def test_logits_are_those_of_a_network_that_gives_no_more(flips, blend_on, window):
    image = np.random.default_rng(0).random((1, 20, 23), np.float32)
    how = {"flips": flips, "blend_on": blend_on, "window": window}
    alone, both = (segmenter(keeps=keeps, **how) for keeps in (False, True))
    logits, outputs = alone.logits(image), both.logits(image)
    assert logits.shape == (1, 20, 23)
    assert outputs.shape == (3, 20, 23)
    torch.testing.assert_close(both.logits_of(outputs), logits)
    np.testing.assert_array_equal(both.labels(outputs), alone.labels(logits))
    expected = torch.from_numpy((image - 0.5) / 0.2 * 4)
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-3)


def test_extra_outputs_are_blended_and_no_mirror_image_changes_them():
    image = np.zeros((1, 20, 16), np.float32)
    for flips in (False, True):
        outputs = segmenter(keeps=True, flips=flips, blending="constant").logits(image)
        # windows from rows 0 and 4 on: the mean of both where they overlap
        rows = torch.arange(20.0)
        rows[4:16] -= 2
        rows[16:] -= 4
        torch.testing.assert_close(outputs[1], rows[:, None].expand(20, 16))
        torch.testing.assert_close(outputs[2], torch.arange(16.0).expand(20, 16))


def test_a_wrong_number_of_outputs_is_told():
    wrong = segmenter(keeps=True)
    object.__setattr__(wrong, "num_extra", 3)
    with pytest.raises(TrialError, match=r"gives 3 logit\(s\) per pixel .*, expected 4"):
        wrong.logits(np.zeros((1, 16, 16), np.float32))


def test_logits_become_probabilities_and_the_rest_stays():
    outputs = torch.tensor([[[0.0, 2.0]], [[3.0, -1.0]]])
    meanings = (ExtraOutput(kind="affinity", offset=(0, -1)), ExtraOutput(kind="distance", is_logit=False))
    found = to_extra(outputs, meanings)
    np.testing.assert_allclose(found, [[[0.5, 0.880797]], [[3.0, -1.0]]], rtol=1e-6)


def test_of_volumes_they_are_kept_slice_by_slice(tmp_path):
    volume = np.random.default_rng(0).integers(0, 256, (5, 16, 18), np.uint8)
    meanings = (ExtraOutput(kind="row", is_logit=False), ExtraOutput(kind="column", is_logit=False))
    kept, plain = ExtraSlices(meanings, volume.shape, tmp_path), segmenter(keeps=False)
    labels = segment_volume(segmenter(keeps=True), volume, "stack", extra=kept, scratch=tmp_path, slab=2)
    np.testing.assert_array_equal(labels, segment_volume(plain, volume, "stack", scratch=tmp_path))
    assert kept.values.shape == (2, 5, 16, 18)
    np.testing.assert_array_equal(kept.values[0, 3, :, 0], np.arange(16))


def scored(objects) -> ScoredCase:
    truth = np.array([[1, 1, 1, 1, 0, 1]], np.uint8)
    return ScoredCase(
        truth=truth,
        prediction=np.array([[1, 1, 1, 1, 1, 0]], np.uint8),
        class_names=MANIFEST.class_names,
        counts=(Counts(true_positive=0, false_positive=0, false_negative=0, true_negative=0),) * 2,
        ignore_value=None,
        voxel_size_nm=None,
        true_objects=np.array([[4, 4, 5, 5, 0, 6]]),
        predicted_objects=objects,
    )


def test_metrics_compare_the_objects_that_a_decoder_found():
    # one component of 5 px: no true object has an IoU above a half with it
    assert pq()(scored(None))[1] == 0
    # two of the three true objects are found, with IoUs of 1 and 2/3
    right = np.array([[8, 8, 3, 3, 3, 9]])  # the last pixel is no cell by its label
    assert pq()(scored(right))[1] == pytest.approx((1 + 2 / 3) / (2 + 0.5))
    # pairs of pixels of true objects: 2 true, of which both are predicted and none else
    assert adapted_rand()(scored(right))[1] == pytest.approx(0)
    # pixels without a number are in no object: one pair of two is lost
    assert adapted_rand()(scored(np.array([[8, 8, 3, 0, 3, 0]])))[1] == pytest.approx(1 - 2 * 1 / 3)


def predicted() -> Predicted:
    labels = np.array([[0, 1, 1], [0, 1, 1]], np.uint8)
    extra = np.zeros((1, 2, 3), np.float32)
    return Predicted(labels, torch.zeros(1, 2, 3), extra)


def finder(decode, **needs) -> ObjectFinder:
    return ObjectFinder(name="mine", decode=decode, **needs)


def test_a_decoder_sees_what_it_needs():
    seen = []

    def decode(segmented):
        seen.append(segmented)
        return segmented.labels.astype(np.int64)

    meaning = (ExtraOutput(kind="affinity", offset=(-1, 0)),)
    found = finder(decode, extra_outputs=meaning, needs_probabilities=True).find(predicted(), MANIFEST)
    np.testing.assert_array_equal(found, predicted().labels)
    (segmented,) = seen
    assert segmented.extra.shape == (1, 2, 3)
    assert segmented.extra_outputs == meaning
    assert segmented.voxel_size_nm == (4.0, 5.0)
    assert segmented.classes == ((0, "background"), (1, "cell"))
    np.testing.assert_array_equal(segmented.probabilities, np.full((2, 2, 3), 0.5, np.float16))
    with pytest.raises(ValueError, match="read-only"):
        segmented.labels[0, 0] = 1
    finder(decode).find(predicted(), MANIFEST)
    assert seen[1].probabilities is None


@pytest.mark.parametrize(
    ("decode", "words"),
    [
        (lambda _: 1 / 0, "failed with ZeroDivisionError"),
        (lambda _: [1], "gave a list, expected an array"),
        (lambda _: np.zeros((3, 2), np.int64), r"gave an array \(3, 2\)"),
        (lambda _: np.zeros((2, 3)), "gave float64 values"),
        (lambda _: np.full((2, 3), -1), "gave the number -1"),
        (lambda _: np.ones((2, 3), np.int64), "an object of several classes, or in the background"),
        (lambda s: np.where(s.labels == 0, 2, 0), "an object of several classes, or in the background"),
    ],
)
def test_what_is_wrong_with_its_objects_is_told(decode, words):
    with pytest.raises(TrialError, match=f"the decoder mine {words}|{words}"):
        finder(decode).find(predicted(), MANIFEST)
