"""The repository's archive: TIFF images, a folder of PNG masks per structure, names that differ.

Some masks have one bit per pixel (mode 1), others eight (mode L); some of the latter are anti-aliased.
Half of the synapses' pixels are membrane too, and some of the mitochondria's.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from .drawing import blobs, cells, picture

SHAPE = (12, 48, 48)
ROOT = "groundtruth-drosophila-vnc-master"


def structures(seed: int = 4) -> dict[str, np.ndarray]:
    """Return (Z, Y, X) booleans per folder of masks; they overlap."""
    membranes = cells(seed, SHAPE) == 0
    synapses = np.zeros(SHAPE, bool)
    synapses[:, 20:26, :8] = True
    mitochondria = blobs(seed, SHAPE, 2) > 0
    return {"membranes": membranes, "mitochondria": mitochondria, "synapses": synapses}


def make(folder: Path) -> None:
    """Write the archive."""
    masks = structures()
    dark = masks["membranes"] | masks["mitochondria"]
    with zipfile.ZipFile(folder / "groundtruth-drosophila-vnc-master.zip", "w") as archive:
        archive.writestr(f"{ROOT}/README.md", "Segmented ssTEM")
        for z in range(SHAPE[0]):
            for stack, seed in (("stack1", 4), ("stack2", 5)):
                _tiff(archive, f"{ROOT}/{stack}/raw/{z:02d}.tif", picture(dark[z], 100 * seed + z))
            for name, mask in masks.items():
                _mask(archive, f"{ROOT}/stack1/{name}/{z:02d}.png", mask[z], one_bit=z % 2 == 0)
            merged = np.where(masks["mitochondria"][z], 191, 255).astype(np.uint8)
            _png(archive, f"{ROOT}/stack1/labels/labels{z:08d}.png", Image.fromarray(merged))


def _mask(archive: zipfile.ZipFile, name: str, mask: np.ndarray, *, one_bit: bool) -> None:
    """Write a mask; where it has eight bits its first column is grey, on either side of the middle."""
    grey = mask.astype(np.uint8) * 255
    if one_bit:
        _png(archive, name, Image.fromarray(grey).convert("1", dither=Image.Dither.NONE))
    else:
        grey[:, 0] = np.where(mask[:, 0], 128, 127)
        _png(archive, name, Image.fromarray(grey))


def _png(archive: zipfile.ZipFile, name: str, image: Image.Image) -> None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    archive.writestr(name, buffer.getvalue())


def _tiff(archive: zipfile.ZipFile, name: str, section: np.ndarray) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, section)
    archive.writestr(name, buffer.getvalue())
