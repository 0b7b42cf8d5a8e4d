"""Phrases that several messages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def listed(names: Iterable[object], limit: int = 3) -> str:
    """Return ``a, b, c and 4 more``."""
    words = [str(name) for name in names]
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {more} more" if more > 0 else "")


def joined(names: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(number: int, noun: str, several: str = "") -> str:
    """Return ``1 image`` or ``3 images``."""
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"


def duration(seconds: float) -> str:
    """Write seconds as people say them: ``45 s``, ``12 min``, ``3.5 h``, ``12 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.0f} days"
