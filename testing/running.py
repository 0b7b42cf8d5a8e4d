"""Making one check, whatever the plugin's code does meanwhile."""

from __future__ import annotations

from typing import Any

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.plugins.strangers import RAISED, describe_error
from .findings import BlockedError, Check, ContractError, Outcome, name_of


def run_check(check: Check, subject: str, bench: Any) -> Outcome:
    """Make a check and say how it ended; an error that it did not foresee is a failure too.

    Args:
        check: What to find out.
        subject: What is checked, for the outcome.
        bench: What is checked, for the check.
    """
    name = name_of(check)
    try:
        check(bench)
    except ContractError as error:
        return Outcome(subject=subject, check=name, status="failed", message=str(error))
    except BlockedError as error:
        return Outcome(subject=subject, check=name, status="blocked", message=f"not checked: {error}")
    except RAISED as error:
        words = str(error) if isinstance(error, EmsegError) else f"it raised {describe_error(error)}"
        return Outcome(subject=subject, check=name, status="failed", message=words)
    return Outcome(subject=subject, check=name, status="passed")
