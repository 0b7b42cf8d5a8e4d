"""Text from outside, for a terminal: nothing that moves a cursor, rings a bell or turns a line around."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

_HARMFUL: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, invisible format characters (text direction), halves of characters, and line separators."""
_HARMLESS: Final = frozenset("\u00ad\u200c\u200d\u2060\ufeff")
"""Of these categories: soft hyphen, joiners, word joiner."""

_SUSPECT: Final = re.compile("[^\\x00-\\x7e]")
"""What JSON need not escape, and may be harmful."""


def printable(value: object, *, lines: bool = False) -> str:
    r"""Write harmful characters as escapes: ``\x1b``, ``\u202e``.

    Args:
        value: A text, or whatever turns into one.
        lines: Whether line breaks and tabs may stay, as in a message of several lines.
    """
    text = str(value)
    if text.isprintable():  # so of no harmful category
        return text
    return "".join(char if _is_harmless(char, lines=lines) else _escape(char) for char in text)


def brief(text: object, most: int = 200) -> str:
    """Write what somebody gave for a message: printable, and its middle left out where it is long."""
    whole = str(text)
    if len(whole) > most:
        half = most // 2
        whole = f"{whole[:half]}…{whole[-half:]}"
    return printable(whole)


def printable_json(document: str) -> str:
    r"""Write what is harmful in a JSON document's texts as ``\u202e``, which means the same."""
    return _SUSPECT.sub(_escape_in_json, document)


def _escape_in_json(found: re.Match[str]) -> str:
    char = found[0]
    if _is_harmless(char, lines=True):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else json.dumps(char)[1:-1]


def _is_harmless(char: str, *, lines: bool) -> bool:
    if char in "\n\t":
        return lines
    return char in _HARMLESS or unicodedata.category(char) not in _HARMFUL


def _escape(char: str) -> str:
    number = ord(char)
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return (
        f"\\x{number:02x}"
        if number < 0x100
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )
