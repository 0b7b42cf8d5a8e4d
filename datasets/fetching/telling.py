"""Who hears of what happens while a dataset is fetched."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ...benchmark.files.download import Meter


class Teller(Protocol):
    """Shows people how far it is; the command line's writes to the terminal."""

    def say(self, text: str) -> None:
        """Tell something."""

    def transfer(self, name: str, done: str) -> AbstractContextManager[Meter]:
        """Show bytes on their way; in the end it is said that `name` is `done`."""
