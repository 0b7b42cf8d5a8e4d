"""What the cards of ``emseg_toy`` name."""

import hashlib
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
from emseg_bench.benchmark.contracts import Case, Manifest, Sample
from torch import nn

SIDE = 48


def toy(in_channels, num_classes):
    return nn.Sequential(
        nn.Conv2d(in_channels, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.1),  # draws from the global generator, as real models do
        nn.Conv2d(8, num_classes, 3, padding=1),
    )


def plain(in_channels, num_classes):
    """Neither draws random numbers nor looks at whole batches, so that batches may be shared out."""
    encoder = nn.Sequential(nn.Conv2d(in_channels, 4, 3, padding=1), nn.ReLU())
    return nn.Sequential(encoder, nn.Conv2d(4, num_classes, 3, padding=1))


class _Broken(nn.Module):
    """Learns nothing; does something else on its third training step."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 1)
        self.steps = 0

    def forward(self, images):
        self.steps += self.training
        logits = self.conv(images)
        return self.act(logits) if self.steps >= 3 else logits


class nan(_Broken):  # noqa: N801 - the factory's name
    def act(self, logits):
        return logits * float("nan")


class raises(_Broken):  # noqa: N801
    def act(self, logits):
        raise RuntimeError("the toy broke")


class killed(_Broken):  # noqa: N801
    def act(self, logits):
        os.kill(os.getpid(), signal.SIGKILL)


class sleeps(_Broken):  # noqa: N801
    def act(self, logits):
        time.sleep(60)


class wrong_shape(_Broken):  # noqa: N801
    def act(self, logits):
        return logits[..., ::2, ::2]


class has_children(_Broken):  # noqa: N801
    """Not broken: starts a process, as data loaders do."""

    def act(self, logits):
        if self.steps == 3:
            child = multiprocessing.get_context("fork").Process(target=int)
            child.start()
            child.join()
        return logits


def unbuildable(in_channels, num_classes):
    raise ValueError("three channels or nothing")


class ToyData:
    """Bright disks (class ``disk``) on noise; a file ``toy_seed`` beside this one changes the pixels."""

    def __init__(self, location, cache):
        file = Path(__file__).with_name("toy_seed")
        seed = int(file.read_text()) if file.exists() else 0
        splits = ["train"] * 4 + ["val"] * 2 + ["test"] * 3
        self._samples = {f"{split}-{i}": _sample([seed, i]) for i, split in enumerate(splits)}
        self.manifest = Manifest(
            dataset="toy-data",
            class_names=("background", "disk"),
            channels=1,
            mean=(0.4,),
            std=(0.2,),
            cases=tuple(
                Case(
                    id=f"{split}-{i}", split=split, height=SIDE, width=SIDE, sha256=self._hash(f"{split}-{i}")
                )
                for i, split in enumerate(splits)
            ),
            split_rule="by seed",
        )

    def _hash(self, name):
        sample = self._samples[name]
        return hashlib.sha256(sample.image.tobytes() + sample.labels.tobytes()).hexdigest()

    def read(self, case):
        return self._samples[case.id]


def _sample(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for cy, cx, radius in zip(*rng.integers(8, SIDE - 8, (2, 3)), rng.integers(4, 9, 3), strict=True):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = 1
    image = (70 + 80 * labels + rng.normal(0, 30, labels.shape)).clip(0, 255).astype(np.uint8)
    return Sample(image[None], labels)


torch.set_num_threads(1)
