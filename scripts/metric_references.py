"""Independent implementations of the built-in metrics, by other people's libraries or by brute force.

Each takes the true and the predicted mask of one class, ignored pixels removed from both, and the sides of
a voxel in nm; those of probabilities take the probabilities and the truth of the pixels that are known.
None of them calls what the metrics themselves call.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from skimage.measure import label as components
from skimage.metrics import adapted_rand_error, variation_of_information
from skimage.morphology import erosion

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice
    from torchmetrics.functional import classification
    from torchmetrics.functional.detection import panoptic_quality

Sides = tuple[float, ...]
OfMasks = Callable[[np.ndarray, np.ndarray, Sides], float]
OfProbabilities = Callable[[np.ndarray, np.ndarray], float]


class Reference(NamedTuple):
    """Another implementation of a metric."""

    by: str
    """Whose, in words."""
    of_masks: OfMasks | None = None
    of_probabilities: OfProbabilities | None = None
    with_ignored: bool = True
    """Whether it holds for ignored pixels, removed from both masks before anything else."""


# ----------------------------------------------------------------------------------------- overlap
def _torchmetrics(name: str) -> Reference:
    function = getattr(classification, name)

    def score(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
        return float(function(*(torch.from_numpy(mask.astype(int)) for mask in (prediction, truth))))

    return Reference(f"torchmetrics `{name}`", score)


def _soft_iou(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
    true, predicted = ({*map(tuple, np.argwhere(mask).tolist())} for mask in (truth, prediction))
    return (len(true & predicted) + 1e-5) / (len(true | predicted) + 1e-5)


def _matched_iou(truth: np.ndarray, prediction: np.ndarray, sides: Sides) -> float:
    objects = components(prediction, connectivity=prediction.ndim)
    return _soft_iou(truth, np.isin(objects, np.setdiff1d(objects[truth], [0])), sides)


# ---------------------------------------------------------------------------------------- boundary
def _boundary_iou(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
    steps = max(1, round(0.02 * math.hypot(*truth.shape)))

    def band(mask: np.ndarray) -> np.ndarray:
        inside = np.pad(mask.astype(np.uint8), 1)
        for _ in range(steps):
            inside = erosion(inside, np.ones((3,) * mask.ndim))
        return mask & (inside[(slice(1, -1),) * mask.ndim] == 0)

    bands = band(truth), band(prediction)
    return float((bands[0] & bands[1]).sum() / (bands[0] | bands[1]).sum())


def _boundary_iou_nm(truth: np.ndarray, prediction: np.ndarray, sides: Sides) -> float:
    width = max(20.0, min(sides)) + 1e-6

    def band(mask: np.ndarray) -> set[tuple[int, ...]]:
        padded = np.pad(mask, 1)
        inside, outside = np.argwhere(padded), np.argwhere(~padded)
        if not len(inside):
            return set()
        near = cdist(inside * sides, outside * sides).min(axis=1) <= width
        return {*map(tuple, inside[near].tolist())}

    bands = band(truth), band(prediction)
    return len(bands[0] & bands[1]) / len(bands[0] | bands[1])


def _one_class(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask[None, None].astype(np.float32))


def _nsd(truth: np.ndarray, prediction: np.ndarray, sides: Sides) -> float:
    masks = _one_class(prediction), _one_class(truth)
    # coordinates in nm are rounded: a distance equal to the tolerance is within it
    return float(compute_surface_dice(*masks, [20.0 + 1e-6], include_background=True, spacing=list(sides)))


def _hd95(truth: np.ndarray, prediction: np.ndarray, sides: Sides) -> float:
    masks = _one_class(prediction), _one_class(truth)
    return float(
        compute_hausdorff_distance(*masks, percentile=95, include_background=True, spacing=list(sides))
    )


# ----------------------------------------------------------------------------------------- objects
def _object_scores(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the (T, P) IoUs of all pairs, worked out one by one, and T + P."""
    true, predicted = (components(mask, connectivity=mask.ndim) for mask in (truth, prediction))
    ious = np.zeros((true.max(), predicted.max()))
    for i, j in itertools.product(range(true.max()), range(predicted.max())):
        one, other = true == i + 1, predicted == j + 1
        ious[i, j] = (one & other).sum() / (one | other).sum()
    return ious, sum(ious.shape)


