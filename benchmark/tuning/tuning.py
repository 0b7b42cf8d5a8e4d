"""Several studies at once: places that are free get the next trial, and what is heard goes to its study."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..contracts.errors import EmsegError
from ..contracts.records import Record, TrialSpec
from ..contracts.running import Event
from ..files.hashing import fingerprint
from ..files.store import Store, TrialFolder
from ..trials.deadlines import is_overdue
from ..trials.records import load_record
from ..trials.standing import last_sign
from ..trials.verdicts import Verdict, give_verdict
from .study import RunningStudy


@dataclass(slots=True)
class _Going:
    """A trial that runs, for one study or, where several ask for the same, for all of them."""

    spec: TrialSpec
    wanted_by: list[tuple[RunningStudy, int]]
    since: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """That its devices have been held for."""
        return (time.monotonic() - self.since) * self.spec.recipe.processes


class Tuning:
    """Hands out the trials of studies, one study after the other, and hears what becomes of them.

    Args:
        studies: All of them are there before anything runs.
        store: Takes the trials.
        places: Trials at once.
    """

    def __init__(self, studies: Sequence[RunningStudy], store: Store, places: int) -> None:
        self.trials: dict[str, TrialSpec] = {}
        """All that have been handed out."""
        self._studies, self._store, self._places = studies, store, places
        self._going: dict[str, _Going] = {}

    def more(self) -> Mapping[str, TrialSpec]:
        """Give trials for the places that are free."""
        new: dict[str, TrialSpec] = {}
        while len(self._going) < self._places and (found := next(self._wanted(), None)):
            name, going = found
            self._going[name] = going
            new[name] = going.spec
        self.trials |= new
        return new

    def _wanted(self) -> Iterator[tuple[str, _Going]]:
        """Ask the studies in turn for what has to be run; what is stored is told at once."""
        for study in self._studies:
            while (asked := study.next(self._held(study))) is not None:
                number, setting = asked
                try:
                    spec = study.planned.trial(setting)
                except EmsegError as error:
                    study.failed(number, str(error))
                    continue
                name, folder = fingerprint(spec), self._store.trial(fingerprint(spec))
                is_known = study.begun(number, name)
                if name in self._going:
                    self._going[name].wanted_by.append((study, number))
                elif (record := _stored(folder, study)) is not None:
                    study.ended(number, record, folder, stored=not is_known)
                else:
                    if study.prunes:
                        give_verdict(folder, Verdict())
                    yield name, _Going(spec, [(study, number)])

    def _held(self, study: RunningStudy) -> float:
        return sum(
            going.seconds for going in self._going.values() if study in (one for one, _ in going.wanted_by)
        )

    def hear(self, event: Event) -> None:
        """Hear of a trial, and tell the studies that want it."""
        going = self._going.get(event.fingerprint)
        if going is None:
            return
        if event.kind == "started":
            going.since = time.monotonic()
        elif event.score is not None:
            self._judge(going, event, event.score)
        elif event.kind in {"complete", "failed"}:
            del self._going[event.fingerprint]
            self._conclude(going, event)

    def _judge(self, going: _Going, event: Event, score: float) -> None:
        """Pass a score on; a trial ends where all want it to."""
        ends = [study.scored(number, event.done, score) for study, number in going.wanted_by]
        if any(study.prunes for study, _ in going.wanted_by):
            verdict = Verdict(iteration=event.done, prune=all(ends))
            give_verdict(self._store.trial(event.fingerprint), verdict)

    def _conclude(self, going: _Going, event: Event) -> None:
        folder = self._store.trial(event.fingerprint)
        folder.verdict.unlink(missing_ok=True)
        for study, number in going.wanted_by:
            if event.kind == "failed" and _has_died(folder, event.message) and study.died(number):
                continue
            try:
                record = load_record(folder)
            except EmsegError:  # there was no room for one
                study.failed(number, event.message)
            else:
                study.ended(number, record, folder)


def _stored(folder: TrialFolder, study: RunningStudy) -> Record | None:
    """Read what came of a trial before; what was pruned counts only where the study prunes, too."""
    if not folder.is_complete():
        return None
    try:
        record = load_record(folder)
    except EmsegError:
        return None
    if record.pruned_at is not None and not study.prunes:
        folder.record.unlink()
        return None
    return record


def _has_died(folder: TrialFolder, reason: str) -> bool:
    """Tell whether a trial's process ended without a word, so that another one may do better."""
    if is_overdue(reason):
        return False
    try:
        sign = last_sign(folder)
    except EmsegError:
        return False
    return sign is None or sign.kind != "failed"
