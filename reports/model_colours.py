"""Colours of models: a model has the same one in all figures of a page, whichever boards it stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from colorsys import hsv_to_rgb
from itertools import chain, count
from weakref import WeakKeyDictionary

from matplotlib.colors import to_hex

from ..benchmark.contracts.reporting import Board
from ..benchmark.files.hashing import model_sha256
from .naming import by_row
from .palette import MODELS
from .schema import Leaderboard

GOLDEN = 0.618034
"""Of a turn: hues so far apart never meet again."""


class PageColours:
    """Colours by the hashes of models, given out as figures ask for them.

    A page of no more models than the palette has colours gives them out by name, so that the next page of the
    same models is alike.  One of more gives them to whoever is drawn first, the best of the first board; two
    models may share one if no board has both.  Where that is not enough, hues beyond the palette follow.

    Args:
        boards: All that the page shows.
    """

    def __init__(self, boards: Sequence[Board]) -> None:
        self._boards: dict[str, set[int]] = {}
        names: dict[str, str] = {}
        for place, board in enumerate(boards):
            studies = {study.name: study.identity for study in board.studies}
            models = [trials[0].record.spec.model for trials in by_row(board.trials).values()]
            untuned = [studies.get(model.tuned.study) if model.tuned else None for model in models]
            keys = [known or model_sha256(model) for known, model in zip(untuned, models, strict=True)]
            for key, model in zip(_numbered(keys), models, strict=True):
                self._boards.setdefault(key, set()).add(place)
                names.setdefault(key, model.label)
        self._given: dict[str, str] = {}
        if len(names) <= len(MODELS):
            self._given = dict(zip(sorted(names, key=lambda key: (names[key], key)), MODELS, strict=False))

    def of(self, model: str) -> str:
        """Give a model's colour."""
        if model not in self._given:
            boards = self._boards.get(model, set())
            near = {colour for other, colour in self._given.items() if boards & self._boards[other]}
            self._given[model] = next(one for one in chain(MODELS, _further()) if one not in near)
        return self._given[model]


_PAGES: WeakKeyDictionary[Board, PageColours] = WeakKeyDictionary()


def share_colours(boards: Sequence[Board]) -> PageColours:
    """Let the boards of one page share their colours from now on."""
    page = PageColours(boards)
    _PAGES.update(dict.fromkeys(boards, page))
    return page


def model_colours(board: Board, table: Leaderboard, names: Iterable[str]) -> dict[str, str]:
    """Give the colours of models by their names on a board.

    Args:
        board: A page of its own, unless `share_colours` knows better.
        table: Its table.
        names: Of rows, in the order in which they are drawn.
    """
    page = _PAGES.get(board) or share_colours([board])
    keys = _numbered(row.common_identity or row.identity for row in table.rows)
    by_name = {row.model: key for row, key in zip(table.rows, keys, strict=True)}
    return {name: page.of(by_name[name]) for name in names}


def _numbered(models: Iterable[str]) -> list[str]:
    """Tell rows of one model and other code apart: the first is the model, wherever it stands."""
    seen: Counter[str] = Counter()
    keys = []
    for model in models:
        seen[model] += 1
        keys.append(model if seen[model] == 1 else f"{model} {seen[model]}")
    return keys


def _further() -> Iterator[str]:
    """Give colours beyond the palette, without end."""
    for number in count():
        yield to_hex(hsv_to_rgb(number * GOLDEN % 1, 0.55, 0.75))