def _hits(ious: np.ndarray, threshold: float) -> int:
    good = ious >= threshold
    return int(good[linear_sum_assignment(-good.astype(float))].sum())


def _object_f1(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
    ious, number = _object_scores(truth, prediction)
    return 2 * _hits(ious, 0.5) / number


def _object_ap(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
    ious, number = _object_scores(truth, prediction)
    hits = [_hits(ious, 0.5 + 0.05 * step - 1e-9) for step in range(10)]
    return float(np.mean([hit / (number - hit) for hit in hits]))


def _panoptic(column: int) -> OfMasks:
    def score(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
        numbered = [components(mask, connectivity=mask.ndim) for mask in (prediction, truth)]
        inputs = [
            torch.from_numpy(np.stack([number > 0, number], axis=-1).astype(int)[None]) for number in numbered
        ]
        found = panoptic_quality(*inputs, {1}, {0}, return_per_class=True, return_sq_and_rq=True)
        return float(found.reshape(2, 3)[0, column])

    return score


def _partition(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the objects at the true pixels; a pixel that is not predicted is an object of its own."""
    true, predicted = (components(mask, connectivity=mask.ndim)[truth] for mask in (truth, prediction))
    missed = predicted == 0
    predicted[missed] = predicted.max() + 1 + np.arange(missed.sum())
    return true, predicted


def _adapted_rand(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
    true, predicted = _partition(truth, prediction)
    if len(np.unique(predicted)) == len(predicted):  # no pair is predicted, which skimage cannot divide by
        return 1.0
    return float(adapted_rand_error(true, predicted)[0])


def _voi(which: int) -> OfMasks:
    def entropy(truth: np.ndarray, prediction: np.ndarray, _sides: Sides) -> float:
        return float(variation_of_information(*_partition(truth, prediction))[which])

    return entropy


# ----------------------------------------------------------------------------------- probabilities
def _ece(probability: np.ndarray, truth: np.ndarray) -> float:
    pair = torch.from_numpy(probability), torch.from_numpy(truth.astype(int))
    return float(classification.binary_calibration_error(*pair, n_bins=15, norm="l1"))


def _auroc(probability: np.ndarray, truth: np.ndarray) -> float:
    return float(
        classification.binary_auroc(torch.from_numpy(probability), torch.from_numpy(truth.astype(int)))
    )


PAIRS = "Hungarian matching (SciPy) of scikit-image's components"
REFERENCES = {
    "iou": _torchmetrics("binary_jaccard_index"),
    "dice": _torchmetrics("binary_f1_score"),
    "precision": _torchmetrics("binary_precision"),
    "recall": _torchmetrics("binary_recall"),
    "iou-eps": Reference("sets of pixels", _soft_iou),
    "iou-matched": Reference("scikit-image's components", _matched_iou, with_ignored=False),
    "boundary-iou": Reference("scikit-image `erosion`, step by step", _boundary_iou),
    "boundary-iou-nm": Reference("all pairs of pixels", _boundary_iou_nm),
    "nsd": Reference("MONAI `compute_surface_dice`", _nsd),
    "hd95": Reference("MONAI `compute_hausdorff_distance`", _hd95),
    "object-f1": Reference(PAIRS, _object_f1),
    "object-ap": Reference(PAIRS, _object_ap),
    "pq": Reference("torchmetrics `panoptic_quality`", _panoptic(0)),
    "sq": Reference("torchmetrics `panoptic_quality`", _panoptic(1)),
    "rq": Reference("torchmetrics `panoptic_quality`", _panoptic(2)),
    "adapted-rand": Reference("scikit-image `adapted_rand_error`", _adapted_rand),
    "voi-split": Reference("scikit-image `variation_of_information`", _voi(0)),
    "voi-merge": Reference("scikit-image `variation_of_information`", _voi(1)),
    "ece": Reference("torchmetrics `binary_calibration_error`", None, _ece),
    "auroc": Reference("torchmetrics `binary_auroc`", None, _auroc),
}
