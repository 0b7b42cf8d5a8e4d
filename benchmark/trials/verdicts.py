"""Whether a trial that tunes is worth going on with: who listens says so, in a file in the trial's folder.

A folder reaches a trial under every executor.  The trial waits for the word on each validation, so that
where it ends does not depend on who is faster; who listens has made the file before the trial starts.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Final

from annotated_types import Ge

from ..contracts.basics import STRICT
from ..contracts.errors import EmsegError, StoreError
from ..files.regular import shown
from ..files.store import TrialFolder, to_json, write_whole
from ..files.texts import read_json
from ..files.validation import validate

PATIENCE_SECONDS: Final = 60.0
"""For one verdict: network file systems may take that long to show it."""
LOOK_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """On a trial, by its validations so far."""

    __pydantic_config__ = STRICT

    iteration: Annotated[int, Ge(0)] = 0
    """Of the last validation that it is about; 0: there was none, but somebody listens."""
    prune: bool = False
    """Whether it is to end there."""


def give_verdict(folder: TrialFolder, verdict: Verdict) -> None:
    """Write a verdict for a trial, which may be running."""
    write_whole(folder.verdict, to_json(asdict(verdict)))


class Judge:
    """Asks for verdicts; after one that did not come, it waits for none.

    Args:
        folder: The trial's.
    """

    def __init__(self, folder: TrialFolder) -> None:
        self._folder = folder
        self._waits = folder.verdict.exists()

    def prunes(self, iteration: int) -> bool:
        """Say whether the trial is to end after the validation at an iteration."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            verdict = self._read()
            if verdict is not None and verdict.iteration >= iteration:
                return verdict.prune
            if not self._waits:
                return False
            if time.monotonic() > until:
                self._waits = False
            else:
                time.sleep(LOOK_SECONDS)

    def _read(self) -> Verdict | None:
        path = self._folder.verdict
        with suppress(EmsegError, OSError):
            return validate(Verdict, read_json(self._folder.own(path), StoreError), shown(path))
        return None
