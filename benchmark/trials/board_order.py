"""In which order boards stand: that in which their data were asked for, those of the last run first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from ..contracts.errors import StoreError
from ..contracts.records import TrialSpec
from ..files.disk import keeping
from ..files.regular import read_regular
from ..files.store import Store, write_whole
from .subjects import Subjects

MOST: Final = 1000
"""Boards that are remembered."""
MOST_BYTES: Final = 1 << 20
_BOARD: Final = re.compile(rb"[0-9a-f]{64}")


def ask_for(store: Store, specs: Iterable[TrialSpec]) -> None:
    """Note the boards of a run in its order, before those of earlier runs.

    Args:
        store: The results folder, which is there.
        specs: Of the run's trials, in its order.

    Raises:
        StoreError: It cannot be written to.
    """
    subjects = Subjects()
    _note(store, [subjects.of(spec).board for spec in specs if spec.purpose != "tune"], board_order(store))


def take_over(store: Store, other: Store) -> None:
    """Note the boards that another results folder knows of behind those of this one.

    Raises:
        StoreError: It cannot be written to.
    """
    _note(store, board_order(store), board_order(other))


def board_order(store: Store) -> list[str]:
    """Give what tells boards apart (`Subject.board`), in their order.

    Empty where nothing is noted, or what lies there is no such note: then the newest board is the first.
    """
    with suppress(StoreError):
        return [name.decode() for name in _BOARD.findall(read_regular(store.boards, MOST_BYTES, StoreError))]
    return []


def as_text(order: Iterable[str]) -> str:
    """Write what the file holds."""
    return "".join(f"{name}\n" for name in order)


def _note(store: Store, first: Iterable[str], then: Iterable[str]) -> None:
    order = [*dict.fromkeys([*first, *then])][:MOST]
    if order != board_order(store):
        with keeping(store.boards, "Make room, and give the same command again."):
            write_whole(store.boards, as_text(order))
