"""Running a plan, with an executor that only pretends: who hears what, and which records are left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pandas as pd
import pytest
from emseg_bench import hookimpl
from emseg_bench.benchmark.contracts.running import QUEUE, Event
from emseg_bench.benchmark.executors.context import WORKER_ENVIRONMENT, worker_environment
from emseg_bench.benchmark.executors.openmp import SPIN_COUNT
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import Plugins
from emseg_bench.benchmark.trials import deadlines
from emseg_bench.benchmark.trials.records import load_record, write_record
from emseg_bench.benchmark.trials.session import pending, run_plan
from emseg_bench.plugin import scores_of


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    @hookimpl
    def emseg_trial_started(self, fingerprint, trial):
        self.heard.append(("started", trial.model.name))

    @hookimpl
    def emseg_trial_finished(self, record):
        self.heard.append((record.status, record.spec.model.name))


class Pretender:
    """Ends each job as it is told to: with a record, or as if its process had died."""

    def __init__(self, complete) -> None:
        self.complete, self.jobs = complete, []

    def run(self, jobs, on_event):
        for job in jobs:
            self.jobs.append(job.spec.model.name)
            on_event(Event(fingerprint=job.fingerprint, kind="started"))
            on_event(Event(fingerprint=job.fingerprint, kind="progress", phase="train", done=1, total=2))
            if job.spec.model.name in self.complete:
                write_record(TrialFolder(job.folder), self.complete[job.spec.model.name])
                on_event(Event(fingerprint=job.fingerprint, kind="complete"))
            else:
                on_event(Event(fingerprint=job.fingerprint, kind="failed", message="its process died"))


@pytest.fixture
def session(make_job, runtime, tmp_path):
    """A plan of two trials, of which the first completes and the second dies."""
    from emseg_bench.benchmark.trials.trial import run_trial

    good, bad = make_job("toy", folder="elsewhere"), make_job("toy-raises")
    record = run_trial(good, runtime, lambda event: None)
    plan = Plan({job.fingerprint: job.spec for job in (good, bad)}, ())
    return plan, Store(tmp_path / "store"), {"toy": record}


def test_everybody_hears_and_every_trial_leaves_a_record(session):
    plan, store, complete = session
    plugins, listener, events = Plugins(), Listener(), []
    plugins.register(listener, "listener", "tests", "1")
    outcome = run_plan(plan, store, Pretender(complete), plugins, events.append)

    good, bad = plan.trials
    assert listener.heard == [
        ("started", "toy"),
        ("complete", "toy"),
        ("started", "toy-raises"),
        ("failed", "toy-raises"),
    ]
    assert [event.kind for event in events] == [
        "started",
        "progress",
        "complete",
        "started",
        "progress",
        "failed",
    ]
    assert (outcome.ran, outcome.cached, outcome.failed) == ((good, bad), (), {bad: "its process died"})
    record = load_record(store.trial(bad))
    assert (record.status, record.reason) == ("failed", "its process died")
    assert store.trial(bad).spec.exists()


class Tracker:
    """Hears everything, in the order in which a tracker needs it; its own fault is in every progress."""

    def __init__(self, store: Store) -> None:
        self.store, self.heard = store, []

    @hookimpl
    def emseg_trial_started(self, fingerprint):
        self.heard.append((fingerprint, "begun"))

    @hookimpl
    def emseg_trial_event(self, event):
        self.heard.append(
            (event.fingerprint, event.kind, self.store.trial(event.fingerprint).record.exists())
        )
        if event.kind in {"progress", "note"}:
            raise RuntimeError("no connection")

    @hookimpl
    def emseg_trial_finished(self, record, folder):
        self.heard.append((record.fingerprint, scores_of(record, folder)))


class Talkative(Pretender):
    """Tells of progress again and again."""

    def run(self, jobs, on_event):
        def again(event) -> None:
            for _ in range(5 if event.kind == "progress" else 1):
                on_event(event)

        super().run(jobs, again)


def test_trackers_hear_all_news_and_find_scores_and_their_faults_are_told_once(session, make_job):
    plan, store, complete = session
    plugins, tracker, events = Plugins(), Tracker(store), []
    plugins.register(tracker, "tracker", "tests", "1")
    good, bad = plan.trials
    for file in ("cases.parquet", "curve.parquet"):
        folder = store.trial(good)
        folder.path.mkdir(parents=True, exist_ok=True)
        (folder.path / file).write_bytes((make_job("toy", folder="elsewhere").folder / file).read_bytes())
    run_plan(plan, store, Talkative(complete), plugins, events.append)
    cases = pd.read_parquet(store.trial(good).cases)
    expected = cases[(cases["metric"] == "iou") & (cases["class_index"] == 1)]["value"].mean()
    for name, end, scores in ((good, "complete", {"iou": expected}), (bad, "failed", {})):
        heard = [one[1:] for one in tracker.heard if one[0] == name]
        assert heard[:-1] == [
            ("begun",),
            ("started", False),
            *[("progress", False)] * 5,
            (end, True),
        ]
        assert heard[-1][0].get("iou") == pytest.approx(scores.get("iou"))
        assert (heard[-1][0] == {}) == (scores == {})
    notes = [event.message for event in events if event.kind == "note"]
    assert len(notes) == 1
    assert "tests (emseg_trial_event): it raised RuntimeError: no connection" in notes[0]


def test_only_what_is_not_complete_runs_again(session):
    plan, store, complete = session
    run_plan(plan, store, Pretender(complete), Plugins(), lambda event: None)
    again = Pretender(complete)
    outcome = run_plan(plan, store, again, Plugins(), lambda event: None)
    assert again.jobs == ["toy-raises"]
    assert outcome.cached == (next(iter(plan.trials)),)
    assert pending(plan, store) == [*plan.trials][1:]


class Hanging(Pretender):
    """Begins a trial and never ends it; the others end as those of a pretender."""

    def __init__(self, complete, hangs="toy-raises", *, starts=True, stubborn=False):
        super().__init__(complete)
        self.hangs, self.starts, self.stubborn, self.interrupts, self.children = (
            hangs,
            starts,
            stubborn,
            0,
            [],
        )

    def run(self, jobs, on_event):
        for job in jobs:
            if job.spec.model.name == self.hangs:
                if self.starts:
                    on_event(Event(fingerprint=job.fingerprint, kind="started"))
                child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
                child.start()
                self.children.append(child)
                self.hang()
            else:
                super().run([job], on_event)

    def hang(self):
        while True:
            try:
                time.sleep(600)
            except KeyboardInterrupt:
                self.interrupts += 1
                if not self.stubborn or self.interrupts == 2:
                    raise


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(deadlines, "SLACK_SECONDS", 0.2)
    monkeypatch.setattr(deadlines, "AGAIN_SECONDS", 0.2)


@pytest.mark.parametrize("stubborn", [False, True])
def test_time_out_holds_for_an_executor_that_hangs_and_the_others_go_on(session, hurried, stubborn):
    plan, store, complete = session
    good, bad = plan.trials
    plan = Plan({bad: plan.trials[bad], good: plan.trials[good]}, ())
    executor = Hanging(complete, stubborn=stubborn)
    outcome = run_plan(plan, store, executor, Plugins(), lambda event: None, timeout_minutes=0.01)
    assert outcome.failed == {bad: "stopped after 0.01 minutes, the limit set by --timeout"}
    assert executor.interrupts == 1 + stubborn
    assert executor.jobs == ["toy"], "the other trial is given to the executor again"
    assert not executor.children[0].is_alive()
    assert load_record(store.trial(bad)).status == "failed"


def test_executor_that_hangs_before_it_begins_is_ended_too(session, hurried):
    plan, store, complete = session
    executor = Hanging(complete, hangs="toy", starts=False)
    outcome = run_plan(plan, store, executor, Plugins(), lambda event: None, timeout_minutes=0.01)
    assert set(outcome.failed.values()) == {
        "the executor ran no trial and said nothing for 0.01 minutes, the limit set by --timeout"
    }


class Queueing(Pretender):
    """Puts each trial back into a queue before it goes on, for longer than it may take."""

    def run(self, jobs, on_event):
        for job in jobs:
            on_event(Event(fingerprint=job.fingerprint, kind="started"))
            for _ in range(12):
                on_event(Event(fingerprint=job.fingerprint, kind="progress", phase=QUEUE))
                time.sleep(0.1)
        super().run(jobs, on_event)


def test_time_in_a_queue_is_none_of_a_trials_own(session, hurried):
    plan, store, complete = session
    outcome = run_plan(plan, store, Queueing(complete), Plugins(), lambda event: None, timeout_minutes=0.01)
    assert list(outcome.failed.values()) == ["its process died"]


def test_no_alarm_is_left_behind(session, hurried):
    plan, store, complete = session
    before = signal.getsignal(signal.SIGALRM)
    run_plan(plan, store, Pretender(complete), Plugins(), lambda event: None, timeout_minutes=0.01)
    time.sleep(1)  # the alarm of a time-out would end this process
    assert signal.getsignal(signal.SIGALRM) is before


def test_interrupt_by_the_user_stays_one(session, hurried):
    plan, store, complete = session

    class Interrupted(Pretender):
        def run(self, jobs, on_event):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, store, Interrupted(complete), Plugins(), lambda event: None, timeout_minutes=1)


def test_workers_get_their_environment_and_the_command_keeps_its_own(monkeypatch):
    for name in (*WORKER_ENVIRONMENT, "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    with worker_environment():
        assert {name: os.environ[name] for name in WORKER_ENVIRONMENT} == WORKER_ENVIRONMENT
        assert os.environ["GOMP_SPINCOUNT"] == SPIN_COUNT
    assert not {*WORKER_ENVIRONMENT, "GOMP_SPINCOUNT"} & set(os.environ)


@pytest.mark.parametrize(("name", "value"), [("GOMP_SPINCOUNT", "7"), ("OMP_WAIT_POLICY", "active")])
def test_what_the_user_has_set_about_threads_stays(monkeypatch, name, value):
    for other in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with worker_environment():
        assert os.environ[name] == value
        assert ("GOMP_SPINCOUNT" in os.environ) == (name == "GOMP_SPINCOUNT")
