"""How much the engine costs over a bare PyTorch loop of the same work.

Both take the same steps: same network, crops, loss, optimiser and schedule, no validation.  They
alternate in one process, and the ratio of each pair is printed with the median of all, since single
timings on a shared machine mean little.

    python scripts/bench_engine_overhead.py --iterations 40 --pairs 5
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from emseg_bench.benchmark.evaluation.placing import crop_side
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.cache import cache_folder
from emseg_bench.benchmark.images.normalisation import settle_normalisation
from emseg_bench.benchmark.images.normalise import to_input
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training.loader import make_loader
from emseg_bench.benchmark.training.loss import SegmentationLoss
from emseg_bench.benchmark.training.methods import build_optimiser, make_augmentation
from emseg_bench.benchmark.training.train import TrainingSetup, train
from emseg_bench.benchmark.trials.parts import build_network, load_parts
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

LIMIT = 1.05
CPU = torch.device("cpu")


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="unet")
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's own choice")
    return parser.parse_args()


def bare(spec, network, dataset) -> float:
    """Train in a plain loop; return seconds."""
    recipe, manifest = spec.recipe, dataset.manifest
    side = crop_side(recipe, spec.model.size_divisor)
    loss_of = SegmentationLoss(recipe, manifest.num_logits, manifest.ignore_value)
    methods = find_methods(recipe, load_plugins().catalogue)
    optimiser = build_optimiser(methods, network, recipe)
    warmup = round(recipe.warmup * recipe.iterations)
    schedule = SequentialLR(
        optimiser,
        [
            LinearLR(optimiser, 0.01, total_iters=warmup),
            CosineAnnealingLR(optimiser, recipe.iterations - warmup),
        ],
        [warmup],
    )
    bf16 = recipe.precision == "bf16"
    start = time.perf_counter()
    network.train()
    crops = make_augmentation(methods, recipe, side, manifest.ignore_value)
    loader, _ = make_loader(dataset, spec, crops, CPU, Path(tempfile.gettempdir()), trials=1)
    for batch in loader:
        images, labels = batch.on(CPU)
        images = to_input(images, manifest.mean, manifest.std).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(images)
            loss = loss_of(logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_gradient_norm)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
    return time.perf_counter() - start


def engine(spec, network, dataset) -> float:
    """Train with the engine, without validation; return seconds."""
    with tempfile.TemporaryDirectory() as folder:
        setup = TrainingSetup(
            device=CPU,
            folder=Path(folder),
            fingerprint="bench",
            checkpoint_seconds=float("inf"),
            note=print,
            tell=lambda *_: None,
            tell_loader=lambda _: None,
        )
        start = time.perf_counter()
        normalisation = settle_normalisation(spec.recipe, spec.model, dataset.manifest)
        methods = find_methods(spec.recipe, load_plugins().catalogue)
        state = train(network, dataset, spec, methods, normalisation, lambda _: None, setup)
        return time.perf_counter() - start - state.validation_seconds


def main() -> None:
    """Time both in turn and print the ratios."""
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    plugins = load_plugins()
    experiment = build_experiment(None, {"models": [options.model]})
    recipe = replace(experiment.recipe, iterations=options.iterations, validations=1)
    plan = make_plan(
        replace(experiment, recipe=recipe), plugins.catalogue, device="cpu", cache=cache_folder()
    )
    (spec,) = plan.trials.values()
    dataset = load_parts(spec, cache_folder()).dataset
    manifest = dataset.manifest

    def fresh():
        torch.manual_seed(0)
        network, _ = build_network(spec, plugins.catalogue, manifest.channels, manifest.num_logits)
        return network.to(memory_format=torch.channels_last)

    bare(replace(spec, recipe=replace(recipe, iterations=4)), fresh(), dataset)  # warm-up
    ratios = []
    for pair in range(options.pairs):
        order = [bare, engine] if pair % 2 == 0 else [engine, bare]
        seconds = {run.__name__: run(spec, fresh(), dataset) for run in order}
        ratios.append(seconds["engine"] / seconds["bare"])
        seconds = f"bare {seconds['bare']:.2f} s, engine {seconds['engine']:.2f} s"
        print(f"pair {pair + 1}: {seconds}, ratio {ratios[-1]:.3f}")
    work = f"{recipe.iterations} steps of {recipe.batch_size} x {recipe.crop} px, {spec.recipe.precision}"
    print(f"{options.model}, {work}, {torch.get_num_threads()} threads")
    print(f"median ratio {statistics.median(ratios):.3f} (limit {LIMIT})")


if __name__ == "__main__":
    main()
