"""Compare sliding-window inference with MONAI's, on the same windows with the same tiny model.

Prints a line per setting with both durations and their ratio (below 1: ours is faster), and the
geometric mean of the ratios.  The two run alternately in one process and the ratio is the median over
the alternations, so that a busy machine harms both alike.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from statistics import geometric_mean, median
from time import perf_counter

import torch
from emseg_bench.benchmark.evaluation.sliding_window import predict_logits
from torch import Tensor, nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from monai.inferers import sliding_window_inference

SETTINGS = [
    (channels, classes, window, overlap)
    for channels, classes in ((1, 1), (3, 4))
    for window, overlap in ((128, 0.5), (256, 0.5), (256, 0.25))
]


def seconds(run: Callable[[], Tensor]) -> float:
    """Time one run, waiting for the GPU if the result lies there."""
    start = perf_counter()
    if run().is_cuda:
        torch.cuda.synchronize()
    return perf_counter() - start


def runs(
    model: nn.Module, image: Tensor, window: int, overlap: float, batch: int
) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Return ours and MONAI's, each a function that gives the (K, H, W) logits of `image`."""

    def ours() -> Tensor:
        return predict_logits(
            model,
            image,
            window=window,
            overlap=overlap,
            blending="gaussian",
            size_divisor=1,
            batch_size=batch,
        )

    def monai() -> Tensor:
        return sliding_window_inference(image[None], window, batch, model, overlap=overlap, mode="gaussian")[
            0
        ]

    return ours, monai


def compare(setting: tuple[int, int, int, float], options: argparse.Namespace) -> float:
    """Measure one setting, print it and return the ratio."""
    channels, classes, window, overlap = setting
    # one convolution: little work per window, so that what lies around it shows; its weights are
    # channels-last, so that MONAI's windows take the same convolution kernel as ours
    model = nn.Conv2d(channels, classes, 3, padding=1).to(options.device, memory_format=torch.channels_last)
    image = torch.randn(channels, options.side, options.side, device=options.device)
    ours, monai = runs(model, image, window, overlap, options.batch)
    with torch.inference_mode():
        difference = (ours() - monai()).abs().max().item()
        pairs = [(seconds(ours), seconds(monai)) for _ in range(options.repeats)]
    ratio = median(mine / theirs for mine, theirs in pairs)
    print(
        f"{channels} channel(s), {classes} class(es), window {window} px, overlap {overlap}: "
        f"ours {median(p[0] for p in pairs) * 1e3:.1f} ms, MONAI {median(p[1] for p in pairs) * 1e3:.1f} ms, "
        f"ratio {ratio:.2f}, largest difference of logits {difference:.0e}"
    )
    return ratio


def main() -> None:
    """Run the comparison over window sizes, overlaps and numbers of classes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--side", type=int, default=1024, help="of the image, px")
    parser.add_argument("--batch", type=int, default=4, help="windows per forward pass")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    mean = geometric_mean([compare(setting, options) for setting in SETTINGS])
    print(f"geometric mean of the ratios: {mean:.2f} ({options.threads} thread(s), {options.device})")


if __name__ == "__main__":
    main()
