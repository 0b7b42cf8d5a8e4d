"""Syntax trees in words that are the same in every version of Python that can read the code.

`ast.dump` is not: versions add fields that are empty, cut f-strings into other pieces, and differ in which
characters they think can be printed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final

_ASIDE: Final = frozenset({"ctx", "kind", "type_comment"})


def words_of(tree: ast.AST) -> str:
    """Write a tree without what is empty and without docstrings and other strings that stand alone."""
    words: list[str] = []
    _write(tree, words)
    return "".join(words)


def _write(node: object, words: list[str]) -> None:
    if isinstance(node, list):
        words.append("[")
        for one in node:
            if not _says_nothing(one):
                _write(one, words)
        words.append("]")
    elif isinstance(node, ast.AST):
        words += (type(node).__name__, "(")
        for name in node._fields:
            value = None if name in _ASIDE else getattr(node, name, None)
            if isinstance(node, ast.JoinedStr):
                value = [*_joined(node.values)]
            if value is not None and value != []:
                words.append(name)
                _write(value, words)
        words.append(")")
    else:
        words += (ascii(node), ",")


def _says_nothing(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and _is_text(node.value)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _joined(pieces: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Give the pieces of an f-string: of neighbouring texts one, and of empty ones none."""
    text = ""
    for piece in pieces:
        if isinstance(piece, ast.Constant):
            text += str(piece.value)
            continue
        if text:
            yield ast.Constant(text)
        yield piece
        text = ""
    if text:
        yield ast.Constant(text)
