"""The repository's archive: TIFF images, a folder of PNG masks per structure, names that differ.

Some masks have one bit per pixel (mode 1), others eight (mode L); some of the latter are anti-aliased.
Half of the synapses' pixels are membrane too, and some of the mitochondria's.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs, cells, picture
from .packing import png, tiff

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
                section = picture(dark[z], 100 * seed + z)
                archive.writestr(f"{ROOT}/{stack}/raw/{z:02d}.tif", tiff(section))
            for name, mask in masks.items():
                section = mask[z] if z % 2 == 0 else _antialiased(mask[z])
                archive.writestr(f"{ROOT}/stack1/{name}/{z:02d}.png", png(section))
            merged = np.where(masks["mitochondria"][z], 191, 255).astype(np.uint8)
            archive.writestr(f"{ROOT}/stack1/labels/labels{z:08d}.png", png(merged))


def _antialiased(mask: np.ndarray) -> np.ndarray:
    """Return a mask of eight bits whose first column is grey, on either side of the middle."""
    grey = mask.astype(np.uint8) * 255
    grey[:, 0] = np.where(mask[:, 0], 128, 127)
    return grey
