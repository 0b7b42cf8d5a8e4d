"""Calling code of plugins: what it raises becomes an error that names the plugin and the place in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ..contracts.errors import EmsegError, PluginError
from .plugin_code import is_ours, is_plugin_code
from .registry import OWN, Offer

RAISED = (Exception, SystemExit)
"""What a stranger's code may raise; an interrupt is the user's."""


@contextmanager
def blaming(offer: Offer[Any], doing: str) -> Iterator[None]:
    """Run a plugin's code.  Errors meant for people pass, and so does all from our own plugins.

    Args:
        offer: Whose code it is.
        doing: What it is called for, as the start of a sentence about its failure.

    Raises:
        PluginError: It raised something else, or ended the program.
    """
    try:
        yield
    except EmsegError:
        raise
    except RAISED as error:
        if offer.distribution == OWN:
            raise
        raise unusable(offer, f"{doing} failed with {describe_error(error)}") from error


def unusable(offer: Offer[Any], fault: str) -> PluginError:
    """Make the error that says why something of a plugin's cannot be used."""
    return PluginError(
        f"{offer.card.name} of {offer.distribution} {offer.version} cannot be used: {fault}. "
        f"Reinstall, update or uninstall {offer.distribution}."
    )


def describe_error(error: BaseException) -> str:
    """Give an error's type and message in one line, and the place in the plugin that it comes from."""
    return f"{type(error).__name__}: {one_line(error)}{_place(error)}"


def one_line(error: BaseException) -> str:
    """Give an error's message in one line."""
    return " ".join(str(error).split()) or "no message"


def _place(error: BaseException) -> str:
    """Give the line of the plugin that an error comes from, unless its message does.

    That is the plugin's innermost one: the library that it calls wrongly is not to blame.  Without any, it
    is the line that raised the error, unless that is ours.
    """
    import traceback  # only where something went wrong: listing plugins is to cost nothing

    if isinstance(error, SyntaxError):
        return ""
    walked = [
        (frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if not _is_import(frame)
    ]
    own = [place for place in walked if is_plugin_code(place[0])]
    for frame, line in (own or walked)[-1:]:
        file = Path(frame.f_code.co_filename)
        return "" if is_ours(frame) else f" ({file.name}, line {line})"
    return ""


def _is_import(frame: FrameType) -> bool:
    return "importlib" in frame.f_code.co_filename
