"""Measure the memory that converting, opening and reading a large volume takes (Linux).

    python scripts/bench_data_memory.py [--gib 4] [--folder DIR] [--crops 2000]

A volume of random greys, with labels, is written to an HDF5 file chunk by chunk, then converted into a store
as ``emseg-bench data`` does, opened, and training crops are read from it at random.  For each step two peaks
beyond the start are printed: of all resident memory (VmHWM), in which pages of mapped files count although
they go when something else needs the room, and of the process's own memory (RssAnon, looked at every 5 ms).
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from emseg_bench.datasets.fetching.slices import LazySlices
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published.adapter import Published
from emseg_bench.datasets.published.rules import Rules
from emseg_bench.datasets.published.splitting import SingleSplits

SIDE = 2048
"""Of a section, px."""
CROP = 512
RULES = Rules(class_names=("background", "foreground"), voxel_size_nm=(30, 8, 8))
OPTIONS = {"val_share": 0.1, "test_share": 0.1, "gap": -1, "order": 0, "folds": 0, "fold": 0}


def write_volume(path: Path, sections: int) -> None:
    """Write a (sections, SIDE, SIDE) volume and its labels, a section at a time."""
    rng = np.random.default_rng(0)
    shape, chunks = (sections, SIDE, SIDE), (1, SIDE, SIDE)
    with h5py.File(path, "w") as file:
        image = file.create_dataset("raw", shape, np.uint8, chunks=chunks)
        labels = file.create_dataset("labels", shape, np.uint8, chunks=chunks, compression="gzip")
        for z in range(sections):
            image[z] = rng.integers(0, 256, (SIDE, SIDE), np.uint8)
            labels[z] = np.indices((SIDE, SIDE)).sum(axis=0) // 512 % 2


def convert(path: Path, store: DataStore) -> None:
    """Convert the file into a store."""
    with h5py.File(path) as file, store.new_arrays("bench") as writer:
        image, labels = file["raw"], file["labels"]
        writer.add(
            "train",
            "volume",
            LazySlices(image.shape, lambda z: image[z]),
            LazySlices(labels.shape, lambda z: labels[z]),
        )


def read_crops(store: DataStore, number: int) -> int:
    """Open the dataset and read crops of random training sections; return the sum of their means."""
    dataset = Published("bench", RULES, SingleSplits(), 1)(None, store.cache, **OPTIONS)
    cases = dataset.manifest.split("train")
    rng = np.random.default_rng(0)
    total = 0
    for _ in range(number):
        sample = dataset.read(cases[rng.integers(len(cases))])
        y, x = rng.integers(0, SIDE - CROP, 2)
        window = np.array(sample.image[:, y : y + CROP, x : x + CROP])
        total += int(window.mean()) + int(np.array(sample.labels[y : y + CROP, x : x + CROP]).max())
    return total


def status(key: str) -> float:
    """Read a size of this process, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{key}:")).split()[1]) / 1024


@contextmanager
def measured(step: str) -> Iterator[None]:
    """Print what a step takes beyond what was there before it."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    resident, own, begin = status("VmRSS"), status("RssAnon"), time.perf_counter()
    peaks, over = [own], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            peaks.append(status("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    print(
        f"{step}: {time.perf_counter() - begin:.1f} s, peak beyond start: VmHWM "
        f"{status('VmHWM') - resident:,.0f} MiB, RssAnon {max(peaks) - own:,.0f} MiB"
    )


def main() -> None:
    """Print the peaks of each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=4, help="size of the volume, GiB")
    parser.add_argument("--folder", type=Path, help="where the files go; three times the size is needed")
    parser.add_argument("--crops", type=int, default=2000, help="how many crops are read")
    asked = parser.parse_args()
    sections = max(10, round(asked.gib * 2**30 / SIDE**2))
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path, store = Path(folder, "volume.h5"), DataStore(Path(folder))
        writing = multiprocessing.get_context("spawn").Process(target=write_volume, args=(path, sections))
        writing.start()
        writing.join()
        print(f"{sections} sections of {SIDE} x {SIDE} px, {path.stat().st_size / 2**30:.2f} GiB")
        with measured("convert"):
            convert(path, store)
        with measured(f"open and read {asked.crops} crops"):
            read_crops(store, asked.crops)


if __name__ == "__main__":
    main()
