"""Speeds from a few timed steps, each kind of trial in a process of its own: its memory is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..contracts.errors import PluginError
from ..contracts.records import TrialSpec
from ..contracts.running import Runtime
from ..files.texts import parse_json
from ..files.wording import counted
from .schema import Speed, Timed, span_of

PATIENCE_SECONDS: Final = 900.0
"""For one kind of trial, loading torch and data included."""
BUSY: Final = 0.1
"""Share of the processors: beside more of others' work times say too much."""


def timed_speeds(
    wanted: Mapping[str, TrialSpec], runtime: Runtime, tell: Callable[[str], None]
) -> tuple[dict[str, Speed], list[str]]:
    """Time a few steps and windows of trials.

    Args:
        wanted: One trial of each kind.
        runtime: Where they will run.
        tell: Hears what is being timed.

    Returns:
        The speeds that were found; and what is to be known of them, or why others were not.
    """
    found, notes = dict[str, Speed](), list[str]()
    one = replace(runtime, place=runtime.devices[0]) if len(runtime.devices) > 1 else runtime
    for name, spec in wanted.items():
        which = f"{spec.model.label} on {spec.dataset.label}"
        tell(f"timing a few steps of {which}")
        answer = _answer(spec, one)
        if "found" in answer:
            timed = Timed(**answer["found"])
            found[name] = _speed(timed)
            if timed.others_share and timed.others_share > BUSY:
                notes.append(
                    f"while {which} was timed, other processes took {100 * timed.others_share:.0f} % of the "
                    "processors: on a free machine it takes less."
                )
        else:
            notes.append(f"{which} could not be timed: {answer['fault']}")
    return found, notes


def _answer(spec: TrialSpec, runtime: Runtime) -> dict[str, Any]:
    from ..executors.asking import asked

    if spec.recipe.processes > 1:
        return {
            "fault": f"it takes {spec.recipe.processes} processes, which only a trial starts; run one first"
        }
    try:
        with asked(_serve, spec, runtime) as answers:
            if not answers.poll(PATIENCE_SECONDS):
                return {"fault": f"no answer within {counted(round(PATIENCE_SECONDS / 60), 'minute')}"}
            told = parse_json(answers.recv_bytes(), "the answer", PluginError)
    except (OSError, EOFError):
        return {"fault": "its process ended early; the memory may be too small for it"}
    return told if isinstance(told, dict) else {"fault": "the answer makes no sense"}


def _serve(spec: TrialSpec, runtime: Runtime, answers: Any) -> None:
    from .timed import serve

    serve(spec, runtime, answers)


def _speed(timed: Timed) -> Speed:
    return Speed(
        source="timed",
        seen=len(timed.steps),
        step=span_of(timed.steps),
        validation=span_of(timed.validation),
        test=span_of(timed.test),
        beside=span_of([timed.beside]),
        memory=span_of([timed.memory_mib]),
        memory_kind=timed.memory_kind,
        device=timed.device,
    )
