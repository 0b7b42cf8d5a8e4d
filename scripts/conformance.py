"""Compare every built-in metric with an independent implementation and write the tables of docs/metrics.md.

    python scripts/conformance.py            # writes docs/metrics.md; two minutes or so
    python scripts/conformance.py --cases 20 # a quick look, nothing written

Needs the packages of the extra ``test``.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from emseg_bench.benchmark.contracts.cards import MetricCard
from emseg_bench.benchmark.contracts.data import Metric, ScoredCase
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.benchmark.evaluation.plugin import emseg_metrics
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.papers.score_cards import CARDS as PUBLISHED

sys.path.insert(0, str(Path(__file__).parent))
from metric_references import REFERENCES, Reference

CARDS = (*emseg_metrics(), *PUBLISHED)
PAGE = Path(__file__).parents[1] / "docs/metrics.md"
CASES = 300
IGNORED = 255
SPACINGS = ((8.0, 8.0, 8.0), (50.0, 8.0, 8.0), (45.0, 4.6, 7.1))
"""z, y, x in nm; an image takes the last two."""


class Found(NamedTuple):
    """How far a metric and its reference are apart."""

    compared: int
    """Numbers: a case and a class each."""
    undefined: int
    """Not applicable by our empty rule, so there is nothing to compare."""
    largest: float
    """Difference."""


def random_case(rng: np.random.Generator) -> ScoredCase:
    """Make a small case: 2D or 3D, 1 to 20 foreground classes, sometimes with ignored or missing labels."""
    axes, classes = int(rng.integers(2, 4)), int(rng.choice([2, 2, 3, 5, 21]))
    shape = tuple(int(side) for side in rng.integers(1, 24 if axes == 2 else 9, axes))
    truth = _blocks(rng, shape, classes)
    prediction = np.where(rng.random(shape) < rng.choice([0, 0.05, 0.5]), _blocks(rng, shape, classes), truth)
    truth, prediction = (_without(rng, labels) for labels in (truth, prediction))
    ignored = rng.random() < 0.3
    if ignored:
        truth = np.where(_blocks(rng, shape, 4) == 3, IGNORED, truth)
    spacing = SPACINGS[rng.integers(len(SPACINGS))][-axes:]
    return make_case(truth, prediction, classes, spacing, IGNORED if ignored else None, rng)


def make_case(
    truth: np.ndarray,
    prediction: np.ndarray,
    classes: int,
    spacing: tuple[float, ...],
    ignore_value: int | None,
    rng: np.random.Generator,
) -> ScoredCase:
    """Put a case together, with random probabilities that lean towards the truth."""
    truth, prediction = truth.astype(np.uint8), prediction.astype(np.uint8)
    leaning = np.stack([truth == label for label in range(classes)])
    logits = rng.normal(size=leaning.shape) + 2 * leaning
    probabilities = (np.exp(logits) / np.exp(logits).sum(axis=0)).astype(np.float32)
    flat = (labels.reshape(-1, truth.shape[-1]) for labels in (truth, prediction))
    return ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=tuple(f"class{label}" for label in range(classes)),
        counts=count(*flat, classes, ignore_value),
        ignore_value=ignore_value,
        voxel_size_nm=spacing,
        probabilities=lambda: probabilities,
    )


def differences(case: ScoredCase, metric: Metric, reference: Reference) -> Iterator[float]:
    """Yield the difference for every class; NaN where the metric does not apply."""
    if case.ignore_value is not None and not reference.with_ignored:
        return
    for label, ours in enumerate(metric(case)):
        yield math.nan if math.isnan(ours) else abs(ours - theirs(case, label, reference))


def theirs(case: ScoredCase, label: int, reference: Reference) -> float:
    """Ask the reference; what is infinite or undefined to it is the case's diagonal, as hd95 has it."""
    known = np.ones_like(case.truth, bool) if case.ignore_value is None else case.truth != case.ignore_value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about empty masks
        if reference.of_probabilities:
            probability = case.probabilities()[label][known]
            return reference.of_probabilities(probability, case.truth[known] == label)
        masks = ((labels == label) & known for labels in (case.truth, case.prediction))
        value = reference.of_masks(*masks, case.voxel_size_nm)
    return value if math.isfinite(value) else _diagonal(case)


