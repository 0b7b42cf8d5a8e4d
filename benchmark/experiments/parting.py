"""Batches that several processes share, and that each takes in parts."""

from __future__ import annotations

from ..contracts.errors import UsageError


def check_parts(batch_size: int, processes: int, accumulate: int) -> None:
    """Check that a batch can be cut into equal parts.

    Raises:
        UsageError: It cannot.
    """
    if batch_size % (processes * accumulate):
        raise UsageError(
            f"recipe.batch_size: got {batch_size}, expected a multiple of {processes} "
            f"process(es) × {accumulate} accumulated part(s), so that all parts are equal."
        )
