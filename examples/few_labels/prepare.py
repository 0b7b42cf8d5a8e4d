"""Lays the data of the comparison with few labels out: two volumes of labelled sections, cut to a corner.

python prepare.py --data DIR
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 256
"""Of each section, from its top left corner, px."""


@dataclass(frozen=True)
class Volume:
    """A published volume."""

    name: str
    splits: dict[str, str]
    """Folders of the published files, by where they go below the dataset's folder."""
    description: str
    """Its ``dataset.yaml``."""


VOLUMES = (
    Volume(
        "vnc",
        {"": ""},
        "classes: [background, mitochondria, synapse, membrane]\n"
        "voxel_size_nm: [45, 4.6, 4.6]\n"
        "volume: true\n",
    ),
    Volume(
        "cdeep3m_mito",
        {"train": "train", "test": "val"},
        "classes: [background, mitochondria]\nvolume: true\n",
    ),
)


def prepare(source: Path, data: Path, side: int = SIDE) -> None:
    """Cut the sections into ``data/vnc`` and ``data/cdeep3m_mito``, unless they are there.

    Args:
        source: Holds ``vnc/`` and ``cdeep3m_mito/`` (README.md says what they are).
        data: Takes the copies.
        side: Of each section, px.
    """
    for volume in VOLUMES:
        if not (source / volume.name).is_dir():
            raise SystemExit(f"{source} has no folder {volume.name}; README.md says what belongs there.")
        target = data / volume.name
        if (target / "dataset.yaml").exists():
            continue
        for place, folder in volume.splits.items():
            for kind in ("images", "masks"):
                _cut(source / volume.name / folder / kind, target / place / kind, side)
        (target / "dataset.yaml").write_text(volume.description)


def _cut(source: Path, target: Path, side: int) -> None:
    files = sorted(source.glob("*.png"))
    if not files:
        raise SystemExit(f"{source} holds no PNG files; README.md says what belongs there.")
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        Image.fromarray(np.asarray(Image.open(file))[:side, :side]).save(target / file.name)


def main() -> None:
    """Read the options and prepare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="holds vnc/ and cdeep3m_mito/")
    prepare(parser.parse_args().data, Path("data"))


if __name__ == "__main__":
    main()
