"""A results folder in Python: boards as tables that notebooks show, and tidy frames."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from markupsafe import escape

from ..benchmark.contracts.errors import StoreError
from ..benchmark.contracts.reporting import Board, LeftOut
from ..benchmark.files.printable import printable
from ..benchmark.files.store import Store
from ..benchmark.plugins.loading import Plugins, installed_plugins
from ..benchmark.trials.boards import load_boards
from ..benchmark.trials.today import Today
from ..reports.across.comparable import Ranked
from ..reports.across.table import tables_across
from ..reports.columns import terminal_columns, terminal_row
from ..reports.exports import comparisons_frame, leaderboard_frame
from ..reports.leaderboard import leaderboard
from ..reports.schema import Leaderboard
from .frames import cases_frame, costs_frame, curves_frame, reliability_frame, trials_frame

if TYPE_CHECKING:
    from .trained import TrainedModel


@dataclass(frozen=True, slots=True)
class BoardTable:
    """One leaderboard; a notebook and the terminal show it as the command line does."""

    table: Leaderboard
    """All that is known of it, as in ``leaderboard.json``."""

    @property
    def title(self) -> str:
        """Data, recipe and protocol that its rows have in common."""
        return self.table.title

    @property
    def claims(self) -> tuple[str, ...]:
        """What follows from it, in sentences; the first is the answer."""
        return self.table.claims

    @property
    def frame(self) -> pd.DataFrame:
        """A row per model, best first, with the columns of ``leaderboard.csv``."""
        return leaderboard_frame([self.table])

    @property
    def shown(self) -> pd.DataFrame:
        """The same in few columns, as texts for people."""
        columns = terminal_columns(self.table, wide=True)
        frame = pd.DataFrame([terminal_row(row, columns) for row in self.table.rows])
        return frame.rename(columns=lambda key: printable(key.replace("\n", " "))).map(printable)

    def __repr__(self) -> str:
        return "\n".join([printable(self.title), self.shown.to_string(index=False), *self._told])

    def _repr_html_(self) -> str:
        title, table = escape(printable(self.title)), self.shown.to_html(index=False, escape=True)
        return f"<p><b>{title}</b></p>{table}" + "".join(f"<p>{escape(text)}</p>" for text in self._told)

    @property
    def _told(self) -> list[str]:
        return [printable(text) for text in (*self.table.claims, *self.table.remarks)]


@dataclass(frozen=True)
class Results:
    """What a results folder holds; its tables are read and worked out when they are first asked for."""

    folder: Path
    stored: tuple[Board, ...]
    """The trials, by the boards that they stand on."""
    left_out: tuple[LeftOut, ...]
    """Trials that are damaged, and why."""

    @cached_property
    def boards(self) -> tuple[BoardTable, ...]:
        """The leaderboards, the one with the newest trial first."""
        return tuple(BoardTable(leaderboard(board)) for board in self.stored)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row per trial, failed ones too: settings, status, score, folder (`frames.TRIALS`)."""
        return trials_frame(self.stored, self._tables)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """A row per trial, test case, class and metric (`frames.CASES`)."""
        return cases_frame(self.stored)

    @cached_property
    def costs(self) -> pd.DataFrame:
        """A row per trial: parameters, times, memory, energy, and what they were measured on."""
        return costs_frame(self.stored)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row per trial, iteration and series of its training (`frames.CURVES`)."""
        return curves_frame(self.stored)

    @cached_property
    def reliability(self) -> pd.DataFrame:
        """A row per trial, test image, class and bin of probability (`frames.RELIABILITY`)."""
        return reliability_frame(self.stored)

    def leaderboard(self) -> pd.DataFrame:
        """Give the rows of all boards with their ranks and verdicts: ``leaderboard.csv`` as a frame."""
        return leaderboard_frame(self._tables)

    def comparisons(self) -> pd.DataFrame:
        """Give all pairs of all boards, and who is better how surely: ``comparisons.csv`` as a frame."""
        ranked = [Ranked(board, one.table) for board, one in zip(self.stored, self.boards, strict=True)]
        return comparisons_frame(self._tables, tables_across([one for one in ranked if one.table.scored]))

    def model(self, name: str, *, seeds: Literal["all"] | None = None, device: str = "auto") -> TrainedModel:
        """Load a model by its name here: ``unet`` (the best seed by validation, or all), ``unet/3``.

        Raises:
            UsageError: There is none of that name, or several; names them.
        """
        from .trained import load_model

        return load_model(f"{self.folder}:{name}", seeds=seeds, device=device)

    def __repr__(self) -> str:
        return "\n\n".join([*map(repr, self.boards), *self._missing]) or f"no trial in {self.folder}"

    def _repr_html_(self) -> str:
        missing = "".join(f"<p>{escape(text)}</p>" for text in self._missing)
        return "".join(board._repr_html_() for board in self.boards) + missing

    @property
    def _missing(self) -> list[str]:
        return [printable(f"left out: {one.reason}") for one in self.left_out]

    @property
    def _tables(self) -> list[Leaderboard]:
        return [one.table for one in self.boards]


def load_results(folder: str | Path = "results") -> Results:
    """Read a results folder; a trial that is damaged costs itself only.

    Raises:
        StoreError: It holds no trial.
    """
    store = Store(Path(folder).expanduser())
    if next(store.trials(), None) is None:
        raise StoreError(
            f"there is no trial with a record in {store.root / 'trials'}; name a folder that "
            "'emseg-bench run' or emseg_bench.run wrote."
        )
    return results_of(store, installed_plugins())


def results_of(
    store: Store, plugins: Plugins, *, keep_stale: bool = False, of: Collection[str] | None = None
) -> Results:
    """Give what a store holds.

    Args:
        store: Where trials are.
        plugins: What is installed, beside which trials may be outdated.
        keep_stale: Whether trials that other code made stand beside those that replaced them.
        of: Fingerprints; boards without any of these trials are left out.  None: all boards.
    """
    found = load_boards(store, Today(plugins.catalogue), keep_stale=keep_stale)
    boards = (
        board
        for board in found.boards
        if of is None or any(trial.record.fingerprint in of for trial in board.trials)
    )
    return Results(store.root, tuple(boards), found.left_out)
