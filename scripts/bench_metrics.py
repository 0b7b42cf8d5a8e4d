"""Measure what the built-in metrics cost: ms per class and million pixels, one CPU core.

    python scripts/bench_metrics.py [--side 1024]

Truth is drawn smoothly, five classes; the prediction is the truth moved by 2 px with a strip left out.
Metrics that share work (surfaces, objects) are timed each on a fresh case, as if asked for alone.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from emseg_bench.benchmark.contracts.data import Metric, ScoredCase
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.benchmark.evaluation.plugin import emseg_metrics
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.papers.score_cards import CARDS as PUBLISHED
from scipy import ndimage

CARDS = (*emseg_metrics(), *PUBLISHED)
CLASSES = 5
RUNS = 3


def make_case(side: int) -> ScoredCase:
    """Draw a case of (side, side) px."""
    rng = np.random.default_rng(0)
    field = ndimage.gaussian_filter(rng.random((side, side)), 8)
    truth = np.digitize(field, np.quantile(field, [0.5, 0.7, 0.8, 0.95])).astype(np.uint8)
    prediction = np.roll(truth, 2, axis=0)
    prediction[: side // 10] = 0
    logits = rng.normal(size=(CLASSES, side, side)) + 2 * np.stack([truth == i for i in range(CLASSES)])
    probabilities = torch.from_numpy(logits.astype(np.float32)).softmax(dim=0).numpy()
    return ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=tuple("abcde"),
        counts=count(truth, prediction, CLASSES, None),
        ignore_value=None,
        voxel_size_nm=(8.0, 8.0),
        probabilities=lambda: probabilities,
    )


def cost(metric: Metric, side: int) -> float:
    """Give the fastest of some runs, ms per class and million pixels."""
    seconds = []
    for _ in range(RUNS):
        case = make_case(side)
        start = time.perf_counter()
        metric(case)
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds) / CLASSES / (side * side / 1e6)


def main() -> None:
    """Print each metric's cost beside what its card says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1024, help="px")
    side = parser.parse_args().side
    catalogue = load_plugins().catalogue
    cards = CARDS
    metrics = make_metrics([plan_metric(card.name, catalogue) for card in cards], catalogue)
    for card in cards:
        print(f"{card.name:16} {cost(metrics[card.name], side):8.2f}  card: {card.ms_per_megapixel:g}")


if __name__ == "__main__":
    main()
