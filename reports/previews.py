"""Reads the pictures that a trial keeps of some test cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..benchmark.contracts import Trial
from ..benchmark.errors import StoreError
from ..benchmark.files.texts import read_json


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
        StoreError: The list of pictures cannot be read, or a picture that it names is missing.
    """
    folder = trial.folder / "previews"
    index = folder / "previews.json"
    if not index.exists():
        return {}
    try:
        entries = read_json(index, StoreError)
        found = [_preview(folder, entry) for entry in entries]
    except (StoreError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{index.name} of {trial.folder.name} cannot be read ({error}); expected a list of "
            '{"index": number, "case": id}. Run the trial again to write it anew.'
        ) from error
    _check_files(trial, found)
    return {preview.case: preview for preview in found}


def _preview(folder: Path, entry: Mapping[str, object]) -> Preview:
    index, section = int(str(entry["index"])), entry.get("section")  # none from before there were volumes
    return Preview(
        case=str(entry["case"]),
        section=None if section is None else int(str(section)),
        image=folder / f"{index:02d}_image.png",
        truth=folder / f"{index:02d}_truth.png",
        prediction=folder / f"{index:02d}_prediction.png",
    )


def _check_files(trial: Trial, found: list[Preview]) -> None:
    paths = (path for item in found for path in (item.image, item.truth, item.prediction))
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise StoreError(f"{', '.join(missing)} of {trial.folder.name} is missing; run the trial again.")
