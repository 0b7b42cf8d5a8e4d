"""``emseg-bench demo``: the whole way from images to a segmentation, a command at a time."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..benchmark.contracts.errors import StoreError, UsageError
from ..benchmark.files.printable import printable
from .exit_codes import ALL_DONE, SOME_FAILED, interruptible

if TYPE_CHECKING:
    from ..benchmark.contracts.data import Dataset, Split

EXAMPLES = """Examples:

  emseg-bench demo

  emseg-bench demo --data folder:/data/my_cells --new /data/unlabelled
"""

TISSUE: Final = "synthetic-em[size=128,train=8,val=2,test=4]"
OTHER_TISSUE: Final = "synthetic-em[size=128,train=1,val=1,test=2,seed=1]"
MODELS: Final = "unet,fpn"


def demo(
    data: Annotated[
        str | None,
        typer.Option(
            help="Labelled data of your own: a folder of images and masks, or folder:PATH, volume:PATH.",
            metavar="PATH",
        ),
    ] = None,
    new: Annotated[
        Path | None,
        typer.Option(
            help="With --data: what is to be segmented at the end; a file or folder.", metavar="PATH"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for all that comes of it.")] = Path("emseg-demo"),
) -> None:
    """Go the whole way in about a minute: inspect, run, report, predict.

    Every command is shown before it runs, so that you can repeat it.  Without --data the images are
    synthetic, drawn here: they show how everything works, and say nothing of real tissue.  Training lasts
    seconds, so no score means anything, whatever the data.
    """
    if new is not None and data is None:
        raise UsageError("--new goes with --data: the demo segments images that it draws itself.")
    if new is not None and not new.exists():
        raise UsageError(f"{printable(new)} is not there; name images or a folder of them with --new.")
    with interruptible():
        began = time.monotonic()
        dataset, unlabelled = _own(data, new) if data else _drawn(out)
        results = out / "results"
        _step("Look at the data, and be warned of what usually goes wrong.", "data", "inspect", dataset)
        _step(
            "Train and compare two models; a minute at most, since 'smoke' trains for seconds.",
            *("run", "--models", MODELS, "--datasets", dataset, "--recipe", "smoke", "--out", results),
        )
        _step("Make the report: a page that opens from disk.", "report", results)
        predict = ("predict", unlabelled, "--model", f"{results}:{_winner(results)}")
        _step(
            "Segment new images with the model of the first row.",
            *(*predict, "--out", out / "segmented"),
            runs=unlabelled is not None,
        )
        typer.echo(f"\n{time.monotonic() - began:.0f} s in all. Open {results / 'report' / 'index.html'}")


def _own(data: str, new: Path | None) -> tuple[str, Path | None]:
    """Say how data of a user's own are asked for."""
    return (f"folder:{data}" if Path(data).is_dir() else data), new


def _drawn(out: Path) -> tuple[str, Path]:
    """Draw tissue with labels, and other tissue without; describe the first as a lab would."""
    from ..benchmark.experiments.opening import open_dataset
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.plugins.dataset_lookup import find_dataset
    from ..benchmark.plugins.loading import installed_plugins

    typer.echo("The images of this demo are synthetic: drawn here, to be looked at without a download.")
    tissue, new = out / "tissue", out / "new"
    for reference, folder in ((TISSUE, tissue), (OTHER_TISSUE, new)):
        asked, offer = find_dataset(reference, installed_plugins().catalogue)
        dataset = open_dataset(asked, offer, cache_folder())
        if folder == new:
            _write(dataset, "test", new, None)
            continue
        for split in ("train", "val", "test"):
            _write(dataset, split, tissue / split / "images", tissue / split / "masks")
    if not (tissue / "dataset.yaml").exists():
        _step("Describe a folder of images and masks.", "data", "init", tissue)
    return f"folder:{tissue}", new


def _write(dataset: Dataset, split: Split, images: Path, masks: Path | None) -> None:
    """Write a split's images, and its masks.

    Raises:
        StoreError: They cannot be written.
    """
    from PIL import Image

    from ..benchmark.images.label_pictures import label_picture

    for number, case in enumerate(dataset.manifest.split(split)):
        sample = dataset.read(case)
        picture, labels = Image.fromarray(sample.image[0]), label_picture(sample.labels)
        for folder, made in ((images, picture), (masks, labels)):
            if folder is None:
                continue
            try:
                folder.mkdir(parents=True, exist_ok=True)
                made.save(folder / f"{split}{number}.png")
            except OSError as error:
                raise StoreError(
                    f"cannot write to {folder} ({error.strerror}); choose another --out."
                ) from error


def _step(why: str, *words: str | Path | None, runs: bool = True) -> None:
    """Say what is done and by which command, and run it.

    Raises:
        Exit: It failed; its own words say why.
    """
    shown = ["emseg-bench", *("NEW_IMAGES" if word is None else str(word) for word in words)]
    typer.echo(f"\n{why}\n$ {printable(shlex.join(shown))}")
    if not runs:
        typer.echo("(not run here: name what is to be segmented with --new)")
        return
    program = [sys.executable, "-P", "-c", "from emseg_bench.cli import main; main()"]
    done = subprocess.run([*program, *shown[1:]], check=False)  # noqa: S603 - our own command
    if done.returncode != ALL_DONE:
        raise typer.Exit(done.returncode if done.returncode > 0 else SOME_FAILED)


def _winner(results: Path) -> str:
    """Give the first model of the report.

    Raises:
        StoreError: There is no report, or no model in it.
    """
    from ..benchmark.files.texts import read_json

    path = results / "report" / "leaderboard.json"
    try:
        return str(read_json(path, StoreError)["boards"][0]["rows"][0]["model"])
    except (KeyError, IndexError, TypeError):
        raise StoreError(f"{path} names no model; the trials have failed.") from None
