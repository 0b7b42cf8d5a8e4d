"""What the cards of ``emseg_hostile`` name."""

# ruff: noqa: T201

import subprocess
import sys

from emseg_bench.plugin import Event
from torch import nn


class prints(nn.Module):  # noqa: N801 - the factory's name
    """Works, but prints where it is built and where it is used."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        print("hostile: built")
        subprocess.run(["echo", "hostile: from a child"], check=True)
        self.conv = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, images):
        print("hostile: called")
        return self.act(self.conv(images))

    def act(self, logits):
        return logits


class triple(prints):  # noqa: N801
    def act(self, logits):
        return logits.repeat(1, 3, 1, 1)


class pair(prints):  # noqa: N801
    def act(self, logits):
        return logits, logits


class nan(prints):  # noqa: N801
    def act(self, logits):
        return logits * float("nan")


class nan_later(prints):  # noqa: N801
    def act(self, logits):
        return logits if self.training else logits * float("nan")


def exits(in_channels, num_classes):
    sys.exit(0)


def number(in_channels, num_classes):
    return in_channels + num_classes


def noisy_data(location, cache):
    from emseg_toy_parts import ToyData

    print("hostile: opened")
    return ToyData(location, cache)


def raising_data(location, cache):
    raise OSError("the disk is a lie")


def exiting_data(location, cache):
    sys.exit(0)


class text_data:  # noqa: N801
    manifest = "what manifest?"

    def __init__(self, location, cache):
        pass


def divides():
    return lambda case: [1 / 0 for _ in case.class_names]


def chatty():
    def metric(case):
        print("hostile: scored")
        return [0.5 for _ in case.class_names]

    return metric


class _Executor:
    def __init__(self, runtime):
        pass


class Raising(_Executor):
    def run(self, jobs, on_event):
        on_event(Event(fingerprint=jobs[0].fingerprint, kind="started"))
        raise ConnectionError("the cluster has gone")


class Idle(_Executor):
    def run(self, jobs, on_event):
        pass


class Lying(_Executor):
    def run(self, jobs, on_event):
        for job in jobs:
            on_event(Event(fingerprint=job.fingerprint, kind="complete"))


def unstartable(runtime):
    raise ConnectionError("no cluster here")


def look(path):
    raise IndexError("no such page")


def hopeless(model, recipe, normalisation):
    sys.exit("why bother")


def section(board, folder):
    sys.exit(0)
