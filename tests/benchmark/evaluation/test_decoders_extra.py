"""Objects by affinities, or by boundaries and distances, in images and section by section in volumes."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import ExtraOutput, Segmented
from emseg_bench.benchmark.contracts.errors import TrialError, UsageError
from emseg_bench.benchmark.evaluation import cards_decoders
from emseg_bench.benchmark.evaluation.decoders_extra import boundary_watershed, mutex_watershed, waterz
from emseg_bench.benchmark.evaluation.sections import join_sections
from scipy import ndimage

STEPS = ((-1, 0), (0, -1), (-4, 0), (0, -4))
AFFINITIES = tuple(ExtraOutput(kind="affinity", offset=step) for step in STEPS)
EDGES = (ExtraOutput(kind="boundary"), ExtraOutput(kind="distance", is_logit=False))


def truth() -> np.ndarray:
    """Two cells that touch, one of another class that touches both, and background."""
    numbers = np.zeros((24, 30), np.int64)
    numbers[2:14, 2:15], numbers[2:14, 15:28], numbers[14:22, 2:28] = 1, 2, 3
    return numbers


def labels_of(numbers: np.ndarray) -> np.ndarray:
    return np.array([0, 7, 7, 200], np.uint8)[numbers]


def linked(numbers: np.ndarray) -> np.ndarray:
    """Affinities of true objects, (E, H, W), with noise."""
    found = [(np.roll(numbers, (-dy, -dx), (0, 1)) == numbers) & (numbers > 0) for dy, dx in STEPS]
    noise = np.random.default_rng(0).random((len(STEPS), *numbers.shape))
    return (0.7 * np.stack(found) + 0.3 * noise).astype(np.float16)


def edged(numbers: np.ndarray) -> np.ndarray:
    """Boundaries and distances of true objects, (2, H, W)."""
    flat = np.pad(numbers, 1, mode="edge")
    shifted = [flat[1:-1, :-2], flat[1:-1, 2:], flat[:-2, 1:-1], flat[2:, 1:-1]]
    boundary = np.any([other != numbers for other in shifted], 0)
    return np.stack([0.9 * boundary, ndimage.distance_transform_edt(~boundary)]).astype(np.float16)


def segmented(labels, extra, outputs) -> Segmented:
    classes = ((0, "background"), (7, "cell"), (200, "gland"))
    return Segmented(
        labels=labels,
        probabilities=None,
        classes=classes,
        background=0,
        voxel_size_nm=None,
        extra=extra,
        extra_outputs=outputs,
    )


def alike(found: np.ndarray, expected: np.ndarray) -> bool:
    """Tell whether both part pixels into the same objects."""
    pairs = np.unique(np.stack([found.ravel(), expected.ravel()]), axis=1)
    return all(len(np.unique(row)) == pairs.shape[1] for row in pairs) and (0, 0) in {*map(tuple, pairs.T)}


WAYS = [
    (mutex_watershed(0.5, 0.5, 0.3), linked, AFFINITIES),
    (waterz(0.5, 0.3), linked, AFFINITIES),
    (boundary_watershed(0.5, 2.0, 0.3), edged, EDGES),
]


@pytest.mark.parametrize(("decode", "extra_of", "outputs"), WAYS, ids=["mutex", "waterz", "boundaries"])
def test_cells_that_touch_are_parted(decode, extra_of, outputs):
    numbers = truth()
    found = decode(segmented(labels_of(numbers), extra_of(numbers), outputs))
    assert found.shape == numbers.shape
    assert alike(found, numbers)


@pytest.mark.parametrize(("decode", "extra_of", "outputs"), WAYS, ids=["mutex", "waterz", "boundaries"])
def test_in_volumes_sections_are_joined(decode, extra_of, outputs):
    numbers = np.stack([np.roll(truth(), step, 1) for step in (0, 1, 2)])
    extra = np.stack([extra_of(section) for section in numbers], 1)
    found = decode(segmented(labels_of(numbers), extra, outputs))
    assert alike(found, numbers)


@pytest.mark.parametrize(("decode", "extra_of", "outputs"), WAYS, ids=["mutex", "waterz", "boundaries"])
def test_objects_lie_within_a_class_whatever_the_network_says(decode, extra_of, outputs):
    numbers, extra = truth(), np.ones((len(outputs), 24, 30), np.float16)
    found = decode(segmented(labels_of(numbers), extra, outputs))
    for number in np.unique(found[found > 0]):
        assert len(np.unique(labels_of(numbers)[found == number])) == 1
    assert not found[numbers == 0].any()


def test_what_has_no_seed_is_an_object_as_it_is():
    numbers = np.zeros((9, 9), np.int64)
    numbers[1:4, 1:4], numbers[6:8, 6:8] = 1, 2
    extra = np.zeros((2, 9, 9))
    extra[1, 2, 2] = 5
    found = boundary_watershed(0.5, 2.0, 0.3)(segmented(np.minimum(numbers, 1) * 7, extra, EDGES))
    assert alike(found, numbers)


def test_a_higher_threshold_parts_more():
    numbers = truth()
    extra = linked(numbers)
    extra[:, :, 12:18] -= 0.25  # less sure where the cells touch
    counts = [
        len(np.unique(waterz(threshold, 0.3)(segmented(labels_of(numbers), extra, AFFINITIES))))
        for threshold in (0.1, 0.5, 0.9)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_images_smaller_than_an_offset_are_decoded_by_the_others():
    numbers = np.repeat([[1, 1, 2, 2, 0]], 3, 0)
    given = segmented(7 * (numbers > 0), linked(numbers), AFFINITIES)
    assert alike(mutex_watershed(0.5, 0.5, 0.3)(given), numbers)
    pixel = segmented(np.full((1, 1), 7, np.uint8), np.ones((4, 1, 1)), AFFINITIES)
    assert mutex_watershed(0.5, 0.5, 0.3)(pixel).tolist() == [[0]]


def test_waterz_needs_neighbours():
    numbers = truth()
    given = segmented(labels_of(numbers), linked(numbers)[2:], AFFINITIES[2:])
    with pytest.raises(TrialError, match=r"the model gives none at \(-1, 0\)"):
        waterz(0.5, 0.3)(given)
    with pytest.raises(TrialError, match="no extra outputs"):
        mutex_watershed(0.5, 0.5, 0.3)(segmented(labels_of(numbers), None, ()))


def test_sections_are_joined_one_to_one():
    sections = np.array(
        [
            [[1, 1, 1, 1, 0, 2, 2, 2]],
            [[5, 5, 6, 6, 6, 6, 9, 9]],  # 5 and 6 both overlap the first
            [[3, 3, 3, 3, 3, 3, 0, 4]],  # with 6 an IoU of 4/6
        ]
    )
    labels = np.ones_like(sections)
    # IoUs: 1-5 2/4, 1-6 2/6, 2-6 1/6, 2-9 2/3
    assert join_sections(sections, labels, 0.3)[:, 0].tolist() == [
        [1, 1, 1, 1, 0, 2, 2, 2],
        [1, 1, 3, 3, 3, 3, 2, 2],
        [3, 3, 3, 3, 3, 3, 0, 2],
    ]
    assert join_sections(sections, labels, 0.6)[1, 0].tolist() == [3, 3, 4, 4, 4, 4, 2, 2]
    labels[1] = 2
    assert not np.intersect1d(*join_sections(sections, labels, 0.1)[:2]).any()


@pytest.mark.parametrize("options", [cards_decoders.MutexWatershedOptions, cards_decoders.WaterzOptions])
def test_a_package_that_is_not_there_is_told(options, monkeypatch):
    options()
    monkeypatch.setattr(cards_decoders, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'emseg-bench\[instances\]'"):
        options()
