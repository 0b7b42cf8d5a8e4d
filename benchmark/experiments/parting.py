"""Batches that several processes share, and that each takes in parts."""

from __future__ import annotations

from ..contracts.errors import UsageError
from ..files.wording import counted


def check_parts(batch_size: int, processes: int, accumulate: int) -> None:
    """Check that a batch can be cut into equal parts.

    Raises:
        UsageError: It cannot.
    """
    if batch_size % (processes * accumulate):
        shares = (
            f"{counted(processes, 'process', 'processes')} with {counted(accumulate, 'accumulated part')}"
        )
        raise UsageError(
            f"recipe.batch_size: got {batch_size}, expected a multiple of {processes * accumulate}: {shares} "
            "each take equal shares. Set recipe.batch_size to one, or fewer processes or parts."
        )
