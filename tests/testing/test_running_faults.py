"""Each fault of executors, sections, events and sources is caught by the check that is meant for it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from emseg_bench import hookimpl
from emseg_bench.benchmark.contracts.cards import SCRATCH, Initialisation
from emseg_bench.benchmark.contracts.errors import WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.contracts.reporting import ReportSection
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.plugins.loading import Plugins
from emseg_bench.testing.running import run_check
from emseg_bench.testing.targets import events_target


# ------------------------------------------------------------------------------------- executors
class Sound:
    """Believes that a trial with a record is complete, and fails the others, as nothing can be run here."""

    reason = "it cannot be run here"

    def __init__(self, runtime):
        self.runtime = runtime

    def run(self, jobs, on_event):
        for job in jobs:
            on_event(Event(fingerprint=job.fingerprint, kind="started"))
            on_event(self.end(job))

    def end(self, job):
        complete = TrialFolder(job.folder).is_complete()
        kind = "complete" if complete else "failed"
        return Event(fingerprint=job.fingerprint, kind=kind, message="" if complete else self.reason)


class Unhelpful(Sound):
    reason = " "


class Optimist(Sound):
    def end(self, job):
        return Event(fingerprint=job.fingerprint, kind="complete")


class FirstAlone(Sound):
    def run(self, jobs, on_event):
        super().run(jobs[:1], on_event)


class Twice(Sound):
    def run(self, jobs, on_event):
        super().run([*jobs, *jobs], on_event)


class Late(Sound):
    def run(self, jobs, on_event):
        for job in jobs:
            on_event(self.end(job))
            on_event(Event(fingerprint=job.fingerprint, kind="started"))


class Raises(Sound):
    def end(self, job):
        raise OSError("no such queue")


class NoRun:
    def __init__(self, runtime):
        pass


class Talks(Sound):
    def run(self, jobs, on_event):
        on_event(Event(fingerprint="", kind="note", message="hello"))
        super().run(jobs, on_event)


ENDS, TRUTH = "every job ends", "tells the truth"


@pytest.mark.parametrize(
    ("factory", "check", "words"),
    [
        (Sound, None, ""),
        (Unhelpful, TRUTH, "got a failed trial without a message, expected why it failed"),
        (Optimist, TRUTH, "got 'complete' for a trial that cannot be run, expected failed"),
        (FirstAlone, ENDS, "got 0 events that say how a trial ended (failed 2), expected one for each job"),
        (Twice, ENDS, "got 2 events that say how a trial ended"),
        (Late, ENDS, "got started after other news"),
        (Raises, ENDS, "got OSError: no such queue (test_running_faults.py, line"),
        (NoRun, "builds", "got a NoRun without run, expected run(jobs, on_event)"),
        (Talks, "builds", "got 1 event(s) for no jobs, expected none"),
    ],
)
def test_executor(failing, factory, check, words):
    expect(failing("executor", factory=factory), check, words)


@pytest.mark.slow
def test_own_executor_keeps_it(failing):
    assert failing("executor", factory="emseg_bench.executors:LocalExecutor") == {}


# -------------------------------------------------------------------------------------- sections
def sound(board, folder):
    if board.sanity is None and not board.trials[0].record.profile:
        return None
    (folder / "figures" / f"odd-{board.slug}.svg").write_text(f"<svg>{board.slug}</svg>")
    return ReportSection(html=f'<img src="figures/odd-{board.slug}.svg" alt="odd">')


def needs_profile(board, folder):
    return ReportSection(html=f"<p>{board.trials[-1].record.profile.train_seconds}</p>")


def text(board, folder):
    return "<p>so</p>"


def unescaped(board, folder):
    return ReportSection(html=f"<p>{board.trials[0].record.class_names}</p>")


def from_elsewhere(board, folder):
    return ReportSection(html='<script defer src="https://example.org/plot.js"></script>')


def whole_page(board, folder):
    return ReportSection(html="<html><body>so</body></html>")


def link_alone(board, folder):
    return ReportSection(html='<img src="figures/not-there.svg" alt="odd">')


def one_for_all(board, folder):
    (folder / "figures/odd.svg").write_text(f"<svg>{board.slug}</svg>")
    return ReportSection(html='<img src="figures/odd.svg" alt="odd">')


def beside(board, folder):
    (folder / "odd.svg").write_text("<svg></svg>")
    return ReportSection(html="<p>so</p>")


@pytest.mark.parametrize(
    ("factory", "check", "words"),
    [
        (sound, None, ""),
        (needs_profile, "made", "has no attribute 'train_seconds'"),
        (text, "made", "got a str, expected a ReportSection, or None where there is nothing to say"),
        (unescaped, "escaped", "Write html.escape(name), or use a template that escapes"),
        (from_elsewhere, "fragment", "a fragment that needs nothing but the report's folder"),
        (whole_page, "fragment", "got '<html>' in its HTML"),
        (link_alone, "figures", "got a link to figures/not-there.svg, which it did not write"),
        (one_for_all, "figures", "got odd.svg written over for the next board"),
        (beside, "figures", "got the file odd.svg, expected files in folder / 'figures'"),
    ],
)
def test_section(failing, factory, check, words):
    found = failing("section", factory=factory)
    if factory is needs_profile:
        found = {"made": found["made"]}
    expect(found, check, words)


# ---------------------------------------------------------------------------------------- events
def told(**hooks) -> dict[str, str]:
    module = ModuleType("odd_tracker")
    for name, function in hooks.items():
        function.__name__ = name
        setattr(module, name, hookimpl(function))
    sys.modules.pop(module.__name__, None)
    plugins = Plugins()
    plugins.register(module, "odd", "emseg-odd", "1")
    assert plugins.catalogue.problems == []
    target = events_target("emseg-odd", plugins)
    bench = target.open()
    outcomes = [run_check(check, target.name, bench) for check in target.checks]
    return {one.check: f"{one.status}: {one.message}" for one in outcomes if one.status != "passed"}


def test_tracker_that_needs_a_profile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def writes(record):
        Path("told.txt").write_text(f"{record.profile.train_seconds}")

    found = told(emseg_trial_finished=writes)
    assert found.keys() == {"failed"}
    assert "failed: got emseg_trial_finished: it raised AttributeError" in found["failed"]
    assert [*tmp_path.iterdir()] == []


def test_tracker_that_expects_other_things(tmp_path):
    found = told(emseg_trial_started=lambda fingerprint, trial: trial.models)
    assert found.keys() == {"started"}
    assert "'TrialSpec' object has no attribute 'models'" in found["started"]
    assert told(emseg_trial_started=lambda fingerprint, trial: trial.model.label) == {}


def test_tracker_of_a_service_is_not_checked_without_a_network():
    def sends(record):
        import urllib.request

        urllib.request.urlopen("http://192.0.2.1/", timeout=1)

    found = told(emseg_trial_finished=sends)
    assert found.keys() == {"complete", "failed"}
    assert "blocked: not checked: it reaches for the network: socket.getaddrinfo to" in found["failed"]


# --------------------------------------------------------------------------------------- sources
def network(in_channels, num_classes):
    from torch import nn

    return nn.Conv2d(in_channels, num_classes, 1)


class Source:
    """A source that has nothing, and takes no other file than one of its own network."""

    def obtain(self, options, location):
        raise WeightsUnavailableError("they are not here")

    def load(self, model, path):
        raise WeightsError(f"{path} is none")


class Downloads(Source):
    def obtain(self, options, location):
        import urllib.request

        urllib.request.urlopen("http://192.0.2.1/", timeout=1)


class Believes(Source):
    def obtain(self, options, location):
        return Path(location or "nowhere")


class Takes(Source):
    def load(self, model, path):
        return "all loaded"


class Lenient(Source):
    def load(self, model, path):
        from safetensors.torch import load_file

        model.load_state_dict(load_file(path), strict=False)


@pytest.mark.parametrize(
    ("source", "check", "words"),
    [
        (Source(), None, ""),
        ("none", "initialisations", "got no obtain and no load in the source of file"),
        (Downloads(), "obtain", "from obtain of file, expected a file, or a WeightsUnavailableError"),
        (Believes(), "obtain", "nowhere.safetensors') from obtain of file"),
        (Takes(), "load", "got 'all loaded' from load of file, expected a WeightsError for a damaged file"),
        (Lenient(), "load", "from load of file, expected a WeightsError for a damaged file"),
    ],
)
def test_source(failing, source, check, words):
    given = f"{__name__}:network" if source == "none" else source
    init = Initialisation(name="file", description="odd", source=given)
    found = failing("model", factory=network, initialisations=(SCRATCH, init))
    expect(found, check, words)


def expect(found: dict[str, str], check: str | None, words: str) -> None:
    assert found.keys() == ({check} if check else set()), found
    assert words in found.get(check, "")
