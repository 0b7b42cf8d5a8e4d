"""Check emseg-bench on a CUDA machine in one command.

    python scripts/gpu_check.py --out gpu_check

1. CPU and CUDA logits of `retina` and `unet` agree: the same weights, the same image, float32.
2. `emseg-bench run --models retina,unet` trains and evaluates both on `synthetic-em` in bf16 on the GPU.
3. The profile of both is printed as a Markdown table, ready for docs/performance.md.
4. Where several GPUs are visible, a grid of two trials for each runs on one and then on all: every GPU
   has its share, each trial's scores are the same within 0.01, and how many times as fast it was is printed.

Exits with 2 where there is no CUDA device, and with 1 where logits or scores differ or a trial failed.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.cache import cache_folder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.profiling.hardware import choose_devices, device_name
from emseg_bench.benchmark.trials.parts import build_network, seed_everything

MODELS = "retina,unet"
GRID = ("--models", "unet", "--recipe", "smoke")
SCORES = 0.01
"""Largest difference of a trial's mean score on one GPU and on another."""
LIMIT = 1e-3
"""Largest difference of CPU and CUDA logits, in standard deviations of the CPU's, in float32."""


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("gpu_check"), help="results folder")
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--iterations", type=int, help="instead of the recipe's")
    return parser.parse_args()


def largest_difference(model: str, device: str) -> float:
    """Compare one forward pass on both devices; return the difference in standard deviations."""
    plugins = load_plugins()
    experiment = build_experiment(None, {"models": [model]}, ["recipe.precision=fp32"])
    plan = make_plan(experiment, plugins.catalogue, device="cpu", cache=cache_folder())
    (spec,) = plan.trials.values()
    seed_everything(spec.seed)
    network = build_network(spec, plugins.catalogue, 1, 5)[0].eval()
    image = torch.randn(2, 1, 224, 224)
    with torch.inference_mode():
        expected = network(image)
        got = network.to(device)(image.to(device)).cpu()
    return float((got - expected).abs().max() / expected.std())


def logits_agree(device: str) -> bool:
    """Print the difference for each model; tell whether all are within the limit."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    differences = {model: largest_difference(model, device) for model in MODELS.split(",")}
    for model, difference in differences.items():
        verdict = f"{'ok' if difference <= LIMIT else 'TOO LARGE'} (limit {LIMIT:.0e} sd)"
        print(f"{model}: CPU and CUDA logits differ by at most {difference:.1e} sd: {verdict}")
    return max(differences.values()) <= LIMIT


def emseg_bench(*arguments: str) -> int:
    """Run ``emseg-bench run``; return its exit code."""
    command = [str(Path(sys.executable).with_name("emseg-bench")), "run", *arguments]
    return subprocess.run(command, check=False).returncode


def run(options: argparse.Namespace) -> int:
    """Train and evaluate in bf16; return the command's exit code."""
    wanted = ["--models", MODELS, "--precision", "bf16", "--device", options.device]
    wanted += ["--recipe", options.recipe, "--out", str(options.out)]
    if options.iterations:
        wanted += ["--set", f"recipe.iterations={options.iterations}"]
    return emseg_bench(*wanted)


def shares_out(devices: Sequence[str], out: Path, grid: Sequence[str]) -> bool:
    """Run the same trials on the first device and on all; print what came of it, tell whether it is right.

    Args:
        devices: Several of one kind.
        out: Takes a results folder for each.
        grid: Options of ``run`` that name the models, data and recipe.
    """
    seconds, scores = [], []
    for name, used in (("one", devices[:1]), ("all", devices)):
        start = time.perf_counter()
        seeds = ("--seeds", str(2 * len(devices)), "--device", ",".join(used))
        if emseg_bench(*grid, *seeds, "--out", str(out / name)):
            return False
        seconds.append(time.perf_counter() - start)
        scores.append(
            {path.parent.name: _mean_iou(path) for path in out.glob(f"{name}/trials/*/cases.parquet")}
        )
    one, all_ = scores
    most = max(abs(one[trial] - all_.get(trial, math.inf)) for trial in one)
    used = Counter(map(_device_of, out.glob("all/trials/*/events.jsonl")))
    print(
        f"\n{2 * len(devices)} trials took {seconds[0]:.0f} s on {devices[0]} and {seconds[1]:.0f} s on all:"
    )
    print(f"{seconds[0] / seconds[1]:.2f} times as fast; scores differ by at most {most:.1e}")
    print(", ".join(f"{device}: {trials} trials" for device, trials in sorted(used.items())))
    return most <= SCORES and set(used) == set(devices)


def _mean_iou(cases: Path) -> float:
    """Average a trial's IoU over cases and classes."""
    table = pd.read_parquet(cases)
    return float(table.loc[table["metric"] == "iou", "value"].mean())


def _device_of(events: Path) -> str:
    """Say which device a trial had, by its last sign of life."""
    return str(json.loads(events.read_text(encoding="utf-8").splitlines()[-1])["device"])


def print_profile(out: Path) -> None:
    """Print what each trial cost, as a Markdown table with its conditions."""
    records = [json.loads(path.read_text()) for path in sorted(out.glob("trials/*/record.json"))]
    rows = [record for record in records if record["status"] == "complete"]
    names = {
        "parameters": "parameters",
        "flops": "FLOPs",
        "latency_p50_ms": "latency p50 (ms)",
        "latency_p95_ms": "latency p95 (ms)",
        "throughput_images_per_s": "throughput (images/s)",
        "peak_memory_mib": "peak allocated (MiB)",
        "peak_memory_reserved_mib": "peak reserved (MiB)",
        "train_seconds": "training (s)",
        "train_images_per_s": "training (images/s)",
    }
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, PyTorch {torch.__version__}\n")
    print(f"| model | device | precision | input | {' | '.join(names.values())} |")
    print(f"|{'---|' * (len(names) + 4)}")
    for record in rows:
        profile = record["profile"]
        shape = " × ".join(str(side) for side in profile["input_shape"])
        values = [f"{profile[name]:.5g}" if profile[name] is not None else "n/a" for name in names]
        head = [record["spec"]["model"]["label"], profile["device"], profile["precision"], shape]
        print(f"| {' | '.join([*head, *values])} |")


def main() -> int:
    """Run all parts; return the exit code."""
    options = parse()
    if not torch.cuda.is_available():
        print("no CUDA device is available to PyTorch; run this on a machine with one", file=sys.stderr)
        return 2
    print(f"{device_name(options.device)}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
    agree = logits_agree(options.device)
    code = run(options)
    print_profile(options.out)
    gpus = choose_devices("cuda")
    shared = len(gpus) < 2 or shares_out(gpus, options.out / "grid", GRID)
    return code or (0 if agree and shared else 1)


if __name__ == "__main__":
    sys.exit(main())
