"""What `data init` takes from the files themselves: pixel sizes, places in space, sections by other names."""

from __future__ import annotations

import numpy as np
import tifffile
from emseg_bench.datasets.drafting.drafting import draft, try_out, write
from PIL import Image

FEI = (
    "[Scan]\r\nPixelWidth={0}e-009\r\nPixelHeight={0}e-009\r\n[Image]\r\nResolutionX=40\r\nResolutionY=30\r\n"
)
RNG = np.random.default_rng(0)


def sem_folder(root, sizes, rows=32):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for place, size in enumerate(sizes):
        pixels = RNG.integers(0, 255, (rows, 40), dtype=np.uint8)
        tag = (34682, "s", 0, FEI.format(size).encode(), True)
        tifffile.imwrite(root / "images" / f"cell{place}a.tif", np.stack([pixels] * 3, -1), photometric="rgb",
                         metadata=None, extratags=[tag])  # fmt: skip
        Image.fromarray((pixels > 99).astype(np.uint8)).save(root / "masks" / f"cell{place}a.png")
    return root


def test_sem_images_in_colours_are_grey_and_have_their_size(tmp_path):
    found = draft(sem_folder(tmp_path / "sem", [8] * 5), tmp_path / "cache")
    assert any(line.startswith("voxel_size_nm: [8, 8]") for line in found.lines)
    assert any("data bar in its lowest 2 rows" in doubt for doubt in found.to_check)
    write(found, overwrite=False)
    manifest = try_out(found, tmp_path / "cache")
    assert (manifest.channels, manifest.voxel_size_nm) == (1, (8, 8))


def test_pixels_of_different_sizes_are_told(tmp_path):
    found = draft(sem_folder(tmp_path / "sem", [8, 8, 16]), tmp_path / "cache")
    assert not any(line.startswith("voxel_size_nm") for line in found.lines)
    assert any("pixels of different sizes" in doubt and "[16, 16]" in doubt for doubt in found.to_check)
