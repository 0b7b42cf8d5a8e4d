"""Check emseg-bench on a CUDA machine in one command.

    python scripts/gpu_check.py --out gpu_check

1. CPU and CUDA logits of `retina` and `unet` agree: the same weights, the same image, float32.
2. `emseg-bench run --models retina,unet` trains and evaluates both on `synthetic-em` in bf16 on the GPU.
3. The profile of both is printed as a Markdown table, ready for docs/performance.md.

Exits with 2 where there is no CUDA device, and with 1 where logits differ or a trial failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.cache import cache_folder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.profiling.hardware import device_name
from emseg_bench.benchmark.trials.parts import build_network, seed_everything

MODELS = "retina,unet"
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


def run(options: argparse.Namespace) -> int:
    """Train and evaluate in bf16; return the command's exit code."""
    command = [
        str(Path(sys.executable).with_name("emseg-bench")),
        "run",
        "--models",
        MODELS,
        "--precision",
        "bf16",
    ]
    command += ["--device", options.device, "--recipe", options.recipe, "--out", str(options.out)]
    if options.iterations:
        command += ["--set", f"recipe.iterations={options.iterations}"]
    return subprocess.run(command, check=False).returncode


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
    """Run all three parts; return the exit code."""
    options = parse()
    if not torch.cuda.is_available():
        print("no CUDA device is available to PyTorch; run this on a machine with one", file=sys.stderr)
        return 2
    print(f"{device_name(options.device)}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
    agree = logits_agree(options.device)
    code = run(options)
    print_profile(options.out)
    return code or (0 if agree else 1)


if __name__ == "__main__":
    sys.exit(main())
