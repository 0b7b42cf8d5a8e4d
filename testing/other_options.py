"""A card's other options: values that it allows are refused with a sentence, or work as the defaults do."""

from __future__ import annotations

import time
from typing import Final

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.plugins.asked import complete_options
from ..benchmark.plugins.strangers import RAISED, describe_error
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError
from .option_values import other_values

PATIENCE_SECONDS: Final = 30.0


def try_others(bench: CardBench, check: Check, expected: str) -> None:
    """Make a check with other values of a card's options, one at a time.

    Each choice is tried, both truths and the ends of ranges, as many as go into half a minute.

    Args:
        bench: With the defaults.
        check: What must hold with every value that is not refused.
        expected: What must come of it, for the message.

    Raises:
        ContractError: It does not hold with one of them.
    """
    begun = time.monotonic()
    for name, value in other_values(bench.card.options):
        if time.monotonic() - begun > PATIENCE_SECONDS:
            return
        try:
            options = complete_options(bench.card, {**bench.options, name: value})
            check(type(bench)(bench.offer, options))
        except EmsegError:
            continue
        except (ContractError, BlockedError, *RAISED) as error:
            if isinstance(error.__cause__, EmsegError):
                continue
            own = isinstance(error, ContractError | BlockedError)
            words = str(error) if own else describe_error(error)
            raise ContractError(
                f"with {name}={value}: {words}".rstrip("."),
                f"{expected}, or an EmsegError that says what does not fit",
                "Mend it for this value, or narrow the option's type",
            ) from error


def with_others(check: Check) -> Check:
    """Give the check that another one holds with other options, too."""

    def check_other_options(bench: CardBench) -> None:
        """Other values of its options, one at a time, are refused with an `EmsegError` or work, too."""
        check(bench)
        try_others(bench, check, "what the defaults give")

    return check_other_options
