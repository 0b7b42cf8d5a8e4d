"""Volumes through the evaluation loop: one case each, in bounded memory, what is wrong with its place."""

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest, Normalisation, Sample
from emseg_bench.benchmark.contracts.errors import DataError, TrialError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation import metrics
from emseg_bench.benchmark.evaluation.aggregation import primary_score
from emseg_bench.benchmark.evaluation.evaluate import evaluate
from emseg_bench.benchmark.evaluation.sanity import TRUTH, sanity_scores
from emseg_bench.benchmark.evaluation.scoring import score_case
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.trials.checked_dataset import CheckedDataset
from torch import nn

PROTOCOL = ScoringProtocol(name="test", window=16)
METRICS = {"iou": metrics.iou()}


class Volumes:
    """One volume of noise and one image; a voxel's class is its brightness, in equal steps."""

    def __init__(self, classes=2, shape=(5, 20, 24), **facts):
        depth, height, width = shape
        sides = {"split": "test", "height": height, "width": width}
        self.manifest = Manifest(
            dataset="noise",
            class_names=tuple("abcdef"[:classes]),
            channels=1,
            mean=(0.0,),
            std=(1.0,),
            cases=(
                Case(id="volume", depth=depth, sha256="v", **sides),
                Case(id="image", sha256="i", **sides),
            ),
            split_rule="none",
            **facts,
        )
        image = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
        labels = (image[0].astype(int) * classes // 256).astype(np.uint8)
        self.samples = {"volume": Sample(image, labels), "image": Sample(image[:, 0], labels[0])}

    def read(self, case):
        return self.samples[case.id]


class Ideal(nn.Module):
    """Says each voxel's class by its brightness."""

    def __init__(self, classes=2, nan_at=None):
        super().__init__()
        self.classes = classes
        self.nan_at = nan_at

    def forward(self, windows):
        grey = windows * 255
        centres = (torch.arange(self.classes) + 0.5) * 256 / self.classes
        logits = grey - 127.5 if self.classes == 2 else -10 * (grey + 0.5 - centres[:, None, None]).abs()
        if self.nan_at is not None:
            logits[((grey - self.nan_at).abs() < 0.5).expand_as(logits)] = float("nan")
        return logits


def run(model, dataset, *, protocol=PROTOCOL):
    segmenter = Segmenter(
        model=model,
        normalisation=Normalisation(mean=(0.0,), std=(1.0,)),
        protocol=protocol,
        window=16,
        size_divisor=4,
        device="cpu",
        batch_size=3,
        num_logits=dataset.manifest.num_logits,
    )
    return evaluate(
        segmenter,
        CheckedDataset(dataset),
        dataset.manifest.cases,
        metrics=METRICS,
        precision="fp32",
        on_case=lambda *_: None,
    )


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
@pytest.mark.parametrize("classes", [2, 4])
def test_an_ideal_model_is_perfect_on_volumes_and_images(classes, axes):
    dataset = Volumes(classes, axes=axes)
    table = run(Ideal(classes), dataset)
    assert primary_score(table, "iou", skips_undefined=True) == 1
    assert table.groupby("case")["depth"].first().to_dict() == {"volume": 5, "image": 1}


def test_predictions_count_only_where_there_is_truth():
    dataset = Volumes(3, mask_by_truth=True, scored_classes=(1, 2))
    dataset.samples["volume"].labels[:2] = 0
    table = run(Ideal(3), dataset)
    assert set(table["class_index"]) == {1, 2}
    assert primary_score(table, "iou", skips_undefined=True) == 1, (
        "what was predicted in the first two slices is set to background"
    )


def test_slices_overlap_by_the_share_of_slices():
    seen = []
    model = Ideal()
    model.register_forward_hook(lambda _, inputs, output: seen.append(len(inputs[0])))
    dataset = Volumes(shape=(1, 32, 32))
    protocol = ScoringProtocol(name="test", overlap=0.0, slice_overlap=0.5)
    run(model, dataset, protocol=protocol)
    assert sum(seen) == 9 + 4


def test_scoring_holds_a_slice_and_sanity_scores_a_byte_per_voxel(tmp_path):
    shape = (32, 512, 512)
    dataset = Volumes(shape=shape)
    maps = (np.lib.format.open_memmap(tmp_path / f"{i}.npy", "w+", np.uint8, shape) for i in range(2))
    truth, prediction = maps
    truth[3], prediction[4] = 1, 1
    dataset.samples["volume"] = Sample(truth[None], truth)
    (volume, _), size = dataset.manifest.cases, truth.size
    with traced() as peak:
        rows = score_case(volume, truth, prediction, dataset.manifest, METRICS)
    assert [row.value for row in rows if row.metric == "fp"] == [512**2, 512**2]
    assert peak[0] < size / 2
    with traced() as peak:
        table = sanity_scores(dataset, [volume], METRICS)
    assert table.set_index(["predictor", "metric", "class_index"])["value"][(TRUTH, "iou", 1)] == 1
    assert peak[0] < 1.6 * size


@contextmanager
def traced():
    """Give a list that holds the peak of the memory that was taken within, bytes."""
    peak = []
    tracemalloc.start()
    yield peak
    peak.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()


# -------------------------------------------------------------------------------------------- errors
def test_a_logit_that_is_no_number_is_told_with_case_slice_and_place():
    dataset = Volumes()
    dataset.samples["volume"].image[dataset.samples["volume"].image == 7] = 8
    dataset.samples["volume"].image[0, 3, 11, 13] = 7
    with pytest.raises(
        TrialError,
        match=r"case 'volume': .*not finite: nan in channel 0 at slice 3 along z, row 11, column 13",
    ):
        run(Ideal(nan_at=7), dataset)


def test_a_class_that_the_model_cannot_predict_is_told_at_the_first_window():
    with pytest.raises(TrialError, match=r"case 'volume': the model gives 3 logit.*slice 0.*expected 4"):
        run(Ideal(3), Volumes(4))


def test_a_true_label_outside_the_classes_is_told_with_case_slice_and_place():
    dataset = Volumes()
    dataset.samples["volume"].labels[4, 2, 1] = 9
    with pytest.raises(DataError, match=r"case 'volume': true label 9 in slice 4 at row 2, column 1"):
        run(Ideal(), dataset)


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        ((1, 5, 20, 25), (5, 20, 24), r"the image is \(1, 5, 20, 25\), expected \(1, 5, 20, 24\)"),
        ((1, 20, 24), (20, 24), r"the image is \(1, 20, 24\), expected \(1, 5, 20, 24\)"),
        ((1, 5, 20, 24), (4, 20, 24), r"true labels are \(4, 20, 24\), expected \(5, 20, 24\)"),
    ],
)
def test_other_sides_are_told_before_anything_is_segmented(image, labels, message):
    class Unasked(nn.Module):
        def forward(self, windows):
            raise AssertionError("the model ran")

    dataset = Volumes()
    dataset.samples["volume"] = Sample(np.zeros(image, np.uint8), np.zeros(labels, np.uint8))
    with pytest.raises(DataError, match=f"case 'volume': {message}"):
        run(Unasked(), dataset)
