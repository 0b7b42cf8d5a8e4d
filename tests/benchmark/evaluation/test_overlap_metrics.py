import importlib
import math
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pluggy
import pytest
import torch
from emseg_bench.benchmark.contracts import hookspecs
from emseg_bench.benchmark.contracts.cards import MetricCard
from emseg_bench.benchmark.contracts.data import Counts, ScoredCase
from emseg_bench.benchmark.evaluation import metrics, plugin
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.papers import plugin as papers
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("iou", "dice", "precision", "recall")


def case_of(truth, prediction, classes=2, ignore_value=None):
    truth, prediction = np.atleast_2d(np.uint8(truth)), np.atleast_2d(np.uint8(prediction))
    return ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=tuple("abcdef"[:classes]),
        counts=count(truth, prediction, classes, ignore_value),
        ignore_value=ignore_value,
        voxel_size_nm=None,
    )


def score(name, *args, **kwargs):
    return getattr(metrics, name)()(case_of(*args, **kwargs))


@pytest.mark.parametrize(
    ("name", "value"), [("iou", 2 / 5), ("dice", 4 / 7), ("precision", 2 / 4), ("recall", 2 / 3)]
)
def test_hand_computed(name, value):
    """TP 2, FP 2, FN 1."""
    assert score(name, [0, 1, 1, 1, 0, 0], [0, 1, 1, 0, 1, 1])[1] == pytest.approx(value)


@pytest.mark.parametrize(
    ("truth", "prediction", "expected"),
    [
        ([0, 0], [0, 0], {"iou": math.nan, "dice": math.nan, "precision": math.nan, "recall": math.nan}),
        ([1, 0], [0, 0], {"iou": 0, "dice": 0, "precision": math.nan, "recall": 0}),
        ([0, 0], [1, 0], {"iou": 0, "dice": 0, "precision": 0, "recall": math.nan}),
        ([1, 0], [0, 1], {"iou": 0, "dice": 0, "precision": 0, "recall": 0}),
        ([1, 0], [1, 0], {"iou": 1, "dice": 1, "precision": 1, "recall": 1}),
        ([9, 9], [1, 0], {"iou": math.nan, "dice": math.nan, "precision": math.nan, "recall": math.nan}),
    ],
    ids=["absent from both", "missed", "invented", "misplaced", "perfect", "all ignored"],
)
def test_empty_rules(truth, prediction, expected):
    for name in NAMES:
        assert score(name, truth, prediction, ignore_value=9)[1] == pytest.approx(expected[name], nan_ok=True)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("iou", "multiclass_jaccard_index"),
        ("dice", "multiclass_f1_score"),
        ("precision", "multiclass_precision"),
        ("recall", "multiclass_recall"),
    ],
)
def test_agrees_with_torchmetrics(name, function, seed):
    functional = pytest.importorskip(
        "torchmetrics.functional.classification", reason="torchmetrics is missing"
    )
    generator = np.random.default_rng(seed)
    # blocks of one class, so that classes are missing at times
    truth, prediction = (generator.integers(0, 4, (2, 2), np.uint8).repeat(3, 1) for _ in range(2))
    ours = score(name, truth, prediction, classes=4)
    theirs = getattr(functional, function)(
        torch.from_numpy(prediction).long(), torch.from_numpy(truth).long(), num_classes=4, average=None
    )
    for mine, reference in zip(ours, theirs.tolist(), strict=True):
        # torchmetrics says 0 where a score is undefined
        assert mine == pytest.approx(reference, abs=1e-6) or (math.isnan(mine) and reference == 0)


@given(st.tuples(*[st.integers(0, 50)] * 4))
def test_dice_follows_from_iou_and_from_precision_and_recall(numbers):
    counts = Counts(
        true_positive=numbers[0],
        false_positive=numbers[1],
        false_negative=numbers[2],
        true_negative=numbers[3],
    )
    empty = np.zeros((1, 1), np.uint8)
    case = ScoredCase(
        truth=empty,
        prediction=empty,
        class_names=("a",),
        counts=(counts,),
        ignore_value=None,
        voxel_size_nm=None,
    )
    iou, dice, precision, recall = (getattr(metrics, name)()(case)[0] for name in NAMES)
    assert math.isnan(iou) == math.isnan(dice)
    if not math.isnan(iou):
        assert dice == pytest.approx(2 * iou / (1 + iou))
    if counts.true_positive:
        assert dice == pytest.approx(2 * precision * recall / (precision + recall))


# ------------------------------------------------------------------------------------------ the cards
def cards():
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    manager.register(papers)
    return [card for cards in reversed(manager.hook.emseg_metrics()) for card in cards]


def test_cards_name_the_metrics_and_their_factories():
    assert tuple(card.name for card in cards())[:4] == NAMES
    assert tuple(card.name for card in cards())[-2:] == ("iou-eps", "iou-matched")
    for card in cards():
        assert isinstance(card, MetricCard)
        module, _, attribute = card.factory.partition(":")
        factory = getattr(importlib.import_module(module), attribute)
        assert callable(factory(**(asdict(card.options()) if card.options else {})))


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_cards_are_complete(card):
    assert card.range[0] == 0
    assert card.range[1] == (1 if card.unit == "1" else math.inf)
    assert "mean" in card.aggregation
    published = card.name in {"iou-eps", "iou-matched"}
    assert ("absent from both truth and prediction: 1" if published else "NaN") in card.empty_rule
    assert "doi" in card.reference
    assert card.ms_per_megapixel is not None


def test_plugin_module_imports_nothing_heavy():
    heavy = {"torch", "numpy", "pandas", "pydantic"}
    program = f"import sys; import {plugin.__name__}; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout.strip() == ""
