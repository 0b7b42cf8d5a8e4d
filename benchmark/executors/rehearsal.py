"""Trying out, before anything starts, whether models can take the weights, crops and batches of a plan.

That is done in a process apart, so that planning itself needs no torch and a model that crashes costs nothing
but the answer.  What was found to work is remembered in the cache.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import psutil

from ..contracts.errors import DataError, PluginError, UsageError
from ..experiments.planning import Plan
from ..files.limits import told
from ..files.seen import keep, recall
from ..files.texts import parse_json
from .questions import Question, question_of

PATIENCE_SECONDS: Final = 120.0
"""For one answer; then the trial has to tell."""
LOADING_SECONDS: Final = 600.0
"""For importing torch, on a machine that is busy."""
_ITEM_BYTES: Final = 4
FOLDER: Final = "rehearsed"
ELSEWHERE: Final = "elsewhere"
"""In place of a device: none of this machine's."""


def rehearse(
    plan: Plan, todo: Collection[str], may_be_left_out: Collection[str], cache: Path, *, runs_on: str
) -> Plan:
    """Try the models of a plan out; give it back without the trials that cannot be run.

    Args:
        plan: What is to run.
        todo: Fingerprints of its trials that are not complete.
        may_be_left_out: Names of models that were not asked for by name; the others' faults are errors.
        cache: Where it is remembered what works.
        runs_on: The device; ``cpu`` has this machine's memory, and `ELSEWHERE` nobody knows how much.

    Raises:
        UsageError: A model that was asked for cannot take its weights, crops or batches.
    """
    whole = psutil.virtual_memory().total
    memory = whole if runs_on == "cpu" else None
    questions = {name: question_of(plan, name, memory) for name in todo}
    for question in questions.values() if runs_on != ELSEWHERE else ():
        _check_memory(question, whole)
    faults = _faults({one.key: one for one in questions.values()}, cache / FOLDER)
    wrong = {name: fault for name, one in questions.items() if (fault := faults.get(one.key))}
    refused = {fault for name, fault in wrong.items() if plan.trials[name].model.name not in may_be_left_out}
    left = {name: trial for name, trial in plan.trials.items() if name not in wrong}
    if refused or not left:
        raise UsageError("\n".join(sorted(refused or set(wrong.values()))))
    notes = dict.fromkeys(
        f"{plan.trials[name].model.label} is left out of 'all': {wrong[name]}" for name in wrong
    )
    return replace(plan, trials=left, notes=(*plan.notes, *notes))


def _check_memory(question: Question, whole: int) -> None:
    """Refuse batches that this machine, with `whole` bytes, could not even hold the images of."""
    batch = question.spec.recipe.batch_size
    for what, rows, side in (("batch", batch, question.crop), ("window", 1, question.window)):
        asked = rows * question.channels * side**2 * _ITEM_BYTES
        if asked > whole:
            raise UsageError(
                f"a {what} of {rows:,} x {side:,} x {side:,} px takes {told(asked)} before anything is "
                f"computed, and this machine has {told(whole)} of memory; lower recipe.batch_size, "
                "recipe.crop or protocol.window with --set."
            )


def _faults(questions: Mapping[str, Question], known: Path) -> dict[str, str | None]:
    """Answer questions as `_ask` does; what works is remembered in the folder `known`, by key."""
    notes = {key: known / f"{key}.json" for key in questions}
    asked = {key: one for key, one in questions.items() if recall(notes[key], None, bool) is None}
    faults = dict(zip(asked, _ask(list(asked.values())), strict=False)) if asked else {}
    with suppress(DataError):  # then it is tried again the next time
        for key, fault in faults.items():
            if fault == "":
                keep(notes[key], None, found=True)
    return faults


def _ask(questions: Sequence[Question]) -> list[str | None]:
    """Ask a process for faults, empty where it works; None where it crashes or hangs: trials will tell."""
    from .asking import asked

    found = list[str | None]()
    while len(found) < len(questions):
        left = questions[len(found) :]
        with suppress(OSError, EOFError), asked(_serve, left) as answers:
            if answers.poll(LOADING_SECONDS):
                answers.recv_bytes()
            for _ in left:
                if not answers.poll(PATIENCE_SECONDS):
                    break
                found.append(str(parse_json(answers.recv_bytes(), "the answer", PluginError)))
        if len(found) < len(questions):
            found.append(None)
    return found


def _serve(questions: Sequence[Question], answers: Connection) -> None:
    """Answer questions one after another, as JSON."""
    from .asking import be_quiet
    from .rehearsing import find_fault

    be_quiet()
    answers.send_bytes(b"ready")
    for question in questions:
        answers.send_bytes(json.dumps(find_fault(question)).encode())
