"""The repository's archive: PNG files numbered by z in three blocks; masks are palette PNGs."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from .drawing import blobs, picture

SIDES = (48, 56)
BLOCKS = {"training": range(10, 22), "validation": range(50, 55)}
TESTSET = range(81, 83)
ROOT = "cdeep3m-1.6.2"


def mitochondria(block: str) -> np.ndarray:
    """Return a block's (Z, Y, X) uint8 labels."""
    sections = BLOCKS[block]
    return (blobs(sections.start, (len(sections), *SIDES)) > 0).astype(np.uint8)


def make(folder: Path) -> None:
    """Write the archive."""
    with tarfile.open(folder / "cdeep3m-1.6.2.tar.gz", "w:gz") as archive:
        _add(archive, f"{ROOT}/README.md", b"CDeep3M")
        root = f"{ROOT}/mito_testsample"
        for block, sections in BLOCKS.items():
            for z, labels in zip(sections, mitochondria(block), strict=True):
                _png(archive, f"{root}/{block}/images/images.{z:03d}.png", picture(labels > 0, z))
                _png(archive, f"{root}/{block}/labels/mitos_3D.{z:03d}.png", labels, palette=True)
        for z in TESTSET:
            _png(archive, f"{root}/testset/images.{z:03d}.png", picture(np.zeros(SIDES, bool), z))


def _png(archive: tarfile.TarFile, name: str, pixels: np.ndarray, *, palette: bool = False) -> None:
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette([0, 0, 0, 255, 255, 255])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    _add(archive, name, buffer.getvalue())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
