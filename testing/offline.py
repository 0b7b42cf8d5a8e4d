"""Keeping code off the network, and noticing that it tried."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
"""What Python reports before it reaches for another machine."""

_listeners: list[list[str]] = []


@contextmanager
def offline() -> Iterator[list[str]]:
    """Make every attempt to reach another machine fail with `OSError`.

    Yields:
        The attempts so far, each in words, caught by the code that made them or not.
    """
    _install()
    attempts: list[str] = []
    _listeners.append(attempts)
    try:
        yield attempts
    finally:
        _listeners.remove(attempts)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listeners or event not in EVENTS or _is_local(arguments[0]):
        return
    target = arguments[0] if isinstance(arguments[0], str | bytes) else arguments[-1]
    for attempts in _listeners:
        attempts.append(f"{event} to {target!r}")
    raise OSError(f"no network here: {event} to {target!r}")


def _is_local(thing: object) -> bool:
    """Tell a socket that only reaches this machine's processes."""
    return isinstance(thing, socket.socket) and thing.family == getattr(socket, "AF_UNIX", None)


@cache
def _install() -> None:
    """Install the hook, once: Python cannot take one away again."""
    sys.addaudithook(_hook)
