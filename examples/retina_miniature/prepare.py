"""Lays the data of the miniature out: patches without labels to pre-train on, labelled sections to tune on.

Nothing that is validated or tested on is pre-trained on: of the labelled volumes only the sections of the
training split go into the patches.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PATCH = 224
"""Side of a patch, px, as in CEM500K."""
STRIDE = 256
"""From one patch to the next, px."""
VNC_TRAIN = 12
"""Sections of the ventral nerve cord that train: the first 60 % of 20, as `folder[gap=0]:` divides them."""
CDEEP3M_TRAIN = 16
"""Sections of the mitochondria volume that train: its 20 but for the last fifth, which validates."""

VNC_CLASSES = (
    "classes: [background, mitochondria, synapse, membrane]\nvoxel_size_nm: [45, 4.6, 4.6]\nvolume: true\n"
)
CDEEP3M_CLASSES = "classes: [background, mitochondria]\nvolume: true\n"


@dataclass(frozen=True)
class Extent:
    """How much of the data is used."""

    images: int | None = None
    """Of each folder; None: all."""
    side: int | None = None
    """Of each image, from its top left corner, px; None: all of it."""

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Cut (H, W) down to the side."""
        return image[: self.side, : self.side]


ALL, A_LITTLE = Extent(), Extent(images=3, side=256)


@dataclass(frozen=True)
class Prepared:
    """Where things lie."""

    patches: Path
    data: Path


def prepare(source: Path, work: Path, extent: Extent) -> Prepared:
    """Make ``work/patches`` and ``work/data`` from the published files, unless they are there.

    Args:
        source: Holds ``vnc/``, ``cdeep3m_mito/`` and ``cem_examples/`` (README.md says what they are).
        work: Takes the copies.
        extent: How much of them to use.
    """
    missing = [name for name in ("vnc", "cdeep3m_mito", "cem_examples") if not (source / name).is_dir()]
    if missing:
        raise SystemExit(f"{source} has no folder {', '.join(missing)}; README.md says what belongs there.")
    prepared = Prepared(work / "patches", work / "data")
    if not (work / "prepared").exists():
        for folder in (prepared.patches, prepared.data):
            shutil.rmtree(folder, ignore_errors=True)
        _labelled(source, prepared.data, extent)
        _unlabelled(source, prepared.patches, extent)
        (work / "prepared").touch()
    return prepared


def _labelled(source: Path, data: Path, extent: Extent) -> None:
    vnc, cdeep3m = data / "vnc", data / "cdeep3m_mito"
    for kind in ("images", "masks"):
        _copy(source / "vnc" / kind, vnc / kind, extent)
        _copy(source / "cdeep3m_mito/train" / kind, cdeep3m / "train" / kind, extent)
        _copy(source / "cdeep3m_mito/val" / kind, cdeep3m / "test" / kind, extent)
    (vnc / "dataset.yaml").write_text(VNC_CLASSES)
    (cdeep3m / "dataset.yaml").write_text(CDEEP3M_CLASSES)


def _unlabelled(source: Path, patches: Path, extent: Extent) -> None:
    folders = {
        "vnc-train": _pngs(source / "vnc/images")[:VNC_TRAIN],
        "vnc-unlabelled": _pngs(source / "vnc/unlabelled"),
        "cdeep3m-train": _pngs(source / "cdeep3m_mito/train/images")[:CDEEP3M_TRAIN],
        "cdeep3m-unlabelled": _pngs(source / "cdeep3m_mito/unlabelled"),
        "cem-examples": _pngs(source / "cem_examples/unlabelled"),
        "cem-examples-labelled": _pngs(source / "cem_examples/images"),
    }
    for name, files in folders.items():
        (patches / name).mkdir(parents=True)
        for file in files[: extent.images]:
            for number, patch in enumerate(_cut(extent.cut(np.asarray(Image.open(file))))):
                Image.fromarray(patch).save(patches / name / f"{file.stem}-{number:02}.png")


def _cut(image: np.ndarray) -> Iterator[np.ndarray]:
    """Give the patches of an image; one that is no larger than a patch is given whole."""
    height, width = image.shape
    for top in range(0, max(height - PATCH, 0) + 1, STRIDE):
        for left in range(0, max(width - PATCH, 0) + 1, STRIDE):
            yield image[top : top + PATCH, left : left + PATCH]


def _pngs(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.png"))
    if not files:
        raise SystemExit(f"{folder} holds no PNG files; README.md says what belongs there.")
    return files


def _copy(source: Path, target: Path, extent: Extent) -> None:
    target.mkdir(parents=True)
    for file in _pngs(source)[: extent.images]:
        Image.fromarray(extent.cut(np.asarray(Image.open(file)))).save(target / file.name)
