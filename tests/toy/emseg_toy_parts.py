"""What the cards of ``emseg_toy`` name."""

import hashlib
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from emseg_bench.plugin import Case, Event, Manifest, Sample, TrainingCrop, WeightsUnavailableError
from emseg_bench.weight_files import read_content
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


class begun(nn.Module):  # noqa: N801
    """Starts from published weights, which fill all of its encoder but the position."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(in_channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.encoder.mix = nn.Linear(8, 8)
        self.encoder.position = nn.Parameter(torch.randn(8, 1, 1))
        self.head = nn.Conv2d(8, num_classes, 1)

    def forward(self, images):
        convolution, norm, act, mix = self.encoder
        maps = act(norm(convolution(images))) + self.encoder.position
        return self.head(mix(maps.movedim(1, -1)).movedim(-1, 1))


class Published:
    """Gives a file beside this module."""

    def obtain(self, options, location):
        path = Path(__file__).with_name("toy_published.safetensors")
        if not path.is_file():
            raise WeightsUnavailableError("the toy's weights are not here; put them there.")
        return path

    def load(self, model, path):
        model.load_state_dict(read_content(path), strict=False)
        return "encoder loaded"


class WholeFile:
    def obtain(self, options, location):
        return Path(location)

    def load(self, model, path):
        model.load_state_dict(read_content(path))
        return "all loaded"


published, whole_file = Published(), WholeFile()


def normed(in_channels, num_classes):
    """Looks at whole batches, by PyTorch's layer and by timm's."""
    from timm.layers import BatchNormAct2d

    return nn.Sequential(
        nn.Conv2d(in_channels, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, bias=False),
        BatchNormAct2d(4),
        nn.Conv2d(4, num_classes, 3, padding=1),
    )


class linked(nn.Conv2d):  # noqa: N801
    """Gives two outputs behind its logits, and learns from true objects."""

    def __init__(self, in_channels, num_classes):
        super().__init__(in_channels, num_classes + 2, 3, padding=1)

    def auxiliary_loss(self, outputs, labels, instances):
        boundary = instances != torch.roll(instances, 1, -1)
        target = torch.stack([8.0 * boundary - 4.0, 4.0 * (labels > 0)], 1)
        return (outputs[:, -2:].float() - target).square().mean()


class deep(nn.Module):  # noqa: N801
    """Takes an image for a volume of one section, as networks do that were written for volumes."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.inner = nn.Conv3d(in_channels, 4, 3, padding=1)
        self.outer = nn.ConvTranspose3d(4, num_classes, 3, padding=1)
        self.register_buffer("bias", torch.zeros(1, 4, 1, 1, 1))
        self.register_buffer("scale", torch.ones(1, 1, 1, 1, 1, 1))

    def forward(self, images):
        volumes = torch.relu(self.inner(images[:, :, None]) + self.bias) * self.scale[0]
        return self.outer(volumes)[:, :, 0]


class pooled(nn.Module):  # noqa: N801
    """Normalises one number per image and channel, which a batch of one image does not allow."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(num_classes))

    def forward(self, images):
        features = self.conv(images)
        return features + self.whole(features)


class wide(nn.Module):  # noqa: N801
    """Takes no image of less than 64 px, and asks so for a number, which not every device has."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def forward(self, images):
        if torch.ones_like(images[0, 0]).sum().item() < 64 * 64:
            raise ValueError("too small for me")
        return self.conv(images)


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


