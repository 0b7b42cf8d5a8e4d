"""What is seen of work that takes long, in a plain log and in a terminal."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.cli import progress, trial_progress
from emseg_bench.cli.console import Console
from emseg_bench.cli.pretraining_progress import indexing, show
from emseg_bench.cli.progress import LINE_SECONDS, MIB, steps, transfer

CLOCK = re.compile(r"^\d\d:\d\d:\d\d  ")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test turns."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def lines(written: io.StringIO) -> list[str]:
    return [CLOCK.sub("", line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize(("total", "line"), [(4 * MIB, "vnc: 1.0 of 4.0 MiB"), (0, "vnc: 1.0 MiB so far")])
def test_lines_say_how_much_came_and_of_what_as_far_as_it_is_known(total, line):
    written = io.StringIO()
    with transfer("vnc", Console(file=written), "converted") as meter:
        meter.total = total
        meter.update(MIB)
        meter.close()
    assert lines(written) == [line, "vnc: converted"]


def test_a_log_hears_of_steps_now_and_then(clock):
    written = io.StringIO()
    with steps("looking", 2048, Console(file=written)) as step:
        for _ in range(2048):
            clock.seconds += LINE_SECONDS / 1024
            step()
    assert lines(written) == ["looking: 1,024/2,048 about 10 s left", "looking: 2,048/2,048"]


def test_a_log_of_a_run_has_a_line_per_phase_and_how_each_trial_ended(monkeypatch, clock):
    monkeypatch.setattr(trial_progress, "trial_name", lambda spec: spec)
    written = io.StringIO()
    events = [
        Event(fingerprint="f", kind="started"),
        Event(fingerprint="f", kind="progress", phase="load"),
        Event(fingerprint="f", kind="progress", phase="train", done=1, total=9, message="loss 0.5"),
        Event(fingerprint="f", kind="progress", phase="train", done=2, total=9, message="loss 0.4"),
        Event(fingerprint="f", kind="note", message="goes on"),
        Event(fingerprint="f", kind="complete"),
        Event(fingerprint="g", kind="failed", message="it never began"),
    ]
    with trial_progress.show({"f": "a on b", "g": "c on b"}, 2, Console(file=written)) as view:  # type: ignore[dict-item]
        for event in events:
            view(event)
    assert lines(written) == [
        "a on b: starting",
        "a on b: loading",
        "a on b: training 1/9 loss 0.5",
        "a on b: goes on",
        "a on b: done (1 of 2)",
        "c on b: FAILED: it never began (2 of 2)",
    ]
    assert all(CLOCK.match(line) for line in written.getvalue().splitlines())


def test_a_log_of_a_pretraining(clock):
    written = io.StringIO()
    with indexing(Console(file=written)) as tell:
        tell(1, 9)  # too early to be worth a line
        clock.seconds += 3
        tell(2, 9)
    spec = SimpleNamespace(recipe=SimpleNamespace(batch_size=4, epochs=2), steps_per_epoch=3, steps=6)
    with show(spec, Console(file=written)) as hear:  # type: ignore[arg-type]
        hear(1, 0.5)
        hear(2, 0.5)
    assert lines(written) == [
        "indexing images: 2/9",
        "pre-training: 1/6 epoch 1/2, loss 0.5000, starting",
    ]


def test_terminals_see_bars(monkeypatch):
    monkeypatch.setattr(trial_progress, "trial_name", lambda spec: spec)
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120)
    with trial_progress.show({"f": "a on b"}, 1, console) as view:  # type: ignore[dict-item]
        view(Event(fingerprint="f", kind="started"))
        view(Event(fingerprint="f", kind="progress", phase="train", done=3, total=9, message="loss 0.5"))
        view(Event(fingerprint="f", kind="complete"))
    with transfer("vnc", console) as meter:
        meter.total = 4 * MIB
        meter.update(MIB)
        meter.close()
    with steps("looking", 3, console) as step:
        step()
    seen = written.getvalue()
    for text in ("all trials", "a on b: done (1 of 1)", "1/1", "vnc", "4.0/4.0 MiB"):
        assert text in seen
