"""Only regular files, and nothing outside the place that the user named."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from PIL import Image

GREY = np.random.default_rng(0).integers(0, 255, (12, 24, 20), dtype=np.uint8)
VOLUMES = ("a.tif", "a.h5", "a.nrrd", "a.nii", "a.nii.gz", "a.mrc", "a.npy")


@pytest.fixture
def inspect(attack: Callable, work: Path) -> Callable:
    """Give the function that inspects a volume with good labels."""
    np.save(work / "labels.npy", GREY % 2)

    def run(location: str) -> object:
        return attack("data", "inspect", f"volume[labels=labels.npy]:{location}")

    return run


def fifo(path: Path) -> None:
    os.mkfifo(path)


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def plug(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


def holes(path: Path) -> None:
    """A terabyte of nothing."""
    with path.open("wb") as file:
        file.write(b"\x00" * 4096)
        file.truncate(1 << 40)


KINDS = {fifo: "named pipe", zeros: "a device", plug: "a socket"}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_that_is_no_file(
    name: str, make: Callable, inspect: Callable, refused: Callable, work: Path
) -> None:
    make(work / name)
    refused(inspect(name), name, KINDS[make], "expected a regular file")


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_of_holes(name: str, inspect: Callable, refused: Callable, work: Path) -> None:
    holes(work / name)
    refused(inspect(name), name, "cannot be read")


@pytest.mark.parametrize("make", [*KINDS, holes])
@pytest.mark.parametrize("kind", ["images", "masks"])
def test_an_image_that_is_no_file(
    kind: str, make: Callable, attack: Callable, refused: Callable, work: Path
) -> None:
    for folder in ("images", "masks"):
        (work / "cells" / folder).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(GREY[0] % 2).save(work / f"cells/{folder}/{number}.png")
    (work / f"cells/{kind}/3.png").unlink()
    make(work / f"cells/{kind}/3.png")
    gist = KINDS.get(make, "over the limit of 1.0 GiB")
    if make is zeros:  # a link out of the folder
        gist = "leads to /dev/zero, outside"
    refused(attack("data", "inspect", "folder:cells"), f"{kind}/3.png", gist)


@pytest.mark.parametrize("make", [fifo, zeros, plug])
def test_weights_that_are_no_file(make: Callable, attack: Callable, refused: Callable, work: Path) -> None:
    make(work / "a.pt")
    refused(attack("weights", "import", "a.pt", "--as", "mine"), "a.pt")


@pytest.mark.parametrize("make", [fifo, zeros, holes])
def test_a_description_that_is_no_file(
    make: Callable, attack: Callable, refused: Callable, work: Path
) -> None:
    make(work / "dataset.yaml")
    refused(attack("data", "inspect", "volume:."), "dataset.yaml")


@pytest.mark.parametrize(
    ("name", "gist"),
    [
        ("external", "is a link into another file, other.h5:/raw"),
        ("kept", "keeps its values in another file, /etc/passwd"),
        ("virtual", "is put together from other files, such as other.h5"),
        ("circle", "lead in a circle"),
        ("nowhere", "holds no dataset '/nowhere'"),
    ],
)
def test_what_hdf5_may_lead_to(
    name: str, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    with h5py.File(work / "other.h5", "w") as other:
        other["raw"] = GREY
    with h5py.File(work / "a.h5", "w") as file:
        file["external"] = h5py.ExternalLink("other.h5", "/raw")
        file["circle"], file["back"] = h5py.SoftLink("/back"), h5py.SoftLink("/circle")
        file["nowhere"] = h5py.SoftLink("/is/not/there")
        file.create_dataset("kept", shape=GREY.shape, dtype="u1", external=[("/etc/passwd", 0, GREY.nbytes)])
        layout = h5py.VirtualLayout(GREY.shape, "u1")
        layout[:] = h5py.VirtualSource("other.h5", "raw", GREY.shape)
        file.create_virtual_dataset("virtual", layout)
    refused(inspect(f"a.h5:/{name}"), "a.h5", gist)


@pytest.mark.parametrize(
    ("target", "gist"),
    [("/etc/passwd", "outside"), ("/dev/zero", "outside"), ("fifo", "named pipe"), ("..", "leads back to")],
)
def test_what_zarr_may_lead_to(
    target: str, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    group = zarr.open_group(work / "a.zarr", mode="w")
    group.create_array("raw", shape=GREY.shape, dtype="u1", chunks=(2, 24, 20))[:] = GREY
    chunk = work / "a.zarr/raw/c/0/0/0"
    chunk.unlink()
    if target == "fifo":
        os.mkfifo(chunk)
    elif target == "..":
        (work / "a.zarr/inner").symlink_to(".")
    else:
        chunk.symlink_to(target)
    refused(inspect("a.zarr"), "a.zarr", gist)


def test_a_path_out_of_zarr(inspect: Callable, refused: Callable, work: Path) -> None:
    zarr.open_group(work / "a.zarr", mode="w")
    refused(inspect("a.zarr:/../../etc"), "leads out of the folder")
