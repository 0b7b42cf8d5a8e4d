"""``emseg-bench data inspect``: what a dataset looks like, and what usually goes wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import interruptible

if TYPE_CHECKING:
    from ..datasets.inspection.survey import SplitSurvey, Survey

EXAMPLES = (
    "Examples:  emseg-bench data inspect folder:/data/my_cells    "
    "emseg-bench data inspect volume:/data/my_volumes --html cells.html"
)
BLOCKS = " ▁▂▃▄▅▆▇█"


def inspect(
    dataset: Annotated[
        str, typer.Argument(help="NAME, NAME[OPTION=VALUE,...] or NAME:PATH.", metavar="DATASET")
    ],
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with sample images.", metavar="FILE")
    ] = None,
    images: Annotated[
        int, typer.Option(help="Look at so many images of each split, evenly spread; 0: at all.", min=0)
    ] = 200,
) -> None:
    """Show sizes, classes and intensities of a dataset, and warn of what usually goes wrong."""
    from ..benchmark.experiments.opening import open_dataset
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.files.outputs import check_output_file
    from ..benchmark.images.volumes.opening import split_location
    from ..benchmark.plugins.dataset_lookup import find_dataset
    from ..benchmark.plugins.loading import load_plugins
    from ..datasets.inspection.advice import advise
    from ..datasets.inspection.findings import find_faults
    from ..datasets.inspection.survey import number_of_steps, survey
    from ..reports.needed import resolved_by
    from .console import Console
    from .progress import steps

    reference, offer = find_dataset(dataset, load_plugins().catalogue)
    if html is not None and reference.location:
        check_output_file(html, "--html", [split_location(reference.location)[0]], (".html", ".htm"))
    opened = open_dataset(reference, offer, cache_folder())
    total = number_of_steps(opened.manifest, images)
    with interruptible("nothing was changed"), steps("looking", total, Console(stderr=True)) as tick:
        found = survey(dataset, opened, images, tick)
    faults = find_faults(found)
    _show(found, faults)
    advice = advise(found)
    told = [*advice.told, resolved_by(found.manifest.split("test"))]
    _tell("What to run", told)
    typer.echo(f"\nnext:  {advice.command(str(reference))}")
    if html is not None:
        _write_page(html, found, faults)


def _write_page(path: Path, found: Survey, faults: list[str]) -> None:
    from ..benchmark.contracts.errors import DataError
    from ..benchmark.files.regular import shown
    from ..benchmark.files.store import write_whole
    from ..reports.inspection import page

    if path.is_dir():
        raise DataError(f"{path} is a folder; --html wants a file's name, such as cells.html.")
    try:
        write_whole(path, page(found, faults))
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error
    typer.echo(f"\npage: {shown(path)}")


def _show(found: Survey, faults: list[str]) -> None:
    from .tables import print_table

    manifest = found.manifest
    print_table([_size_row(split) for split in found.splits], title="Splits")
    if not found.is_whole:
        typer.echo("Not every image was looked at; --images 0 looks at all.")
    rows = [
        {
            "class": name,
            **{split.split: f"{split.share(label, manifest.ignore_value):.2%}" for split in found.splits},
        }
        for label, name in enumerate(manifest.class_names)
    ]
    print_table(rows, title="Shares of pixels")
    typer.echo("\nIntensities, from black to white")
    for split in found.splits:
        typer.echo(f"  {split.split:<6}│{sparkline(split.histogram)}│")
    _tell("To look into", faults or ["nothing was found"])
    _tell("Noted", [note for note in _notes(found) if note not in faults])


def _size_row(split: SplitSurvey) -> dict[str, str]:
    from ..datasets.inspection.survey import sizes

    kinds = list(sizes(split.looks))
    looked = "" if len(split.looks) == split.images else f" ({len(split.looks):,} looked at)"
    return {
        "split": split.split,
        "cases": f"{split.cases:,}",
        "images": f"{split.images:,}{looked}",
        "size (px)": ", ".join(kinds[:2]) + (f" and {len(kinds) - 2} more" if len(kinds) > 2 else ""),
        "mean": f"{_average(split, 'mean'):.3f}",
        "std": f"{_average(split, 'std'):.3f}",
    }


def _average(split: SplitSurvey, what: str) -> float:
    return float(sum(getattr(look, what) for look in split.looks)) / max(1, len(split.looks))


def _notes(found: Survey) -> Iterator[str]:
    manifest = found.manifest
    yield f"split: {manifest.split_rule}"
    size = manifest.voxel_size_nm
    yield f"voxel size: {' × '.join(f'{side:g}' for side in size)} nm" if size else "voxel size: not known"
    yield from manifest.unread
    yield from manifest.notes


def _tell(title: str, sentences: list[str]) -> None:
    from .console import Console
    from .tables import say

    console = Console()
    console.print(f"\n{title}", style="bold", highlight=False)
    for sentence in sentences:
        say(console, f"- {sentence}")


def sparkline(histogram: tuple[int, ...]) -> str:
    """Draw a histogram in a line of text; its highest bar is a full block."""
    top = max(histogram) or 1
    return "".join(BLOCKS[-(-number * (len(BLOCKS) - 1) // top)] for number in histogram)
