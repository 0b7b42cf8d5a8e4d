"""How long the first and every later look at a folder of small images takes.

    python scripts/bench_image_index.py --files 20000

Draws 8-bit TIFF files of 112 to 224 px, as CEM500K's are, into a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from emseg_bench.pretraining.engine.images import ImageStore
from emseg_bench.pretraining.engine.index import open_index


def draw(folder: Path, files: int) -> None:
    """Write noise images of various sizes."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (448, 448), dtype=np.uint8)
    for number in range(files):
        height, width, top, left = rng.integers(112, 225, 4)
        tifffile.imwrite(folder / f"{number:06}.tiff", noise[top : top + height, left : left + width])


def timed(folder: Path, cache: Path) -> float:
    """Look at the folder once, s."""
    start = time.perf_counter()
    open_index(folder, cache, lambda *_: None)
    return time.perf_counter() - start


def main() -> None:
    """Print how long looking and reading take."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary, "images"), Path(temporary, "cache")
        draw(folder, files)
        first = timed(folder, cache)
        print(f"first look   {first:8.2f} s, {files / first:8,.0f} files/s")
        print(f"later look   {timed(folder, cache) * 1e3:8.1f} ms")
        store = ImageStore(open_index(folder, cache, lambda *_: None), 224, 2**40)
        for name in ("first read", "later read"):
            start = time.perf_counter()
            for number in range(len(store)):
                store.read(number)
            print(f"{name}   {len(store) / (time.perf_counter() - start):8,.0f} images/s, one process")


if __name__ == "__main__":
    main()
