"""The time, as everything that is kept writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Give the time in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
