"""How much faster `retina` infers and trains than a straightforward implementation of itself.

The reference is models/retina/plain.py: the same modules and weights in float32, without any shortcut.
Both take turns in one process on the same batch, after their logits were compared; medians and their
ratios are printed, since single timings on a shared machine mean little.  A training step is forward,
`retina-2025`'s loss, backward and SGD, with the transformer's encoder frozen as published.

    python scripts/bench_retina.py --batch 4 --repeats 9
    python scripts/bench_retina.py --threads 1 --clock cpu     # on a machine with other work
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import torch
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.profiling.hardware import device_name
from emseg_bench.benchmark.profiling.precision import resolve_precision
from emseg_bench.benchmark.training.freezing import freeze
from emseg_bench.benchmark.training.methods import build_optimiser
from emseg_bench.models.retina.config import TransUNetConfig
from emseg_bench.models.retina.network import TransUNet
from emseg_bench.models.retina.plain import make_plain
from emseg_bench.papers.retina import RETINA
from emseg_bench.papers.retina_training import RetinaLoss
from torch import Tensor

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
PRECISIONS = ("fp32", "bf16")
LIMIT = 1e-3
"""Largest difference of logits, in standard deviations of the reference's, in float32."""


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hidden", type=int, default=192, help="192 or 768")
    parser.add_argument("--side", type=int, default=224, help="of the images, px; a multiple of 16")
    parser.add_argument("--batch", type=int, default=4, help="images")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's own choice")
    parser.add_argument("--repeats", type=int, default=9, help="pairs of measurements")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: this process's own time")
    return parser.parse_args()


def networks(options: argparse.Namespace) -> tuple[TransUNet, list[TransUNet]]:
    """Build the plain network, and ours for each precision (folded weights are kept in one), equal all."""
    torch.manual_seed(0)
    plain = TransUNet(TransUNetConfig(hidden=options.hidden)).to(options.device)
    ours = [copy.deepcopy(plain).to(memory_format=torch.channels_last) for _ in PRECISIONS]
    return make_plain(plain), ours


def inference(network: TransUNet, images: Tensor, precision: str | None) -> Callable[[], Tensor]:
    """Return a forward pass in evaluation mode; ``None``: the plain way, with `torch.no_grad`."""
    kind = images.device.type
    if precision is None:
        return torch.no_grad()(lambda: network(images))

    def infer() -> Tensor:
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16"):
            out: Tensor = network(images.contiguous(memory_format=torch.channels_last))
            return out

    return infer


def training(network: TransUNet, images: Tensor, precision: str | None) -> Callable[[], Tensor]:
    """Return a fine-tuning step; ``None``: the plain way, without layouts, autocast and fused updates."""
    freeze(network, RETINA.freeze)
    # Far too small a rate to change anything: all measurements are of the same work.
    recipe = replace(RETINA, learning_rate=1e-9)
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    plain_sgd = torch.optim.SGD(
        trainable, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, foreach=False
    )
    methods = find_methods(recipe, load_plugins().catalogue)
    optimiser = plain_sgd if precision is None else build_optimiser(methods, network, recipe)
    labels = (images[:, 0] > 0).long()
    loss_of = RetinaLoss(recipe, 1, None).to(images.device)
    layout = torch.contiguous_format if precision is None else torch.channels_last

    def step() -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss: Tensor = loss_of(network(images.contiguous(memory_format=layout)), labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step


def measure(runs: list[Callable[[], Tensor]], options: argparse.Namespace) -> list[float]:
    """Time `runs` in turns; return each one's median, in seconds."""
    clock, seconds = CLOCKS[options.clock], [[] for _ in runs]
    for _ in range(options.repeats + 1):  # the first time warms up
        for run, times in zip(runs, seconds, strict=True):
            _wait(options.device)
            start = clock()
            run()
            _wait(options.device)
            times.append(clock() - start)
    return [statistics.median(times[1:]) for times in seconds]


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def check(plain: Callable[[], Tensor], ours: Callable[[], Tensor]) -> None:
    """Stop if float32 logits differ."""
    expected, got = plain().double(), ours().double()
    difference = float((got - expected).abs().max() / expected.std())
    print(f"logits differ by at most {difference:.1e} sd (limit {LIMIT:.0e})")
    if not difference <= LIMIT:
        raise SystemExit("both networks must compute the same: nothing was timed")


def report(what: str, medians: list[float], device: str) -> None:
    """Print a table's row for each precision."""
    default = resolve_precision("auto", device)
    for precision, seconds in zip(PRECISIONS, medians[1:], strict=True):
        name = f"{what}, {precision}{' (default)' if precision == default else ''}"
        print(f"| {name} | {medians[0]:.3f} | {seconds:.3f} | {medians[0] / seconds:.2f} |", flush=True)


def main() -> None:
    """Compare, time in turns, and print the ratios."""
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    # A plain float32 reference computes in float32, on a GPU too.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    plain, ours = networks(options)
    shape = (options.batch, 1, options.side, options.side)
    images = torch.randn(shape, device=options.device)
    print(f"{device_name(options.device)}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}")
    print(f"{datetime.now(UTC):%Y-%m-%d}, hidden {options.hidden}, {' × '.join(map(str, shape))}")
    for network in (plain, *ours):
        network.eval()
    infer = [inference(plain, images, None), *map(inference, ours, [images] * len(ours), PRECISIONS)]
    check(infer[0], infer[1])
    print(f"\n| median of {options.repeats}, s ({options.clock}) | plain fp32 | ours | ratio |")
    print("|---|---|---|---|")
    report("inference", measure(infer, options), options.device)
    for network in (plain, *ours):
        network.train()
    steps = [training(plain, images, None), *map(training, ours, [images] * len(ours), PRECISIONS)]
    report("fine-tuning step", measure(steps, options), options.device)


if __name__ == "__main__":
    main()
