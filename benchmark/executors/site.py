"""Options of executors that a site, or a user, has written down: they need not be given each time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contracts.basics import OptionValue
from ..contracts.errors import UnknownNameError, UsageError
from ..files.printable import brief
from ..files.regular import shown
from ..files.texts import read_yaml

VARIABLE: Final = "EMSEG_BENCH_EXECUTORS"
NAME: Final = "executors.yaml"


@dataclass(frozen=True, slots=True)
class Default:
    """An option that need not be given."""

    value: OptionValue
    path: Path
    """Of the file that says so."""


def site_defaults(executor: str, known: Mapping[str, object]) -> dict[str, Default]:
    """Read the options of an executor that files give; the user's own file wins over the site's.

    Args:
        executor: Its name.
        known: Executors by name: any that a file names has to be one of them.

    Raises:
        UsageError: A file cannot be read, names an executor that there is not, or says something else.
    """
    found: dict[str, Default] = {}
    for path in _files():
        options = _read(path, known).get(executor, {})
        found |= {name: Default(value, path) for name, value in options.items()}
    return found


def _files() -> Iterator[Path]:
    """Give the files that there are: the site's and the user's, or the one that the environment names.

    Raises:
        UsageError: The one that it names is not there.
    """
    if named := os.environ.get(VARIABLE):
        path = Path(named).expanduser()
        if not path.exists():
            raise UsageError(f"{VARIABLE} names {shown(path)}, and there is no such file.")
        yield path
        return
    from platformdirs import site_config_path, user_config_path

    for folder in (site_config_path, user_config_path):
        path = folder("emseg-bench", appauthor=False) / NAME
        if path.exists() or path.is_symlink():
            yield path


def _read(path: Path, known: Mapping[str, object]) -> dict[str, dict[str, OptionValue]]:
    data = read_yaml(path, UsageError)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UsageError(
            f"{shown(path)} holds {type(data).__name__}, expected executors with their options, as in "
            "slurm: {partition: gpu}."
        )
    for name, options in data.items():
        if name not in known:
            raise UsageError(f"{shown(path)}: {UnknownNameError('executor', str(name), known)}")
        if not isinstance(options, dict) or not all(
            isinstance(key, str) and isinstance(value, OptionValue) for key, value in options.items()
        ):
            raise UsageError(
                f"{shown(path)}: {name}: got {brief(repr(options))}, expected options with one value each, "
                "as in {partition: gpu}."
            )
    return data
