"""Looks datasets up by what was typed, and says what to type where a path stands in place of a name."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..contracts.cards import DatasetCard
from ..contracts.errors import UsageError
from ..files.printable import printable
from ..files.regular import LONGEST_PATH
from .references import DatasetReference, escaped, parse_dataset, split_list
from .registry import Catalogue, Offer

FOLDER, VOLUME = "folder", "volume"


def find_dataset(text: str, catalogue: Catalogue) -> tuple[DatasetReference, Offer[DatasetCard]]:
    """Read a reference and find who offers the dataset.

    Raises:
        UsageError: It is not of the form, nothing has its name, or it is a path; says which reference a path
            belongs into.
        PluginError: Several distributions claim the name.
    """
    try:
        reference = parse_dataset(text)
        return reference, catalogue.find(catalogue.datasets, reference.name)
    except UsageError as error:
        if hint := _path_hint(text):
            raise UsageError(hint) from error
        raise


def split_datasets(text: str) -> list[str]:
    """Split a list of references at its commas.

    Raises:
        UsageError: An item is empty, or a comma cuts a path in two that is there.
    """
    items = split_list(text)
    for place in range(len(items) - 1):
        for end in range(place + 2, len(items) + 1):
            if whole := _cut_path(items[place:end], text):
                raise UsageError(
                    f"a comma parts datasets, and {printable(whole)} has one; write '\\,', in quotes: "
                    f"{shlex.quote(f'{items[place].partition(chr(58))[0]}:{escaped(whole)}')}"
                )
    return items


def _cut_path(items: Sequence[str], text: str) -> str | None:
    """Return the path that the items make together, if that is there and the first alone is not."""
    name, _, first = items[0].partition(":")
    start = text.find(items[0])
    whole = text[start : text.find(items[-1], start + len(items[0])) + len(items[-1])].partition(":")[2]
    return whole if name and first and not _exists(first) and _exists(whole) else None


def _path_hint(text: str) -> str:
    """Say how a dataset at a path is written, if the text is one."""
    if not _exists(text):
        if "/" in text and ":" not in text.partition("/")[0]:
            return (
                f"no dataset is called {text!r}, and there is no such path. A folder of images and masks is "
                f"written {FOLDER}:PATH, volumes {VOLUME}:PATH."
            )
        return ""
    path = Path(text).expanduser()
    as_folder, as_volume = (shlex.quote(f"{kind}:{escaped(text)}") for kind in (FOLDER, VOLUME))
    if _holds_volumes(path):
        single = shlex.quote(f"{VOLUME}[labels=FILE]:{escaped(text)}")
        return f"{printable(text)} is a path; write {as_volume if path.is_dir() else single}"
    if path.is_dir():
        return f"{printable(text)} is a path; write {as_folder} (images and masks) or {as_volume} (volumes)."
    return (
        f"{printable(text)} is a single file and no volume; a dataset of images is a folder: {FOLDER}:PATH."
    )


def _exists(text: str) -> bool:
    if "\0" in text or len(text) > LONGEST_PATH:
        return False
    try:
        return Path(text).expanduser().exists()
    except (OSError, RuntimeError):  # longer than a name may be; ~ of somebody who is not there
        return False


def _holds_volumes(path: Path) -> bool:
    """Tell a volume's file, or a folder that holds such files and no ``images/``, from a folder of images."""
    from ..images.volumes.opening import is_volume_file

    if not path.is_dir() or is_volume_file(path):
        return is_volume_file(path)
    if (path / "images").is_dir() or (path / "train" / "images").is_dir():
        return False
    return any(is_volume_file(one) for one in path.iterdir())
