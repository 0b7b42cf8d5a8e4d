"""The console that all verbs draw on: what it is given to show cannot steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from ..benchmark.files.printable import printable


class Console(RichConsole):
    """Rich's console, which writes control characters in texts as escapes before it adds its own."""

    @property
    def file(self) -> IO[str]:
        """Where it writes: the stream itself, not one that takes text from anywhere."""
        found: IO[str] = RichConsole.file.fget(self)  # type: ignore[attr-defined]
        while inner := getattr(found, "rich_proxied_file", None):
            found = inner
        return found

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Turn anything into pieces of text."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n":
                yield segment
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)
