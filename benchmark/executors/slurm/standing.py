"""How trials with jobs of Slurm's stand, by its own word, where this machine can ask it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...trials.standing import Standing, State
from .queue import PLACE, JobState, QueueError, queued


def as_slurm_says(found: Sequence[Standing]) -> list[Standing]:
    """Correct what folders alone tell of trials in a queue: they wait again, or their jobs have ended."""
    jobs = {one.ticket.job for one in found if one.ticket and one.ticket.by == PLACE}
    try:
        states = queued(jobs)
    except QueueError:  # not here, or not now
        return list(found)
    return [
        _corrected(one, states.get(one.ticket.job)) if one.ticket and one.ticket.job in jobs else one
        for one in found
    ]


def _corrected(one: Standing, said: JobState | None) -> Standing:
    if said is None:
        ended = "its job is no more in the queue; run the same command again to hear why"
        return replace(one, state="gone", reason=ended)
    if said.waits:
        return replace(one, state="queued", reason=said.reason)
    state: State = "running" if one.state in {"silent", "gone"} else one.state
    return replace(one, state=state, reason="starting" if state == "queued" else one.reason)
