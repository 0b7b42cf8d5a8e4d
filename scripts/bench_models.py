"""What every built-in model costs: parameters, a training step, inference; as the table of docs/models.md.

Each model takes turns with `unet` in one process, on the same batch, since single timings on a shared machine
mean little; medians are printed, and their ratios to `unet`'s.  A training step is forward, the default
recipe's loss, backward and its optimiser; inference is one image in the engine's own setting.

    python scripts/bench_models.py --write              # into docs/models.md, between its markers
    python scripts/bench_models.py --models unet,fpn    # just look
    python scripts/bench_models.py --threads 1 --clock cpu --write     # on a machine with other work
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from emseg_bench.benchmark.contracts.cards import ModelCard
from emseg_bench.benchmark.evaluation.inference import inference
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.plugins.lazy import resolve
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.registry import OWN, Offer
from emseg_bench.benchmark.profiling.hardware import device_name
from emseg_bench.benchmark.training.auxiliary import auxiliary_loss_of
from emseg_bench.benchmark.training.loss import SegmentationLoss
from emseg_bench.benchmark.training.methods import build_optimiser
from torch import Tensor, nn

DOCUMENT = Path(__file__).parents[1] / "docs/models.md"
BEGIN, END = "<!-- bench_models: begin -->\n", "<!-- bench_models: end -->\n"
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
REFERENCE = "unet"
RECIPE = recipes()["quick"]
Run = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """One model's row."""

    card: ModelCard
    step: float
    """Median seconds."""
    step_ratio: float
    """Median of the ratios to the reference's step beside it."""
    latency: float
    latency_ratio: float


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default="", help="names, comma-separated; all built-in ones without it")
    parser.add_argument("--side", type=int, default=128, help="of the images, px; every model takes 128")
    parser.add_argument("--batch", type=int, default=2, help="images of a training step")
    parser.add_argument("--repeats", type=int, default=5, help="pairs of measurements")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's own choice")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: this process's own time")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{DOCUMENT.name}")
    return parser.parse_args()


def built_in() -> dict[str, Offer[ModelCard]]:
    """Give the models of our own distribution, by name."""
    offers = load_plugins().catalogue.models.offers
    return {name: offer for name, offer in sorted(offers.items()) if offer.distribution == OWN}


def build(offer: Offer[ModelCard]) -> nn.Module:
    """Build a model with its default options, as the engine lays it out."""
    torch.manual_seed(0)
    network: nn.Module = resolve(offer.card.factory, offer)(1, 1)
    return network.to(memory_format=torch.channels_last)


def training_step(network: nn.Module, shape: tuple[int, ...]) -> Run:
    """Give a training step on random images (N, 1, H, W)."""
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    labels = (images[:, 0] > 0).long()
    methods = find_methods(RECIPE, load_plugins().catalogue)
    loss_of, optimiser = SegmentationLoss(RECIPE, 1, None), build_optimiser(methods, network, RECIPE)

    own = auxiliary_loss_of(network, 0)

    def step() -> None:
        outputs = network(images)
        loss: Tensor = loss_of(outputs[:, :1], labels)
        if own:
            loss = loss + own(outputs, labels, labels, None)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def timed(runs: tuple[Run, Run], options: argparse.Namespace) -> tuple[float, float]:
    """Time two runs in turns; return the first's median, and the median of its ratios to the second."""
    clock = CLOCKS[options.clock]

    def seconds(run: Run) -> float:
        start = clock()
        run()
        return clock() - start

    pairs = [tuple(map(seconds, runs)) for _ in range(options.repeats + 1)][1:]  # the first warms up
    return statistics.median(one for one, _ in pairs), statistics.median(one / other for one, other in pairs)


def measure(offer: Offer[ModelCard], reference: Offer[ModelCard], options: argparse.Namespace) -> Cost:
    """Train and infer with a model beside the reference."""
    networks = build(offer), build(reference)
    shape = (options.batch, 1, options.side, options.side)
    first, second = (training_step(network.train(), shape) for network in networks)
    step, step_ratio = timed((first, second), options)
    image = torch.randn(1, *shape[1:]).contiguous(memory_format=torch.channels_last)
    with inference(networks[0], "cpu", "fp32"), inference(networks[1], "cpu", "fp32"):
        latency, latency_ratio = timed((lambda: networks[0](image), lambda: networks[1](image)), options)
    return Cost(offer.card, step, step_ratio, latency, latency_ratio)


def table(costs: Iterable[Cost]) -> Iterator[str]:
    """Yield the table's lines in Markdown."""
    yield "| model | family | parameters (M) | step (ms) | × `unet` | latency (ms) | × `unet` |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for cost in costs:
        card = cost.card
        yield (
            f"| `{card.name}` | {card.family} | {(card.parameters or 0) / 1e6:.2f} "
            f"| {cost.step * 1e3:.0f} | {cost.step_ratio:.2f} "
            f"| {cost.latency * 1e3:.0f} | {cost.latency_ratio:.2f} |"
        )


def conditions(options: argparse.Namespace) -> str:
    """Say where and how it was measured."""
    sides = f"1 × {options.side} × {options.side}"
    clock = "wall time" if options.clock == "wall" else "the process's own CPU time"
    threads = torch.get_num_threads()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {device_name('cpu')}, {threads} thread{'s' if threads > 1 else ''}, "
        f"PyTorch {torch.__version__.partition('+')[0]}, float32; step: {options.batch} × {sides}; "
        f"latency: 1 × {sides}; medians of {options.repeats} in turns with `{REFERENCE}`, {clock}."
    )


def written(document: str, lines: Iterable[str]) -> str:
    """Put lines between the document's markers, in the place of what stood there."""
    before, _, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{DOCUMENT} has no lines {BEGIN.strip()!r} and {END.strip()!r}")
    return before + BEGIN + "\n".join([*lines, ""]) + END + after


def main() -> None:
    """Measure model by model, print the table, and write it if that is wanted."""
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    offers = built_in()
    names = options.models.split(",") if options.models else [*offers]
    if options.write and set(names) != set(offers):
        raise SystemExit("the document's table has every built-in model: leave out --models")
    costs = []
    for name in names:
        costs.append(measure(offers[name], offers[REFERENCE], options))
        print([*table(costs)][-1], flush=True)
        gc.collect()
    lines = [conditions(options), "", *table(costs)]
    print("\n".join(lines))
    if options.write:
        DOCUMENT.write_text(written(DOCUMENT.read_text(), lines))


if __name__ == "__main__":
    main()
