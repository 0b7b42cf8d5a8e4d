"""Which of our own files stand behind one of our cards: those that it names, and all that these need.

So an edited network changes its own trials and no other network's.  The engine's rooms are left out, for a
trial names them by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Final

from ..contracts.cards import Card
from ..files.code import closure, code_sha256
from ..files.hashing import sha256_of

ROOT: Final = Path(__file__).parents[2]
_PACKAGE: Final = __name__.partition(".")[0]
_REFERENCE: Final = re.compile(rf"({_PACKAGE}(?:\.\w+)+):\w+")
_ASIDE: Final = frozenset(
    {
        *("aggregation", "backbone", "citation", "description", "empty_rule", "files", "ignore_rule"),
        *("licence", "ms_per_megapixel", "options", "page", "parameters", "recipe", "reference"),
        *("search_space", "title", "used_in"),
    }
)
"""Fields of cards, and of what stands in them, that are for people, or that a trial holds by itself."""


def of_engine(reference: str) -> bool:
    """Tell whether something of ours lies in the engine's rooms, whose code counts for every trial."""
    return reference.startswith(f"{_PACKAGE}.benchmark.")


def sha256_of_card(card: Card) -> str:
    """Hash what one of our cards says, and the code behind it.

    Raises:
        PluginError: A file of ours cannot be read.
    """
    code = closure(_starts(card), ROOT, ROOT / "benchmark")
    hashes = sorted([file.relative_to(ROOT).as_posix(), code_sha256(file)] for file in code)
    return sha256_of([_said(card), hashes])


def _said(value: object) -> object:
    """Write down what a value says, field by field; functions and types say their names."""
    if isinstance(value, tuple):
        return [_said(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "__qualname__"):
        return value.__qualname__
    elif hasattr(value, "__dict__"):
        held = vars(value)
    else:
        return repr(value)
    kept = [[name, _said(one)] for name, one in sorted(held.items()) if name not in _ASIDE]
    return [type(value).__qualname__, kept]


def _starts(value: object) -> Iterator[Path]:
    """Find the modules that a card names: as text, or by a function or an object of theirs."""
    if isinstance(value, str):
        if found := _REFERENCE.fullmatch(value):
            yield _file(found[1])
        return
    if isinstance(value, tuple):
        for one in value:
            yield from _starts(one)
        return
    module = getattr(value, "__module__", None)
    if isinstance(module, str) and module.startswith(f"{_PACKAGE}."):
        yield _file(module)
    if is_dataclass(value):
        for field in fields(value):
            yield from _starts(getattr(value, field.name))


def _file(module: str) -> Path:
    place = ROOT.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
