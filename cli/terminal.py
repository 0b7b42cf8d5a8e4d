"""Standard output and error as the command writes to them: nothing from outside steers the terminal.

Whatever is printed, by us, by typer or by somebody's plugin, has its control characters written as
escapes; only our own `console.Console`, which does so before it adds its colours, gets round that.  A
terminal that lacks a character gets another one, and a reader who has gone stops no work.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, TextIO

from ..benchmark.contracts.errors import StoreError
from ..benchmark.files.disk import what_failed
from ..benchmark.files.printable import printable

PLAINLY: Final = "emseg-bench-plainly"
"""Name of the way in which what an encoding lacks is written."""
PLAIN: Final = {
    **dict.fromkeys("–—−─━", "-"),
    **dict.fromkeys("│┃", "|"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
    "±": "+/-",
    "†": "(+)",
    "×": "x",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "·": ".",
    "•": "*",
    "µ": "u",
    "μ": "u",
    "²": "2",
    "³": "3",
    "⁻": "-",
    "¹": "1",
    "\u00a0": " ",
}
"""What stands for a character of ours where a terminal lacks it; any other one is written as an escape."""


def plainly(failure: UnicodeError) -> tuple[str, int]:
    """Replace what cannot be encoded, as `codecs.register_error` wants it."""
    if not isinstance(failure, UnicodeEncodeError):
        raise failure
    lacking = failure.object[failure.start : failure.end]
    return "".join(PLAIN.get(char) or _escape(char) for char in lacking), failure.end


def _escape(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


class Outlet:
    """A stream that is still there when its reader has gone.

    Args:
        stream: Standard output or error.
        name: For messages.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name

    def __getattr__(self, name: str) -> Any:
        if name in {"buffer", "detach"}:  # by which typer and others would write past us
            raise AttributeError(name)
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        if text:  # typer writes none at first, and takes an error there for something else
            with self._minding():
                self._stream.write(text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._minding():
            self._stream.flush()

    @contextmanager
    def _minding(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:  # `| head` has seen enough; the work goes on
            self._close_off()
        except OSError as error:
            self._close_off()
            raise StoreError(f"{self._name} cannot be written: {what_failed(error)}.") from error

    def _close_off(self) -> None:
        """Let what is written from now on, and what was not handed on yet, go nowhere."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class PrintableOutlet(Outlet):
    """A stream that takes text from anywhere.

    Args:
        outlet: Takes it, once it steers nothing any more.
        name: For messages.
    """

    def __init__(self, outlet: Outlet, name: str) -> None:
        super().__init__(outlet, name)  # type: ignore[arg-type]  # all that is used of a TextIO
        self.rich_proxied_file = outlet
        """Where rich writes instead: what it draws is made of escape sequences."""

    def write(self, text: str) -> int:
        """Write a text with its control characters as escapes."""
        if not isinstance(text, str):
            raise TypeError(f"expected a text, got {type(text).__name__}")
        super().write(printable(text, lines=True))
        return len(text)


def _show_fault(kind: type[BaseException], failure: BaseException, where: TracebackType | None) -> None:
    """Show the traceback of a fault of ours, whose message may hold a name from outside."""
    text = "".join(traceback.format_exception(kind, failure, where))
    sys.stderr.write(printable(text, lines=True))


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Put outlets in place of standard output and error while a command runs."""
    codecs.register_error(PLAINLY, plainly)
    sys.excepthook = _show_fault
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - where a stream was closed
        streams = [stream if stream is not None else nowhere for stream in before]
        for stream in streams:
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=PLAINLY)
        out, err = map(Outlet, streams, ("standard output", "standard error"))
        sys.stdout = PrintableOutlet(out, "standard output")
        sys.stderr = PrintableOutlet(err, "standard error")
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            for outlet in (out, err):
                with suppress(StoreError, ValueError):
                    outlet.flush()