class nan_when_tested(_Broken):  # noqa: N801
    """Trains well, and has one logit in the middle that is no number as soon as it is evaluated."""

    def forward(self, images):
        logits = self.conv(images)
        if not self.training:
            logits[-1, -1, logits.shape[-2] // 2, logits.shape[-1] // 2] = float("nan")
        return logits


class raises(_Broken):  # noqa: N801
    def act(self, logits):
        raise RuntimeError("the toy broke")


class killed(_Broken):  # noqa: N801
    def act(self, logits):
        os.kill(os.getpid(), signal.SIGKILL)


class sleeps(_Broken):  # noqa: N801
    def act(self, logits):
        time.sleep(60)


class waits(_Broken):  # noqa: N801
    """Not broken: goes on once the file that EMSEG_TOY_HOLD names is gone."""

    def act(self, logits):
        hold = os.environ.get("EMSEG_TOY_HOLD")  # a server that was started before knows of none
        while hold and Path(hold).exists():
            time.sleep(0.1)
        return logits


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


class ToyVolumes:
    """Bright balls in volumes of noise; some slices of one volume train, others are tested on as a whole."""

    facts = ()
    names = ("background", "ball")

    def __init__(self, location, cache):
        self._volumes = {name: self.draw(seed) for seed, name in enumerate(("a", "b", "c", "d"))}
        slices = [
            _case("train", f"a-{z}", self._volumes["a"], group="a", section=z) for z in range(1, DEPTH, 2)
        ]
        whole = [
            _case(split, name, self._volumes[name])
            for split, name in (("val", "b"), ("test", "c"), ("test", "d"))
        ]
        self.manifest = Manifest(
            dataset="toy-volumes",
            class_names=self.names,
            channels=1,
            mean=(0.3,),
            std=(0.2,),
            cases=(*slices, *whole),
            voxel_size_nm=(20.0, 10.0, 10.0),
            split_rule="by volume",
            **dict(self.facts),
        )

    def draw(self, seed):
        return _ball([7, seed])

    def read(self, case):
        volume = self._volumes[case.group or case.id]
        if case.section is None:
            return volume
        return Sample(volume.image[:, case.section], volume.labels[case.section])


class ToyPartly(ToyVolumes):
    """Voxels of half the volume have no annotation (0); shells (2) are scored, cores (1) are not."""

    facts = (("axes", "orthoplane"), ("scored_classes", (2,)), ("mask_by_truth", True))
    names = ("background", "core", "shell")

    def draw(self, seed):
        whole = _ball([7, seed])
        labels = np.where(whole.labels == 1, 2, 1).astype(np.uint8)
        labels[:, :, : SIDE // 2] = 0
        return Sample(whole.image, labels)


DEPTH = 6


def _case(split, name, volume, **place):
    return Case(
        id=name,
        split=split,
        depth=None if place else DEPTH,
        height=SIDE,
        width=SIDE,
        sha256=hashlib.sha256(name.encode() + volume.image.tobytes() + volume.labels.tobytes()).hexdigest(),
        **place,
    )


def _ball(seed):
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:DEPTH, :SIDE, :SIDE]
    cy, cx = rng.integers(14, SIDE - 14, 2)
    labels = ((2 * z - DEPTH) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < 12**2).astype(np.uint8)
    image = (70 + 80 * labels + rng.normal(0, 30, labels.shape)).clip(0, 255).astype(np.uint8)
    return Sample(image[None], labels)


def _sample(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for cy, cx, radius in zip(*rng.integers(8, SIDE - 8, (2, 3)), rng.integers(4, 9, 3), strict=True):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = 1
    image = (70 + 80 * labels + rng.normal(0, 30, labels.shape)).clip(0, 255).astype(np.uint8)
    return Sample(image[None], labels)


torch.set_num_threads(1)


class ToyLoss(nn.Module):
    """Squared errors of a binary task, all of them ``gamma`` times."""

    def __init__(self, recipe, num_logits, ignore_value, gamma):
        super().__init__()
        assert num_logits == 1
        self.gamma = gamma

    def forward(self, logits, labels):
        return self.gamma * ((logits[:, 0] - labels) ** 2).mean()


class Foreground(nn.Module):
    """Says what share of the labels is foreground."""

    def __init__(self, ignore_value):
        super().__init__()

    def forward(self, logits, labels):
        return (labels == 1).float().mean()


class MapLoss(nn.Module):
    """Forgets the mean."""

    def __init__(self, recipe, num_logits, ignore_value):
        super().__init__()

    def forward(self, logits, labels):
        return logits[:, 0]


def raises_as_loss(recipe, num_logits, ignore_value):
    raise ValueError("no such loss")


def no_module(*arguments):
    return 3


def toy_steps(optimiser, begin, iterations):
    from mmengine.optim import MultiStepLR

    return MultiStepLR(optimiser, milestones=[1], gamma=0.5, by_epoch=False)


def toy_slow(groups, recipe, share):
    """Plain steps of a share of the learning rate."""
    return torch.optim.SGD(groups, recipe.learning_rate * share, weight_decay=recipe.weight_decay)


def toy_grey(recipe, side, ignore_value, level):
    """One grey in all crops."""

    def cut(sample, foreground, rng):
        shape = (len(sample.image), side, side)
        labels = np.ascontiguousarray(sample.labels[:side, :side])
        return TrainingCrop(np.full(shape, level, np.uint8), labels)

    return cut


def too_small(recipe, side, ignore_value):
    return lambda sample, foreground, rng: TrainingCrop(sample.image[:, :3, :3], sample.labels[:3, :3])


def torn(recipe, side, ignore_value):
    def cut(sample, foreground, rng):
        raise ValueError("torn to pieces")

    return cut


def all_foreground():
    return np.ones_like


def floats():
    return lambda labels: labels / 2


def halves(gives):
    """Make a decoder of the left and the right half of each class, or of what is no numbers of objects."""

    def decode(segmented):
        labels, probabilities = segmented.labels, segmented.probabilities
        assert probabilities.shape == (len(segmented.classes), *labels.shape)
        assert probabilities.dtype == np.float16
        assert np.abs(probabilities.astype(float).sum(0) - 1).max() < 0.01
        right = np.arange(labels.shape[-1]) >= labels.shape[-1] // 2
        numbers = np.where(labels > 0, 10 * labels.astype(np.int64) + right, 0)
        return {
            "objects": lambda: numbers,
            "floats": lambda: numbers / 2,
            "bools": lambda: numbers > 0,
            "negative": lambda: numbers - 3,
            "flat": lambda: numbers.ravel(),
            "list": lambda: numbers.tolist(),
            "classes": lambda: numbers % 10 + (numbers > 0),
            "background": lambda: np.where(labels == 0, 5, numbers),
            "raises": lambda: numbers[len(numbers)],
            "writes": lambda: labels.fill(1),
        }[gives]()

    return decode


def sized():
    return lambda segmented: np.zeros(segmented.labels.shape, int) + 0 * int(segmented.voxel_size_nm[0])


class ToyCluster:
    """Runs trials in this process, as if it were that of a machine with a CPU alone."""

    def __init__(self, runtime, node, hours):
        self.runtime, self.node, self.hours = runtime, node, hours

    def run(self, jobs, on_event):
        from emseg_bench.executors import run_folder

        for job in jobs:
            told = f"on {self.node} for {self.hours} h, {self.runtime.device}"
            on_event(Event(fingerprint=job.fingerprint, kind="started"))
            on_event(Event(fingerprint=job.fingerprint, kind="note", message=told))
            on_event(run_folder(job.folder, replace(self.runtime, device="cpu"), on_event))
