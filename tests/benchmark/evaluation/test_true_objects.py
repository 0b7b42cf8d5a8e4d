"""Metrics of objects where true objects are known by their numbers."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.evaluation.sanity import TRUTH, sanity_scores
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.files.hashing import manifest_sha256, sha256_of
from emseg_bench.benchmark.trials.checked_dataset import check_sides
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.optimize import linear_sum_assignment

METRICS = ("object-f1", "object-f1[iou=0.6]", "object-ap", "pq", "sq", "rq", "adapted-rand", "voi-split",
           "voi-merge")  # fmt: skip
KINDS = ("split", "merge")
SHARED = Path(__file__).parents[4] / "shared/data"

#         A: 6 px          B: 3 px   background
TOUCHING = [7, 7, 7, 7, 7, 7, 900000, 900000, 900000, 0, 0]
LABELS = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # one blob of 9 px: IoU 6/9 with A, 3/9 with B; one pair, B is missed
        ("object-f1", 2 / 3),
        ("object-f1[iou=0.67]", 0),
        # 1 / (1 + 0 + 1) at 0.50, 0.55, 0.60, 0.65
        ("object-ap", 4 * 0.5 / 10),
        ("pq", (6 / 9) / (1 + 1 / 2)),
        ("sq", 6 / 9),
        ("rq", 2 / 3),
        # ordered pairs of pixels: 30 + 6 true, 72 predicted, 30 + 6 both
        ("adapted-rand", 1 - 2 * 36 / (36 + 72)),
        ("voi-split", 0),
        ("voi-merge", (6 * math.log2(9 / 6) + 3 * math.log2(9 / 3)) / 9),
    ],
)
@pytest.mark.parametrize("volume", [False, True])
def test_two_that_touch_found_as_one(value, metric, expected, volume):
    labels, numbers = np.array(LABELS), np.array(TOUCHING, np.uint32)
    if volume:  # along z; every number stays what it is
        labels, numbers = labels[:, None, None], numbers[:, None, None]
    assert value(metric, labels, labels, true_objects=numbers)[1] == pytest.approx(expected)
    if metric not in {"sq", "voi-split"}:
        perfect = 0 if metric in {"adapted-rand", "voi-merge"} else 1
        assert value(metric, labels, labels)[1] == perfect, "without numbers they are one"


def test_a_gap_between_them_tells_them_apart(value):
    found = [1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0]  # IoU 5/6 and 1
    assert value("object-f1", LABELS, found, true_objects=TOUCHING)[1] == 1
    assert value("pq", LABELS, found, true_objects=TOUCHING)[1] == pytest.approx((5 / 6 + 1) / 2)
    assert value("adapted-rand", LABELS, found, true_objects=TOUCHING)[1] == pytest.approx(
        1 - 2 * 26 / (36 + 26)
    )


def test_an_object_in_pieces_is_one(value):
    labels, numbers = [1, 1, 0, 1, 1, 1], [4, 4, 0, 4, 4, 4]
    assert value("object-f1", labels, labels, true_objects=numbers)[1] == pytest.approx(2 / 3), "3 of 5 px"
    assert value("voi-split", labels, labels, true_objects=numbers)[1] == pytest.approx(
        (2 * math.log2(5 / 2) + 3 * math.log2(5 / 3)) / 5
    )


def test_ignored_pixels_are_in_no_true_object(value):
    """Of A 4 px are known and of B 1; one blob of 5 px."""
    labels = [1, 1, 1, 1, 9, 9, 9, 9, 1, 0, 0]
    assert value("object-f1", labels, LABELS, ignore_value=9, true_objects=TOUCHING)[1] == 1
    found = [1] * 4 + [0] * 7
    assert value("object-f1", labels, found, ignore_value=9, true_objects=TOUCHING)[1] == pytest.approx(2 / 3)
    assert value("sq", labels, found, ignore_value=9, true_objects=TOUCHING)[1] == 1
    gone = [1, 1, 1, 1, 1, 1, 9, 9, 9, 0, 0]
    assert value("object-f1", gone, LABELS, ignore_value=9, true_objects=TOUCHING)[1] == 1, "B is ignored"


def test_an_object_counts_for_each_class_with_its_own_pixels(value):
    labels, numbers = [1, 1, 2, 2, 2, 0], [3, 3, 3, 3, 5, 0]
    found = [1, 1, 2, 2, 0, 0]
    scores = value("object-f1", labels, found, classes=3, true_objects=numbers)
    assert scores[1] == 1
    assert scores[2] == pytest.approx(2 / 3), "3's 2 px are found, 5's are not"


def test_pixels_without_a_number_are_connected_components(value):
    labels, numbers = [1, 1, 1, 0, 1, 1, 0, 1], [2, 2, 0, 0, 0, 0, 0, 0]
    assert value("object-f1", labels, [1, 1, 0, 0, 1, 1, 0, 0], true_objects=numbers)[1] == pytest.approx(
        2 * 2 / (4 + 2)
    )
    assert value("pq", labels, labels, true_objects=numbers)[0] == 1, "background has no numbers at all"


@pytest.mark.parametrize("metric", METRICS)
def test_no_true_object(value, metric):
    """The empty rules are those without numbers, wherever numbers may lie."""
    for truth, found in (([0, 0], [0, 0]), ([0, 0], [0, 1]), ([1, 1], [0, 0]), ([9, 9], [1, 0])):
        without = value(metric, truth, found, ignore_value=9)
        numbered = value(metric, truth, found, ignore_value=9, true_objects=[5, 5])
        assert numbered[1] == pytest.approx(without[1], nan_ok=True)


LABEL_MAPS = st.one_of(st.tuples(*[st.integers(1, 7)] * axes) for axes in (2, 3)).flatmap(
    lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.integers(0, 3))] * 2)
)


@pytest.fixture
def every(value):
    def every(truth, prediction, objects, ignore_value):
        return np.array(
            [value(metric, truth, prediction, 3, None, ignore_value, None, objects) for metric in METRICS]
        )

    return every


def test_numbered_components_change_nothing(every):
    from skimage.measure import label

    @settings(max_examples=25, deadline=None)
    @given(LABEL_MAPS, st.sampled_from([None, 3]), st.integers(1, 2**31))
    def equal(maps, ignore_value, step):
        truth, prediction = maps[0] if ignore_value else maps[0] % 3, maps[1] % 3
        numbers = label(truth, background=-1, connectivity=truth.ndim) * np.uint32(step)
        np.testing.assert_array_equal(
            every(truth, prediction, numbers, ignore_value), every(truth, prediction, None, ignore_value)
        )

    equal()


def test_names_of_numbers_do_not_matter(every):
    @settings(max_examples=15, deadline=None)
    @given(LABEL_MAPS, st.randoms(use_true_random=False))
    def equal(maps, random):
        truth, prediction = maps[0] % 3, maps[1] % 3
        numbers = np.arange(truth.size).reshape(truth.shape) % 5 + 1
        other = np.array([0, *random.sample(range(1, 2**32), 5)], np.uint32)[numbers]
        np.testing.assert_allclose(
            every(truth, prediction, numbers, None), every(truth, prediction, other, None), rtol=1e-12
        )

    equal()


# ------------------------------------------------------------------------------------------- real data
def theirs(truth, prediction, objects):
    """Scores of class 1 with scikit-image, and a table of all pairs made pair by pair."""
    from skimage.measure import label
    from skimage.metrics import adapted_rand_error, variation_of_information

    objects, found = objects * (truth == 1), label(prediction == 1, connectivity=truth.ndim)
    true_ids, found_ids = np.unique(objects[objects > 0]), np.unique(found[found > 0])
    ious = np.zeros((len(true_ids), len(found_ids)))
    for row, one in enumerate(true_ids):
        own = objects == one
        for other in np.unique(found[own & (found > 0)]):
            ious[row, other - 1] = (own & (found == other)).sum() / (own | (found == other)).sum()
    total = len(true_ids) + len(found_ids)

    def hits(least):
        rows, columns = linear_sum_assignment(ious >= least, maximize=True)
        return (ious[rows, columns] >= least).sum()

    good = ious[ious > 0.5]
    alone = np.where(found > 0, found, found.max() + 1 + np.arange(found.size).reshape(found.shape))
    inside = objects > 0
    return {
        "object-f1": 2 * hits(0.5) / total,
        "object-ap": np.mean([hits(t) / (total - hits(t)) for t in np.arange(50, 100, 5) / 100]),
        "pq": 2 * good.sum() / total,
        "rq": 2 * len(good) / total,
        "sq": good.mean() if len(good) else math.nan,
        "adapted-rand": adapted_rand_error(objects[inside], alone[inside], ignore_labels=())[0],
        "voi": variation_of_information(objects[inside], alone[inside]).sum(),
    }


def check_against_theirs(value, truth, prediction, objects):
    for name, expected in theirs(truth, prediction, objects).items():
        if name == "voi":
            ours = sum(value(f"voi-{kind}", truth, prediction, true_objects=objects)[1] for kind in KINDS)
        else:
            ours = value(name, truth, prediction, true_objects=objects)[1]
        assert ours == pytest.approx(expected, rel=1e-9, nan_ok=True), name


def test_real_particles_that_touch(value):
    """emps_particles: what a model that sees them all could get that separates none."""
    folder = SHARED / "emps_particles/test"
    if not folder.is_dir():
        pytest.skip(f"needs real data in {folder}")
    ceilings = {}
    for path in sorted((folder / "instances").iterdir())[:5]:
        numbers = np.asarray(Image.open(path)).astype(np.uint32)
        mask = (numbers > 0).astype(np.uint8)
        shifted = np.roll(mask, (3, 2), (0, 1))
        check_against_theirs(value, mask, shifted, numbers)
        ceilings[path.stem] = value("object-f1", mask, mask, true_objects=numbers)[1]
        assert value("object-f1", mask, mask)[1] == 1
    assert max(ceilings.values()) <= 1
    assert min(ceilings.values()) < 0.9, "in some of them particles touch"


def test_real_neurons_in_3d(value):
    """gala_fibsem_mini: neurons touch everywhere; the rims between them separate some."""
    folder = SHARED / "gala_fibsem_mini/test"
    if not folder.is_dir():
        pytest.skip(f"needs real data in {folder}")
    numbers, rims = (
        tifffile.imread(folder / f"{name}.tif")[:16, :, :100] for name in ("instances", "boundaries")
    )
    truth = (numbers > 0).astype(np.uint8)
    check_against_theirs(value, truth, ((truth == 1) & (rims == 0)).astype(np.uint8), numbers)
    assert value("object-f1", truth, truth, true_objects=numbers)[1] < 0.2


# ----------------------------------------------------------------------------- datasets that know them
class Known:
    """One image whose two objects touch."""

    def __init__(self, has_instances=True, instances=TOUCHING):
        case = Case(id="a", split="test", height=1, width=len(LABELS), sha256="a")
        self.manifest = Manifest(
            dataset="known",
            class_names=("background", "mito"),
            channels=1,
            mean=(0.0,),
            std=(1.0,),
            cases=(case,),
            has_instances=has_instances,
            split_rule="none",
        )
        labels = np.array([LABELS], np.uint8)
        objects = None if instances is None else np.array([instances])
        self.sample = Sample(labels[None], labels, objects)

    def read(self, case):
        return self.sample


def test_the_truth_itself_joins_objects_that_touch(catalogue):
    metrics = make_metrics([plan_metric(name, catalogue) for name in ("iou", "object-f1")], catalogue)
    known = Known()
    table = sanity_scores(known, known.manifest.cases, metrics)
    of_truth = table[(table["predictor"] == TRUTH) & (table["class_index"] == 1)].set_index("metric")["value"]
    assert of_truth["iou"] == 1
    assert of_truth["object-f1"] == pytest.approx(2 / 3)


def test_scores_with_and_without_are_of_different_data():
    without = Known(has_instances=False).manifest
    assert manifest_sha256(Known().manifest) != manifest_sha256(without)
    later = {"has_instances", "grey_range", "label_values", "boundary_classes", "unread"}
    told = {key: fact for key, fact in asdict(without).items() if key not in later}
    assert manifest_sha256(without) == sha256_of(told), "as before datasets could tell"


@pytest.mark.parametrize(
    ("has_instances", "instances", "words"),
    [
        (True, None, r"not given one by one .* has_instances=True"),
        (False, TOUCHING, r"are given one by one .* has_instances=False"),
        (True, TOUCHING[1:], r"numbers of true objects are \(1, 10\) int64, expected .* \(1, 11\)"),
        (True, [0.5] * len(LABELS), "float64, expected whole numbers"),
    ],
)
def test_what_a_dataset_says_of_them_is_so(has_instances, instances, words):
    known = Known(has_instances, instances)
    (case,) = known.manifest.cases
    with pytest.raises(DataError, match=words):
        check_sides(case, known.sample, known.manifest)
