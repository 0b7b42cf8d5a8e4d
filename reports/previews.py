"""Reads the pictures that a trial keeps of some test cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..benchmark.contracts.errors import StoreError
from ..benchmark.contracts.reporting import Trial
from ..benchmark.files.decoding import decoding
from ..benchmark.files.regular import check_regular
from ..benchmark.files.store import TrialFolder
from ..benchmark.files.texts import read_json

LARGEST_SIDE = 2048
"""px; trials keep pictures of 512 at most."""
MOST_PREVIEWS = 64
MOST_INDEX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Three pictures of one test case."""

    case: str
    section: int | None
    """The slice of a volume that is shown, px along z; None: the case is an image."""
    image: Path
    """8-bit grey or RGB."""
    truth: Path
    """8-bit label values."""
    prediction: Path
    """8-bit label values."""


def previews(trial: Trial) -> dict[str, Preview]:
    """List a trial's pictures by case id, in the order of the test split; empty if it kept none.

    Raises:
        StoreError: The list of pictures, or a picture that it names, cannot be read.
    """
    folder = TrialFolder(trial.folder)
    index = folder.previews / "previews.json"
    if not index.is_symlink() and not index.exists():
        return {}
    entries = read_json(folder.own(index), StoreError, MOST_INDEX_BYTES)
    try:
        found = [_preview(folder, entry) for entry in entries[:MOST_PREVIEWS]]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{index.name} of {trial.folder.name} cannot be read ({error}); expected a list of "
            '{"index": number, "case": id}. Run the trial again to write it anew.'
        ) from error
    return {preview.case: preview for preview in found}


def _preview(folder: TrialFolder, entry: Mapping[str, object]) -> Preview:
    index, section = int(str(entry["index"])), entry.get("section")  # none from before there were volumes
    image, truth, prediction = (
        _picture(folder, f"{index:02d}_{kind}.png") for kind in ("image", "truth", "prediction")
    )
    return Preview(
        case=str(entry["case"]).encode(errors="backslashreplace").decode(),
        section=None if section is None else int(str(section)),
        image=image,
        truth=truth,
        prediction=prediction,
    )


def _picture(folder: TrialFolder, name: str) -> Path:
    """Find a picture, and see that it is one that a trial could have kept.

    Raises:
        StoreError: It is missing, no PNG file, or far larger than those are.
    """
    path = folder.previews / name
    if not path.is_symlink() and not path.exists():
        raise StoreError(f"{name} of {folder.path.name} is missing; run the trial again.")
    own = folder.own(path)
    check_regular(own, StoreError)
    with decoding(path, "Pillow", StoreError), Image.open(own, formats=("PNG",)) as picture:
        width, height = picture.size
        if max(width, height) > LARGEST_SIDE:
            raise StoreError(
                f"{name} of {folder.path.name} is {width} x {height} px, expected {LARGEST_SIDE} at most."
            )
        picture.load()
    return own