def compare(metrics: Mapping[str, Metric], cases: int, seed: int = 0) -> dict[str, Found]:
    """Compare metrics with their references on so many random cases."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(cases):
        case = random_case(rng)
        for name, metric in metrics.items():
            found[name] += differences(case, metric, REFERENCES[name])
    return {name: _sum_up(np.array(values)) for name, values in found.items()}


def built_in() -> dict[str, Metric]:
    """Make all built-in metrics with their default options."""
    catalogue = load_plugins().catalogue
    return make_metrics([plan_metric(card.name, catalogue) for card in CARDS], catalogue)


def conformance_table(found: Mapping[str, Found], cases: int) -> str:
    """Write the table of comparisons in Markdown."""
    lines = [
        f"{cases:,} random cases: images and volumes, 1 to 20 classes and background, voxels of three",
        "shapes, some with ignored pixels, missing classes or sides of 1 px. A number is a class in a case;",
        "*n/a* counts those to which the metric does not apply.",
        "",
        "| metric | compared with | numbers | n/a | largest difference |",
        "|---|---|---|---|---|",
    ]
    units = {card.name: card.unit for card in CARDS}
    for name, (compared, undefined, largest) in found.items():
        unit = "" if units[name] == "1" else f" {units[name]}"
        row = f"{compared:,} | {undefined:,} | {largest:.1g}{unit}"
        lines.append(f"| `{name}` | {REFERENCES[name].by} | {row} |")
    return "\n".join(lines)


def card_table() -> str:
    """Write what the cards say in Markdown."""
    head = "| metric | unit | better | range | ms | options (default) | needs | symmetric |"
    return "\n".join([head, "|---" * 8 + "|", *map(_card_row, CARDS)])


def put(page: str, name: str, text: str) -> str:
    """Replace what stands between a page's markers of this name."""
    start, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = page.partition(start)
    return f"{before}{start}{text}\n{end}{rest.partition(end)[2]}"


def _card_row(card: MetricCard) -> str:
    low, high = (f"{end:g}".replace("inf", "∞") for end in card.range)
    options = ", ".join(f"`{name}` ({field.default:g})" for name, field in _fields(card).items())
    cost = f"{card.ms_per_megapixel:g}"
    said = (f"`{card.name}`", card.unit, card.direction, f"{low} to {high}", cost, options)
    return f"| {' | '.join(said)} | {', '.join(card.needs)} | {'yes' if card.symmetric else 'no'} |"


def _fields(card: MetricCard) -> dict[str, object]:
    return getattr(card.options, "__dataclass_fields__", {})


def _diagonal(case: ScoredCase) -> float:
    return math.hypot(*(np.array(case.truth.shape) * case.voxel_size_nm))


def _blocks(rng: np.random.Generator, shape: tuple[int, ...], classes: int) -> np.ndarray:
    """Draw labels in blocks of random size, so that there are objects."""
    labels = rng.integers(0, classes, shape)
    for axis in range(len(shape)):
        size = int(rng.integers(1, 6))
        labels = np.repeat(labels, size, axis=axis)[tuple(slice(side) for side in shape)]
    return labels


def _without(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Now and then take all foreground away, or all but a pixel."""
    kind = rng.random()
    if kind > 0.2:
        return labels
    left = np.zeros_like(labels)
    if kind < 0.1:
        left.flat[rng.integers(left.size)] = 1
    return left


def _sum_up(values: np.ndarray) -> Found:
    defined = values[~np.isnan(values)]
    return Found(len(defined), len(values) - len(defined), float(defined.max(initial=0)))


def main() -> None:
    """Compare, print, and write the page unless only a look was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, help="so many random cases, and write nothing")
    cases = parser.parse_args().cases
    found = compare(built_in(), cases or CASES)
    table = conformance_table(found, cases or CASES)
    print(table)
    if cases is None:
        page = PAGE.read_text(encoding="utf-8")
        page = put(put(page, "cards", card_table()), "conformance", table)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
