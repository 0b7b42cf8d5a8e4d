"""Exports every built-in model with random weights, and holds each file to the model.

    python scripts/check_exports.py
    python scripts/check_exports.py --models unet,retina --formats onnx,torch-export --minutes 5

Small encoders are taken where a model has them, since what is exported is the same code.  Each export runs in
a process of its own, which is ended after a while.  Printed is a line for each: the largest difference of a
logit over images of three sizes, as a share of the logits' standard deviation, and the time it took.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emseg_bench.models.plugin import emseg_models

SMALL_ENCODER: Mapping[str, Any] = {"encoder": "resnet18"}
SMALL: Mapping[str, Mapping[str, Any]] = {
    "unet": SMALL_ENCODER,
    "unetplusplus": SMALL_ENCODER,
    "manet": SMALL_ENCODER,
    "linknet": SMALL_ENCODER,
    "fpn": SMALL_ENCODER,
    "pspnet": SMALL_ENCODER,
    "deeplabv3": SMALL_ENCODER,
    "deeplabv3plus": SMALL_ENCODER,
    "pan": SMALL_ENCODER,
    "nnunet-resenc": {"stages": 2},
}
"""Options of models that are large without."""
MEAN, STD = (0.4,), (0.2,)
CLASSES = 3


def file_of(kind: str) -> Any:
    """Give the module that writes and runs a format's files."""
    from emseg_bench.exporting import onnx_file, torch_file

    return {"onnx": onnx_file, "torch-export": torch_file}[kind]


def described(divisor: int) -> Any:
    """Describe a file of a model whose sides are multiples of a number of px."""
    from emseg_bench.exporting.description import Description, InputTold, OutputTold

    return Description(
        model="model",
        options={},
        origin="random numbers",
        exported_by="check_exports.py",
        weights_sha256="0" * 64,
        input=InputTold(
            channels=1,
            sides_multiple_of=divisor,
            sides_at_least=2 * divisor,
            low=0,
            high=255,
            mean=MEAN,
            std=STD,
            voxel_size_nm=None,
        ),
        output=OutputTold(
            channels=CLASSES,
            activation="softmax",
            labels="",
            threshold=0.5,
            class_names=(),
            label_values=(),
        ),
        window=None,
        citation="none",
        code_licence="MIT",
    )


def differences(folder: Path, name: str, kind: str) -> Sequence[Any]:
    """Export a model into a folder and give what its file computes otherwise, by size of images.

    Raises:
        PluginError: The exporter cannot take the model.
    """
    import torch
    from emseg_bench.benchmark.contracts.data import Normalisation
    from emseg_bench.benchmark.evaluation.segmenter import Segmenter
    from emseg_bench.benchmark.experiments.presets import protocols
    from emseg_bench.benchmark.plugins.asked import complete_options
    from emseg_bench.benchmark.plugins.by_options import extra_outputs, size_divisor
    from emseg_bench.benchmark.plugins.lazy import resolve
    from emseg_bench.benchmark.plugins.loading import installed_plugins
    from emseg_bench.exporting.comparing import compare
    from emseg_bench.exporting.logits_alone import LogitsAlone
    from emseg_bench.exporting.tracing import exporting, trace

    catalogue = installed_plugins().catalogue
    offer = catalogue.find(catalogue.models, name)
    torch.manual_seed(0)
    options = complete_options(offer.card, SMALL.get(name, {}))
    divisor, extra = size_divisor(offer, options), len(extra_outputs(offer, options))
    module = resolve(offer.card.factory, offer)(1, CLASSES, **options)
    module = (LogitsAlone(module, CLASSES) if extra else module).eval()
    told, file = described(divisor), file_of(kind)
    with exporting(offer, "a file"):
        file.write(folder / file.NAME, trace(module, 1, divisor), told)
        run = file.runner(folder / file.NAME)
    segmenter = Segmenter(
        model=module,
        normalisation=Normalisation(mean=MEAN, std=STD),
        protocol=protocols()["emseg-v1"],
        window=divisor,
        size_divisor=divisor,
        device="cpu",
        batch_size=1,
    )
    return compare(run, told, segmenter)


def tell(name: str, kind: str) -> None:
    """Export a model and print what came of it."""
    from emseg_bench.benchmark.contracts.errors import EmsegError
    from emseg_bench.exporting.comparing import ALLOWED

    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            worst = max(one.share for one in differences(Path(folder), name, kind))
            came = f"{worst:.1e}{'' if worst <= ALLOWED else ', TOO MUCH'}"
        except EmsegError as error:
            came = str(error)
    print(f"| `{name}` | {kind} | {came} | {time.process_time() - began:.0f} |", flush=True)


def main() -> None:
    """Export one model after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cards = {card.name: card for card in emseg_models()}
    parser.add_argument("--models", default=",".join(cards))
    parser.add_argument("--formats", default="onnx,torch-export")
    parser.add_argument("--minutes", type=float, default=15, help="after which an export is ended")
    options = parser.parse_args()
    print("| model | format | largest difference | processor, s |\n|---|---|---|---:|")
    for name in options.models.split(","):
        for kind in options.formats.split(","):
            if reason := cards[name].not_exportable.get(kind):
                print(f"| `{name}` | {kind} | not exported: {reason} | |", flush=True)
                continue
            process = multiprocessing.get_context("spawn").Process(target=tell, args=(name, kind))
            process.start()
            process.join(60 * options.minutes)
            if process.is_alive():
                process.kill()
                print(f"| `{name}` | {kind} | ended after {options.minutes:g} min | |", flush=True)
            process.join()


if __name__ == "__main__":
    main()
