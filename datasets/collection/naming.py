"""Who belongs together and to which split, by patterns over names: the keys ``groups`` and ``splits``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.patterns import PatternError, first_groups
from ...benchmark.files.printable import brief
from ...benchmark.files.wording import counted, listed
from ..fetching.subjects import subjects_of

T = TypeVar("T", bound=str)


def name_groups(
    path: Path, groups: str | Mapping[str, Sequence[str]], names: Sequence[str]
) -> dict[str, str]:
    """Return each name's group.

    Args:
        path: The ``dataset.yaml``, for messages.
        groups: A regular expression with one group, or patterns by group.
        names: Of images or volumes.

    Raises:
        DataError: The expression is none, or a name has no group or several.
    """
    if not isinstance(groups, str):
        return _sort_out(path, "groups", groups, names)
    try:
        found = first_groups(groups, names)
    except PatternError as error:
        raise DataError(f"{path}: groups: {brief(repr(groups))}: {error}.") from error
    _refuse_rest(path, "groups", [name for name in names if name not in found])
    return found


def named_subjects(names: Sequence[str], *, divided: bool) -> dict[str, str]:
    """Return the groups that names themselves tell, where their owner says none.

    Args:
        names: Of images or volumes, folders included.
        divided: Whether they are in splits already.

    Returns:
        Each name's subject; nothing where a name has none, or where two subjects or fewer cannot be divided.
    """
    found = subjects_of(names)
    return found if divided or len(set(found.values())) > 2 else {}


def subject_note(groups: Mapping[str, str], what: str) -> str:
    """Say that images or volumes were grouped by their names."""
    subjects = dict.fromkeys(groups.values())
    return (
        f"{counted(len(groups), what)} belong to {counted(len(subjects), 'subject')} by their names "
        f"({listed(subjects)}), which are divided whole. If they are none, write groups: '(.+)' into "
        "dataset.yaml."
    )


def name_splits(path: Path, splits: Mapping[Split, Sequence[str]], names: Sequence[str]) -> dict[str, Split]:
    """Return each name's split.

    Args:
        path: The ``dataset.yaml``, for messages.
        splits: Patterns by split.
        names: Of images or volumes.

    Raises:
        DataError: A name has no split or several, or a split gets no name.
    """
    found = _sort_out(path, "splits", splits, names)
    empty = [split for split in splits if split not in found.values()]
    if empty:
        raise DataError(f"{path}: splits.{empty[0]}: no name fits its patterns; names are {listed(names)}.")
    return found


def _sort_out(
    path: Path, key: str, patterns: Mapping[T, Sequence[str]], names: Sequence[str]
) -> dict[str, T]:
    """Return the one member of `patterns` that each name fits."""
    found: dict[str, T] = {}
    for name in names:
        fitting = [member for member, all_ in patterns.items() if any(fnmatchcase(name, one) for one in all_)]
        if len(fitting) > 1:
            raise DataError(f"{path}: {key}: {name!r} fits {listed(fitting)}; expected one of them.")
        if fitting:
            found[name] = fitting[0]
    _refuse_rest(path, key, [name for name in names if name not in found])
    return found


def _refuse_rest(path: Path, key: str, rest: Sequence[str]) -> None:
    if rest:
        raise DataError(f"{path}: {key}: {counted(len(rest), 'name')} fit nothing: {listed(rest)}.")
