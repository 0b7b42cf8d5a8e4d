"""Neurons found by four ways, on one board: semantic U-Net, boundaries, affinities by two decoders.

    python scripts/bench_instances.py /data/gala_fibsem_mini --out neurons --picture neurons.png

The data are two volumes, ``train/`` and ``test/``, with ``image.tif`` and ``instances.tif`` each (uint8, and
numbers of neurons, 0 for none).  Sections 0 to 38 of the first train, 40 to 49 validate, and the second is
tested as a volume.  Each trial tries its decoder's settings on the validation split.  What is done is not
done again.  It prints a table in Markdown, and draws one section of the test volume.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import emseg_bench
import numpy as np
import tifffile
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.contracts.records import Record
from emseg_bench.benchmark.evaluation.evaluate import Predictor
from emseg_bench.benchmark.evaluation.finding import Predicted
from emseg_bench.benchmark.evaluation.inference import inference
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials.finders import make_finder
from emseg_bench.benchmark.trials.parts import load_parts, segmenter_of
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.weights.reading import read_content
from skimage.measure import label

Array: TypeAlias = np.ndarray[Any, Any]

ENCODER = "encoder=resnet18"
ROWS = {
    f"unet[{ENCODER}]@scratch": "boundary class, connected components",
    f"affinity-unet[{ENCODER},target=boundaries]@scratch": "boundaries and distances, watershed",
    f"affinity-unet[{ENCODER}]@scratch": "affinities, mutex watershed",
    f"affinity-unet[{ENCODER},objects=waterz]@scratch": "affinities, waterz",
}
RECIPE = {"preset": "quick", "batch_size": 4, "validations": 2, "precision": "fp32"}
METRICS = ("adapted-rand", "voi-split", "voi-merge", "pq", "dice")
PARTS = {"train": ("train", slice(0, 39)), "val": ("train", slice(40, 50)), "test": ("test", slice(None))}
NEURON = 1
"""Label of what has a number."""


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="holds train/ and test/")
    parser.add_argument("--out", type=Path, default=Path("neurons"), help="takes data and results")
    parser.add_argument("--iterations", type=int, default=200, help="optimiser steps of each model")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="trials at once")
    parser.add_argument("--picture", type=Path, help="PNG to draw")
    parser.add_argument("--section", type=int, default=25, help="of the test volume, to draw")
    return parser.parse_args()


def prepare(source: Path, folder: Path) -> None:
    """Cut the volumes into what trains, validates and tests, with a ``dataset.yaml``, unless it is there."""
    if (folder / "dataset.yaml").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["voxel_size_nm: 10", "instances: boundary", "volumes:"]
    for split, (volume, sections) in PARTS.items():
        for kind in ("image", "instances"):
            whole = tifffile.imread(source / volume / f"{kind}.tif")
            tifffile.imwrite(folder / f"{split}_{kind}.tif", whole[sections], compression="zlib")
        lines += [
            f"  - image: {split}_image.tif",
            f"    labels: {split}_instances.tif",
            f"    name: {split}",
            f"    split: {split}",
        ]
    (folder / "dataset.yaml").write_text("\n".join([*lines, ""]))


def records(results: Path) -> list[Record]:
    """Read the complete trials in the order of `ROWS`."""
    found = [load_record(folder) for folder in Store(results).trials()]
    places = {row: place for place, row in enumerate(ROWS)}
    mine = [one for one in found if one.status == "complete" and one.spec.model.label in places]
    return sorted(mine, key=lambda one: (places[one.spec.model.label], one.spec.seed))


def table(results: emseg_bench.Results, trials: Sequence[Record]) -> Iterator[str]:
    """Yield the lines of the table: means over seeds of the test volume's scores for neurons."""
    yield "| predicts, finds objects by | adapted Rand error | VOI split | VOI merge | PQ | Dice | chosen |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    cases = results.cases
    neurons = cases[cases["class_index"] == NEURON]
    for row, words in ROWS.items():
        of_row = neurons[neurons["model"].str.startswith(row)]
        means = of_row.groupby("metric", observed=True)["value"].mean()
        chosen = [told(one) for one in trials if one.spec.model.label == row]
        cells = [f"{means[name]:.3f}" for name in METRICS]
        yield f"| {words} | {' | '.join(cells)} | {'; '.join(dict.fromkeys(chosen))} |"


def told(record: Record) -> str:
    """Say which setting of its decoder a trial chose."""
    if record.decoding is None:
        return ""
    tried = {name for one in record.decoding.tried for name in one.options}
    varied = [name for name in tried if len({one.options[name] for one in record.decoding.tried}) > 1]
    return ", ".join(f"{name}={record.decoding.options[name]}" for name in sorted(varied))


def objects(record: Record, results: Path, cache: Path, section: int) -> Array:
    """Find the objects of a section of the test volume by a trial's weights and setting, (Y, X)."""
    parts = load_parts(record.spec, cache)
    weights: Any = read_content(Store(results).trial(record.fingerprint).weights)
    parts.network.load_state_dict(weights)
    (volume,) = parts.dataset.manifest.split("test")
    sample = parts.dataset.read(volume)
    image = replace(sample, image=sample.image[:, section], labels=sample.labels[section], instances=None)
    case = Case(id="section", split="test", height=volume.height, width=volume.width, sha256="")
    manifest = parts.dataset.manifest
    finder = None
    if parts.decoder and record.decoding:
        chosen = replace(parts.decoder, options=record.decoding.options)
        finder = make_finder(chosen, record.spec.model.extra_outputs)
    segmenter = segmenter_of(parts, record.spec, parts.network, record.spec.protocol, "cpu")
    with inference(parts.network, "cpu", "fp32"):
        predicted: Predicted = Predictor(segmenter, manifest, cache, finder).predict(case, image)
    inside = predicted.labels == NEURON
    return np.where(inside, finder.find(predicted, manifest) if finder else label(inside, connectivity=2), 0)


def draw(image: Array, panels: dict[str, Array], path: Path) -> None:
    """Draw a section and objects in it, each in a colour of its own."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.colors import ListedColormap
    from skimage.color import label2rgb

    rng = np.random.default_rng(0)
    colours = ListedColormap(rng.uniform(0.25, 1, (512, 3))).colors
    figure, axes = plt.subplots(2, 3, figsize=(11, 4.4), layout="constrained")
    shown = {"image": None, **panels}
    for axis, (title, numbers) in zip(axes.flat, shown.items(), strict=True):
        picture = (
            image if numbers is None else label2rgb(numbers, image, colors=colours, alpha=0.55, bg_label=0)
        )
        axis.imshow(picture, cmap="gray", interpolation="nearest")
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Train, test, tell and draw."""
    options = parse()
    folder, results = options.out / "data", options.out / "results"
    prepare(options.data, folder)
    found = emseg_bench.run(
        [*ROWS],
        [f"volume[scored=volumes]:{folder}"],
        seeds=options.seeds,
        recipe=RECIPE | {"iterations": options.iterations},
        protocol={"metrics": list(METRICS), "primary": "adapted-rand"},
        out=results,
        device="cpu",
        workers=options.workers,
        threads=1,
    )
    trials = records(results)
    print("\n".join(table(found, trials)))
    if options.picture:
        first = {one.spec.model.label: one for one in reversed(trials)}
        section = options.section
        panels = {"true neurons": tifffile.imread(folder / "test_instances.tif")[section]}
        for row, words in ROWS.items():
            panels[words] = objects(first[row], results, options.out / "cache", section)
        draw(tifffile.imread(folder / "test_image.tif")[section], panels, options.picture)


if __name__ == "__main__":
    main()
