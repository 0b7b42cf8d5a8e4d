"""Studies, with an executor that only pretends: the score of a setting is known beforehand."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.records import Profile, Record, Selection
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.benchmark.executors.local import LocalExecutor
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.files.texts import read_json
from emseg_bench.benchmark.files.validation import validate
from emseg_bench.benchmark.plugins.loading import Plugins, load_plugins
from emseg_bench.benchmark.trials.deadlines import overdue
from emseg_bench.benchmark.trials.records import load_record, write_record
from emseg_bench.benchmark.trials.session import run_plan
from emseg_bench.benchmark.tuning.planning import Planner, Wanted, plan_studies
from emseg_bench.benchmark.tuning.records import Budget, StudySpec, StudyState
from emseg_bench.benchmark.tuning.storage import (
    check_storage,
    close_storage,
    open_storage,
    without_password,
)
from emseg_bench.benchmark.tuning.study import RunningStudy
from emseg_bench.benchmark.tuning.tuning import Tuning

TINY = ("recipe.iterations=6", "recipe.batch_size=2", "recipe.crop=32", "recipe.validations=3")
SPACE = (
    "recipe.learning_rate: {low: 0.0001, high: 0.1, log: true}\nrecipe.weight_decay: {low: 0.0, high: 0.1}\n"
)
BEST = -2.3


def score_of(spec):
    """Highest at a learning rate of 10^BEST and no weight decay."""
    return 1 - (math.log10(spec.recipe.learning_rate) - BEST) ** 2 / 10 - spec.recipe.weight_decay


PROFILE = Profile(
    device="none",
    precision="fp32",
    threads=1,
    parameters=1,
    trainable_parameters=1,
    input_shape=(1, 1, 32, 32),
    flops=1,
    latency_p50_ms=2.0,
    latency_p95_ms=2.0,
    latency_runs=1,
    throughput_batch=1,
    throughput_images_per_s=1.0,
    memory_kind="process RSS",
    peak_memory_mib=1.0,
    peak_memory_reserved_mib=None,
    train_seconds=1.0,
    train_images_per_s=1.0,
    validation_seconds=0.5,
    test_seconds=0.0,
)


class Killed(BaseException):
    """Ends a command at once, as SIGKILL does."""


class Pretender:
    """Ends each job with the record that a trial of its setting would leave."""

    def __init__(self, deaths=0, killed_after=None, death="its process died"):
        self.ran, self.deaths, self.killed_after, self.death = [], deaths, killed_after, death

    def run(self, jobs, on_event):
        for job in jobs:
            folder, spec = TrialFolder(job.folder), job.spec
            assert spec.purpose == "tune"
            on_event(Event(fingerprint=job.fingerprint, kind="started"))
            if self.deaths:
                self.deaths -= 1
                on_event(Event(fingerprint=job.fingerprint, kind="failed", message=self.death))
                continue
            curve = [(2, "val/iou", score_of(spec) / 2), (6, "val/iou", score_of(spec))]
            on_event(self.validated(job, *curve[0]))
            pd.DataFrame(curve, columns=["iteration", "series", "value"]).to_parquet(
                folder.curve, index=False
            )
            self.ran.append(job.fingerprint)
            write_record(folder, self.record(job))
            if len(self.ran) == self.killed_after:
                raise Killed
            on_event(Event(fingerprint=job.fingerprint, kind="complete"))

    def validated(self, job, iteration, _, score):
        return Event(fingerprint=job.fingerprint, kind="progress", phase="train", done=iteration, score=score)

    def record(self, job):
        return Record(
            fingerprint=job.fingerprint,
            spec=job.spec,
            status="complete",
            started="2026-01-01T00:00:00+00:00",
            finished="2026-01-01T00:00:10+00:00",
            class_names=("a", "b"),
            selection=Selection(iteration=6, metric="iou", score=score_of(job.spec)),
            profile=PROFILE,
        )


@pytest.fixture
def tuned(toy, tmp_path):
    """Tune the toy model on toy data: give the state, the executor, and the results folder."""
    catalogue, opened = load_plugins().catalogue, []

    def tune(executor=None, *, out="results", space=SPACE, trials=6, hours=None, storage="", **options):
        file = tmp_path / "space.yaml"
        file.write_text(space)
        experiment = build_experiment(None, {"models": ["toy"], "datasets": ["toy-data"]}, TINY)
        settings = {"sampler": "tpe", "pruner": "none", **options}
        wanted = Wanted(
            experiment=experiment,
            budget=Budget(trials=trials, hours=hours),
            space=file,
            storage=without_password(storage),
            **settings,
        )
        planner = Planner(catalogue=catalogue, device="cpu", cache=tmp_path / "cache")
        (planned,), _ = plan_studies(wanted, planner)
        store, runner = Store(tmp_path / out), executor or Pretender()
        store.prepare()
        check_storage(storage)
        opened.append(open_storage(storage, store))
        study = RunningStudy(planned, opened[-1], store)
        tuning = Tuning([study], store, 1)
        run_plan(Plan({}, ()), store, runner, Plugins(), tuning.hear, more=tuning.more)
        return study, runner

    yield tune
    for one in opened:
        close_storage(one)


def settings_of(study):
    return [(one.number, one.state, one.setting, one.values) for one in study.state().trials]


def test_every_setting_is_tried_once_and_written_down(tuned):
    study, runner = tuned()
    state = study.state()
    assert [one.number for one in state.trials] == list(range(6))
    assert {one.state for one in state.trials} == {"complete"}
    assert len({*runner.ran}) == 6
    best = state.trials[state.best[0]]
    assert best.values[0] == max(one.values[0] for one in state.trials)
    assert best.curve == ((2, pytest.approx(best.values[0] / 2)), (6, pytest.approx(best.values[0])))
    assert state.seconds == 60
    assert validate(StudyState, read_json(study.folder.state, UsageError), "state") == state
    assert validate(StudySpec, read_json(study.folder.spec, UsageError), "spec") == study.spec
    again, idle = tuned()
    assert idle.ran == []
    assert again.state() == state


@pytest.mark.parametrize("killed_after", [1, 4])
def test_a_killed_command_goes_on_to_the_same_end(tuned, killed_after):
    whole, _ = tuned(out="whole")
    with pytest.raises(Killed):
        tuned(killer := Pretender(killed_after=killed_after))
    study, runner = tuned()
    assert settings_of(study) == settings_of(whole)
    assert len(killer.ran) + len(runner.ran) == len({*killer.ran, *runner.ran}) == 6


def test_a_kill_while_a_setting_is_drawn_changes_none(tuned, monkeypatch):
    whole, _ = tuned(out="whole", trials=3)
    from optuna.trial import Trial

    suggest, drawn = Trial.suggest_float, []

    def killed(self, name, *told, **options):
        if len(drawn) == 3:
            drawn.append(name)
            raise Killed
        drawn.append(name)
        return suggest(self, name, *told, **options)

    monkeypatch.setattr(Trial, "suggest_float", killed)
    with pytest.raises(Killed):
        tuned(trials=3)
    monkeypatch.setattr(Trial, "suggest_float", suggest)
    study, _ = tuned(trials=3)
    assert settings_of(study) == settings_of(whole)


@pytest.mark.parametrize(("deaths", "states"), [(1, ["complete"] * 2), (2, ["failed", "complete"])])
def test_a_dead_process_is_run_once_more(tuned, deaths, states):
    study, _ = tuned(Pretender(deaths=deaths), trials=2)
    assert [one.state for one in study.state().trials] == states


def test_what_took_too_long_is_not_run_again(tuned):
    study, _ = tuned(Pretender(deaths=1, death=overdue(0.5)), trials=2)
    assert [one.state for one in study.state().trials] == ["failed", "complete"]
    assert study.state().trials[0].reason == "stopped after 0.5 minutes, the limit set by --timeout"


def test_a_setting_that_was_run_is_told_from_its_record(tuned):
    study, runner = tuned(space="recipe.crop: [16, 32]\n", trials=5, sampler="random")
    assert len(study.state().trials) == 5
    assert len(runner.ran) == 2
    assert sum(one.stored for one in study.state().trials) == 3
    assert study.state().seconds == 20


@pytest.mark.slow
def test_a_pruner_ends_a_real_trial_by_its_validation_scores(tuned, runtime, tmp_path):
    """Drawn are 0.05, 1e-7, 1e-7 and 0.05: the second learns nothing, and the last two were run before."""
    asked = {"space": "recipe.learning_rate: [0.05, 1.0e-7]\n", "sampler": "random", "seed": 3, "trials": 4}
    study, _ = tuned(LocalExecutor(runtime), pruner="median[startup=1]", **asked)
    state = study.state()
    good, poor, again, known = state.trials
    assert [one.state for one in state.trials] == ["complete", "pruned", "pruned", "complete"]
    assert (len(good.curve), len(poor.curve)) == (3, 1)
    assert poor.curve[0][1] < good.curve[0][1]
    record = load_record(Store(tmp_path / "results").trial(poor.fingerprint))
    assert (record.status, record.pruned_at) == ("complete", poor.curve[0][0])
    assert (again.fingerprint, again.curve, again.stored) == (poor.fingerprint, poor.curve, True)
    assert (known.fingerprint, known.values, known.stored) == (good.fingerprint, good.values, True)
    assert state.seconds == good.seconds + poor.seconds > 0
    assert state.best == (0,)
    after, idle = tuned(pruner="median[startup=1]", **asked)
    assert idle.ran == []
    assert after.state() == state


def test_hours_end_a_study(tuned):
    study, runner = tuned(trials=None, hours=25 / 3600)
    assert len(runner.ran) == 3
    assert study.state().seconds == 30


def test_two_objectives_give_a_front(tuned):
    study, _ = tuned(trials=3, objectives=("iou", "latency"))
    state = study.state()
    assert all(one.values[1] == 2.0 for one in state.trials)
    assert state.trials[state.best[0]].values[0] == max(one.values[0] for one in state.trials)


def test_another_study_of_one_name_is_refused(tuned, tmp_path):
    tuned(trials=2)
    with pytest.raises(UsageError, match="with another space;"):
        tuned(trials=2, space="recipe.crop: [16, 32]\n")
    with pytest.raises(UsageError, match="has 2 trials already, more than --trials 1"):
        tuned(trials=1)
    shutil.rmtree(tmp_path / "results" / "studies")
    tuned(trials=1, space="recipe.crop: [16, 32]\n")


@pytest.mark.parametrize(
    ("url", "gist"),
    [
        ("nonsense", "nonsense is no URL, expected postgresql"),
        ("postgresql+psycopg://me:secret@host:se/cret/db", r"postgresql\+psycopg:... is no URL"),
        ("postgresql+nodriver://me:secret@host/db", "nodriver"),
        ("oracle+cx_oracle://me:secret@host/db", "the driver cx_Oracle is not installed"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/db", "me:...@127.0.0.1:1/db cannot be used: .*refused"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/db?unknown=x", "invalid connection option"),
        ("sqlite:////nowhere/at/all/x.db", "the folder /nowhere/at/all is not there; make it"),
        ("sqlite:///no.db", "no.db cannot be used: file is not a database"),
        ("sqlite://", "keeps nothing; name a file"),
        ("redis://me:secret@host/db", "redis"),
    ],
)
def test_a_storage_that_cannot_be_used_is_told_without_its_password(tmp_path, monkeypatch, url, gist):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.db").write_text("plain text " * 100)
    with pytest.raises(UsageError, match=gist) as caught:
        check_storage(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_file_is_not_made_by_looking_for_it(tmp_path):
    for url in ("", f"sqlite:///{tmp_path}/new.db"):
        check_storage(url)
    assert not [*tmp_path.iterdir()]


def test_passwords_are_not_shown():
    assert without_password("postgresql://me:secret@host/db?sslpassword=x") == "postgresql://me:***@host/db"
    assert "secret" not in without_password("postgresql//me:secret@host")


@pytest.fixture
def postgresql():
    """Start a PostgreSQL of Debian's packages in a folder of its own; gives its URL, with a password."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("there is no PostgreSQL server: apt-get install postgresql")
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as place:
        folder, password = Path(place), "open-sesame"
        (folder / "password").write_text(password)
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres")

        def pg(name, *arguments):
            command = [found[-1].with_name(name), "-D", folder / "data", *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd="/", **user)

        pg("initdb", "-U", "me", "-A", "scram-sha-256", "--pwfile", folder / "password", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        pg("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://me:{password}@/postgres?host={folder}"
        finally:
            pg("pg_ctl", "-m", "immediate", "stop")


def test_a_study_in_postgresql(tuned, postgresql, tmp_path):
    with pytest.raises(Killed):
        tuned(killer := Pretender(killed_after=2), storage=postgresql, trials=4)
    study, runner = tuned(storage=postgresql, trials=4)
    here, _ = tuned(out="sqlite", trials=4)
    assert len(killer.ran) + len(runner.ran) == 4
    assert [one[:3] for one in settings_of(study)] == [one[:3] for one in settings_of(here)]
    assert study.spec.storage.startswith("postgresql+psycopg://me:***@/postgres")
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert not any(b"open-sesame" in path.read_bytes() for path in files)
    assert not (tmp_path / "results" / "studies" / "optuna.db").exists()
