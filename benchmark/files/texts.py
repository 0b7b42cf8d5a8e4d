"""The only readers of YAML and JSON: what they give is bounded in size, depth and number of values.

PyYAML's safe loader runs no code, but it expands aliases without end, recurses as deep as a text goes,
keeps the last of two equal keys without a word, and raises plain ValueError for impossible dates and
for numbers of thousands of digits.
"""

from __future__ import annotations

import json
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
MOST_DIGITS: Final = 300
"""Of a number; more no other type could take."""
_DIGITS: Final = "0123456789"
_NESTING: Final = (dict, list)


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
        if plain.count("[") + plain.count("{") > MOST_LEVELS:  # fewer do not stand so deep within each other
            check_levels(data)
    except (ValueError, RecursionError) as failure:
        raise error(f"{where} is not valid JSON: {_reason(failure)}.") from failure
    return data


def check_levels(data: object, most: int = MOST_LEVELS) -> None:
    """Refuse data that nests deeper than code may safely follow.

    Raises:
        ValueError: It does.
    """
    level: list[Any] = [data] if isinstance(data, _NESTING) else []
    for _ in range(most):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, _NESTING)
        ]
        if not level:
            return
    raise _TextError(f"lists and mappings stand within each other more than {most} levels deep")


def _check_values(text: str) -> None:
    """Count what begins or parts values, which takes no memory; those within strings count, too."""
    values = sum(map(text.count, ",[{"))
    if values > MOST_JSON_VALUES:
        raise _TextError(f"it holds about {values:,} values, expected at most {MOST_JSON_VALUES:,}")
    if (begin := _endless(text)) is not None:
        raise _TextError(f"a number at character {begin:,} has more than {MOST_DIGITS} digits")


def _endless(text: str) -> int | None:
    """Say where the first number of too many digits begins; None: no number has.

    Every such number covers one of the places that are looked at, so most of the text is not.
    """
    for place in range(MOST_DIGITS, len(text), MOST_DIGITS + 1):
        if text[place] in _DIGITS:
            before, after = text[place - MOST_DIGITS : place], text[place : place + MOST_DIGITS + 1]
            begin = place - MOST_DIGITS + len(before.rstrip(_DIGITS))
            end = place + len(after) - len(after.lstrip(_DIGITS))
            if end - begin > MOST_DIGITS:
                return begin
    return None


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
