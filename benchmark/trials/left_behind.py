"""What of a trial's files was left out, by choice, when the trial was bundled: known, and so no damage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..contracts.errors import StoreError
from ..files.regular import shown
from ..files.store import TrialFolder, to_json, write_whole
from ..files.texts import read_json

WEIGHTS: Final = "weights.safetensors"
LABELS: Final = "predictions/"


def may_stay(name: str) -> bool:
    """Tell whether a file of a trial, by its path below the folder, may stay behind: no report needs it."""
    return name == WEIGHTS or name.startswith(LABELS)


def left_behind(folder: TrialFolder) -> frozenset[str]:
    """Read which files of a trial were left behind, by their paths below its folder.

    Raises:
        StoreError: The list is damaged, or names what no report can do without.
    """
    if not folder.left_behind.is_symlink() and not folder.left_behind.exists():
        return frozenset()
    found = read_json(folder.own(folder.left_behind), StoreError)
    names = found if isinstance(found, list) else [found]
    if odd := next((name for name in names if not (isinstance(name, str) and may_stay(name))), None):
        raise StoreError(
            f"{shown(folder.left_behind)} names {shown(odd)}, expected a list of label maps and weights that "
            "were left out of a bundle. Remove the trial's folder, and unbundle it again."
        )
    return frozenset(names)


def write_left_behind(folder: TrialFolder, names: Iterable[str]) -> None:
    """Write which files a trial's folder lacks by choice; nothing where there are none."""
    if listed := sorted(names):
        write_whole(folder.left_behind, to_json(listed))
