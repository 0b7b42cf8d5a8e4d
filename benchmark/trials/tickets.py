"""Which job of a cluster's queue runs a trial: noted in the trial's folder for whoever comes later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import MaxLen

from ..contracts.basics import STRICT
from ..contracts.errors import StoreError, UsageError
from ..files.store import TrialFolder, to_json, write_whole
from ..files.texts import read_json
from ..files.validation import plain, validate

MOST_BYTES: Final = 1 << 14
_NAME: Final = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)
Text = Annotated[str, MaxLen(200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A trial's place in a queue."""

    __pydantic_config__ = STRICT

    by: Text
    """Which executor has put it there."""
    job: Text
    """Number of the job, as the cluster writes it."""
    folder: Text
    """Name of the folder of the executor's own files."""
    at: Text
    """Since when: ISO 8601, UTC."""

    def __post_init__(self) -> None:
        """Refuse what is no name: an option of a cluster's programs, or a way out of the results folder.

        Raises:
            UsageError: `job` or `folder` is none.
        """
        for value in (self.job, self.folder):
            if not _NAME.fullmatch(value):
                raise UsageError(f"got {value!r}, expected a name of letters, digits, _ and -.")


def write_ticket(folder: TrialFolder, ticket: Ticket) -> None:
    """Note that a trial is in a queue."""
    write_whole(folder.ticket, to_json(plain(ticket)))


def read_ticket(folder: TrialFolder) -> Ticket | None:
    """Read by which job a trial runs; None: it is in no queue, as far as its folder says.

    Raises:
        StoreError: What it says cannot be read.
    """
    if not folder.ticket.exists():
        return None
    try:
        return validate(
            Ticket, read_json(folder.own(folder.ticket), StoreError, MOST_BYTES), str(folder.ticket)
        )
    except (StoreError, UsageError) as error:
        raise StoreError(f"{error} Remove {folder.ticket} once no job runs the trial.") from error
