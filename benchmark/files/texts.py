"""The only readers of YAML and JSON: what they give is bounded in size, depth and number of values.

PyYAML's safe loader runs no code, but it expands aliases without end, recurses as deep as a text goes,
keeps the last of two equal keys without a word, and raises plain ValueError for impossible dates and
for numbers of thousands of digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

from ..contracts.errors import DataError, EmsegError
from .printable import printable
from .regular import read_regular, shown

MOST_YAML_BYTES: Final = 4 << 20
MOST_JSON_BYTES: Final = 256 << 20
"""Indices of large datasets are written as JSON."""
MOST_VALUES: Final = 200_000
"""In a YAML text, with what its aliases stand for."""
MOST_JSON_VALUES: Final = 10_000_000
MOST_LEVELS: Final = 60
"""Of lists and mappings within each other."""
_ENDLESS: Final = re.compile(r"[0-9]{301}")
"""Digits of a number that no other type could take."""


class _TextError(ValueError):
    """What is wrong with a text, in words."""


def read_yaml(path: Path, error: type[EmsegError] = DataError) -> Any:
    """Read a YAML file.

    Raises:
        EmsegError: It is none, larger than any such file, or cannot be read; of the type `error`.
    """
    return parse_yaml(read_regular(path, MOST_YAML_BYTES, error), shown(path), error)


def parse_yaml(text: str | bytes, where: str, error: type[EmsegError] = DataError) -> Any:
    """Turn a YAML text into plain data.

    Args:
        text: Its content; bytes are UTF-8.
        where: Begins the message.
        error: What is raised.

    Raises:
        EmsegError: It is no YAML, nests or repeats itself out of all bounds, has a key twice, a number
            without end or a tag; of the type `error`.
    """
    import yaml

    from .yaml_loading import load_yaml

    try:
        return load_yaml(_decoded(text, MOST_YAML_BYTES), MOST_VALUES, MOST_LEVELS)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as failure:
        raise error(f"{where} is not valid YAML: {_reason(failure)}.") from failure


def read_json(path: Path, error: type[EmsegError] = DataError, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """Read a JSON file.

    Raises:
        EmsegError: It is none, larger than any such file, or cannot be read; of the type `error`.
    """
    return parse_json(read_regular(path, most_bytes, error), shown(path), error)


def parse_json(text: str | bytes, where: str, error: type[EmsegError] = DataError) -> Any:
    """Turn a JSON text into plain data.

    Args:
        text: Its content; bytes are UTF-8.
        where: Begins the message.
        error: What is raised.

    Raises:
        EmsegError: It is no JSON, has more values than memory should hold, nests out of all bounds, or
            has a number without end; of the type `error`.
    """
    try:
        plain = _decoded(text, MOST_JSON_BYTES)
        _check_values(plain)
        data = json.loads(plain)
        check_levels(data)
    except (ValueError, RecursionError) as failure:
        raise error(f"{where} is not valid JSON: {_reason(failure)}.") from failure
    return data


def check_levels(data: object, most: int = MOST_LEVELS) -> None:
    """Refuse data that nests deeper than code may safely follow.

    Raises:
        ValueError: It does.
    """
    level: list[object] = [data]
    for _ in range(most):
        level = [item for value in level if isinstance(value, dict | list) for item in _items(value)]
        if not level:
            return
    raise _TextError(f"lists and mappings stand within each other more than {most} levels deep")


def _check_values(text: str) -> None:
    """Count what begins or parts values, which takes no memory; those within strings count, too."""
    values = sum(map(text.count, ",[{"))
    if values > MOST_JSON_VALUES:
        raise _TextError(f"it holds about {values:,} values, expected at most {MOST_JSON_VALUES:,}")
    if found := _ENDLESS.search(text):
        raise _TextError(f"a number at character {found.start():,} has more than 300 digits")


def _items(value: dict[Hashable, object] | list[object]) -> list[object]:
    return [
        item
        for item in (value.values() if isinstance(value, dict) else value)
        if isinstance(item, dict | list)
    ]


def _decoded(text: str | bytes, most: int) -> str:
    if len(text) > most:
        raise _TextError(f"it has {len(text):,} characters, expected at most {most:,}")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise _TextError(f"byte {failure.start:,} is no UTF-8") from failure


def _reason(failure: Exception) -> str:
    if isinstance(failure, RecursionError):
        return "lists and mappings stand within each other too deep"
    said = " ".join(str(failure).split()).replace('in "<unicode string>", ', "at ")
    text = printable(said) or type(failure).__name__
    return (text if len(text) <= 400 else f"{text[:400]}…").rstrip(".")
