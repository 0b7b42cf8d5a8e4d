"""Tells in the terminal what happens while a dataset is fetched."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .progress import transfer
from .tables import say

if TYPE_CHECKING:
    from ..benchmark.files.download import Meter
    from .console import Console


@dataclass(frozen=True, slots=True)
class TerminalTeller:
    """A `Teller` that writes to standard error."""

    console: Console

    def say(self, text: str) -> None:
        """Write a sentence."""
        say(self.console, text)

    def transfer(self, name: str, done: str) -> AbstractContextManager[Meter]:
        """Show bytes on their way."""
        return transfer(name, self.console, done)
