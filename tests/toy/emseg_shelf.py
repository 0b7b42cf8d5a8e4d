"""A plugin with published datasets: an archive, two files, images without labels, and a derived one."""

from __future__ import annotations

import os

from emseg_bench import hookimpl
from emseg_bench.datasets.published.adapter import Unlabelled, published_card
from emseg_bench.datasets.published.rules import Rules
from emseg_bench.datasets.published.splitting import SingleSplits
from emseg_bench.plugin import DatasetCard, RemoteFile

RULES = Rules(class_names=("background", "thing"), voxel_size_nm=(50, 5, 5))
SAID = {"description": "a stack", "citation": "none", "licence": "MIT"}


def convert(files, writer):
    import numpy as np

    folder = files.path("shelf.zip")
    writer.add("train", "stack", np.load(folder / "image.npy"), np.load(folder / "labels.npy"))


def convert_pair(files, writer):
    import numpy as np

    writer.add("train", "stack", np.load(files.path("a.npy")), np.load(files.path("b.npy")))


def convert_derived(files, writer):
    import numpy as np

    (volume,) = files.dataset("shelf").volumes
    writer.add("train", "stack", 255 - np.load(volume.image), np.load(volume.labels))


def card(name: str, *files: RemoteFile, **more: object) -> DatasetCard:
    known = {"convert": "emseg_shelf:convert", "files": files} | SAID
    return published_card(name, RULES, SingleSplits(), **(known | more))


@hookimpl
def emseg_datasets():
    address = os.environ.get("SHELF_URL")
    archive = RemoteFile(
        name="shelf.zip",
        url=address,
        sha256=os.environ.get("SHELF_SHA256"),
        md5=os.environ.get("SHELF_MD5"),
        megabytes=0.1,
        note="the owner wants a letter",
    )
    pair = (RemoteFile(name="a.npy", url=None), RemoteFile(name="b.npy", url=None))
    return [
        card("shelf", archive),
        card("shelf-too", archive),
        card("shelf-pair", *pair, convert="emseg_shelf:convert_pair"),
        DatasetCard(name="shelf-bare", factory=Unlabelled("shelf-bare"), files=(archive,), **SAID),
        card("shelf-derived", derived_from=("shelf",), convert="emseg_shelf:convert_derived"),
    ]
