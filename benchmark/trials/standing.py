"""How the trials of a results folder stand, by what lies in their folders: nobody has to be asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, MaxLen

from ..contracts.errors import EmsegError, StoreError
from ..files.processes import Whereabouts, has_ended
from ..files.regular import open_regular, shown
from ..files.store import MOST_RECORD_BYTES, Store, TrialFolder, read_record
from ..files.texts import parse_json, read_json
from ..files.validation import validate
from .signs import BEAT_SECONDS, Sign
from .tickets import Ticket, read_ticket

State: TypeAlias = Literal["running", "silent", "gone", "queued", "waiting", "failed", "damaged", "complete"]
STATES: Final[Mapping[State, str]] = {
    "running": "its process gives signs of life",
    "silent": "its process, on another machine or stopped, has given no sign of life for a minute",
    "gone": "its process ended without a result; the same run goes on from its resume point",
    "queued": "a cluster has it in its queue",
    "waiting": "it has not begun",
    "failed": "it ended without scores; the same run tries it again",
    "damaged": "its files cannot be read",
    "complete": "it has scores",
}
"""What each means, in the order in which people want to see them."""
BEGUN: Final = frozenset({"running", "silent", "gone"})
"""States of trials without a result whose last sign of life tells how far they came."""
SILENT_SECONDS: Final = 12 * BEAT_SECONDS
_TAIL_BYTES: Final = 64 << 10
_LINES: Final = 10
"""Tried from the end of a file on: the last one may be cut short."""
_LOOSE: Final = {"extra": "ignore"}

Text: TypeAlias = Annotated[str, MaxLen(10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A model or dataset of a plan, of which its name in reports is wanted."""

    __pydantic_config__ = _LOOSE

    label: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledData(Labelled):
    """A dataset's, with what its share of labels is a share of."""

    __pydantic_config__ = _LOOSE

    training_cases: Annotated[int, Ge(1)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a trial is, for people; what else its plan says may be of any version."""

    __pydantic_config__ = _LOOSE

    model: Labelled
    dataset: LabelledData
    label_fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    seed: Annotated[int, Ge(0)]
    purpose: Text = "compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One trial: what it is, and how far."""

    fingerprint: str
    state: State
    named: Named | None = None
    """None: its plan cannot be read."""
    reason: str = ""
    """Why it failed, cannot be read, or is still in a queue."""
    ticket: Ticket | None = None
    """Its job in a cluster's queue; None: it has none."""
    sign: Sign | None = None
    """Its last one; None: it has not begun, or was run by a version that left none."""
    seconds_silent: float | None = None
    """Since its last sign of life; None: there was none."""

    @property
    def seconds_left(self) -> float | None:
        """Of its phase, at its speed so far; None: nobody knows, or it does not run."""
        sign = self.sign
        if self.state != "running" or sign is None or not sign.done > sign.phase_done:
            return None
        began, told = datetime.fromisoformat(sign.phase_at), datetime.fromisoformat(sign.at)
        each = (told - began).total_seconds() / (sign.done - sign.phase_done)
        return max(0.0, each * (sign.total - sign.done)) or None


def standings(store: Store) -> Iterator[Standing]:
    """Tell how each trial of a results folder stands, those that have not begun included, by fingerprint."""
    for path in sorted(store.root.glob("trials/*")):
        folder = TrialFolder(path)
        if path.is_dir() and (folder.spec.exists() or folder.record.exists()):
            yield standing(folder)


def standing(folder: TrialFolder) -> Standing:
    """Tell how a trial stands; one that cannot be read is ``damaged``."""
    try:
        return _standing(folder)
    except EmsegError as error:
        return Standing(fingerprint=folder.path.name, state="damaged", reason=str(error))


def _standing(folder: TrialFolder) -> Standing:
    is_recorded = folder.record.exists()
    data = read_record(folder) if is_recorded else _read_plan(folder)
    found = Standing(
        fingerprint=folder.path.name,
        state="waiting",
        named=validate(Named, data.get("spec") if is_recorded else data, shown(folder.path)),
        sign=last_sign(folder),
    )
    if not is_recorded:
        return _on_its_way(found, folder)
    if data.get("status") == "complete":
        return replace(found, state="complete")
    return replace(found, state="failed", reason=str(data.get("reason")))


def _read_plan(folder: TrialFolder) -> dict[str, Any]:
    data = read_json(folder.own(folder.spec), StoreError, MOST_RECORD_BYTES)
    if not isinstance(data, dict):
        raise StoreError(f"{shown(folder.spec)} holds no trial's plan. Remove its folder and run again.")
    return data


def _on_its_way(found: Standing, folder: TrialFolder) -> Standing:
    """Tell how a trial without a record stands, by its last sign."""
    sign, ticket = found.sign, read_ticket(folder)
    found = replace(found, ticket=ticket)
    if ticket is not None and (sign is None or sign.at < ticket.at):
        return replace(found, state="queued")
    if sign is None:
        return found
    silent = max(0.0, time.time() - folder.events.stat().st_mtime)
    state: State = "running" if silent < SILENT_SECONDS else "silent"
    if sign.kind in {"failed", "stopped"} or _has_ended(sign):
        state = "gone"
    return replace(found, state=state, reason=sign.message, seconds_silent=silent)


def _has_ended(sign: Sign) -> bool:
    """Tell whether the process is known to be gone; that of another machine or container never is."""
    return has_ended(Whereabouts(host=sign.host, process=sign.process, space=sign.space))


def last_sign(folder: TrialFolder) -> Sign | None:
    """Read the last whole line of a trial's ``events.jsonl``; None: there is none.

    Raises:
        StoreError: The file cannot be read.
    """
    if not folder.events.exists():
        return None
    for line in reversed(_tail(folder.own(folder.events))[-_LINES:]):
        try:
            return validate(Sign, parse_json(line, shown(folder.events), StoreError), "sign")
        except EmsegError:  # cut short by a kill, or by our own look at the end alone
            continue
    return None


def _tail(path: Path) -> list[bytes]:
    with open_regular(path, StoreError) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        return file.read(_TAIL_BYTES).splitlines()
